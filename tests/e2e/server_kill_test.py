#!/usr/bin/env python3
"""The server is repeatedly killed with SIGKILL and started again on the same database while clients claim, start,
complete and requeue jobs. Acknowledged changes are never lost, no job has two runners at once, and the database is
sound after every kill.

TORC_KILLS (default 32) sets the number of kills, TORC_KILL_SEED repeats the decisions of a run.
"""
import collections
import http.client
import json
import os
import random
import shutil
import sqlite3
import threading
import time

from harness import E2ETest, main, wait_until

KILLS = int(os.environ.get("TORC_KILLS") or 32)
RUNNERS = 6
BATCH = 60
GIVE_BACK = 2_147_483_647  # with this max_retries, a retry has no limit and does not count
PREFIX = "/torc-service/v1"
RESOURCES = {"num_cpus": 64, "memory_gb": 256.0, "num_gpus": 0, "num_nodes": 1}


class Unacknowledged(Exception):
    """The connection broke before the answer; it is unknown whether the change was made."""


class Trouble:
    """The first error of any thread, after which the other threads give up."""

    def __init__(self):
        self.error = None

    def note(self, error: BaseException) -> None:
        self.error = self.error or error

    def check(self) -> None:
        if self.error:
            raise self.error


class Client:
    """One connection, which is opened again after it broke."""

    def __init__(self, port: int, trouble: Trouble):
        self.port, self.trouble, self.connection = port, trouble, None

    def call(self, method: str, path: str, body=None):
        """(status, document). @raises Unacknowledged"""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            headers = {} if body is None else {"Content-Type": "application/json"}
            self.connection.request(method, PREFIX + path, None if body is None else json.dumps(body), headers)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unacknowledged(f"{method} {path}: {error}") from None

    def ask(self, path: str):
        """The document of a GET, which is repeated until it is answered."""
        return self.insist("GET", path)

    def insist(self, method: str, path: str, body=None):
        """The same for any call that may be repeated."""
        deadline = time.monotonic() + 60
        while True:
            try:
                status, document = self.call(method, path, body)
                assert status == 200, f"{method} {path}: {status} {document}"
                return document
            except Unacknowledged:
                self.trouble.check()
                assert time.monotonic() < deadline, f"no answer to {method} {path}"
                time.sleep(0.01)

    def close(self) -> None:
        if self.connection:
            self.connection.close()
            self.connection = None


class Ledger:
    """All changes that the server has acknowledged to the clients."""

    def __init__(self):
        self.lock = threading.Lock()
        self.holders = {}  # job: compute node, from the answer to the claim until the requeue
        self.ended = {}  # job: mark of its acknowledged result
        self.counts = collections.Counter()

    def hold(self, job: int, node: int) -> None:
        with self.lock:
            other = self.holders.get(job)
            assert other is None, f"job {job} was given to compute node {node} while {other} has it"
            self.holders[job] = node

    def let_go(self, job: int) -> None:
        with self.lock:
            del self.holders[job]

    def end(self, job: int, mark: float) -> None:
        """The job keeps its holder, so that another claim of it is an error."""
        with self.lock:
            self.ended[job] = mark

    def count(self, what: str, number: int = 1) -> None:
        with self.lock:
            self.counts[what] += number


