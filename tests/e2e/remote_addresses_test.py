#!/usr/bin/env python3
"""Addresses of workers: which ones client and server refuse and accept, and invalid ones in the database."""
import sqlite3

from harness import E2ETest, main

BAD = ("a b", "h;x", "h$(x)", "h`x`", "h|x", "h&x", "h<x", "h{x}", "h'x", 'h"x', "h,x", "u;x@h", "u\\@h", "h\\x", "h:0",
       "[::1", "a:b:c", "h\x1b[2J", "-oProxyCommand=x")
ODD = ("DOMAIN\\user@host1", "user@domain@host2", "fe80::1%eth0", "me@[fe80::2%eth0]:2222")


class Addresses(E2ETest):
    def set_up(self, count=1):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
        return self.srv, self.ws

    def stored(self):
        return [row["worker"] for row in self.srv.get(f"/workflows/{self.wf}/remote_workers")]

    def store(self, *addresses):
        """Stores addresses in the database without the server's checks, as an older server did."""
        with sqlite3.connect(self.srv.database, timeout=30) as database:
            database.executemany("INSERT INTO remote_workers (workflow_id, worker) VALUES (?, ?)",
                                 [(self.wf, address) for address in addresses])
        database.close()

    def test_both_refuse_the_same(self):
        server, workers = self.set_up()
        workers.forget_calls()
        for address in BAD:
            result = server.torc("remote", "add-workers", self.wf, "--", address)
            self.assertEqual(result.returncode, 1, address)
            self.assertIn("Error parsing worker addresses: command line:1: ", result.stderr)
            self.assertNotIn("\x1b", result.stderr)
            self.assertEqual(server.request("POST", f"/workflows/{self.wf}/remote_workers", [address])[0], 422, address)
        self.assertEqual(self.stored(), [])
        self.assertEqual(workers.calls(), [])

    def test_unusual_addresses_that_ssh_accepts(self):
        server, workers = self.set_up()
        file = self.dir / "workers.txt"
        file.write_text("".join(f"{address} cpus=2\n" for address in ODD))
        server.torc("remote", "add-workers-from-file", file, self.wf, "--skip-ssh-check", check=True)
        shown = ["DOMAIN\\user@host1", "[fe80::1%eth0]", "me@[fe80::2%eth0]:2222", "user@domain@host2"]
        self.assertEqual(self.stored(), shown)
        rows = server.json("remote", "list-workers", self.wf)["workers"]
        self.assertEqual([row.get("user") for row in rows], ["DOMAIN\\user", None, "me", "user@domain"])
        self.assertEqual([row["host"] for row in rows], ["host1", "fe80::1%eth0", "fe80::2%eth0", "host2"])
        workers.forget_calls()
        chosen = server.torc("remote", "status", self.wf, "--host", shown[0])
        self.assertIn("host1", chosen.stdout)
        self.assertEqual(len(workers.calls()), 1)
        self.assertIn("-l DOMAIN\\user -- host1", workers.calls()[0])
        for address in shown:
            server.torc("remote", "remove-worker", address, self.wf, check=True)
        self.assertEqual(self.stored(), [])

    def test_two_spellings_of_one_host(self):
        server, workers = self.set_up()
        workers.configure_client("Host Far far\n  HostName 127.0.0.9\nHost Near\n  Port 7")
        for first, second in (("127.0.0.2", "127.2"), ("0x7f.2", "::ffff:127.0.0.2"), ("::1", "[0:0::1]:22"),
                              ("ws9", "WS9"), ("ws9", "u@ws9.:22"), ("far", "Far")):
            result = server.torc("remote", "add-workers", self.wf, "--skip-ssh-check", first, second)
            self.assertEqual(result.returncode, 1, f"{first} {second}")
            self.assertIn("Duplicate host", result.stderr)
            file = self.dir / "workers.txt"
            file.write_text(f"{first}\n{second}\n")
            result = server.torc("remote", "add-workers-from-file", file, self.wf, "--skip-ssh-check")
            self.assertIn("Duplicate host", result.stderr)
            self.assertEqual(server.request("POST", f"/workflows/{self.wf}/remote_workers", [first, second])[0], 422)
        # They differ because of this client's configuration, which the server does not know.
        result = server.torc("remote", "add-workers", self.wf, "--skip-ssh-check", "near", "Near")
        self.assertNotIn("Duplicate host", result.stderr)
        self.assertIn("have the same host", result.stderr)

    def test_one_that_is_none_is_in_the_database(self):
        server, workers = self.set_up(2)
        server.torc("remote", "add-workers", self.wf, *workers.names, check=True)
        evil = self.dir / "evil"
        bad = ["a;touch b", "h:99999", f"x$(touch${{IFS}}{evil})", "[::1"]
        self.store(*bad)
        calls = len(workers.calls())
        result = server.torc("remote", "run", self.wf, "--keep-going")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Started 2/6 workers", result.stdout)
        self.assertIn("refused to connect", result.stdout + result.stderr)
        server.wait_complete(self.wf)
        for command, text in ((("status",), "refused to connect"), (("stop",), "refused to connect"),
                              (("exec", "--", "true"), "2/6 workers"), (("collect-logs",), "from 2/6 workers"),
                              (("collect-logs", "--delete"), "from 2/6 workers"), (("delete-logs",), "refused to connect")):
            words = [command[0], self.wf, *command[1:]]
            result = server.torc("remote", *words)
            self.assertEqual(result.returncode, 1, words)
            self.assertIn(text, result.stdout + result.stderr, words)
            self.assertIn("torc remote remove-worker", result.stdout + result.stderr, words)
        self.assertEqual(len(server.json("remote", "list-workers", self.wf)["workers"]), 6)
        server.torc("-f", "json", "results", "list", self.wf, check=True)
        self.assertEqual([line for line in workers.calls()[calls:] for word in bad if word in line], [])
        self.assertFalse(evil.exists())
        self.store(" padded ")
        for address in [*bad, " padded "]:
            server.torc("remote", "remove-worker", address, self.wf, check=True)
        server.torc("remote", "status", self.wf, check=True)


if __name__ == "__main__":
    main()
