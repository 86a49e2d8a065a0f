#!/usr/bin/env python3
"""Effects of a worker's ssh session on runners, jobs and commands: a bash that inherits SSH_CLIENT reads .bashrc."""
import pathlib
import pwd
import os
import subprocess

from harness import E2ETest, main

# Prints, changes directory, exports a variable, and ends the shell of each process that belongs to a workflow. The
# shell that sshd starts reads it once, before torc's script.
BASHRC = """echo welcome
echo 'mesg: ttyname failed' >&2
cd /
export MARK="${MARK}read "
[ -z "$TORC_WORKFLOW_ID$ENDS" ] || exit 0
"""
SESSION = ("SSH_CLIENT", "SSH2_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_ORIGINAL_COMMAND")


class Session(E2ETest):
    def setUp(self):
        if not pwd.getpwuid(os.getuid()).pw_shell.endswith("/bash"):
            self.skipTest("the login shell of this user is not bash")
        self.srv = self.server()
        self.ws = self.workers(1, self.srv)
        self.home = self.ws.hosts[0].home
        (self.home / ".bashrc").write_text(BASHRC)

    def create(self, **more):
        # Not simple commands, so that bash runs them.
        jobs = [{"name": "says", "command": 'echo "$MARK|${PWD##*/}"; echo err >&2; true'},
                {"name": "fails", "command": "true; exit 3"},
                {"name": "env", "command": "env; true"}]
        return self.srv.create({"name": "w", "jobs": jobs, **more})

    def output(self, workflow, name, ending):
        job = next(job["id"] for job in self.srv.jobs(workflow) if job["name"] == name)
        return next(self.home.glob(f"torc_output/job_stdio/job_wf{workflow}_j{job}_*.{ending}")).read_text()

    def check_jobs(self, workflow):
        self.assertEqual(self.output(workflow, "says", "o"), f"read |{self.home.name}\n")
        self.assertEqual(self.output(workflow, "says", "e"), "err\n")
        codes = {result["job_id"]: result["return_code"] for result in self.srv.results(workflow)}
        names = {job["id"]: job["name"] for job in self.srv.jobs(workflow)}
        self.assertEqual({names[job]: code for job, code in codes.items()}, {"says": 0, "fails": 3, "env": 0})
        variables = dict(line.partition("=")[::2] for line in self.output(workflow, "env", "o").splitlines())
        self.assertEqual([name for name in SESSION if name in variables], [])
        self.assertEqual(variables["SHLVL"], "1")  # Set by the job's own bash.

    def test_jobs_and_actions_of_a_worker_are_no_logins(self):
        action = {"trigger_type": "on_workflow_start", "action_type": "run_commands",
                  "commands": ['echo "action|$MARK"; true']}
        workflow = self.create(actions=[action])
        self.srv.torc("remote", "add-workers", workflow, self.ws.names[0], check=True)
        self.srv.torc("remote", "run", workflow, "--wait", timeout=120)
        self.check_jobs(workflow)
        self.assertIn("action|read \n", "".join(path.read_text() for path in self.home.glob("torc_output/action_*.log")))
        log = next(self.home.glob("torc_output/torc_worker_*.log")).read_text()
        self.assertNotIn("welcome", log)

    def test_the_runner_has_no_variables_of_the_session(self):
        workflow = self.srv.create({"name": "w", "jobs": [{"name": "j", "command": "sleep 300"}]})
        self.srv.torc("remote", "add-workers", workflow, self.ws.names[0], check=True)
        self.srv.torc("remote", "run", workflow, check=True)
        runner = self.srv.json("remote", "status", workflow)["workers"][0]["pid"]
        self.assertTrue(runner)
        for pid in self.ws.processes():
            try:
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                entries = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            except OSError:
                continue  # It has ended, or is not readable.
            if command[1:2] == [b"run"]:
                names = {entry.partition(b"=")[0].decode() for entry in entries}
                self.assertEqual(names & {*SESSION, "SHLVL"}, set())
        self.srv.torc("remote", "stop", workflow, "--force", check=True)

    def test_jobs_of_a_runner_that_was_started_by_hand_are_no_logins(self):
        workflow = self.create()
        result = subprocess.run([self.ws.env["TORC_SSH"], "-o", "StrictHostKeyChecking=accept-new", "ws1",
                                 f"TORC_API_URL={self.srv.url} torc run {workflow} --output-dir torc_output"],
                                capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)  # A job fails.
        self.check_jobs(workflow)

    def test_commands_of_remote_exec_are_not_logins(self):
        workflow = self.create()
        self.srv.torc("remote", "add-workers", workflow, self.ws.names[0], check=True)
        result = self.srv.json("remote", "exec", workflow, "--", "env", "ENDS=1", "bash", "-c", 'echo "$MARK|$SSH_CLIENT"')
        self.assertEqual(result["workers"][0]["output"], "read |\n")


if __name__ == "__main__":
    main()
