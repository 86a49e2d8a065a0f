#!/usr/bin/env python3
"""Schemathesis generates valid and invalid requests from docs/openapi.json: no answer is 5xx, no connection is dropped,
and answers are as described. The stream of events is excluded, because it is endless.

TORC_SCHEMATHESIS_SECONDS (default 60) sets the duration, TORC_SCHEMATHESIS_SEED (default 1) the random choices.
"""
import json
import os
import re
import subprocess

from harness import ROOT, CannotRun, E2ETest, clean_environment, main
from python_packages import python_with

SECONDS = int(os.environ.get("TORC_SCHEMATHESIS_SECONDS") or 60)
# Not checked: whether valid bodies are accepted (an ID may not exist) and invalid ones refused (unknown fields and a
# number in a query that begins with '+' are accepted).
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def with_small_ids() -> dict:
    """The description, with IDs in requests limited to 1 to 3, because such records exist."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())

    def narrowed(node, name=""):
        if isinstance(node, list):
            return [narrowed(item, name) for item in node]
        if not isinstance(node, dict):
            return node.replace("/schemas/", "/schemas/Sent") if name == "$ref" else node
        result = {key: narrowed(value, key if key != "items" else name) for key, value in node.items()}
        if node.get("type") == "integer" and re.search("(^|_)ids?$", name):
            result |= {"minimum": 1, "maximum": 3}
        if name == "wait":  # a parked claim delays the test
            result |= {"maximum": 1}
        return result

    document["paths"] = {path: operations for path, operations in document["paths"].items() if not path.endswith("/stream")}
    schemas = document["components"]["schemas"]
    schemas |= {f"Sent{name}": narrowed(schema) for name, schema in schemas.items()}
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        for parameter in operation["parameters"]:
            parameter["schema"] = narrowed(parameter["schema"], parameter["name"])
        if "requestBody" in operation:
            operation["requestBody"] = narrowed(operation["requestBody"])
    return document


class Schemathesis(E2ETest):
    def test_no_request_fails_the_server(self):
        try:
            python = python_with("schemathesis", "schemathesis==4.32.5")
        except CannotRun as error:
            self.skipTest(str(error))
        server = self.server()
        # Creates records with small IDs.
        for path, body in CONTENTS:
            self.assertEqual(server.request("POST", path, body)[0], 200, path)
        seed = os.environ.get("TORC_SCHEMATHESIS_SEED") or "1"
        description = self.dir / "openapi.json"
        description.write_text(json.dumps(with_small_ids()))
        # One worker: with more, Hypothesis parses its own sources in several threads, which CPython 3.11's parser does not
        # always survive (SystemError: AST constructor recursion depth mismatch).
        command = [python, "-m", "schemathesis.cli", "run", description, "--url", server.url, "--checks", CHECKS,
                   "--max-time", str(SECONDS), "--seed", seed, "--continue-on-failure", "--request-timeout", "20",
                   "--suppress-health-check", "all", "--workers", "1", "--no-color"]
        result = subprocess.run([*map(str, command)], env=clean_environment(self.dir), cwd=self.dir, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=SECONDS + 120, check=False)
        print(f"TORC_SCHEMATHESIS_SEED={seed}\n{result.stdout[-1500:]}", flush=True)
        self.assertEqual(result.returncode, 0, result.stdout[-20000:] + result.stderr)
        self.assertEqual(server.get("/ping"), {"status": "ok"})


JOB = {"workflow_id": 1, "name": "j", "command": "true"}
REQUIREMENTS = {"workflow_id": 1, "name": "r", "num_cpus": 1, "memory": "1m", "runtime": "PT1M"}
NODE = {"workflow_id": 1, "hostname": "h", "pid": 1, "start_time": "2026-01-01T00:00:00Z", "num_cpus": 1, "memory_gb": 1.0,
        "num_gpus": 0, "num_nodes": 1, "compute_node_type": "local"}
CONTENTS = [
    ("/workflows", {"name": "w", "user": "u"}),
    ("/workflows", {"name": "w2", "user": "u"}),
    ("/files", {"workflow_id": 1, "name": "f", "path": "/f"}),
    ("/user_data", {"workflow_id": 1, "name": "u", "data": {"a": [1]}}),
    ("/jobs", {**JOB, "output_file_ids": [1]}),
    ("/jobs", {**JOB, "input_file_ids": [1], "input_user_data_ids": [1]}),
    ("/compute_nodes", NODE),
    ("/resource_requirements", REQUIREMENTS),
    ("/failure_handlers", {"workflow_id": 1, "name": "h", "rules": "[]"}),
    ("/local_schedulers", {"workflow_id": 1, "name": "l"}),
    ("/slurm_schedulers", {"workflow_id": 1, "name": "s", "account": "a", "nodes": 1, "walltime": "01:00:00"}),
    ("/ro_crate_entities", {"workflow_id": 1, "entity_id": "e", "entity_type": "File", "metadata": "{}"}),
    ("/access_groups", {"name": "g"}),
    ("/workflows/1/access_groups/1", None),
    ("/workflows/1/actions", {"workflow_id": 1, "action_type": "run_commands", "action_config": {"commands": []},
                              "trigger_type": "on_workflow_start"}),
    ("/events", {"workflow_id": 1, "timestamp": 1, "data": {}}),
    ("/workflows/1/initialize_jobs", None),
]

if __name__ == "__main__":
    main()
