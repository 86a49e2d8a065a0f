#!/usr/bin/env python3
"""Passwords, access control, and places where secrets must not appear: a real server with a password file, and real
commands."""
import base64
import http.client
import http.server
import json
import os
import pathlib
import pty
import select
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time

from certificates import Authority
from harness import TORC, E2ETest, clean_environment, main, run_torc, wait_until

PASSWORDS = {"alice": "a-very-secret-word", "bob": "another-secret-word", "root": "the-third-secret-word"}


class AuthTest(E2ETest):
    def setUp(self):
        self.users = self.dir / "users"
        for user, password in PASSWORDS.items():
            self.set_password(user, password)

    def set_password(self, user, password, *options, cost=4):
        return run_torc("server", "htpasswd", "--cost", cost, *options, self.users, user, home=self.dir,
                        stdin=password + "\n", check=True)

    def auth_server(self, *options):
        server = self.server(args=["--auth-file", self.users, *options])
        server.env = self.as_user("alice")
        server.login = ("alice", PASSWORDS["alice"])
        return server

    @staticmethod
    def as_user(user: str) -> dict[str, str]:
        return {"TORC_USERNAME": user, "TORC_PASSWORD": PASSWORDS[user]}


class PasswordFile(AuthTest):
    def test_it_is_private_and_changed_in_place(self):
        self.assertEqual(stat.S_IMODE(self.users.stat().st_mode), 0o600)
        lines = self.users.read_text().splitlines()
        self.assertEqual([line.split(":")[0] for line in lines], list(PASSWORDS))
        self.assertTrue(all(line.split(":")[1].startswith("$2y$04$") for line in lines), lines)
        self.users.write_text("# staff\n" + self.users.read_text())
        self.set_password("bob", "new", cost=5)
        self.assertEqual(self.users.read_text().splitlines()[:2], ["# staff", lines[0]])
        self.assertIn("\nbob:$2y$05$", self.users.read_text())
        run_torc("server", "htpasswd", "--delete", self.users, "bob", home=self.dir, check=True)
        self.users.chmod(0o640)
        link = self.dir / "link"
        link.symlink_to(self.users)
        run_torc("server", "htpasswd", "--cost", "4", link, "dora", stdin="dora's\n", home=self.dir, check=True)
        self.assertTrue(link.is_symlink())
        self.assertIn("\ndora:", self.users.read_text())
        self.assertEqual(stat.S_IMODE(self.users.stat().st_mode), 0o640, "the server may need access as the file's group")
        self.assertNotIn("bob", self.users.read_text())
        self.assertEqual(list(self.dir.glob("users*")), [self.users])

    def test_mistakes(self):
        for arguments, text, status in ((("a:b",), "x\n", 2), (("",), "x\n", 2), (("carol",), "", 2), (("carol",), "\n", 2),
                                        (("carol",), "x" * 73 + "\n", 2), (("--cost", "30", "carol"), "x\n", 2),
                                        (("--delete", "carol"), "", 1)):
            with self.subTest(arguments=arguments, text=text):
                before = self.users.read_text()
                result = run_torc("server", "htpasswd", self.users, *arguments, home=self.dir, stdin=text)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertEqual(self.users.read_text(), before)

    def on_terminal(self, arguments, *answers, env=None) -> tuple[int, str]:
        """Runs torc on a terminal and types an answer at each ": "; returns exit status and output."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update({"HOME": str(self.dir), "TORC_USERNAME": "alice", **(env or {})})
            os.execv(TORC, [TORC, *map(str, arguments)])
        self.addCleanup(os.close, terminal)
        output, left = b"", list(answers)
        while True:
            if not select.select([terminal], [], [], 30)[0]:
                os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"nothing more after {output!r}")
            try:
                chunk = os.read(terminal, 4096)
            except OSError:  # no program has the terminal open any more
                break
            if not chunk:
                break
            output += chunk
            if left and output.endswith(b": "):
                os.write(terminal, left.pop(0).encode() + b"\n")
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), output.decode()

    def test_concurrent_changes_lose_no_user(self):
        names = [f"user{number}" for number in range(8)]
        writers = [subprocess.Popen([TORC, "server", "htpasswd", "--cost", "4", self.users, name], stdin=subprocess.PIPE,
                                    env=clean_environment(self.dir), text=True) for name in names]
        for writer in writers:
            writer.communicate("word\n")
            self.assertEqual(writer.returncode, 0)
        found = {line.split(":")[0] for line in self.users.read_text().splitlines()}
        self.assertLessEqual(set(names), found)

    def test_a_pipe_is_refused_as_password_file(self):
        os.mkfifo(self.dir / "pipe")
        result = run_torc("server", "run", "--port", "0", "--auth-file", self.dir / "pipe", home=self.dir, timeout=20)
        self.assertEqual(result.returncode, 1)
        self.assertIn("not a regular file", result.stderr)

    def test_on_a_terminal_it_asks_twice_and_shows_nothing(self):
        command = ["server", "htpasswd", "--cost", "4", self.users, "carol"]
        status, output = self.on_terminal(command, "hidden-word", "hidden-word")
        self.assertEqual(status, 0, output)
        self.assertNotIn("hidden-word", output)
        self.assertIn("carol:$2y$", self.users.read_text())
        before = self.users.read_text()
        status, output = self.on_terminal(command, "one", "two")
        self.assertEqual(status, 2, output)
        self.assertIn("differ", output)
        self.assertEqual(self.users.read_text(), before)

    def test_prompt_password(self):
        server = self.auth_server("--require-auth")
        command = ["--prompt-password", "workflows", "list"]
        status, output = self.on_terminal(command, PASSWORDS["alice"], env={"TORC_API_URL": server.url})
        self.assertEqual(status, 0, output)
        self.assertNotIn(PASSWORDS["alice"], output)
        result = run_torc(*command, home=self.dir, env={"TORC_API_URL": server.url}, timeout=30)
        if result.returncode != 2:  # if the test has a controlling terminal, this cannot be tested
            self.skipTest("the test runs on a terminal")
        self.assertIn("TORC_PASSWORD", result.stderr)


class Passwords(AuthTest):
    def test_required(self):
        server = self.auth_server("--require-auth")
        self.assertIn("passwords required", server.log.read_text())
        server.torc("workflows", "list", check=True)
        server.torc("--password", PASSWORDS["alice"], "workflows", "list", env={"TORC_PASSWORD": ""}, check=True)
        server.torc("ping", env={"TORC_PASSWORD": ""}, check=True)
        for env in ({"TORC_PASSWORD": ""}, {"TORC_PASSWORD": "wrong"}, {"TORC_USERNAME": "nobody"}):
            result = server.torc("workflows", "list", env=env)
            self.assertEqual(result.returncode, 1)
            self.assertIn("set TORC_PASSWORD (and TORC_USERNAME), or use --prompt-password", result.stderr)
        status, body = server.request("GET", "/workflows", login=("alice", "wrong"))
        self.assertEqual((status, body["error"]["error"]), (401, "Unauthorized"))

    def test_the_challenge(self):
        server = self.auth_server("--require-auth")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/torc-service/v1/version")
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.status, 401)
        self.assertTrue(answer.getheader("WWW-Authenticate").startswith('Basic realm="torc"'))
        # The connection stays open.
        connection.request("GET", "/torc-service/v1/ping")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b'{"status":"ok"}'))
        connection.close()

    def test_not_required(self):
        server = self.auth_server()
        server.login = None
        self.assertEqual(server.request("GET", "/workflows")[0], 200)
        self.assertEqual(server.request("GET", "/workflows", login=("alice", "wrong"))[0], 401)
        self.assertEqual(server.request("GET", "/workflows", login=("bob", PASSWORDS["bob"]))[0], 200)
        workflow = server.create({"name": "w", "jobs": [{"name": "a", "command": "true"}]})
        server.request("POST", f"/workflows/{workflow}/reset_job_status", login=("bob", PASSWORDS["bob"]))
        events = server.request("GET", f"/events?workflow_id={workflow}")[1]["items"]
        self.assertIn("bob", json.dumps(events))

    def test_a_slow_check_delays_no_other_request(self):
        self.set_password("slow", "word", cost=14)
        server = self.auth_server("--require-auth")
        self.assertEqual(server.request("GET", "/version")[0], 200)  # cached from now on
        began = time.monotonic()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(server.request("GET", "/version", login=("slow", "x"))))
        thread.start()
        longest, asked = 0.0, 0
        while thread.is_alive():
            start = time.monotonic()
            self.assertEqual(server.request("GET", "/version")[0], 200)
            longest, asked = max(longest, time.monotonic() - start), asked + 1
        thread.join()
        self.assertEqual(answers[0][0], 401)
        self.assertGreater(asked, 2)
        self.assertLess(longest, (time.monotonic() - began) * 0.8)

    def test_invalid_files_prevent_the_start(self):
        for text, cause in (("alice\n", "users:1: expected NAME:HASH"), ("# x\n\nalice:secret\n", "users:3:"),
                            (None, "No such file")):
            with self.subTest(text=text):
                self.users.unlink(missing_ok=True)
                if text is not None:
                    self.users.write_text(text)
                result = run_torc("server", "run", "--port", "0", "--auth-file", self.users, home=self.dir)
                self.assertEqual(result.returncode, 1)
                self.assertIn(cause, result.stderr)
                self.assertIn("users", result.stderr)
        for option in (["--require-auth"], ["--enforce-access-control"], ["--admin-user", "alice"]):
            result = run_torc("server", "run", "--port", "0", *option, home=self.dir)
            self.assertEqual(result.returncode, 2)
            self.assertIn("--auth-file", result.stderr)


class Reloading(AuthTest):
    def test_sighup_reloads_the_users(self):
        server = self.auth_server("--require-auth")
        self.set_password("carol", "carols-word")
        carol = ("carol", "carols-word")
        self.assertEqual(server.request("GET", "/version", login=carol)[0], 401)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.request("GET", "/version", login=carol)[0] == 200, what="carol to be known")
        self.users.write_text("nonsense\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "users:1: expected NAME:HASH" in server.log.read_text(), what="the reason in the log")
        self.assertEqual(server.request("GET", "/version", login=carol)[0], 200)
        self.assertEqual(server.stop(), 0)

    def test_the_operation_reloads_the_users(self):
        server = self.auth_server()
        self.set_password("carol", "carols-word")
        self.assertEqual(server.post("/admin/reload-auth"), {"message": "Reloaded 4 user(s)", "user_count": 4})
        self.assertEqual(server.request("GET", "/version", login=("carol", "carols-word"))[0], 200)

    def test_sighup_does_not_end_a_server_without_files_to_reload(self):
        server = self.server()
        for count in (1, 2):
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: server.log.read_text().count("nothing to reload") >= count, what="the log message")
        self.assertEqual(server.get("/ping"), {"status": "ok"})
        self.assertEqual(server.stop(), 0)

    def test_a_new_certificate(self):
        authority = Authority(self.dir / "ca")
        certificate, key = authority.sign("server", subject="first")
        server = self.auth_server("--https", "--tls-cert", certificate, "--tls-key", key)
        server.ca = authority.certificate

        def shown() -> str:
            context = ssl.create_default_context(cafile=authority.certificate)
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw, \
                    context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
                return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]

        self.assertEqual(shown(), "first")
        for old, new in zip((certificate, key), authority.sign("next", subject="second")):
            os.replace(new, old)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: shown() == "second", what="the new certificate")
        certificate.write_text("nonsense\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the previous certificate stays in use" in server.log.read_text(), what="the log")
        self.assertEqual(shown(), "second")


class AccessControl(AuthTest):
    def test_users_have_access_only_to_their_workflows(self):
        server = self.auth_server("--require-auth", "--enforce-access-control", "--admin-user", "root")
        workflow = server.create({"name": "w", "jobs": [{"name": "a", "command": "true"}]})
        server.torc("run", workflow, check=True)
        self.assertEqual(server.statuses(workflow), {"a": "completed"})
        bob = self.as_user("bob")
        for command in (["status", workflow], ["jobs", "list", workflow], ["cancel", workflow], ["run", workflow],
                        ["remote", "run", workflow], ["delete", "--force", workflow]):
            result = server.torc(*command, env=bob)
            self.assertEqual(result.returncode, 1, f"{command}: {result.stdout}{result.stderr}")
            self.assertIn("has no access to workflow", result.stderr)
        self.assertEqual(server.json("workflows", "list", env=bob)["workflows"], [])
        self.assertEqual(server.torc("status", workflow, env=self.as_user("root")).returncode, 0)
        spec = self.dir / "alices.json"
        spec.write_text(json.dumps({"name": "w", "user": "alice", "jobs": [{"name": "a", "command": "true"}]}))
        result = server.torc("create", spec, env=bob)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot create a workflow of user 'alice'", result.stderr)
        server.restart()  # the database already has the administrators
        self.assertEqual(server.torc("status", workflow, env=self.as_user("root")).returncode, 0)


class Secrets(AuthTest):
    def test_none_is_in_a_log_or_in_a_process_list(self):
        server = self.auth_server("--require-auth", "--log-level", "trace")
        cookie = "session=c00kie-secret"
        command = [TORC, "--log-level", "trace", "--password", PASSWORDS["alice"], f"--cookie-header={cookie}", "run"]
        out = self.dir / "environment"
        workflow = server.create({"name": "w", "jobs": [{"name": "a", "command": f"env >{out}; sleep 60"}]})
        runner = self.start([*command, workflow, "-o", self.dir / "out"],
                            env={"TORC_API_URL": server.url, "TORC_USERNAME": "alice"})
        wait_until(lambda: out.exists() and out.read_text(), what="the job to run")
        shown = pathlib.Path(f"/proc/{runner.pid}/cmdline").read_text()
        self.assertIn("--password\0***", shown)
        server.request("GET", "/version", login=("alice", "a-wrong-secret-word"))
        server.torc("cancel", workflow, check=True)
        runner.wait(30)
        server.stop()
        texts = {"command line": shown, "job": out.read_text(), "server": server.log.read_text(),
                 "runner": runner.stderr_path.read_text() + runner.stdout_path.read_text()}
        texts.update({str(path): path.read_text(errors="replace") for path in (self.dir / "out").rglob("*") if path.is_file()})
        self.assertGreater(len(texts["runner"]), 100)
        token = base64.b64encode(f"alice:{PASSWORDS['alice']}".encode()).decode()
        for where, text in texts.items():
            for secret in (PASSWORDS["alice"], token, "c00kie-secret", "a-wrong-secret-word"):
                self.assertNotIn(secret, text, where)

    def test_cookies_are_sent(self):
        seen = []

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.headers.get("Cookie"))
                body = b'{"status":"ok"}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=page.serve_forever, daemon=True).start()
        self.addCleanup(page.server_close)
        self.addCleanup(page.shutdown)
        url = f"http://127.0.0.1:{page.server_port}"
        run_torc("--url", url, "--cookie-header", "a=b; c=d", "ping", home=self.dir)
        run_torc("--url", url, "ping", home=self.dir, env={"TORC_COOKIE_HEADER": "e=f"})
        self.assertEqual(set(seen), {"a=b; c=d", "e=f"})


class Warnings(AuthTest):
    def warnings(self, *options) -> str:
        """Standard error of a server that listens on all addresses."""
        server = self.start([TORC, "server", "run", "--host", "0.0.0.0", "--port", "0", *options])
        wait_until(lambda: "TORC_SERVER_PORT=" in server.stdout_path.read_text(), what="the server to listen")
        server.terminate()
        self.assertEqual(server.wait(20), 0)
        return server.stderr_path.read_text()

    def test_an_open_server_warns_at_every_start(self):
        warning = "everyone who can reach this address can run commands"
        self.assertIn(warning, self.warnings())
        self.assertIn(warning, self.warnings("--auth-file", self.users))
        self.assertNotIn(warning, self.warnings("--auth-file", self.users, "--require-auth"))
        self.assertIn("passwords are sent unencrypted", self.warnings("--auth-file", self.users, "--require-auth"))


if __name__ == "__main__":
    main()
