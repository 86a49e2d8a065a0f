#!/usr/bin/env python3
"""The documents of `torc -f json remote ...`, with one worker up and one down: one document on standard output and
nothing else, counts that agree with the rows and the exit status, and only keys that the command's page describes."""
import json
import re

from harness import ROOT, E2ETest, main, wait_until

STATES = {"running", "silent", "never_started", "finished", "stopped", "died", "unreachable"}
OF_ALL = {"worker", "host", "ok"}  # in each row of each command that contacts workers


class Documents(E2ETest):
    def setUp(self):
        self.srv = self.server()
        self.ws = self.workers(2, self.srv)
        self.good, self.down = self.ws.names
        self.wf = self.srv.create({"name": "w", "jobs": [
            {"name": "j", "command": "echo words; until [ -e $HOME/go ]; do sleep 0.05; done"}]})

    def add_both(self):
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        self.ws.stop_host(1)

    def document(self, command, *args, status=None):
        """The document that the command prints. `status`: its exit status; by default derived from the document."""
        result = self.srv.torc("-f", "json", "remote", command, *args)
        try:
            document = json.loads(result.stdout)
        except ValueError:
            self.fail(f"{command}: {result.stdout!r}\n{result.stderr}")
        self.assertEqual(document["workflow_id"], self.wf)
        if "ok" in document:
            rows = document["workers"]
            self.assertEqual(document["total"], len(rows))
            self.assertEqual(document["ok"], sum(row["ok"] for row in rows))
            for row in rows:
                self.assertLessEqual(OF_ALL, set(row))
                self.assertIsInstance(row["ok"], bool)
                self.assertIn(row["worker"], self.ws.names)
                self.assertIn(row["host"], self.ws.names)
                self.assertIn(row.get("state", "running"), STATES)
                self.assertTrue(row["ok"] or row.get("message") or "exit_status" in row, f"not ok, no reason: {row}")
            status = status if status is not None else int(document["ok"] < document["total"])
        self.assertEqual(result.returncode, status or 0, f"{command}: {result.stdout}{result.stderr}")
        self.assert_described(command, document)
        return document

    def assert_described(self, command, document):
        """Checks that the command's page describes each key, as `key`."""
        page = (ROOT / "docs" / "commands" / f"remote-{command}.md").read_text()
        if command == "add-workers-from-file":
            page += (ROOT / "docs" / "commands" / "remote-add-workers.md").read_text()
        told = set(re.findall(r"`(\w+)`", page))
        rows = document.get("workers", [])
        keys = set(document).union(*rows, document.get("jobs", {}))
        self.assertEqual(keys - told, set(), f"not in the page of {command}")

    def rows(self, *args, **options) -> tuple[dict, dict]:
        """The rows of the worker that is up and of the other one."""
        rows = {row["worker"]: row for row in self.document(*args, **options)["workers"]}
        return rows[self.good], rows[self.down]

    def assert_unreachable(self, row, state=True):
        self.assertFalse(row["ok"])
        self.assertIn("Connection refused", row["message"])
        if state:
            self.assertEqual(row["state"], "unreachable")

    def test_lists_of_workers(self):
        self.ws.stop_host(1)
        good, down = self.rows("add-workers", self.wf, *self.ws.names)
        self.assertEqual(good, {"worker": self.good, "host": self.good, "ok": True})
        self.assert_unreachable(down, state=False)
        listed = self.document("list-workers", self.wf)
        self.assertEqual((listed["total"], [row["worker"] for row in listed["workers"]]), (1, [self.good]))
        self.assertEqual({"worker", "host"} - set(listed["workers"][0]), set())
        removed = self.document("remove-worker", self.good, self.wf)
        self.assertEqual(removed, {"workflow_id": self.wf, "worker": self.good})
        file = self.dir / "workers.txt"
        file.write_text(f"{self.good} cpus=3\n{self.down}\n")
        good, down = self.rows("add-workers-from-file", file, self.wf)
        self.assertTrue(good["ok"])
        self.assert_unreachable(down, state=False)
        self.assertEqual(self.document("list-workers", self.wf)["workers"][0]["settings"], {"cpus": 3})

    def test_from_the_start_to_the_logs(self):
        self.add_both()
        wf = self.wf
        good, down = self.rows("status", wf)
        self.assertEqual((good["ok"], good["state"]), (True, "never_started"))
        self.assert_unreachable(down)
        good, down = self.rows("install", wf)
        self.assertEqual((good["ok"], good["installed"]), (True, False))
        self.assert_unreachable(down)
        # No worker starts if one of them fails its checks.
        good, down = self.rows("run", wf)
        self.assertEqual((good["ok"], good["message"]), (False, "not started because other workers failed their checks"))
        self.assert_unreachable(down)
        good, down = self.rows("run", wf, "--keep-going", "--poll-interval", "0.2")
        self.assertEqual((good["ok"], good["state"], good["already_running"]), (True, "running", False))
        self.assert_unreachable(down)
        pid = good["pid"]
        wait_until(lambda: self.srv.statuses(wf) == {"j": "running"}, what="the job to run")
        good, down = self.rows("run", wf, "--keep-going")
        self.assertEqual((good["already_running"], good["pid"]), (True, pid))
        good, down = self.rows("status", wf)
        self.assertEqual((good["state"], good["pid"], good["running_jobs"]), ("running", pid, 1))
        self.assertRegex(good["since"], r"^\d{4}-\d\d-\d\dT")
        self.assert_unreachable(down)
        good, down = self.rows("exec", wf, "--", "echo here; exit 3")
        self.assertEqual((good["ok"], good["exit_status"], good["output"]), (False, 3, "here\n"))
        self.assert_unreachable(down, state=False)
        good, down = self.rows("stop", wf)
        self.assertEqual((good["ok"], good["state"], good["pid"], good["given_back"]), (True, "stopped", pid, 1))
        self.assert_unreachable(down)
        good, down = self.rows("status", wf)
        self.assertEqual(good["state"], "stopped")
        self.assertRegex(good["message"], "stopped by tester@")
        (self.ws.hosts[0].home / "go").touch()
        document = self.document("run", wf, "--keep-going", "--wait")
        self.assertEqual(document["jobs"], {"total": 1, "completed": 1, "failed": 0, "canceled": 0})
        wait_until(lambda: not self.ws.processes(), what="the runner to leave")
        good, down = self.rows("status", wf)
        self.assertEqual(good["state"], "finished")
        # Files are deleted only after the archives of all workers have arrived, so that one worker down prevents it.
        good, down = self.rows("collect-logs", wf, "--extract", "-l", self.dir / "logs")
        self.assertTrue(good["file"].endswith(".tar.gz"))
        self.assertTrue((self.dir / "logs").samefile(self.dir / "logs" / good["extracted"] / ".."))
        self.assert_unreachable(down, state=False)
        deleted = self.document("collect-logs", wf, "--delete", "--host", self.good, "-l", self.dir / "logs")["workers"][0]
        self.assertTrue(deleted["deleted"])
        good, down = self.rows("delete-logs", wf)
        self.assertEqual((good["ok"], good["message"]), (True, "No output directory found (already clean)"))
        self.assert_unreachable(down, state=False)

    def test_a_worker_that_died(self):
        self.add_both()
        self.ws.hosts[0].set_torc("#!/bin/sh\ncase $1 in worker-probe) echo '{\"torc_probe\":1,\"version\":\"0.23.0\","
                                  "\"server\":{\"reached\":true}}';; --version) echo torc 0.23.0;; *) echo woe; exit 1;; esac\n")
        good, _ = self.rows("run", self.wf, "--keep-going")
        self.assertEqual((good["ok"], good["state"]), (False, "died"))
        good, _ = self.rows("status", self.wf, status=1)
        self.assertEqual((good["ok"], good["state"], good["message"]), (True, "died", "woe"))

    def test_watch_prints_a_line_for_each_change(self):
        self.add_both()
        self.rows("run", self.wf, "--keep-going")
        (self.ws.hosts[0].home / "go").touch()
        result = self.srv.torc("-f", "json", "remote", "watch", self.wf, "--interval", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        for line in lines:
            self.assert_described("watch", line)
            self.assertEqual(line["workflow_id"], self.wf)
            self.assertEqual(set(line["jobs"]), {"total", "done", "running", "failed"})
            for row in line["workers"]:
                self.assertLessEqual(OF_ALL, set(row))
                self.assertIn(row.get("state", "running"), STATES | {"unknown"})
        self.assertEqual((lines[-1]["jobs"]["done"], lines[-1]["jobs"]["total"]), (1, 1))

    def test_errors_are_documents_on_standard_error(self):
        for command in ("run", "status", "stop", "collect-logs", "delete-logs", "install", "exec"):
            for workflow, words in ((self.wf, "No workers configured"), (999, "999")):
                tail = ["--", "true"] if command == "exec" else []
                result = self.srv.torc("-f", "json", "remote", command, workflow, *tail)
                self.assertEqual((result.returncode, result.stdout), (1, ""), command)
                self.assertIn(words, json.loads(result.stderr)["error"]["message"], command)


if __name__ == "__main__":
    main()
