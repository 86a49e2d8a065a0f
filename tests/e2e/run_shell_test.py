#!/usr/bin/env python3
"""The shell of jobs: on machines without bash, and one that the user chooses."""
import json
import os
import shutil
import sys

from harness import E2ETest, main, run_torc

WORKFLOW = {
    "name": "w",
    "jobs": [{"name": "names", "command": "echo shell: $0"}, {"name": "plain", "command": "uname -s"}],
    "actions": [{"trigger_type": "on_workflow_complete", "action_type": "run_commands", "commands": ["echo action: $0"]}]}


class RunShell(E2ETest):
    def setUp(self):
        super().setUp()
        self.spec = self.dir / "w.json"
        self.spec.write_text(json.dumps(WORKFLOW))

    def path_with(self, *names):
        """A directory for PATH that has nothing but these programs."""
        directory = self.dir / "bin"
        directory.mkdir()
        for name in names:
            (directory / name).symlink_to(os.path.realpath(shutil.which(name)))
        return str(directory)

    def outputs(self):
        directory = self.dir / "torc_output/job_stdio"
        return [(directory / f"job_wf1_j{i}_r1_a1.o").read_text() for i in (1, 2)]

    def run_on_a_server(self, **env):
        """Events of the run."""
        server = self.server()
        workflow = server.create(WORKFLOW)
        server.torc("run", workflow, cwd=self.dir, env=env, check=True)
        return [event["data"] for event in server.get(f"/events?workflow_id={workflow}")["items"]]

    def runner_log(self):
        return "".join(path.read_text() for path in (self.dir / "torc_output").glob("job_runner_*"))

    def test_without_bash_lines_run_in_sh(self):
        events = self.run_on_a_server(PATH=self.path_with("sh", "uname"))
        self.assertEqual(self.outputs(), ["shell: sh\n", "Linux\n"])
        self.assertIn("action: sh\n", (self.dir / "torc_output/action_wf1_a1.log").read_text())
        missing = [data for data in events if data.get("event_type") == "bash_missing"]
        self.assertEqual([data["shell"] for data in missing], ["sh"])
        self.assertRegex(missing[0]["message"], r"^\S+ has no bash: command lines run with sh$")
        self.assertEqual(self.runner_log().count("has no bash: command lines run with sh"), 1)

    def test_with_bash_nothing_is_reported(self):
        events = self.run_on_a_server()
        self.assertEqual(self.outputs(), ["shell: bash\n", "Linux\n"])
        self.assertNotIn("has no bash", self.runner_log())
        self.assertFalse([data for data in events if data.get("event_type") == "bash_missing"])

    def test_the_user_chooses_the_shell(self):
        shell = self.dir / "my shell"
        shell.write_text("#!/bin/sh\necho \"own shell: $1 $2\"\nexec /bin/sh \"$@\"\n")
        shell.chmod(0o755)
        run_torc("-s", "run", self.spec, "--shell", "./my shell", home=self.dir, check=True)
        self.assertEqual([text.splitlines()[0] for text in self.outputs()],
                         ["own shell: -c echo shell: $0", "own shell: -c uname -s"])
        self.assertIn("own shell: -c", (self.dir / "torc_output/action_wf1_a1.log").read_text())
        done = run_torc("-s", "exec", "--shell", shell, "-c", "uname -s", home=self.dir, check=True)
        self.assertIn("Created workflow 2", done.stdout)
        self.assertIn("own shell", (self.dir / "torc_output/job_stdio/job_wf2_j3_r1_a1.o").read_text())

    def test_a_wrapper_that_is_called_bash_runs_every_command(self):
        (self.dir / "wrap").mkdir()
        wrapper = self.dir / "wrap/bash"
        wrapper.write_text("#!/bin/sh\necho wrapped\nexec /bin/sh \"$@\"\n")
        wrapper.chmod(0o755)
        run_torc("-s", "run", self.spec, "--shell", wrapper, home=self.dir, check=True)
        self.assertEqual([text.splitlines()[0] for text in self.outputs()], ["wrapped", "wrapped"])

    def test_actions_run_in_a_shell_that_is_not_posix(self):
        self.spec.write_text(json.dumps({"name": "w", "jobs": [{"name": "j", "command": "print('job')"}], "actions": [
            {"trigger_type": "on_workflow_complete", "action_type": "run_commands",
             "commands": ["import os, sys; print(os.path.basename(os.getcwd())); sys.stderr.write('failed')"]}]}))
        run_torc("-s", "run", self.spec, "--shell", sys.executable, home=self.dir, check=True)
        log = (self.dir / "torc_output/action_wf1_a1.log").read_text()
        self.assertEqual(sorted(log.splitlines()[1:]), ["failed", "torc_output"], "both streams, in the output directory")

    def test_a_shell_that_is_not_there_leaves_no_workflow(self):
        for command in (["run", self.spec], ["exec", "-c", "true"]):
            failed = run_torc("-s", *command, "--shell", "no-such-shell", home=self.dir)
            self.assertEqual((failed.returncode, failed.stdout), (1, ""))
            self.assertIn("the shell 'no-such-shell' cannot run jobs: it is not in PATH; choose another", failed.stderr)
        listed = run_torc("-s", "-f", "json", "workflows", "list", home=self.dir, check=True)
        self.assertEqual(json.loads(listed.stdout)["workflows"], [])


if __name__ == "__main__":
    main()
