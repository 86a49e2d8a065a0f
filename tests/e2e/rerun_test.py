#!/usr/bin/env python3
"""Running a workflow again after failures and after a cancel: which jobs run again, and what the hints suggest."""
import json
import re
import shlex

from harness import TORC, E2ETest, main, run_torc, wait_until


class Rerun(E2ETest):
    def run_hint(self, server, workflow):
        """Runs the command that `torc status` suggests, exactly as printed."""
        shown = server.torc("status", workflow, check=True).stdout
        hint = re.search(r"'torc (workflows reset-status [^']*)'", shown)
        self.assertTrue(hint, shown)
        self.assertIn("--failed-only", hint[1])
        server.torc(*hint[1].split(), "--no-prompts", check=True)

    def runs_of(self, server):
        """The number of runs of each job."""
        lines = (server.home / "ran").read_text().split()
        return {name: lines.count(name) for name in sorted(set(lines))}

    def test_dependents_of_failed_jobs_run_again(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [
            {"name": "bad", "command": "echo bad >>ran; [ -e fixed ]"},
            {"name": "summary", "command": "echo summary >>ran", "depends_on": ["bad"], "cancel_on_blocking_job_failure": False},
            {"name": "report", "command": "echo report >>ran", "depends_on": ["summary"]},
            {"name": "canceled", "command": "echo canceled >>ran", "depends_on": ["bad"]},
            {"name": "other", "command": "echo other >>ran"}]})
        server.torc("run", workflow)
        self.assertEqual(server.statuses(workflow), {"bad": "failed", "summary": "completed", "report": "completed",
                                                     "canceled": "canceled", "other": "completed"})
        (server.home / "fixed").touch()
        self.run_hint(server, workflow)
        self.assertEqual(server.statuses(workflow), {"bad": "ready", "summary": "blocked", "report": "blocked",
                                                     "canceled": "blocked", "other": "completed"})
        server.torc("run", workflow, check=True)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})
        self.assertEqual(self.runs_of(server), {"bad": 2, "summary": 2, "report": 2, "canceled": 1, "other": 1})

    def test_the_hint_for_a_standalone_server_names_its_database(self):
        path = self.dir / "w.json"
        path.write_text(json.dumps({"name": "w", "jobs": [{"name": "bad", "command": "[ -e fixed ]"}]}))
        standalone = ("-s", "--db", self.dir / "my own.db")
        run_torc(*standalone, "create", path, home=self.dir, check=True)
        run_torc(*standalone, "run", "1", home=self.dir)
        shown = run_torc(*standalone, "status", "1", home=self.dir, check=True).stdout
        hint = re.search(r"'torc (-s --db [^']* workflows reset-status 1 --failed-only --reinitialize)' requeues", shown)
        self.assertTrue(hint, shown)
        run_torc(*shlex.split(hint[1]), "--no-prompts", home=self.dir, check=True)
        (self.dir / "fixed").touch()
        run_torc(*standalone, "run", "1", home=self.dir, check=True)

    def test_completed_jobs_are_kept_after_a_cancel(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [
            {"name": "done", "command": "echo done >>$HOME/ran"},
            {"name": "long", "command": "echo long >>$HOME/ran; [ -e $HOME/quick ] || sleep 300", "depends_on": ["done"]},
            {"name": "last", "command": "echo last >>$HOME/ran", "depends_on": ["long"]}]})
        runner = self.start([TORC, "run", workflow, "-p", "0.1"], home=server.home, env={"TORC_API_URL": server.url})
        wait_until(lambda: server.statuses(workflow)["long"] == "running", what="the second job to run")
        server.torc("cancel", workflow, check=True)
        runner.wait(60)
        (server.home / "quick").touch()
        self.run_hint(server, workflow)
        self.assertEqual(server.statuses(workflow), {"done": "completed", "long": "ready", "last": "blocked"})
        server.torc("run", workflow, check=True)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})
        self.assertEqual(self.runs_of(server), {"done": 1, "long": 2, "last": 1})


if __name__ == "__main__":
    main()
