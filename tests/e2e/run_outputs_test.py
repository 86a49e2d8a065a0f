#!/usr/bin/env python3
"""Jobs that exit with 0 without having written their declared outputs (output_files)."""
import json

from harness import PLAIN, E2ETest, main, run_torc

SPEC = {"name": "w",
        "files": [{"name": "made", "path": "out/made.txt"}, {"name": "forgotten", "path": "out/forgotten.txt"}],
        "jobs": [{"name": "maker", "command": "mkdir -p out && touch -d 2001-01-01 out/made.txt", "output_files": ["made"]},
                 {"name": "forgetter", "command": "echo I wrote it; [ ! -e told ] || touch out/forgotten.txt",
                  "output_files": ["forgotten"]},
                 {"name": "reader", "command": "cat out/forgotten.txt >ran", "input_files": ["forgotten"]}]}
ENDS = {"maker": "completed", "forgetter": "failed", "reader": "canceled"}


class Outputs(E2ETest):
    def assert_told(self, server, workflow):
        self.assertEqual(server.statuses(workflow), ENDS)
        result, = [each for each in server.results(workflow) if each["status"] == "failed"]
        self.assertEqual(result["return_code"], 1)
        event, = [event["data"] for event in server.get(f"/events?workflow_id={workflow}")["items"]
                  if event["data"].get("event_type") == "job_output_missing"]
        self.assertEqual((event["category"], event["job_name"], event["files"]),
                         ("job", "forgetter", [{"name": "forgotten", "path": "out/forgotten.txt"}]))
        shown = server.torc("results", "list", workflow, check=True).stdout
        self.assertIn("(forgetter): exited with 0, but its output file 'forgotten' (out/forgotten.txt) does not exist", shown)
        jobs = server.json("jobs", "list", workflow, "-s", "failed")["jobs"]
        self.assertEqual([job["name"] for job in jobs], ["forgetter"])

    def test_run(self):
        server = self.server()
        workflow = server.create(SPEC)
        self.assertEqual(server.torc("run", workflow).returncode, 1)
        self.assertFalse((server.home / "ran").exists(), "the dependent job has started")
        self.assert_told(server, workflow)
        # Once the file exists, the job completes, and so does the dependent job.
        (server.home / "told").touch()
        server.torc("workflows", "reset-status", workflow, "--failed-only", "--reinitialize", "--no-prompts", check=True)
        server.torc("run", workflow, check=True)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})

    def test_standalone(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(SPEC))
        result = run_torc("-s", "run", spec, home=self.dir)
        self.assertEqual(result.returncode, 1)
        self.assertIn("1 failed", result.stdout)
        listed = run_torc("-s", "results", "list", "1", home=self.dir, check=True)
        self.assertIn("its output file 'forgotten'", listed.stdout)

    def test_ssh_worker(self):
        server = self.server()
        workers = self.workers(1, server)
        workflow = server.create(SPEC)
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, "--wait")
        self.assert_told(server, workflow)


class PlainOutputs(Outputs):
    server_args = PLAIN


if __name__ == "__main__":
    main()