class Runner(threading.Thread):
    """Simulates a runner. `held`: the status of each job that it has, as acknowledged by the server."""

    run_id = 0

    def __init__(self, number: int, client: Client, ledger: Ledger, workflow: int, seed: int):
        super().__init__(name=f"runner {number}", daemon=True)
        self.client, self.ledger, self.workflow = client, ledger, workflow
        self.random = random.Random(seed)
        self.number, self.marks = number, 0
        self.held, self.sent_marks = {}, {}
        self.in_doubt = ("", [])  # the unanswered call, and its jobs
        self.done = threading.Event()
        node = {"workflow_id": workflow, "hostname": f"h{number}", "pid": number, "start_time": "2026-01-01T00:00:00Z",
                "compute_node_type": "local", "is_active": True, **RESOURCES}
        self.node = client.insist("POST", "/compute_nodes", node)["id"]

    def run(self) -> None:
        try:
            while not self.done.is_set() or self.held or self.in_doubt[0]:
                self.client.trouble.check()
                self.step()
        except BaseException as error:  # raised again in the test's thread
            self.client.trouble.note(error)

    def step(self) -> None:
        try:
            if self.in_doubt[0]:
                self.find_again()
            if not self.held:
                self.claim()
            for job in [job for job, status in self.held.items() if status == "pending"]:
                self.give_back(job) if self.random.random() < 0.05 else self.start_job(job)
            time.sleep(self.random.uniform(0, 0.01))  # the jobs run
            running = [job for job, status in self.held.items() if status == "running"]
            if len(running) > 1 and self.random.random() < 0.3:
                self.complete_many(running)
            for job in [job for job in running if job in self.held]:
                self.give_back(job) if self.random.random() < 0.03 else self.complete(job)
        except Unacknowledged:
            self.ledger.count("unacknowledged")

    def call(self, method, path, body=None, jobs=(), what=""):
        self.in_doubt = (what, list(jobs))
        status, document = self.client.call(method, path, body)
        assert status == 200, f"{method} {path}: {status} {document}"
        self.in_doubt = ("", [])
        return document

    def claim(self) -> None:
        if self.random.random() < 0.5:
            path, body = f"claim_next_jobs?limit=3&compute_node_id={self.node}", None
        else:
            path, body = f"claim_jobs_based_on_resources/3?compute_node_id={self.node}", RESOURCES
        jobs = self.call("POST", f"/workflows/{self.workflow}/{path}", body, what="claim")["jobs"]
        for job in jobs:
            self.ledger.hold(job["id"], self.node)
            self.held[job["id"]] = "pending"
        self.ledger.count("claims")
        self.ledger.count("jobs claimed", len(jobs))
        if not jobs:
            time.sleep(0.02)

    def start_job(self, job: int) -> None:
        self.call("PUT", f"/jobs/{job}/start_job/{self.run_id}/{self.node}", jobs=[job], what="start")
        self.held[job] = "running"
        self.ledger.count("starts")

    def result(self, job: int) -> dict:
        """A result with a unique exec_time_minutes, its mark."""
        self.marks += 1
        self.sent_marks.setdefault(job, set()).add(mark := self.marks + self.number / 100)
        return {"job_id": job, "workflow_id": self.workflow, "run_id": self.run_id, "compute_node_id": self.node,
                "return_code": 0, "exec_time_minutes": mark, "completion_time": "2026-01-01T00:00:01Z", "status": "completed"}

    def complete(self, job: int) -> None:
        result = self.result(job)
        self.call("POST", f"/jobs/{job}/complete_job/completed/{self.run_id}", result, [job], "complete")
        self.completed(job, result["exec_time_minutes"])

    def complete_many(self, jobs: list[int]) -> None:
        results = {job: self.result(job) for job in jobs}
        completions = [{"job_id": job, "status": "completed", "run_id": self.run_id, "result": result}
                       for job, result in results.items()]
        answer = self.call("POST", f"/workflows/{self.workflow}/batch_complete_jobs", {"completions": completions}, jobs,
                           "complete")
        assert sorted(answer["completed"]) == sorted(jobs), f"{answer} for {jobs}"
        for job in jobs:
            self.completed(job, results[job]["exec_time_minutes"])

    def completed(self, job: int, mark: float) -> None:
        self.ledger.end(job, mark)
        del self.held[job]
        self.ledger.count("completions")

    def give_back(self, job: int) -> None:
        # As soon as this is sent, another runner may claim the job.
        self.ledger.let_go(job)
        path = (f"manage_status_change/ready/{self.run_id}" if self.held[job] == "pending"
                else f"retry/{self.run_id}?max_retries={GIVE_BACK}")
        self.call("PUT" if self.held[job] == "pending" else "POST", f"/jobs/{job}/{path}", jobs=[job], what="give back")
        del self.held[job]
        self.ledger.count("given back")

    def find_again(self) -> None:
        """After an unanswered call, queries the server for the jobs of this runner."""
        what, doubtful = self.in_doubt
        page = self.client.ask(f"/jobs?workflow_id={self.workflow}&active_compute_node_id={self.node}&limit=1000")
        listed = {job["id"]: job["status"] for job in page["items"]}
        for job, status in self.held.items():
            assert job in doubtful or listed.get(job) == status, f"job {job} was {status} here, is {listed.get(job)}"
        for job in sorted(listed.keys() - self.held.keys()):
            assert what == "claim" and listed[job] == "pending", f"job {job} came by '{what}' as {listed[job]}"
            self.ledger.hold(job, self.node)
            self.held[job] = "pending"
            self.ledger.count("jobs found again after a lost claim")
        for job in doubtful:
            if job in listed:
                assert listed[job] in ("pending", "running") if what == "start" else listed[job] == self.held[job]
                self.held[job] = listed[job]
                if what == "give back":
                    self.ledger.hold(job, self.node)
            elif what == "complete":
                self.find_result(job)
            else:
                assert what == "give back", f"job {job} is lost after '{what}'"
                del self.held[job]
        self.in_doubt = ("", [])

    def find_result(self, job: int) -> None:
        results = self.client.ask(f"/results?workflow_id={self.workflow}&job_id={job}")["items"]
        assert len(results) == 1 and results[0]["compute_node_id"] == self.node, f"job {job}: {results}"
        assert results[0]["exec_time_minutes"] in self.sent_marks[job], f"job {job}: {results}"
        self.ledger.end(job, results[0]["exec_time_minutes"])
        del self.held[job]
        self.ledger.count("completions made though not acknowledged")


