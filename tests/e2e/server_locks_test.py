#!/usr/bin/env python3
"""Other processes hold SQLite's lock on the server's database, or the server's own lock."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import subprocess
import sys
import time

from harness import TORC, E2ETest, clean_environment, main, wait_until

# A writer locks this byte of the index of SQLite's log (WAL_WRITE_LOCK, sqlite.org/walformat.html).
HOLD = """
import fcntl, os, struct, sys, time
path, how = sys.argv[1], sys.argv[2]
fd = os.open(path, os.O_RDONLY)
if how == "flock":
    fcntl.flock(fd, fcntl.LOCK_EX)
else:
    fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack("hhqqi", fcntl.F_RDLCK, 0, 120, 1, 0))
print("held", flush=True)
time.sleep(120)
"""


class Locks(E2ETest):
    def hold(self, path, how: str) -> subprocess.Popen:
        """Starts a process that locks a file that it can only read."""
        holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path), how], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (holder.kill(), holder.wait(), holder.stdout.close()))
        self.assertEqual(holder.stdout.readline(), "held\n")
        return holder

    def end(self, process) -> None:
        process.kill()
        process.wait()

    def create(self, server):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        try:
            connection.request("POST", "/torc-service/v1/workflows", json.dumps({"name": "x", "user": "u"}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Retry-After"), answer.read().decode()
        finally:
            connection.close()

    def failed_start(self, server) -> str:
        done = subprocess.run([TORC, "server", "run", "--port", "0", "--database", str(server.database)], capture_output=True,
                              text=True, env=clean_environment(server.home), cwd=self.dir, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_changes_are_answered_with_503_while_a_reader_holds_the_lock(self):
        server = self.server()
        self.assertEqual(self.create(server)[0], 200)
        holder = self.hold(f"{server.database}-shm", "byte")
        status, retry_after, text = self.create(server)
        self.assertEqual((status, bool(retry_after)), (503, True), text)
        self.assertIn("has the database locked", text)
        self.assertIn(f"process {holder.pid} (", server.log.read_text())
        self.assertEqual(server.request("GET", "/workflows")[0], 200, "reads must still succeed")
        # Later requests do not wait for ten seconds each.
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = [pool.submit(self.create, server) for _ in range(60)]
        self.assertEqual({answer.result()[0] for answer in answers}, {503})
        self.assertEqual(self.create(server)[0], 503)
        self.assertLess(time.monotonic() - began, 10)
        self.end(holder)
        self.assertEqual(self.create(server)[0], 200)

    def test_a_start_names_the_holder_of_sqlites_lock(self):
        server = self.server()
        server.create({"name": "w", "jobs": [{"name": "a", "command": "true"}]})
        server.kill()
        holder = self.hold(f"{server.database}-shm", "byte")
        message = self.failed_start(server)
        self.assertIn("another process has it locked", message)
        self.assertIn(f"process {holder.pid} (", message)
        self.end(holder)
        server.start()

    def test_a_start_names_the_holder_of_the_servers_lock_and_not_a_dead_one(self):
        server = self.server()
        dead = server.process.pid
        server.kill()
        lock = pathlib.Path(f"{server.database}.lock")
        self.assertIn(str(dead), lock.read_text())
        holder = self.hold(lock, "flock")
        message = self.failed_start(server)
        self.assertIn(f"process {holder.pid} (", message)
        self.assertNotIn(f"process {dead}", message)
        self.end(holder)
        server.start()
        self.assertIn(f"process {server.process.pid} (torc)", self.failed_start(server))

    def test_other_users_cannot_take_the_locks(self):
        if os.geteuid() != 0:
            self.skipTest("only root can act as another user")
        self.dir.chmod(0o755)
        server = self.server()
        for path in (f"{server.database}-shm", server.database, f"{server.database}.lock"):
            tried = subprocess.run(["/bin/sh", "-c", 'exec 3< "$1"', "sh", str(path)], user=65534, group=65534, extra_groups=[],
                                   capture_output=True, text=True, timeout=60, check=False)
            self.assertNotEqual(tried.returncode, 0, path)
            self.assertIn("denied", tried.stderr, path)


if __name__ == "__main__":
    main()
