#!/usr/bin/env python3
"""The server as a service: options and program names, logs, pid file, background, orderly shutdown, one server per
database, upgrades of old databases."""
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time

from harness import ROOT, TORC, E2ETest, alive, clean_environment, main, run_torc, wait_until


def http(method: str, path: str, body: bytes = b"", length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return (f"{method} /torc-service/v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n\r\n").encode() + body


def read_to_end(connection: socket.socket) -> bytes:
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


class Stop(E2ETest):
    def test_after_sigterm_accepted_requests_are_answered(self):
        server = self.server()

        def connect() -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            self.addCleanup(connection.close)
            return connection

        idle, half, flight, probe = connect(), connect(), connect(), connect()
        half.sendall(http("POST", "/workflows", b'{"name": "ha', length=1000))
        # While another connection holds the write lock, an accepted change cannot be answered.
        holder = sqlite3.connect(server.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        flight.sendall(http("POST", "/workflows", b'{"name": "in flight", "user": "u"}'))
        # One thread reads all requests in order of arrival: once these are answered, that one has been accepted.
        for _ in range(3):
            probe.sendall(http("GET", "/ping"))
            self.assertIn(b"200 OK", probe.recv(65536))
        process, begin = server.process, time.monotonic()
        process.send_signal(signal.SIGTERM)
        for connection in (idle, half, probe):
            self.assertEqual(read_to_end(connection), b"")
        self.assertIsNone(process.poll(), "it ended before it answered")
        holder.execute("ROLLBACK")
        holder.close()
        self.assertIn(b"HTTP/1.1 200 OK", read_to_end(flight))
        self.assertEqual(process.wait(20), 0)
        self.assertLess(time.monotonic() - begin, 9)
        with sqlite3.connect(server.database) as rows:
            self.assertEqual(rows.execute("SELECT name FROM workflows").fetchall(), [("in flight",)])

    def test_sigint_too(self):
        server = self.server()
        process = server.process
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 0)


    def test_uses_the_hard_limit_of_file_descriptors(self):
        server = self.server()
        limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
        soft, hard = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3:5]
        self.assertEqual(soft, hard)


class Background(E2ETest):
    def run_server(self, *args, env=None):
        return run_torc("server", "run", "--port", 0, *args, home=self.dir, env=env)

    def test_daemon(self):
        pid_file, logs = self.dir / "torc.pid", self.dir / "logs"
        options = ("--daemon", "--pid-file", pid_file, "--log-dir", logs)
        begun = self.run_server(*options, "--database", self.dir / "torc.db")
        self.assertEqual(begun.returncode, 0, begun.stderr)
        pid = int(pid_file.read_text())
        self.addCleanup(lambda: alive(pid) and os.kill(pid, signal.SIGKILL))
        port = int(begun.stdout.split("TORC_SERVER_PORT=")[1])
        url = f"http://127.0.0.1:{port}/torc-service/v1"
        run_torc("--url", url, "ping", home=self.dir, check=True)
        self.assertEqual(os.getsid(pid), pid, "it is not in its own session")
        for number in range(3):
            self.assertEqual(os.readlink(f"/proc/{pid}/fd/{number}"), "/dev/null")
        self.assertIn(f"info torc server 0.23.0 at http://127.0.0.1:{port}", (logs / "torc-server.log").read_text())

        second = self.run_server(*options, "--database", self.dir / "other.db")
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"is locked by process {pid} (torc)", second.stderr)
        self.assertNotIn("TORC_SERVER_PORT", second.stdout)
        third = self.run_server("--daemon", "--database", self.dir / "torc.db")
        self.assertEqual(third.returncode, 1)
        self.assertIn("another server already uses the database", third.stderr)
        self.assertEqual(int(pid_file.read_text()), pid)

        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not alive(pid), what="the server to end")
        self.assertFalse(pid_file.exists())
        self.assertIn("signal 15", (logs / "torc-server.log").read_text())

    def test_daemon_that_cannot_start(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        failed = run_torc("server", "run", "--daemon", "-p", port, "-d", self.dir / "torc.db", home=self.dir)
        self.assertEqual(failed.returncode, 1)
        self.assertIn(f"cannot listen on 127.0.0.1:{port}", failed.stderr)

    def test_pid_file(self):
        pid_file = self.dir / "torc.pid"
        pid_file.write_text("1\n")  # Left by a killed server; another process has its pid by now.
        server = self.server(args=["--pid-file", pid_file])
        self.assertEqual(int(pid_file.read_text()), server.process.pid)
        server.kill()
        self.assertTrue(pid_file.exists())
        server.start()
        self.assertEqual(int(pid_file.read_text()), server.process.pid)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(pid_file.exists())
        pid_file.write_text("my notes\n")
        refused = self.run_server("--pid-file", pid_file, "-d", self.dir / "torc.db")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("is not a pid file", refused.stderr)
        self.assertEqual(pid_file.read_text(), "my notes\n")


class Options(E2ETest):
    def test_names_and_databases(self):
        link = self.dir / "torc-server"
        link.symlink_to(TORC)
        version = subprocess.run([link, "--version"], capture_output=True, text=True, check=True, timeout=20)
        self.assertEqual(version.stdout, "torc 0.23.0\n")
        for number, (words, url) in enumerate([
                (("run", "--port", "0", "-d", "0.db"), ""),
                (("-p", "0", "-H", "127.0.0.1", "-t", "3", "--synchronous", "normal", "-c", "30"), "sqlite:1.db"),
                (("-p", "0"), f"sqlite://{self.dir}/2.db?mode=rwc"),
                (("-p", "0", "--database", "3.db"), "postgres://elsewhere/torc")]):
            env = {"DATABASE_URL": url} if url else {}
            process = self.start([link, *words], env=env)
            wait_until(lambda: b"TORC_SERVER_PORT=" in process.stdout_path.read_bytes(), what=f"server {number}")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)
            self.assertTrue((self.dir / f"{number}.db").exists(), number)
        refused = subprocess.run([link, "-p", "0"], env=clean_environment(self.dir, DATABASE_URL="postgres://elsewhere/torc"),
                                 capture_output=True, text=True, timeout=20, cwd=self.dir)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("DATABASE_URL does not name a SQLite file", refused.stderr)
        check = subprocess.run([link, "check", "-d", "0.db"], capture_output=True, text=True, timeout=20, cwd=self.dir)
        self.assertEqual(check.returncode, 0, check.stderr)

    def test_json_logs(self):
        server = self.server(name='with "quotes"', args=["--json-logs"])
        server.stop()
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        self.assertGreaterEqual(len(lines), 2)
        for line in lines:
            self.assertEqual(set(line), {"time", "level", "pid", "message"})
        self.assertIn(str(server.database), lines[0]["message"])


