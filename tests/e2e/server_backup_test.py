#!/usr/bin/env python3
"""`torc server backup` and `torc server check`, with and without a running server."""
import json
import os
import pathlib
import signal
import sqlite3
import stat
import threading

from harness import TORC, E2ETest, main, run_torc, wait_until

WORKFLOW = {"name": "w", "jobs": [{"name": "a", "command": "true"}, {"name": "b", "command": "false", "depends_on": ["a"]}]}


class Backup(E2ETest):
    def test_a_server_starts_from_a_backup_of_a_busy_server(self):
        server = self.server()
        acknowledged, stop = [], threading.Event()

        def client(number: int) -> None:
            while not stop.is_set():
                name = f"{number}.{len(acknowledged)}"
                status, _ = server.request("POST", "/workflows", {"name": name, "user": "u"})
                if status == 200:
                    acknowledged.append(name)

        clients = [threading.Thread(target=client, args=(number,)) for number in range(3)]
        for each in clients:
            each.start()
        try:
            wait_until(lambda: len(acknowledged) >= 50, what="some workflows")
            before = list(acknowledged)
            copy = self.dir / "copy.db"
            made = server.json("server", "backup", copy, "--database", server.database)
            seen = len(acknowledged)
            wait_until(lambda: len(acknowledged) >= seen + 10, what="the server to accept more")
        finally:
            stop.set()
            for each in clients:
                each.join()
        self.assertEqual(made["bytes"], copy.stat().st_size)
        # Restore: the copy becomes the database of another server.
        (self.dir / "restored").mkdir()
        copy.rename(self.dir / "restored" / "torc.db")
        restored = self.server("restored")
        names = {item["name"] for item in restored.get("/workflows?limit=100000")["items"]}
        self.assertLessEqual(set(before), names, "the copy lacks workflows acknowledged before it began")
        self.assertLessEqual(names, set(acknowledged))
        self.assertEqual(restored.get("/version")["server_id"], server.get("/version")["server_id"])

    def test_only_regular_files_are_replaced(self):
        server = self.server()
        pipe, real, link = self.dir / "pipe", self.dir / "real.db", self.dir / "link.db"
        os.mkfifo(pipe)
        real.write_text("old")
        link.symlink_to(real)
        refused = server.torc("server", "backup", pipe, "-d", server.database, "--force")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("not a regular file", refused.stderr)
        self.assertTrue(stat.S_ISFIFO(pipe.stat().st_mode))
        server.torc("server", "backup", link, "-d", server.database, "--force", check=True)
        self.assertTrue(link.is_symlink())
        self.assertTrue(real.read_bytes().startswith(b"SQLite format 3"))

    def test_an_interrupted_backup_leaves_nothing(self):
        server = self.server()
        server.stop()
        rows = sqlite3.connect(server.database)
        rows.execute("CREATE TABLE big (x)")
        rows.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
                     "INSERT INTO big SELECT randomblob(1000000) FROM n")
        rows.commit()
        rows.close()
        target = self.dir / "copies" / "copy.db"
        target.parent.mkdir()
        copying = self.start([TORC, "server", "backup", target, "-d", server.database])
        wait_until(lambda: any(target.parent.iterdir()), what="the copy to begin", interval=0.001)
        copying.send_signal(signal.SIGINT)
        self.assertEqual(copying.wait(30), 1)
        self.assertEqual(list(target.parent.iterdir()), [])

    def test_existing_files_are_not_replaced(self):
        server = self.server()
        target = self.dir / "target"
        target.write_text("precious")
        refused = server.torc("server", "backup", target, "-d", server.database)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("already exists; use --force to replace it", refused.stderr)
        self.assertEqual(target.read_text(), "precious")
        done = server.torc("server", "backup", target, "--force", env={"DATABASE_URL": f"sqlite:{server.database}"}, check=True)
        self.assertIn(f"Copied {server.database} to {target}", done.stdout)
        missing = server.torc("server", "backup", self.dir / "x", "-d", self.dir / "none.db")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("none.db", missing.stderr)
        self.assertEqual({path.name for path in self.dir.iterdir()}, {"server", "target"})


class Check(E2ETest):
    def check(self, database, status: int) -> dict:
        result = run_torc("-f", "json", "server", "check", "-d", database, home=self.dir)
        self.assertEqual(result.returncode, status, result.stderr)
        return json.loads(result.stdout)

    def test_records_are_counted(self):
        server = self.server()
        workflow = server.create(WORKFLOW)
        self.assertEqual(server.torc("run", workflow).returncode, 1)
        for stopped in (False, True):
            if stopped:
                server.kill()
            report = self.check(server.database, 0)
            self.assertEqual(report["workflows"], 1)
            self.assertEqual(report["jobs"], {"completed": 1, "failed": 1})
            self.assertEqual(report["results"], {"completed": 1, "failed": 1})
            self.assertEqual(report["problems"], [])
            self.assertEqual(report["version"], report["newest_version"])
        text = run_torc("server", "check", "-d", server.database, home=self.dir, check=True).stdout
        self.assertIn("Jobs:       2 (1 completed, 1 failed)", text)
        self.assertIn("No problems found.", text)
        server.start()

    def test_damage_is_reported(self):
        server = self.server()
        for number in range(200):
            server.post("/workflows", {"name": f"w{number}", "user": "u" * 200})
        server.stop()
        damaged = pathlib.Path(server.database)
        data = bytearray(damaged.read_bytes())
        middle = data.find(b"w100u")
        data[middle - 2000:middle + 2000] = b"\xff" * 4000
        damaged.write_bytes(data)
        report = self.check(damaged, 1)
        self.assertFalse(report["ok"])
        self.assertTrue(report["problems"])
        refused = run_torc("server", "backup", self.dir / "copy.db", "-d", damaged, home=self.dir)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("damaged", refused.stderr)
        missing = run_torc("server", "check", "-d", self.dir / "none.db", home=self.dir)
        self.assertEqual(missing.returncode, 1)
        self.assertFalse((self.dir / "none.db").exists())


if __name__ == "__main__":
    main()
