#!/usr/bin/env python3
"""ssh workers of a server with TLS, passwords and access control: a complete run, from `create` to `collect-logs`, and
checks that no secret is visible in the meantime."""
import base64
import pathlib
import stat

from certificates import Authority
from harness import E2ETest, main, processes_below, run_torc, wait_until

PASSWORD = "a-very-secret-word"
COOKIE = "session=c00kie-secret"
SECRETS = (PASSWORD, base64.b64encode(f"alice:{PASSWORD}".encode()).decode(), "c00kie-secret")


class Secure(E2ETest):
    def setUp(self):
        self.authority = Authority(self.dir / "ca")
        certificate, key = self.authority.sign("server")
        users = self.dir / "users"
        run_torc("server", "htpasswd", "--cost", "4", users, "alice", home=self.dir, stdin=PASSWORD + "\n", check=True)
        self.secure = self.server(args=["--https", "--tls-cert", certificate, "--tls-key", key, "--auth-file", users,
                                        "--require-auth", "--enforce-access-control"])
        self.secure.ca, self.secure.login = self.authority.certificate, ("alice", PASSWORD)
        self.secure.env = {"TORC_USERNAME": "alice", "TORC_PASSWORD": PASSWORD, "TORC_COOKIE_HEADER": COOKIE,
                           "TORC_TLS_CA_CERT": str(self.authority.certificate)}

    def workflow(self, go: pathlib.Path) -> int:
        """Each job prints its environment, then waits for the file `go`."""
        command = f"env; while [ ! -e {go} ]; do sleep 0.05; done"
        return self.secure.create({"name": "w", "jobs": [{"name": f"j{n}", "command": command} for n in range(4)]})

    def assert_no_secret(self, text: str, where) -> None:
        for secret in SECRETS:
            self.assertNotIn(secret, text, where)

    def look_at_command_lines(self) -> int:
        """The number of processes below the test's directory. Fails if a command line or environment shows a secret."""
        lines = processes_below(self.dir)
        for pid, line in lines.items():
            self.assert_no_secret(line, f"process {pid}")
            try:
                environment = pathlib.Path(f"/proc/{pid}/environ").read_text(errors="replace")
            except OSError:
                continue  # It has ended, or its environment is not readable.
            self.assert_no_secret(environment, f"environment of process {pid}")
        return len(lines)

    def look_at_files(self, root: pathlib.Path) -> int:
        files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
        for path in files:
            self.assert_no_secret(path.read_text(errors="replace"), path)
        return len(files)

    def certificates_of(self, workers) -> list[pathlib.Path]:
        return [path for host in workers.hosts for path in host.home.rglob("ca.pem")]

    def start_and_finish(self, workers, *options) -> int:
        go = self.dir / "go"
        workflow = self.workflow(go)
        self.secure.torc("remote", "add-workers", workflow, *workers.names, check=True)
        self.secure.torc("remote", "run", workflow, "--poll-interval", "0.2", "--max-parallel-jobs", "2", *options, check=True)
        wait_until(lambda: list(self.secure.statuses(workflow).values()) == ["running"] * 4, what="four jobs to run")
        self.assertGreater(self.look_at_command_lines(), 5)
        go.touch()
        self.secure.wait_complete(workflow)
        wait_until(lambda: not workers.processes(), what="the runners to leave")
        self.assertEqual(set(self.secure.statuses(workflow).values()), {"completed"})
        return workflow

    def test_a_complete_run(self):
        workers = self.workers(2, self.secure)
        workflow = self.start_and_finish(workers)
        certificates = self.certificates_of(workers)
        self.assertEqual(len(certificates), 2)
        for path in certificates:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertEqual(path.read_text().strip(), self.authority.certificate.read_text().strip())
        logs = self.dir / "logs"
        self.secure.torc("remote", "collect-logs", workflow, "-l", logs, check=True)
        self.assertEqual(len(list(logs.iterdir())), 2)
        self.assertGreater(self.look_at_files(self.dir / "workers"), 10)
        self.assert_no_secret("\n".join(workers.calls()), "ssh's arguments")
        outputs = [path.read_text() for host in workers.hosts for path in host.home.rglob("*.o") if path.is_file()]
        self.assertEqual(sum("TORC_JOB_ID=" in text for text in outputs), 4, "not all jobs printed their environments")

    def test_workers_over_two_connections_each(self):
        workers = self.workers(2, self.secure)
        self.start_and_finish(workers, "--max-parallel-ssh", "1")
        self.assertEqual(len(self.certificates_of(workers)), 2)

    def test_through_the_tunnel(self):
        workers = self.workers(2, self.secure)
        self.start_and_finish(workers, "--server-tunnel")
        self.assertEqual(sum(" -R " in call for call in workers.calls()), 2)
        self.assert_no_secret("\n".join(workers.calls()), "ssh's arguments")
        states = list((self.secure.home / "state").rglob(".tunnel"))
        self.assertEqual(len(states), 1)
        self.assertEqual(stat.S_IMODE(states[0].stat().st_mode), 0o700)
        self.assertGreater(self.look_at_files(states[0]), 2)

    def test_several_certificates_and_none(self):
        workers = self.workers(1, self.secure)
        workflow = self.workflow(self.dir / "go")
        self.secure.torc("remote", "add-workers", workflow, *workers.names, check=True)
        other = Authority(self.dir / "other")
        both = self.dir / "both.pem"
        both.write_text(self.authority.certificate.read_text() + other.certificate.read_text())
        self.secure.torc("remote", "run", workflow, env={"TORC_TLS_CA_CERT": str(both)}, check=True)
        self.secure.torc("remote", "stop", workflow, check=True)
        result = self.secure.torc("remote", "run", workflow, env={"TORC_TLS_CA_CERT": str(self.dir / "none.pem")})
        self.assertEqual(result.returncode, 1)
        self.assertIn("none.pem", result.stderr)

    def test_a_wrong_password_starts_nothing(self):
        workers = self.workers(1, self.secure)
        workflow = self.workflow(self.dir / "go")
        self.secure.torc("remote", "add-workers", workflow, *workers.names, check=True)
        result = self.secure.torc("remote", "run", workflow, env={"TORC_PASSWORD": "wrong"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("set TORC_PASSWORD", result.stderr)
        self.assertEqual(workers.processes(), {})


if __name__ == "__main__":
    main()