class Installed(E2ETest):
    def test_installing_creates_the_other_names_and_the_unit(self):
        build = pathlib.Path(TORC).parent
        if not (build / "cmake_install.cmake").exists():
            self.skipTest(f"{TORC} does not lie in the directory of a build")
        prefix = self.dir / "prefix"
        subprocess.run(["cmake", "--install", build, "--prefix", prefix], capture_output=True, check=True, timeout=60)
        for name in ("torc-server", "torc-htpasswd"):
            self.assertEqual(os.readlink(prefix / "bin" / name), "torc")
        link = prefix / "bin" / "torc-server"
        shown = subprocess.run([link, "--help"], capture_output=True, text=True, check=True, timeout=20)
        self.assertIn("--pid-file", shown.stdout)
        unit = (prefix / "lib" / "systemd" / "system" / "torc-server.service").read_text()
        self.assertIn(f"\nExecStart={link} run --host $", unit)
        self.assertIn("\nu torc ", (prefix / "lib" / "sysusers.d" / "torc.conf").read_text())
        self.assertIn("SystemCallFilter=@system-service\n", unit)
        self.assertIn("ExecReload=/bin/kill -HUP $MAINPID\n", unit)


class OneServer(E2ETest):
    def refused(self, database) -> str:
        second = run_torc("server", "run", "--port", 0, "--database", database, home=self.dir)
        self.assertEqual(second.returncode, 1, second.stdout)
        return second.stderr

    def test_one_server_per_database(self):
        server = self.server()
        link = self.dir / "link.db"
        link.symlink_to(server.database)
        for name in (server.database, link):
            message = self.refused(name)
            self.assertIn("another server already uses the database", message)
            self.assertIn(f"process {server.process.pid}", message)
        hard = self.dir / "hard.db"
        os.link(server.database, hard)
        self.assertIn("hard links", self.refused(hard))
        hard.unlink()
        server.kill()
        self.assertTrue(pathlib.Path(f"{server.database}.lock").exists())
        server.start()  # The lock file of a killed server does not prevent a start.
        self.assertEqual(server.stop(), 0)

    def test_other_databases_are_refused(self):
        path = self.dir / "x.db"
        for sql, said in (("CREATE TABLE workflow (id)", "of another program"), ("PRAGMA user_version = 1000", "version 1000")):
            path.unlink(missing_ok=True)
            with sqlite3.connect(path) as database:
                database.execute(sql)
            database.close()
            self.assertIn(said, self.refused(path))


def make_old_database(path, workflows: int = 300) -> None:
    """A database of the program's first version."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript((ROOT / "migrations" / "0001_core.sql").read_text())
    database.execute("INSERT INTO server VALUES ('11111111-2222-4333-8444-555555555555')")
    for number in range(1, workflows + 1):
        database.execute("INSERT INTO workflows (name, user, timestamp) VALUES (?, 'tester', '2026-01-02T03:04:05Z')",
                         (f"w{number}",))
        database.execute("INSERT INTO resource_requirements (workflow_id, name) VALUES (?, 'default')", (number,))
        database.execute("INSERT INTO jobs (workflow_id, name, command, status, resource_requirements_id)"
                         " VALUES (?, 'j', 'true', 5, ?)", (number, number))
    database.execute("PRAGMA user_version = 1")
    database.commit()
    database.close()


class Upgrade(E2ETest):
    def test_an_old_database_is_copied_and_upgraded(self):
        (self.dir / "server").mkdir()
        make_old_database(self.dir / "server" / "torc.db")
        server = self.server()
        self.assertEqual(server.get("/version")["server_id"], "11111111-2222-4333-8444-555555555555")
        self.assertEqual(server.get("/workflows?limit=1")["total_count"], 300)
        self.assertEqual(server.jobs(300)[0]["status"], "completed")
        copy, = self.dir.glob("server/torc.db.before-v*")
        self.assertIn(str(copy), server.log.read_text())
        with sqlite3.connect(copy) as old:
            self.assertEqual(old.execute("PRAGMA user_version").fetchone(), (1,))
            self.assertEqual(old.execute("SELECT count(*) FROM jobs").fetchone(), (300,))
        old.close()
        server.restart()
        self.assertEqual(len(list(self.dir.glob("server/torc.db.before-v*"))), 1, "it was copied again")


if __name__ == "__main__":
    main()
