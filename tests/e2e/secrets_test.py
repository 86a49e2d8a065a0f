#!/usr/bin/env python3
"""A job cannot find the password of its runner in the processes of the same user."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import uuid

from harness import TORC, E2ETest, clean_environment, main, run_torc

NOBODY = 65534

# A malicious job. It gets the secret backwards, because it would otherwise find its own copy. It searches all processes
# of its user, including their memory, and prints the places of the secret: [[pid, file, command], ...].
PROBE = r"""
import json, os, re, sys
secret = sys.argv[1][::-1].encode()

def memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if mode.startswith("rw") and int(end, 16) - int(start, 16) < 1 << 27:
                try:
                    mem.seek(int(start, 16))
                    yield mem.read(int(end, 16) - int(start, 16))
                except OSError:
                    pass

def look(pid, name):
    if name == "mem":
        return any(secret in part for part in memory(pid))
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return secret in file.read()

found, parents, pid = [], [], os.getppid()
while pid > 1:
    parents.append(pid)
    pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
    if pid == os.getpid():
        continue
    # Root may read every memory, so that proves nothing.
    for name in ["environ", "cmdline"] + (["mem"] if pid in parents and os.geteuid() != 0 else []):
        try:
            if look(pid, name):
                found.append([pid, name, open(f"/proc/{pid}/cmdline").read().replace("\0", " ")])
        except OSError:
            pass  # gone, or hidden
print(json.dumps({"found": found, "parents": len(parents), "own": os.access("/proc/self/environ", os.R_OK),
                  "environ_of_parents": [os.access(f"/proc/{pid}/environ", os.R_OK) for pid in parents]}))
"""


class Secrets(E2ETest):
    def setUp(self):
        self.password = f"word-{uuid.uuid4()}"
        self.cookie = f"crumb-{uuid.uuid4()}"
        probe = self.dir / "probe.py"
        probe.write_text(PROBE)
        system_python = "/usr/bin/python3"  # Other users may not have access to another one.
        self.probe = f"{system_python if os.access(system_python, os.X_OK) else sys.executable} {probe}"
        self.dir.chmod(0o755)

    def spec(self, **more):
        """Three jobs, each searching for one secret."""
        words = {"password": self.password, "cookie": self.cookie}
        return {"name": "w", "jobs": [{"name": name, "command": f"{self.probe} {word[::-1]}"} for name, word in words.items()],
                **more}

    def guarded_server(self, **options):
        users = self.dir / "users"
        run_torc("server", "htpasswd", "--cost", "4", users, "alice", home=self.dir, stdin=self.password + "\n", check=True)
        server = self.server(args=["--auth-file", users, "--require-auth"], **options)
        server.login = ("alice", self.password)
        server.env = {"TORC_USERNAME": "alice", "TORC_PASSWORD": self.password, "TORC_COOKIE_HEADER": f"a={self.cookie}"}
        return server

    def assert_nothing_found(self, outputs, count=2):
        outputs = sorted(outputs)
        self.assertEqual(len(outputs), count)
        for output in outputs:
            report = json.loads(output.read_text())
            self.assertEqual(report["found"], [], output)
            self.assertGreaterEqual(report["parents"], 2, "runner and guardian")
            self.assertTrue(report["own"], "the job cannot read its own environment")
        return report

    def run_as_nobody(self, *args, env):
        """Runs torc to its end as another user, if this test may change the user. Returns whether it did."""
        home = self.dir / "nobody"
        home.mkdir()
        program = home / "torc"
        shutil.copy(TORC, program)
        (home / "torc").chmod(0o755)
        prefix = []
        if os.geteuid() == 0:
            os.chown(home, NOBODY, NOBODY)
            prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        result = subprocess.run([*prefix, program, *map(str, args)], env=clean_environment(home, **env), cwd=home,
                                capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return home

    def test_a_job_finds_no_secret_of_its_runner(self):
        server = self.guarded_server()
        workflow = server.create(self.spec())
        home = self.run_as_nobody("run", workflow, env={**server.env, "TORC_API_URL": server.url})
        report = self.assert_nothing_found(home.glob("torc_output/job_stdio/*.o"))
        self.assertEqual(report["environ_of_parents"][:2], [False, False], "runner or guardian is dumpable")

    def test_a_login_in_the_url(self):
        server = self.guarded_server()
        workflow = server.create(self.spec())
        url = server.url.replace("://", f"://alice:{self.password}@")
        home = self.run_as_nobody("run", workflow, env={"TORC_USERNAME": "alice", "TORC_API_URL": url})
        self.assert_nothing_found(home.glob("torc_output/job_stdio/*.o"))

    def test_standalone(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(self.spec()))
        home = self.run_as_nobody("-s", "run", spec, env={"TORC_PASSWORD": self.password, "TORC_COOKIE_HEADER": f"a={self.cookie}"})
        self.assert_nothing_found(home.glob("torc_output/job_stdio/*.o"))

    def test_as_the_same_user_as_the_test(self):
        server = self.guarded_server()
        workflow = server.create(self.spec())
        server.torc("run", workflow, check=True)
        self.assert_nothing_found(server.home.glob("torc_output/job_stdio/*.o"))

    def test_ssh_worker(self):
        server = self.guarded_server()
        workers = self.workers(1, server)
        workflow = server.create(self.spec())
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, "--wait", check=True)
        self.assert_nothing_found(workers.hosts[0].home.glob("torc_output/job_stdio/*.o"))

    def test_a_tunnel_and_its_ssh(self):
        """The processes of `remote run --wait --server-tunnel` on the manager, which is also the worker here."""
        server = self.guarded_server()
        workers = self.workers(1, server)
        workflow = server.create(self.spec())
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, "--wait", "--server-tunnel", check=True)
        self.assert_nothing_found(workers.hosts[0].home.glob("torc_output/job_stdio/*.o"))

    def test_pass_credentials(self):
        """The documented exception, for jobs that call torc."""
        server = self.guarded_server()
        spec = {"name": "w", "jobs": [{"name": "j", "command": f"{TORC} -f json workflows list && env | grep ^TORC_COOKIE"}],
                "actions": [{"trigger_type": "on_workflow_start", "action_type": "run_commands",
                             "commands": [f"{TORC} -f json workflows list"]}]}
        refused, passed = (server.create({**spec, "execution_config": {"pass_credentials": passed}}) for passed in (False, True))
        server.torc("run", refused)
        self.assertEqual(server.statuses(refused), {"j": "failed"})
        server.torc("run", passed, check=True)
        output = (server.home / f"torc_output/job_stdio/job_wf{passed}_j2_r1_a1.o").read_text()
        self.assertIn(f"TORC_COOKIE_HEADER=a={self.cookie}", output)
        logs = [path.read_text() for path in server.home.glob(f"torc_output/action_wf{passed}_*.log")]
        self.assertEqual(len(logs), 1)
        self.assertIn('"workflows"', logs[0])
        for path in pathlib.Path(server.home / "torc_output").glob("job_runner_*"):
            self.assertNotIn(self.password, path.read_text())


if __name__ == "__main__":
    main()
