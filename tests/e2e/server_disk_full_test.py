#!/usr/bin/env python3
"""The disk of the database becomes full: changes fail with 507, reads succeed, no change is stored partly, and the
server recovers when there is room. Uses a small tmpfs, mounted in a private mount namespace."""
import json
import os
import sqlite3
import subprocess
import sys
import threading

from harness import EXIT_SKIPPED, E2ETest, main, run_torc, wait_until
from server_service_test import make_old_database

INSIDE = "TORC_TEST_IN_MOUNT_NAMESPACE"


def enter_mount_namespace() -> None:
    """Restarts this test in a namespace in which it may mount. Exits with 125 if there is none."""
    for options in (["-m"], ["-rm"]):
        command = ["unshare", *options, "--propagation", "private"]
        try:
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
                continue
        except FileNotFoundError:
            break
        os.execvpe(command[0], [*command, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})
    print("skipped: this process cannot create a mount namespace", file=sys.stderr)
    sys.exit(EXIT_SKIPPED)


class SmallDisk(E2ETest):
    def small_disk(self, name: str = "server", size: str = "6m"):
        disk = self.dir / name
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=True)
        # Runs after the server has ended and before the directory is removed.
        self.addCleanup(lambda: subprocess.run(["umount", "-l", disk], check=True))
        return disk

    def fill(self, disk) -> None:
        with open(disk / "filler", "ab", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(b"\0" * size)
                except OSError:
                    pass

    def until_full(self, server) -> list[str]:
        """Creates workflows until one is refused; returns the names of those that were accepted."""
        made = []
        for number in range(5000):
            name = f"before {number} {'x' * 2000}"
            status, answer = server.request("POST", "/workflows", {"name": name, "user": "u"})
            if status != 200:
                self.assertEqual(status, 507, answer)
                self.assertEqual(answer["error"]["error"], "InsufficientStorage")
                self.assertIn("disk of the server's database is full", answer["error"]["message"])
                return made
            made.append(name)
        raise AssertionError("the disk does not fill up")

    def names(self, database) -> list[str]:
        rows = sqlite3.connect(database)
        try:
            self.assertEqual(rows.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(rows.execute("PRAGMA foreign_key_check").fetchall(), [])
            return [name for name, in rows.execute("SELECT name FROM workflows ORDER BY id")]
        finally:
            rows.close()


class DiskFull(SmallDisk):
    def test_changes_fail_and_reads_succeed_until_there_is_room(self):
        disk = self.small_disk()
        server = self.server()
        made = ["first"]
        server.post("/workflows", {"name": "first", "user": "u"})
        for _ in range(2):
            self.fill(disk)
            made += self.until_full(server)
            status, listing = server.request("GET", "/workflows?limit=100000")
            self.assertEqual(status, 200)
            self.assertEqual([item["name"] for item in listing["items"]], made)
            self.assertEqual(server.request("GET", "/ping")[0], 200)
            jobs = [{"workflow_id": 1, "name": f"j{n}", "command": "x" * 1000} for n in range(1000)]
            self.assertEqual(server.request("POST", "/bulk_jobs", {"jobs": jobs})[0], 507)
            self.assertEqual(server.jobs(1), [], "a refused change was stored partly")
            (disk / "filler").unlink()
            status, answer = server.request("POST", "/workflows", {"name": "after", "user": "u"})
            self.assertEqual(status, 200, answer)
            made.append("after")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.names(server.database), made)
        self.assertTrue(json.loads(server.torc("-f", "json", "server", "check", "-d", server.database, check=True).stdout)["ok"])

    def test_many_clients_see_only_what_was_acknowledged(self):
        disk = self.small_disk()
        server = self.server()
        acknowledged, refused, odd, stop = set(), [], [], threading.Event()

        def client(number: int) -> None:
            count = 0
            while not stop.is_set():
                name = f"{number}.{count}"
                status, _ = server.request("POST", "/workflows", {"name": name, "user": "u" * 500})
                count += 1
                if status == 200:
                    acknowledged.add(name)
                elif status == 507:
                    refused.append(name)
                else:
                    odd.append((name, status))

        clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
        for each in clients:
            each.start()
        try:
            for _ in range(3):
                self.fill(disk)
                seen = len(refused)
                wait_until(lambda: len(refused) >= seen + 8, what="changes to be refused")
                (disk / "filler").unlink()
                seen = len(acknowledged)
                wait_until(lambda: len(acknowledged) >= seen + 8, what="changes to be taken again")
        finally:
            stop.set()
            for each in clients:
                each.join()
        self.assertEqual(odd, [])
        self.assertEqual(server.stop(), 0)
        names = self.names(server.database)
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(set(names), acknowledged)

    def test_killed_on_a_full_disk(self):
        disk = self.small_disk()
        server = self.server()
        self.fill(disk)
        made = self.until_full(server)
        server.kill()
        (disk / "filler").unlink()
        server.start()
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.names(server.database), made)


class Start(SmallDisk):
    def start_refused(self, database) -> str:
        refused = run_torc("server", "run", "--port", 0, "--database", database, home=self.dir)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        return refused.stderr

    def test_an_upgrade_without_room_for_the_copy_changes_nothing(self):
        disk = self.small_disk()
        database = disk / "torc.db"
        make_old_database(database, workflows=3000)
        self.fill(disk)
        message = self.start_refused(database)
        self.assertIn("its disk is full; nothing was changed", message)
        self.assertIn(str(database), message)
        # Leaves room for SQLite's own files, but not for the copy.
        os.truncate(disk / "filler", (disk / "filler").stat().st_size - 131072)
        message = self.start_refused(database)
        self.assertIn("nothing was changed", message)
        self.assertIn("not enough space for the copy", message)
        self.assertEqual([path.name for path in disk.iterdir() if "before" in path.name or "tmp" in path.name], [])
        rows = sqlite3.connect(database)
        self.assertEqual(rows.execute("PRAGMA user_version").fetchone(), (1,))
        rows.close()
        (disk / "filler").unlink()
        server = self.server()
        self.assertEqual(server.get("/workflows?limit=1")["total_count"], 3000)

    def test_a_backup_without_room_leaves_nothing(self):
        server = self.server("elsewhere")
        server.post("/workflows", {"name": "w" * 100000, "user": "u"})
        disk = self.small_disk("backups", size="64k")
        failed = server.torc("server", "backup", disk / "copy.db", "-d", server.database)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("not enough space for the copy", failed.stderr)
        self.assertEqual(list(disk.iterdir()), [])

    def test_a_read_only_disk_is_named(self):
        disk = self.small_disk()
        server = self.server()
        self.assertEqual(server.stop(), 0)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        message = self.start_refused(server.database)
        self.assertIn("Read-only file system", message)
        self.assertIn(str(server.database), message)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter_mount_namespace()
    main()