class Feeder(threading.Thread):
    """Adds jobs in layers; each layer depends on the previous one. A layer is stored completely or not at all."""

    def __init__(self, client: Client, ledger: Ledger, workflow: int):
        super().__init__(name="feeder", daemon=True)
        self.client, self.ledger, self.workflow = client, ledger, workflow
        self.layers = []  # job IDs
        self.done = threading.Event()

    def run(self) -> None:
        try:
            while not self.done.is_set():
                self.client.trouble.check()
                if BATCH * len(self.layers) - len(self.ledger.ended) < 3 * BATCH:
                    self.add_layer()
                else:
                    time.sleep(0.01)
        except BaseException as error:
            self.client.trouble.note(error)

    def add_layer(self) -> None:
        before = self.layers[-1] if self.layers else []
        jobs = [{"workflow_id": self.workflow, "name": f"l{len(self.layers)}_{i}", "command": "true",
                 "depends_on_job_ids": [before[i], before[(i + 1) % BATCH]] if before else []} for i in range(BATCH)]
        ids = None
        while ids is None:
            try:
                status, answer = self.client.call("POST", "/bulk_jobs", {"jobs": jobs})
                assert status == 200, f"bulk_jobs: {status} {answer}"
                ids = [job["id"] for job in answer["jobs"]]
            except Unacknowledged:
                known = self.client.ask(f"/workflows/{self.workflow}/job_ids")["job_ids"]
                new = sorted(set(known) - {job for layer in self.layers for job in layer})
                assert len(new) in (0, BATCH), f"{len(new)} jobs of a request for {BATCH}"
                ids = new or None
        self.layers.append(ids)
        self.client.insist("POST", f"/workflows/{self.workflow}/initialize_jobs?only_uninitialized=true")


class ServerKill(E2ETest):
    def test_acknowledged_means_kept(self):
        seed = int(os.environ.get("TORC_KILL_SEED") or random.SystemRandom().randrange(1_000_000))
        print(f"TORC_KILL_SEED={seed}", flush=True)
        chance = random.Random(seed)
        server, ledger, trouble = self.server(), Ledger(), Trouble()
        self.addCleanup(lambda: trouble.note(AssertionError("the test is over")))
        workflow = server.post("/workflows", {"name": "killed", "user": "tester"})["id"]
        feeder = Feeder(Client(server.port, trouble), ledger, workflow)
        runners = [Runner(i, Client(server.port, trouble), ledger, workflow, chance.randrange(2**32)) for i in range(RUNNERS)]
        for thread in (feeder, *runners):
            thread.start()

        for number in range(KILLS):
            claims, until = ledger.counts["jobs claimed"], time.monotonic() + chance.uniform(0.05, 0.6)
            wait_until(lambda: time.monotonic() >= until and ledger.counts["jobs claimed"] > claims or trouble.error,
                       what="the runners to claim", interval=0.001)
            trouble.check()
            acknowledged = dict(ledger.ended)
            server.kill()
            self.check_database(server, number, acknowledged)
            server.start()

        feeder.done.set()
        feeder.join(60)
        wait_until(lambda: len(ledger.ended) == BATCH * len(feeder.layers) or trouble.error, 60, "all jobs to end")
        for runner in runners:
            runner.done.set()
            runner.join(30)
        trouble.check()
        for thread in (feeder, *runners):
            self.assertFalse(thread.is_alive(), thread.name)
            thread.client.close()
        self.check_end(server, workflow, ledger, feeder)

    def check_database(self, server, number: int, acknowledged: dict) -> None:
        """Checks a copy, so that the server itself recovers the original."""
        copy = self.dir / f"copy{number}"
        copy.mkdir()
        for suffix in ("", "-wal"):
            path = server.database.with_name(server.database.name + suffix)
            if path.exists():
                shutil.copy(path, copy / path.name)
        database = sqlite3.connect(copy / server.database.name)
        try:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(database.execute("PRAGMA foreign_key_check").fetchall(), [])
            kept = dict(database.execute("SELECT job_id, exec_time_minutes FROM results"))
        finally:
            database.close()
        lost = {job: mark for job, mark in acknowledged.items() if kept.get(job) != mark}
        self.assertEqual(lost, {}, f"acknowledged completions lost at kill {number + 1}")
        shutil.rmtree(copy)

    def check_end(self, server, workflow, ledger, feeder) -> None:
        ids = {job for layer in feeder.layers for job in layer}
        self.assertEqual(ledger.ended.keys(), ids)
        self.assertEqual({job["id"]: job["status"] for job in server.jobs(workflow)}, dict.fromkeys(ids, "completed"))
        results = server.results(workflow)
        self.assertEqual(collections.Counter(result["job_id"] for result in results), dict.fromkeys(ids, 1))
        self.assertEqual({result["job_id"]: result["exec_time_minutes"] for result in results}, ledger.ended)
        self.assertEqual({result["job_id"]: result["compute_node_id"] for result in results}, ledger.holders)
        self.assertTrue(server.get(f"/workflows/{workflow}/is_complete")["is_complete"])
        counts = ", ".join(f"{number} {what}" for what, number in sorted(ledger.counts.items()))
        print(f"{KILLS} kills, each followed by a sound database; {len(ids)} jobs, {len(results)} results; {counts}", flush=True)


if __name__ == "__main__":
    main()
