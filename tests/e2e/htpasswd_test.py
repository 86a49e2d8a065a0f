#!/usr/bin/env python3
"""torc htpasswd, also under its name of torc 0.23: the password file, a running server, and the process list."""
import json
import pathlib
import socket
import subprocess

from harness import TORC, E2ETest, clean_environment, main, run_torc, wait_until


class Htpasswd(E2ETest):
    def setUp(self):
        self.users = self.dir / "users"
        self.program = self.dir / "torc-htpasswd"
        self.program.symlink_to(TORC)

    def htpasswd(self, *arguments, stdin="", env=None):
        return subprocess.run([self.program, *map(str, arguments)], input=stdin, text=True, capture_output=True,
                              timeout=30, env=clean_environment(self.dir, **(env or {})))

    def passes(self, *arguments, **options) -> str:
        result = self.htpasswd(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fails(self, status: int, message: str, *arguments, **options) -> None:
        result = self.htpasswd(*arguments, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertIn(message, result.stderr + result.stdout)

    def add(self, user: str, password: str, *arguments, **options) -> str:
        return self.passes("add", "-c", 4, "--file", self.users, *arguments, user, stdin=password + "\n", **options)

    def json(self, *arguments, stdin=""):
        result = run_torc("-f", "json", "htpasswd", *arguments, home=self.dir, stdin=stdin, check=True)
        return json.loads(result.stdout)

    def test_a_user_is_added_checked_listed_and_removed(self):
        self.assertEqual(self.add("alice", "one"), f"Added user 'alice' to {self.users}\n")
        self.assertEqual(self.add("bob", "two"), f"Added user 'bob' to {self.users}\n")
        self.assertEqual(self.add("alice", "three"), f"Updated user 'alice' in {self.users}\n")
        self.assertEqual(self.passes("list", "-f", self.users), f"Users in {self.users}:\n  - alice\n  - bob\n")
        self.assertIn("correct", self.passes("verify", "-f", self.users, "alice", stdin="three\n"))
        self.fails(1, "wrong", "verify", "-f", self.users, "alice", stdin="one\n")
        self.assertIn("correct", self.passes("verify", "-f", self.users, "-p", "two", "bob"))
        self.passes("remove", "--file", self.users, "alice")
        self.assertEqual(self.passes("list", "-f", self.users), f"Users in {self.users}:\n  - bob\n")
        self.passes("remove", "--file", self.users, "bob")
        self.assertEqual(self.passes("list", "-f", self.users), f"No users in {self.users}\n")

    def test_each_in_json(self):
        file, users = ["--file", self.users], str(self.users)
        added = {"file": users, "user": "al", "added": True, "reloaded": False}
        self.assertEqual(self.json("add", *file, "-c", 4, "al", stdin="word\n"), added)
        self.assertEqual(self.json("add", *file, "-c", 4, "al", stdin="word\n"), {**added, "added": False})
        self.assertEqual(self.json("list", *file), {"file": users, "users": ["al"]})
        self.assertEqual(self.json("verify", *file, "al", stdin="word\n"), {"file": users, "user": "al", "correct": True})
        self.assertEqual(self.json("remove", *file, "al"), {"file": users, "user": "al", "reloaded": False})
        document = self.json("hash", "-c", 4, "al", stdin="word\n")
        self.assertEqual(document["user"], "al")
        self.assertTrue(document["hash"].startswith("$2y$04$"), document)

    def test_a_hash_is_a_line_for_the_file(self):
        line = self.passes("hash", "--cost", 4, "-p", "word", "carol")
        self.assertRegex(line, r"^carol:\$2y\$04\$\S{53}\n$")
        self.users.write_text(line)
        self.assertIn("correct", self.passes("verify", "--file", self.users, "--password", "word", "carol"))
        self.assertTrue(self.passes("hash", "-c", 4, stdin="word\n", env={"TORC_USERNAME": "dora"}).startswith("dora:"))

    def test_mistakes(self):
        self.add("alice", "one")
        before = self.users.read_text()
        file = ["--file", self.users]
        self.fails(1, "no user 'bob'", "remove", *file, "bob")
        self.fails(1, "no user 'bob'", "verify", *file, "bob", stdin="x\n")
        self.fails(1, str(self.dir / "none"), "list", "--file", self.dir / "none")
        self.fails(2, "no password", "add", *file, "bob")
        self.fails(2, "72 bytes", "add", *file, "bob", stdin="x" * 73 + "\n")
        self.fails(2, "colon", "add", *file, "b:b", stdin="x\n")
        self.fails(2, "--cost", "add", *file, "-c", 18, "bob", stdin="x\n")
        self.fails(2, "--file", "add", "bob", stdin="x\n")
        self.fails(2, "htpasswd", stdin="")
        self.assertEqual(self.users.read_text(), before)

    def test_a_running_server_reads_the_file_again(self):
        self.add("root", "root's")
        server = self.server(args=["--auth-file", self.users, "--require-auth", "--admin-user", "root"])
        as_root = {"TORC_API_URL": server.url, "TORC_USERNAME": "root", "TORC_PASSWORD": "root's"}
        as_bob = {"TORC_API_URL": server.url, "TORC_USERNAME": "bob", "TORC_PASSWORD": "bob's"}
        listing = ["workflows", "list"]
        self.assertIn("2 users", self.add("bob", "bob's", "--reload-auth", env=as_root))
        run_torc(*listing, home=self.dir, env=as_bob, check=True)
        removed = self.passes("remove", "--file", self.users, "--reload-auth", "--url", server.url, "--server-password",
                              "root's", "bob", env={"TORC_USERNAME": "root"})
        self.assertIn("1 users", removed)
        self.assertEqual(run_torc(*listing, home=self.dir, env=as_bob).returncode, 1)
        self.add("bob", "bob's")
        self.fails(1, "file was changed", "add", "-c", 4, "--file", self.users, "--reload-auth", "carol", stdin="x\n",
                   env={**as_root, "TORC_PASSWORD": "not root's"})
        self.assertIn("carol", self.users.read_text())

    def test_a_password_is_not_in_the_process_list(self):
        # It waits for the answer of a server that has none.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/torc-service/v1"
            process = self.start([self.program, "add", "-c", "4", "-f", self.users, "-p", "visible-word", "--reload-auth",
                                  "--server-password", "visible-too", "--url", url, "alice"],
                                 env=clean_environment(self.dir))
            wait_until(self.users.exists, what="the password file")
            shown = pathlib.Path(f"/proc/{process.pid}/cmdline").read_text()
            self.assertIn("--server-password", shown)
            self.assertNotIn("visible", shown)
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
