#!/usr/bin/env python3
"""torc create and torc workflows init against a real server, also if a step fails."""
import http.server
import json
import signal
import subprocess
import threading
import urllib.error
import urllib.request

from harness import ROOT, TORC, E2ETest, clean_environment, main, wait_until

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))

DEMO = """\
name: demo
description: two stages
resource_requirements:
  - {name: small, num_cpus: 1, memory: 1g, runtime: PT10M}
files:
  - {name: out, path: out.txt}
jobs:
  - {name: last, command: "true", depends_on_regexes: ["^c_"]}
  - {name: a, command: "echo a > out.txt", resource_requirements: small, output_files: [out]}
  - {name: b, command: "cat out.txt", resource_requirements: small, input_files: [out], priority: 5}
  - {name: "c_{i}", command: "echo {i:02d}", depends_on: [b], parameters: {i: "1:2"}}
"""

ONE_OF_EACH = """\
failure_handlers: [{name: h, rules: [{exit_codes: [1]}]}]
user_data: [{name: u, data: 1}]
actions: [{trigger_type: on_worker_start, action_type: run_commands, commands: [hostname]}]
"""


class Proxy:
    """Forwards requests to a server and records them; `before` may answer instead, with (status, document)."""

    def __init__(self, server, before=lambda method, path: None):
        self.requests = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
                outer.requests.append((self.command, self.path.removeprefix("/torc-service/v1"), body))
                answer = before(*outer.requests[-1][:2])
                status, data = (answer[0], json.dumps(answer[1]).encode()) if answer else self.pass_on(body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def pass_on(self, body):
                url = f"http://127.0.0.1:{server.port}{self.path}"
                request = urllib.request.Request(url, data=body, method=self.command)
                request.add_header("Content-Type", "application/json")
                try:
                    with OPENER.open(request, timeout=30) as reply:
                        return reply.status, reply.read()
                except urllib.error.HTTPError as error:
                    return error.code, error.read()

            do_GET = do_POST = do_PUT = do_DELETE = serve

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/torc-service/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class WorkflowFileTest(E2ETest):
    def setUp(self):
        self.daemon = self.server()

    def file(self, text, name="wf.yaml"):
        path = self.dir / name
        path.write_text(text)
        return path

    def workflows(self):
        return self.daemon.get("/workflows?limit=1000")["items"]


class CreateTest(WorkflowFileTest):
    def proxy(self, before=lambda method, path: None):
        proxy = Proxy(self.daemon, before)
        self.addCleanup(proxy.close)
        return proxy

    def test_creates_everything_in_the_file(self):
        result = self.daemon.torc("create", self.file(DEMO), check=True)
        self.assertEqual((result.stdout, result.stderr), ("Created workflow 1\n", ""))

        workflow = self.daemon.get("/workflows/1")
        self.assertEqual([workflow[key] for key in ("name", "user", "description")], ["demo", "tester", "two stages"])
        monitor = json.loads(workflow["resource_monitor_config"])
        self.assertEqual(monitor["jobs"], {"enabled": True, "granularity": "summary"})
        jobs = {job["name"]: job for job in self.daemon.get("/jobs?workflow_id=1&include_relationships=true")["items"]}
        self.assertEqual(set(jobs), {"a", "b", "c_1", "c_2", "last"})
        self.assertEqual({job["status"] for job in jobs.values()}, {"uninitialized"})
        self.assertEqual(jobs["c_2"]["command"], "echo 02")
        self.assertEqual(jobs["b"]["priority"], 5)
        self.assertEqual(sorted(jobs["last"]["depends_on_job_ids"]), sorted([jobs["c_1"]["id"], jobs["c_2"]["id"]]))
        self.assertEqual(jobs["c_1"]["depends_on_job_ids"], [jobs["b"]["id"]])
        self.assertEqual(jobs["a"]["output_file_ids"], jobs["b"]["input_file_ids"])
        requirements = {entry["name"]: entry for entry in
                        self.daemon.get("/resource_requirements?workflow_id=1")["items"]}
        self.assertEqual(jobs["a"]["resource_requirements_id"], requirements["small"]["id"])
        self.assertEqual(requirements["small"]["memory"], "1g")

    def test_prints_json_when_asked(self):
        self.assertEqual(self.daemon.json("create", self.file(DEMO)),
                         {"workflow_id": 1, "status": "success", "message": "Workflow created successfully with ID: 1"})

    def test_can_omit_monitoring(self):
        self.daemon.torc("create", "--no-resource-monitoring", self.file(DEMO), check=True)
        self.assertIsNone(self.daemon.get("/workflows/1").get("resource_monitor_config"))

    def test_dry_run_needs_no_server(self):
        path, nowhere = self.file(DEMO), {"TORC_API_URL": "http://127.0.0.1:1/torc-service/v1"}
        summary = self.daemon.json("create", "--dry-run", path, env=nowhere)
        self.assertEqual((summary["valid"], summary["errors"]), (True, []))
        self.assertEqual(summary["summary"]["job_count"], 5)
        self.assertEqual(summary["summary"]["job_count_before_expansion"], 4)
        self.assertEqual(summary["summary"]["job_names"], ["last", "a", "b", "c_1", "c_2"])
        result = self.daemon.torc("create", "--dry-run", path, check=True, env=nowhere)
        self.assertIn("Jobs: 5 (expanded from 4)", result.stdout)
        self.assertEqual(self.workflows(), [])

    def test_an_invalid_file_is_refused_before_anything_is_created(self):
        path = self.file("name: p\njobs:\n  - {name: a, comand: b}\n")
        result = self.daemon.torc("create", path)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f"Error: {path}:3: unknown key 'comand' in a job (did you mean 'command'?)", result.stderr)

        result = self.daemon.torc("-f", "json", "create", "--dry-run", path)
        self.assertEqual(result.returncode, 1)
        document = json.loads(result.stdout)
        self.assertFalse(document["valid"])
        self.assertIn("unknown key 'comand'", document["errors"][0])
        self.assertEqual(self.workflows(), [])

    def test_json5(self):
        path = self.dir / "w.json5"
        path.write_text("// two jobs\n{name: 'p', jobs: [{name: 'j_{i}', command: 'true', parameters: {i: '1:2'}},],}\n")
        self.daemon.torc("create", path, check=True)
        self.daemon.torc("run", path, check=True)
        self.assertEqual(sorted(self.daemon.statuses(2).values()), ["completed"] * 2)
        path.write_text("{name: 'p',\n jobs: [Infinity]}")
        result = self.daemon.torc("create", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{path}:2:9: invalid JSON5: Infinity is not allowed", result.stderr)

    def test_usage(self):
        self.assertEqual(self.daemon.torc("create").returncode, 2)
        result = self.daemon.torc("create", "nowhere.yaml")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, "Error: cannot open nowhere.yaml: No such file or directory\n")

    def test_examples_are_valid(self):
        examples = [*ROOT.glob("examples/*.yaml"), *ROOT.glob("examples/*.json")]
        self.assertGreater(len(examples), 3)
        for example in examples:
            self.daemon.torc("create", example, check=True)

    def test_a_partial_workflow_is_deleted_when_a_step_fails(self):
        refused = 422, {"error": {"error": "UnprocessableContent", "message": "no jobs today"}}
        file = self.file(DEMO + ONE_OF_EACH)
        for step in ("/resource_requirements", "/failure_handlers", "/files", "/user_data", "/bulk_jobs", "/actions"):
            proxy = self.proxy(lambda method, path, step=step:
                               refused if method == "POST" and path.endswith(step) else None)
            result = self.daemon.torc("--url", proxy.url, "create", file)
            self.assertEqual((result.returncode, result.stdout), (1, ""), step)
            self.assertIn("no jobs today", result.stderr)
            self.assertIn("creating workflow 'demo'", result.stderr)
            self.assertEqual(self.workflows(), [], step)

    def test_a_workflow_whose_id_cannot_be_printed_is_deleted(self):
        file = self.file("name: w\njobs:\n  - {name: a, command: 'true'}\n")
        with open("/dev/full", "w") as full:
            done = subprocess.run([TORC, "create", file], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                  env=clean_environment(self.dir, TORC_API_URL=self.daemon.url))
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)
        self.assertEqual(self.workflows(), [])

    def test_the_error_says_if_deleting_failed_too(self):
        def before(method, path):
            if path == "/bulk_jobs":
                return 422, {"error": {"error": "UnprocessableContent", "message": "no jobs today"}}
            if method == "DELETE":
                return 403, {"error": {"error": "Forbidden", "message": "nothing is ever deleted"}}
            return None

        result = self.daemon.torc("--url", self.proxy(before).url, "create", self.file(DEMO))
        self.assertEqual(result.returncode, 1)
        self.assertIn("could not be deleted", result.stderr)
        self.assertIn("nothing is ever deleted", result.stderr)
        self.assertIn("delete it with 'torc delete 1'", result.stderr)

    def test_a_partial_workflow_is_deleted_after_a_signal(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        proxy = self.proxy(lambda method, path: go_on.wait(30) and None if path == "/files" else None)
        process = self.start([TORC, "--url", proxy.url, "create", self.file(DEMO)])
        wait_until(lambda: any(path == "/files" for _, path, _ in proxy.requests), what="the request that is held")
        process.send_signal(signal.SIGTERM)
        # The signal has been delivered once it is no longer pending.
        wait_until(lambda: self.pending_signals(process.pid) == 0, what="the signal to be delivered")
        go_on.set()
        self.assertEqual(process.wait(30), 1)
        self.assertIn("stopped by a signal", process.stderr_path.read_text())
        self.assertNotIn("/bulk_jobs", [path for _, path, _ in proxy.requests])
        self.assertEqual(self.workflows(), [])

    @staticmethod
    def pending_signals(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        return int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)

    def test_many_jobs_go_in_few_requests(self):
        text = "name: many\njobs:\n  - {name: 'a_{i}', command: 'true', parameters: {i: '1:10001'}}\n" \
               "  - {name: 'b_{i}', command: 'true', parameters: {i: '1:5'}, depends_on: ['a_{i}']}\n"
        proxy = self.proxy()
        self.daemon.torc("--url", proxy.url, "create", self.file(text), check=True)
        sizes = [len(json.loads(body)["jobs"]) for _, path, body in proxy.requests if path == "/bulk_jobs"]
        self.assertEqual(sum(sizes), 10006)
        self.assertLessEqual(max(sizes), 10000)
        self.assertLessEqual(len(sizes), 4)
        self.assertEqual(sizes[-1], 5)  # jobs with dependencies are sent last


class InitTest(WorkflowFileTest):
    def test_makes_jobs_ready_or_blocked(self):
        self.daemon.torc("create", self.file(DEMO), check=True)
        result = self.daemon.torc("workflows", "init", "1", check=True)
        self.assertEqual(result.stdout, "Successfully started workflow 1\n")
        self.assertEqual(self.daemon.statuses(1),
                         {"a": "ready", "b": "blocked", "c_1": "blocked", "c_2": "blocked", "last": "blocked"})
        self.assertEqual(self.daemon.get("/workflows/1/status")["run_id"], 1)

    def test_starts_again_only_with_no_prompts(self):
        self.daemon.torc("create", self.file(DEMO), check=True)
        self.daemon.torc("workflows", "init", "1", check=True)
        result = self.daemon.torc("workflows", "init", "1")
        self.assertEqual(result.returncode, 2)
        self.assertIn("Add --no-prompts", result.stderr)
        self.assertEqual(self.daemon.get("/workflows/1/status")["run_id"], 1)
        self.assertEqual(self.daemon.json("workflows", "init", "1", "--no-prompts")["status"], "success")
        self.assertEqual(self.daemon.get("/workflows/1/status")["run_id"], 2)

    def test_missing_input_files_are_named(self):
        text = "name: p\nfiles: [{name: in, path: data/in.csv}, {name: out, path: out.csv}]\n" \
               "jobs: [{name: a, command: 'true', input_files: [in], output_files: [out]}]\n"
        self.daemon.torc("create", self.file(text), check=True)
        (self.daemon.home / "out.csv").write_text("old")

        result = self.daemon.torc("workflows", "init", "1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("data/in.csv: no such file (input file 'in')", result.stderr)
        self.assertIn("'torc workflows init 1 --force'", result.stderr)
        self.assertEqual(self.daemon.statuses(1), {"a": "uninitialized"})
        dry = self.daemon.torc("-f", "json", "workflows", "init", "1", "--dry-run")
        self.assertEqual(dry.returncode, 1)
        self.assertEqual(json.loads(dry.stdout),
                         {"workflow_id": 1, "safe": False, "missing_input_file_count": 1,
                          "missing_input_files": ["data/in.csv"], "existing_output_file_count": 1,
                          "existing_output_files": ["out.csv"]})

        result = self.daemon.torc("workflows", "init", "1", "--force", check=True)
        self.assertIn("out.csv exists", result.stderr)
        self.assertEqual(self.daemon.statuses(1), {"a": "ready"})

    def test_existing_input_files(self):
        text = "name: p\nfiles: [{name: in, path: in.csv}]\njobs: [{name: a, command: 'true', input_files: [in]}]\n"
        self.daemon.torc("create", self.file(text), check=True)
        (self.daemon.home / "in.csv").write_text("1")
        self.assertTrue(self.daemon.json("workflows", "init", "1", "--dry-run")["safe"])
        self.daemon.torc("workflows", "init", "1", check=True)

    def test_a_workflow_that_does_not_exist(self):
        result = self.daemon.torc("workflows", "init", "77")
        self.assertEqual(result.returncode, 1)
        self.assertIn("77", result.stderr)


if __name__ == "__main__":
    main()
