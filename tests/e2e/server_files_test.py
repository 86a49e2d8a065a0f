#!/usr/bin/env python3
"""Who may read and change the server's files, whose files the server uses, and files that are moved while it runs."""
import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import sqlite3
import stat
import struct
import subprocess
import sys
import time

from harness import TORC, E2ETest, clean_environment, main, run_torc, wait_until

NOBODY = 65534
WORKFLOW = {"name": "w", "jobs": [{"name": "a", "command": "echo hi > made"}]}
AS_ROOT = "only root can make files of another user"


def with_umask(mask: int) -> tuple[str, ...]:
    return ("sh", "-c", f'umask {mask:03o}; exec "$@"', "sh")


def mode(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


def execute(database, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(sql)


def post(server, path: str, body: dict):
    """(status, value of Retry-After, text)"""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("POST", f"/torc-service/v1{path}", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Retry-After"), answer.read().decode()
    finally:
        connection.close()


class FilesTest(E2ETest):
    def standalone(self, *args, cwd=None, **options):
        """Runs `torc -s ...`, by default in the test's directory."""
        return run_torc("-s", *args, home=self.dir, cwd=cwd or self.dir, **options)

    def spec(self) -> pathlib.Path:
        path = self.dir / "workflow.json"
        path.write_text(json.dumps(WORKFLOW))
        return path

    def database(self, directory: pathlib.Path) -> pathlib.Path:
        """A database created by torc."""
        self.standalone("--db", directory / "torc.db", "workflows", "list", check=True)
        return directory / "torc.db"

    def refused_start(self, *args, prefix=()) -> str:
        """The error of a server that must not start."""
        done = subprocess.run([*prefix, TORC, "server", "run", "--port", "0", *map(str, args)], capture_output=True, text=True,
                              env=clean_environment(self.dir), cwd=self.dir, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr


class Modes(FilesTest):
    def test_files_of_the_server_are_private_whatever_the_umask_is(self):
        for mask in (0o000, 0o022, 0o277):
            with self.subTest(mask=mask):
                place = self.dir / f"server{mask}" / "new" / "deep"
                server = self.server(f"server{mask}", prefix=with_umask(mask),
                                     args=("--database", place / "torc.db", "--log-dir", place.parent / "logs"))
                server.create(WORKFLOW)
                copy = self.dir / f"copy{mask}.db"
                subprocess.run([*with_umask(mask), TORC, "server", "backup", str(copy), "--database", str(place / "torc.db")],
                               env=clean_environment(self.dir), check=True, capture_output=True, timeout=60)
                for path in [*place.iterdir(), place.parent / "logs" / "torc-server.log", copy]:
                    self.assertEqual(mode(path), 0o600, path)
                self.assertEqual({path.name for path in place.iterdir()},
                                 {"torc.db", "torc.db-wal", "torc.db-shm", "torc.db.lock"})
                for path in (place, place.parent, place.parent / "logs"):
                    self.assertEqual(mode(path), 0o700, path)
                server.stop()

    def test_standalone_makes_its_directory_private_and_jobs_follow_the_umask(self):
        done = subprocess.run([*with_umask(0o000), TORC, "-s", "run", str(self.spec())], env=clean_environment(self.dir),
                              cwd=self.dir, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        output = self.dir / "torc_output"
        self.assertEqual(mode(output), 0o700)
        self.assertEqual(mode(output / "torc.db"), 0o600)
        outputs = list((output / "job_stdio").glob("*.o"))
        self.assertEqual([mode(path) for path in outputs], [0o644])
        self.assertEqual(mode(self.dir / "made"), 0o666)

    def test_an_existing_database_loses_the_access_of_others(self):
        place = self.dir / "server"
        place.mkdir()
        database = self.database(place)
        database.chmod(0o664)
        server = self.server()
        server.create(WORKFLOW)
        self.assertEqual({mode(path) for path in place.glob("torc.db*")}, {0o600})
        self.assertIn(f"had access to the database {database} (mode 664)", server.log.read_text())

    def test_logs_of_an_older_server_become_private(self):
        logs = self.dir / "logs"
        logs.mkdir()
        for name in ("torc-server.log", "torc-server.1.log"):
            (logs / name).write_text("old\n")
            (logs / name).chmod(0o644)
        self.server(args=("--log-dir", logs))
        self.assertEqual({mode(path) for path in logs.iterdir()}, {0o600})


class Owners(FilesTest):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest(AS_ROOT)

    def plant(self, place: pathlib.Path) -> None:
        """A database of another user with a trigger that changes every job."""
        place.mkdir(exist_ok=True)
        database = self.database(place)
        execute(database, "CREATE TRIGGER evil BEFORE INSERT ON jobs BEGIN "
                          "INSERT INTO workflows (name, user, timestamp) VALUES ('planted', 'evil', ''); END")
        for path in (place, *place.iterdir()):
            os.chown(path, NOBODY, NOBODY)

    def workflows(self, database) -> list[str]:
        with contextlib.closing(sqlite3.connect(f"file:{database}?immutable=1", uri=True)) as connection:
            return [name for name, in connection.execute("SELECT name FROM workflows")]

    def test_a_planted_database_is_not_used(self):
        """A trigger in /tmp/torc_output/torc.db must not run with the rights of a user who runs `torc -s` there."""
        place = self.dir / "torc_output"
        self.plant(place)
        before = sorted(path.name for path in place.iterdir())
        for command in (("run", self.spec()), ("workflows", "list"), ("exec", "-c", "true"), ("create", self.spec())):
            refused = self.standalone(*command)
            self.assertEqual(refused.returncode, 1, command)
            self.assertIn(f"the directory {place} belongs to nobody", refused.stderr)
            self.assertIn("--trust-owner", refused.stderr)
        self.assertIn("belongs to nobody", self.refused_start("--database", place / "torc.db"))
        self.assertEqual(sorted(path.name for path in place.iterdir()), before, "files were created there")
        self.assertEqual(self.workflows(place / "torc.db"), [])
        self.assertFalse((self.dir / "made").exists())

    def test_a_trusted_owners_database_is_used_and_its_triggers_never(self):
        place = self.dir / "torc_output"
        self.plant(place)
        refused = self.standalone("--trust-owner", "run", self.spec())
        self.assertEqual(refused.returncode, 1)
        self.assertIn("contains objects that torc does not create: trigger evil", refused.stderr)
        execute(place / "torc.db", "DROP TRIGGER evil")
        self.standalone("--trust-owner", "run", self.spec(), check=True)
        self.assertEqual(self.workflows(place / "torc.db"), ["w"])
        self.server(args=("--database", place / "torc.db", "--trust-owner"))

    def test_views_and_virtual_tables_are_refused_too(self):
        for sql in ("CREATE VIEW v AS SELECT 1", "CREATE VIRTUAL TABLE t USING fts5(x)"):
            place = self.dir / sql.split()[1]
            place.mkdir()
            execute(self.database(place), sql)
            self.assertIn("contains objects that torc does not create", self.refused_start("--database", place / "torc.db"))

    def test_files_beside_the_database_are_not_taken_from_others(self):
        """SQLite would replay a log that another user planted into the database."""
        shared = self.dir / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        database = self.database(shared)
        for suffix in ("-wal", "-shm", "-journal", ".lock"):
            side = pathlib.Path(f"{database}{suffix}")
            side.unlink(missing_ok=True)
            side.write_bytes(b"planted")
            os.chown(side, NOBODY, NOBODY)
            self.assertIn(f"{side} belongs to nobody", self.refused_start("--database", database))
            self.assertEqual(side.read_bytes(), b"planted")
            side.unlink()
            precious = self.dir / "precious"
            precious.write_text("kept")
            side.symlink_to(precious)
            self.assertIn("is not a regular file", self.refused_start("--database", database))
            self.assertEqual(precious.read_text(), "kept")
            side.unlink()

    def test_each_place_is_looked_at(self):
        own = self.dir / "own"
        own.mkdir()
        foreign = self.dir / "foreign"
        foreign.mkdir()
        os.chown(foreign, NOBODY, NOBODY)
        link = self.dir / "link"
        link.symlink_to(own)
        os.lchown(link, NOBODY, NOBODY)
        self.assertIn("foreign belongs to nobody", self.refused_start("--database", foreign / "x.db"))
        self.assertIn("foreign belongs to nobody",
                      self.refused_start("--database", own / "x.db", "--log-dir", foreign))
        self.assertIn("the link", self.refused_start("--database", link / "x.db"))
        refused = self.standalone("--db", own / "torc.db", "run", "-o", foreign, self.spec())
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"the output directory {foreign} cannot be trusted", refused.stderr)
        self.assertEqual(list(foreign.iterdir()), [])
        self.standalone("--db", own / "torc.db", "--trust-owner", "run", "-o", foreign, self.spec(), check=True)


class Parents(FilesTest):
    def test_a_directory_that_is_open_to_all_is_refused(self):
        place = self.dir / "open"
        (place / "mine").mkdir(parents=True)
        place.chmod(0o777)
        for trust in ((), ("--trust-owner",)):
            message = self.refused_start("--database", place / "mine" / "torc.db", *trust)
            self.assertIn(f"the directory {place} is writable by everybody and has no sticky bit", message)
        refused = self.standalone("run", self.spec(), cwd=place)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("writable by everybody", refused.stderr)
        self.assertEqual([path.name for path in place.iterdir()], ["mine"])
        place.chmod(0o1777)
        self.standalone("run", self.spec(), cwd=place, check=True)

    def test_a_group_causes_a_warning(self):
        place = self.dir / "group"
        place.mkdir()
        place.chmod(0o775)
        done = self.standalone("run", self.spec(), cwd=place, check=True)
        self.assertEqual(done.stderr.count(f"the directory {place} is writable by its group"), 1, done.stderr)


class Maintenance(FilesTest):
    """`check` and `backup` read any database, and change nothing."""

    def test_anybodys_database_is_looked_at(self):
        place = self.dir / "open"
        place.mkdir()
        database = self.database(place)
        execute(database, "CREATE TRIGGER evil BEFORE INSERT ON jobs BEGIN SELECT 1; END")
        if os.geteuid() == 0:
            for path in (place, database):
                os.chown(path, NOBODY, NOBODY)
        place.chmod(0o777)
        before = {path.name: path.read_bytes() for path in place.iterdir()}
        checked = run_torc("server", "check", "--database", database, home=self.dir)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("contains objects that torc does not create, so no server uses it: trigger evil", checked.stdout)
        copy = self.dir / "copy.db"
        run_torc("server", "backup", copy, "--database", database, home=self.dir, check=True)
        self.assertEqual(mode(copy), 0o600)
        self.assertEqual({path.name: path.read_bytes() for path in place.iterdir()}, before)
        self.assertIn("trigger evil", self.refused_start("--database", copy))

    def test_what_is_not_a_regular_file_is_refused(self):
        """SQLite would wait forever for a writer of a FIFO."""
        place, target = self.dir / "own", self.dir / "target"
        place.mkdir()
        target.mkdir()
        database = self.database(place)
        link = self.dir / "link.db"
        link.symlink_to(database)
        cases = [(place / "fifo.db", place / "fifo.db")]
        cases += [(given, pathlib.Path(f"{database}{suffix}")) for given in (database, link)
                  for suffix in ("-journal", "-wal", "-shm")]
        for given, fifo in cases:
            os.mkfifo(fifo)
            for command in (["check"], ["backup", target / "copy.db"]):
                with self.subTest(given=given.name, fifo=fifo.name, command=command[0]):
                    refused = run_torc("server", *command, "--database", given, home=self.dir, timeout=30)
                    self.assertEqual(refused.returncode, 1)
                    self.assertIn(f"{fifo} is not a regular file", refused.stderr)
                    self.assertEqual(list(target.iterdir()), [])
            fifo.unlink()
        run_torc("server", "check", "--database", link, home=self.dir, check=True)

    def test_a_read_only_file_is_accepted(self):
        if os.geteuid() != 0:
            self.skipTest(AS_ROOT)
        place = self.dir / "read only"
        place.mkdir()
        self.dir.chmod(0o755)
        database = self.database(place)
        database.chmod(0o444)
        place.chmod(0o555)
        torc = self.dir / "torc"
        shutil.copy(TORC, torc)
        target = self.dir / "target"
        target.mkdir()
        os.chown(target, NOBODY, NOBODY)
        for command in (["check"], ["backup", target / "copy.db"]):
            done = subprocess.run([torc, "server", *map(str, command), "--database", str(database)], user=NOBODY, group=NOBODY,
                                  extra_groups=[], capture_output=True, text=True, env=clean_environment(target), cwd=target,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([path.name for path in place.iterdir() if path.name != "torc.db.lock"], ["torc.db"])

    def test_the_files_of_a_killed_server_are_read(self):
        server = self.server()
        server.create(WORKFLOW)
        server.kill()
        before = sorted(path.name for path in server.dir.glob("torc.db*"))
        for _ in range(2):
            document = json.loads(run_torc("-f", "json", "server", "check", "--database", server.database, home=self.dir,
                                           check=True).stdout)
            self.assertEqual(document["workflows"], 1)
        copy = self.dir / "copy.db"
        run_torc("server", "backup", copy, "--database", server.database, home=self.dir, check=True)
        self.assertEqual(sorted(path.name for path in server.dir.glob("torc.db*")), before)
        server.start()

    def test_no_files_are_left_beside_an_unused_database(self):
        place = self.dir / "own"
        place.mkdir()
        database = self.database(place)
        before = sorted(path.name for path in place.iterdir())
        for command in (["check"], ["backup", self.dir / "copy.db"]):
            run_torc("server", *command, "--database", database, home=self.dir, check=True)
            self.assertEqual(sorted(path.name for path in place.iterdir()), before)


class Displaced(FilesTest):
    """The database is moved or deleted while the server runs."""

    def refusal(self, server) -> str:
        status, retry_after, text = post(server, "/workflows", {"name": "x", "user": "u"})
        self.assertEqual((status, bool(retry_after)), (503, True), text)
        return text

    def accepted(self, server) -> None:
        status, _, text = post(server, "/workflows", {"name": "x", "user": "u"})
        self.assertEqual(status, 200, text)

    def test_changes_are_refused_until_the_file_is_back(self):
        server = self.server()
        self.accepted(server)
        for name, what in (("torc.db", "was moved away"), ("torc.db-wal", "lost its log"), ("torc.db-shm", "lost its log")):
            with self.subTest(name=name):
                (server.dir / name).rename(server.dir / "aside")
                self.assertIn(what, self.refusal(server))
                self.assertEqual(server.request("GET", "/workflows")[0], 200, "reads must still succeed")
                (server.dir / "aside").rename(server.dir / name)
                self.accepted(server)
        total = server.get("/workflows?limit=1")["total_count"]
        server.stop()
        server.start()
        self.assertEqual(server.get("/workflows?limit=1")["total_count"], total)

    def test_another_file_in_its_place_is_not_the_database(self):
        server = self.server()
        kept = server.dir / "kept"
        server.database.rename(kept)
        shutil.copy(kept, server.database)
        self.assertIn("another file is in its place", self.refusal(server))
        kept.rename(server.database)
        self.accepted(server)

    def test_a_deleted_file_is_reported(self):
        server = self.server()
        server.database.unlink()
        self.assertIn("was deleted", self.refusal(server))

    def test_an_idle_server_notices_it_too(self):
        server = self.server(args=("--worker-timeout", "off"))
        server.database.rename(server.dir / "aside")
        wait_until(lambda: "the database file was moved away" in server.log.read_text(), 10, "the message in the log")
        (server.dir / "aside").rename(server.database)
        wait_until(lambda: "in its place again" in server.log.read_text(), 10, "the message in the log")

    def test_runners_are_not_lost_by_it(self):
        """Heartbeats that the server refuses meanwhile still prevent the loss."""
        # Longer than a runner's longest pause between two attempts, 5 s.
        server = self.server(args=("--worker-timeout", "7"))
        workflow = server.create({"name": "w", "jobs": [{"name": "a", "command": "while [ ! -e go ]; do sleep 0.05; done"}]})
        runner = self.start([TORC, "--url", server.url, "run", str(workflow)])
        wait_until(lambda: server.statuses(workflow)["a"] == "running", what="the job to run")
        server.database.rename(server.dir / "aside")
        begun = time.monotonic()
        wait_until(lambda: self.refusal(server) and time.monotonic() - begun > 8, 60, "the timeout to pass", interval=0.05)
        (server.dir / "aside").rename(server.database)
        self.accepted(server)
        (self.dir / "go").touch()
        self.assertEqual(runner.wait(60), 0)
        self.assertEqual([result["attempt_id"] for result in server.results(workflow)], [1])
        self.assertNotIn("is lost", server.log.read_text())

    def test_a_bind_mount_is_the_same_file(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0:
            self.skipTest("mounting needs root and a mount namespace")
        server = self.server()
        self.accepted(server)
        other = self.dir / "other"
        other.mkdir()
        (other / "torc.db").touch()
        bind = ("unshare", "-m", "sh", "-c", f'mount --bind "{server.database}" "{other}/torc.db"; exec "$@"', "sh")
        message = self.refused_start("--database", other / "torc.db", prefix=bind)
        self.assertIn(f"process {server.process.pid} (torc)", message)
        self.accepted(server)
        server.stop()
        # A server works with the second name of the file, and one with the first name recognizes it as the same file.
        again = self.server("again", args=("--database", other / "torc.db"), prefix=bind)
        self.accepted(again)
        self.assertIn(f"process {again.process.pid} (torc)", self.refused_start("--database", server.database))
        # Deletes the file under its first name; it remains only as the mount.
        server.database.unlink()
        self.assertIn("was deleted", self.refusal(again))


class References(FilesTest):
    """A record may refer only to records of its own workflow."""

    def refused(self, server, method: str, path: str, body=None) -> None:
        status, answer = server.request(method, path, body)
        self.assertEqual(status, 422, f"{method} {path} {body}: {answer}")
        self.assertIn("to workflow", answer["error"]["message"])

    def test_records_of_another_workflow_are_refused_everywhere(self):
        server = self.server()
        own = server.create({"name": "own", "jobs": [{"name": "a", "command": "true"}]})
        other = server.create({"name": "other", "jobs": [{"name": "b", "command": "true"}]})
        server.post(f"/workflows/{own}/initialize_jobs")
        handler = server.post("/failure_handlers", {"workflow_id": other, "name": "h", "rules": "[]"})["id"]
        scheduler = server.post("/local_schedulers", {"workflow_id": other, "name": "s"})["id"]
        node = {"hostname": "h", "pid": 1, "start_time": "2026-01-01T00:00:00Z", "num_cpus": 1, "memory_gb": 1.0, "num_gpus": 0,
                "num_nodes": 1, "compute_node_type": "local", "is_active": True}
        foreign_node = server.post("/compute_nodes", {**node, "workflow_id": other})["id"]
        own_node = server.post("/compute_nodes", {**node, "workflow_id": own})["id"]
        job = server.jobs(own)[0]
        new = {"workflow_id": own, "name": "n", "command": "true"}
        for reference in ({"failure_handler_id": handler}, {"scheduler_id": scheduler}):
            self.refused(server, "POST", "/jobs", {**new, **reference})
            self.refused(server, "POST", "/bulk_jobs", {"jobs": [new, {**new, **reference}]})
            self.refused(server, "PUT", f"/jobs/{job['id']}", {**new, "name": job["name"], **reference})
            # IDs of records that do not exist are accepted, as by torc 0.23.
            gone = {key: 4711 for key in reference}
            self.assertEqual(server.request("POST", "/jobs", {**new, **gone})[0], 200)
        self.refused(server, "POST", "/compute_nodes", {**node, "workflow_id": own, "scheduler_config_id": scheduler})
        self.refused(server, "PUT", f"/compute_nodes/{own_node}", {**node, "workflow_id": own, "scheduler_config_id": scheduler})
        self.refused(server, "POST", "/scheduled_compute_nodes",
                     {"workflow_id": own, "scheduler_id": 1, "scheduler_config_id": scheduler, "scheduler_type": "local",
                      "status": "pending"})
        self.refused(server, "POST", f"/workflows/{own}/actions",
                     {"workflow_id": own, "trigger_type": "on_workflow_start", "action_type": "schedule_nodes",
                      "action_config": {"scheduler_type": "local", "scheduler_id": scheduler}})
        self.refused(server, "POST", f"/workflows/{own}/claim_next_jobs?compute_node_id={foreign_node}")
        resources = {"num_cpus": 1, "memory_gb": 1.0, "num_gpus": 0, "num_nodes": 1}
        claim = f"/workflows/{own}/claim_jobs_based_on_resources/1"
        self.refused(server, "POST", f"{claim}?compute_node_id={foreign_node}", resources)
        self.refused(server, "POST", claim, {**resources, "scheduler_config_id": scheduler})
        claimed = server.post(f"/workflows/{own}/claim_next_jobs?compute_node_id={own_node}&limit=1")["jobs"][0]["id"]
        result = {"job_id": claimed, "workflow_id": own, "run_id": 1, "compute_node_id": foreign_node, "return_code": 0,
                  "exec_time_minutes": 0.0, "completion_time": "2026-01-01T00:00:00Z", "status": "completed", "attempt_id": 1}
        self.refused(server, "POST", "/results", result)
        self.assertEqual(server.statuses(own)["a"], "pending")
        self.assertEqual(len(server.results(own)), 0)

    def test_a_check_reports_references_that_an_older_server_accepted(self):
        server = self.server()
        own = server.create(WORKFLOW)
        other = server.create(WORKFLOW)
        handler = server.post("/failure_handlers", {"workflow_id": other, "name": "h", "rules": "[]"})["id"]
        execute(server.database, f"UPDATE jobs SET failure_handler_id = {handler} WHERE workflow_id = {own}")
        checked = run_torc("server", "check", "--database", server.database, home=self.dir)
        self.assertEqual(checked.returncode, 1)
        self.assertIn(f"of workflow {own} refers to failure handler {handler}, which belongs to workflow {other}", checked.stdout)


if __name__ == "__main__":
    main()
