#!/usr/bin/env python3
"""Runs 2,000 short jobs on 8 ssh workers during all the failures of a long night, several at a time. Workers are
killed, cut off, suspended, stopped, removed and added again; the server is killed and stopped and restarted; a ninth
worker joins. In the end every job has one result, no process is left, and no file is lost.

A seed determines the order of the failures and the workers affected: `TORC_NIGHT_SEED=N` sets it.
"""
import collections
import os
import pathlib
import random
import signal
import time

from cables import Cable, NoCables
from harness import E2ETest, main, processes_below, wait_until

JOBS, LATE, WORKERS, AT_ONCE, TIMEOUT = 2000, 100, 8, 2, 3
SEED = int(os.environ.get("TORC_NIGHT_SEED", "1"))


def is_about(directory) -> dict[int, str]:
    """Processes (pid: command line) that run in `directory` or name it in a variable of their environment."""
    found = processes_below(directory)
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(directory).encode() in (entry / "environ").read_bytes() and int(entry.name) != os.getpid():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # It has ended in the meantime.
    return found


class Night(E2ETest):
    def setUp(self):
        self.random = random.Random(SEED)
        self.began = time.monotonic()
        self.busy = set()  # hosts with a failure that has not been repaired yet
        self.ran = self.dir / "ran"
        self.ran.mkdir()
        try:
            self.cable = Cable(hosts=2)
            self.addCleanup(self.cable.remove)
        except NoCables as error:
            self.cable = None
            self.diary(f"without cuts of the network: {error}")
        self.srv = self.server(args=["--worker-timeout", TIMEOUT, "--host", "0.0.0.0"])
        behind = (self.cable.prefix, self.cable.addresses) if self.cable else ([], [])
        self.ws = self.workers(WORKERS + 1, self.srv, behind=behind)  # The last one joins later.
        if self.cable:
            self.srv.env["TORC_API_URL"] = self.srv.url.replace("127.0.0.1", self.cable.here)
        self.set_up_workflow()

    def diary(self, text: str) -> None:
        print(f"\n  {time.monotonic() - self.began:6.1f} s  {text}", end="", flush=True)

    # The workflow.

    def spec(self) -> dict:
        """Jobs of 0 to 4 s, each with a file in which its attempts record their start and end. Some depend on another
        job, some leave a process behind, and the last ones depend on the gate, so that the workflow does not end too
        early."""
        jobs = [{"name": "gate", "command": "true", "priority": 100}]
        for number in range(JOBS):
            name, file = f"j{number}", self.ran / f"j{number}"
            leave = "setsid sleep 1000 >/dev/null 2>&1 & " if number % 20 == 0 else ""
            job = {"name": name, "command": f"echo begin $TORC_ATTEMPT_ID >>{file}; echo {name} attempt $TORC_ATTEMPT_ID; {leave}"
                                            f"sleep {self.random.choice((0, 0.4, 1, 2, 3, 4)):g}; "
                                            f"echo end $TORC_ATTEMPT_ID >>{file}"}
            if number >= JOBS - LATE:
                job["depends_on"] = ["gate"]
            elif number % 10 == 9:
                job["depends_on"] = [f"j{number - 5}"]
            jobs.append(job)
        return {"name": "night", "jobs": jobs, "execution_config": {"sigterm_lead_seconds": 1}}

    def set_up_workflow(self) -> None:
        self.wf = self.srv.create(self.spec())
        self.srv.torc("workflows", "init", self.wf, "--no-prompts", check=True)
        # The gate's runner is this test. A runner that never sends a heartbeat cannot become lost.
        self.gate, = self.srv.post(f"/workflows/{self.wf}/claim_next_jobs?limit=1")["jobs"]
        self.assertEqual(self.gate["name"], "gate")
        self.node = self.srv.post("/compute_nodes", {"workflow_id": self.wf, "hostname": "test", "pid": os.getpid(),
                                                     "num_cpus": 1, "memory_gb": 1, "num_gpus": 0, "num_nodes": 1,
                                                     "start_time": "2026-01-01T00:00:00Z", "is_active": True,
                                                     "compute_node_type": "local"})["id"]
        self.srv.request("PUT", f"/jobs/{self.gate['id']}/start_job/1/{self.node}")

    def open_gate(self) -> None:
        status, answer = self.srv.request("POST", f"/jobs/{self.gate['id']}/complete_job/completed/1", {
            "job_id": self.gate["id"], "workflow_id": self.wf, "run_id": 1, "compute_node_id": self.node, "return_code": 0,
            "exec_time_minutes": 1, "status": "completed", "completion_time": "2026-01-01T00:01:00Z"})
        self.assertEqual(status, 200, answer)
        self.srv.request("PUT", f"/compute_nodes/{self.node}", {**self.srv.get(f"/compute_nodes/{self.node}"), "is_active": False})

    def done(self) -> int:
        return self.srv.get(f"/workflows/{self.wf}/summary")["jobs"]["completed"]

    def written(self) -> int:
        return sum(entry.stat().st_size for entry in os.scandir(self.ran))

    # The workers.

    def remote(self, *args) -> None:
        self.srv.torc("remote", *args, check=True, timeout=180)

    def start_workers(self, *options) -> None:
        self.remote("run", self.wf, "--max-parallel-jobs", AT_ONCE, "--poll-interval", "0.5", *options)

    def node_of(self, host) -> dict | None:
        """The compute node of its current runner."""
        nodes = [node for node in self.srv.get(f"/compute_nodes?workflow_id={self.wf}&limit=1000")["items"]
                 if node["is_active"] and (node.get("scheduler") or {}).get("worker") == host.name]
        return max(nodes, key=lambda node: node["id"]) if nodes else None

    def wait_known(self, host) -> None:
        wait_until(lambda: self.node_of(host), what=f"the server to know a runner on {host.name}")

    def wait_lost(self, node) -> None:
        wait_until(lambda: not self.srv.get(f"/compute_nodes/{node['id']}")["is_active"], 60, f"compute node {node['id']} to be lost")

    def choose(self):
        """A host without failures, and its compute node. Skips a host whose job was lost twice: a third loss would fail
        it."""
        def chosen():
            hosts = [host for host in self.ws.hosts if host not in self.busy]
            self.random.shuffle(hosts)
            for host in hosts:
                node = self.node_of(host)
                if node is None:
                    continue
                jobs = self.srv.get(f"/jobs?workflow_id={self.wf}&active_compute_node_id={node['id']}&limit=100")["items"]
                if jobs and all((job.get("attempt_id") or 1) < 3 for job in jobs):
                    return host, node, len(jobs)
            return None

        host, node, count = wait_until(chosen, what="a host without failures")
        self.busy.add(host)
        return host, node, count

    def well_again(self, host) -> None:
        self.busy.discard(host)

    # The failures. Each generator first breaks something; after `yield` it repairs it, once the next failure has
    # happened.

    def a_runner_is_killed(self):
        host, node, jobs = self.choose()
        self.diary(f"SIGKILL of the runner on {host.name} with {jobs} jobs")
        os.kill(node["pid"], signal.SIGKILL)
        yield
        self.start_workers("--host", host.name)  # sometimes before the loss is noticed
        self.wait_lost(node)
        self.well_again(host)

    def the_power_fails(self):
        host, node, jobs = self.choose()
        self.diary(f"power failure on {host.name} with {jobs} jobs")
        for number in (signal.SIGSTOP, signal.SIGKILL):  # Suspended first, so that none can react.
            for pid in processes_below(host.home):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        yield
        self.wait_lost(node)
        self.start_workers("--host", host.name)
        self.well_again(host)

    def a_runner_is_suspended(self):
        host, node, jobs = self.choose()
        self.diary(f"SIGSTOP of the runner on {host.name} with {jobs} jobs")
        os.kill(node["pid"], signal.SIGSTOP)
        self.wait_lost(node)
        yield
        os.kill(node["pid"], signal.SIGCONT)
        self.wait_known(host)
        self.well_again(host)

    def the_network_is_cut(self):
        if self.cable is None:
            yield
            return
        cut = self.ws.hosts[:2]
        wait_until(lambda: not self.busy & set(cut) and all(map(self.node_of, cut)), what="the hosts behind the cable to be well")
        self.busy.update(cut)
        nodes = list(map(self.node_of, cut))
        self.diary("the cable of two hosts is pulled, for longer than the worker timeout")
        self.cable.pull()
        for node in nodes:
            self.wait_lost(node)
        yield
        self.cable.mend()
        for host in cut:
            self.wait_known(host)
            self.well_again(host)

    def the_network_is_cut_for_a_moment(self):
        if self.cable is not None:
            self.diary("the cable of two hosts is pulled for a moment")
            self.cable.pull()
            time.sleep(0.7)  # A short time; there is no condition to wait for.
            self.cable.mend()
        yield

    def a_worker_is_stopped(self, *options):
        host, node, jobs = self.choose()
        self.diary(f"remote stop --host {host.name} {' '.join(options)}")
        self.remote("stop", self.wf, "--host", host.name, *options)
        if "--drain" not in options:
            self.assertFalse(self.srv.get(f"/compute_nodes/{node['id']}")["is_active"])
        yield
        wait_until(lambda: not processes_below(host.home), what=f"the runner on {host.name} to leave")
        self.start_workers("--host", host.name)
        self.well_again(host)

    def a_worker_is_killed_by_command(self):
        return self.a_worker_is_stopped("--force")

    def a_worker_drains(self):
        return self.a_worker_is_stopped("--drain")

    def a_worker_leaves_and_joins(self):
        host, _, _ = self.choose()
        self.diary(f"{host.name} is stopped and removed from the list")
        self.remote("stop", self.wf, "--host", host.name)
        self.remote("remove-worker", host.name, self.wf)
        yield
        self.remote("add-workers", self.wf, host.name)
        # Without --host, running workers are not changed; but it would restart another worker that is down on purpose.
        self.start_workers(*(["--host", host.name] if self.busy - {host} else []))
        self.well_again(host)

    def a_new_worker_joins(self):
        host = self.ws.hosts[WORKERS]
        self.assertEqual(processes_below(host.home), {}, "it has processes before it joins")
        self.diary(f"{host.name} joins as a new worker")
        self.remote("add-workers", self.wf, host.name)
        self.start_workers("--host", host.name)
        self.wait_known(host)
        yield

    def without_server(self, how: str, end):
        before = self.written()
        end()
        wait_until(lambda: self.written() > before, what="jobs to go on without a server")
        self.srv.start()
        self.diary(f"the server is back after {how}")
        yield

    def the_server_is_killed(self):
        return self.without_server("SIGKILL", self.srv.kill)

    def the_server_is_stopped(self):
        return self.without_server("SIGTERM", lambda: self.assertEqual(self.srv.stop(), 0))

    def happen(self) -> None:
        """All failures, in random order; each begins before the previous one is repaired."""
        events = [self.a_runner_is_killed] * 3 + [self.the_power_fails] * 2 + [self.a_worker_is_stopped] * 2 + [
            self.a_runner_is_suspended, self.the_network_is_cut, self.the_network_is_cut, self.the_network_is_cut_for_a_moment,
            self.the_network_is_cut_for_a_moment, self.a_worker_is_killed_by_command, self.a_worker_drains,
            self.a_worker_leaves_and_joins, self.a_new_worker_joins, self.the_server_is_killed, self.the_server_is_stopped]
        self.random.shuffle(events)
        broken = None
        for number, event in enumerate(events):
            # Spread the failures over the run. The jobs behind the gate come afterwards.
            wait_until(lambda: self.done() >= (JOBS - LATE) * number * 0.9 / len(events), 120, "the jobs to go on")
            if event == self.the_network_is_cut and self.busy & set(self.ws.hosts[:2]):
                next(broken, None)  # It needs the hosts of the current failure.
                broken = None
            now = event()
            next(now)
            if broken is not None:
                next(broken, None)
            broken = now
        next(broken, None)
        self.assertEqual(self.busy, set())

    # The checks at the end.

    def test_every_job_once_no_process_left_no_file_lost(self):
        try:
            self.diary(f"seed {SEED}: {JOBS} jobs on {WORKERS} workers, {AT_ONCE} at once each; worker timeout {TIMEOUT} s")
            self.remote("add-workers", self.wf, *self.ws.names[:WORKERS])
            self.start_workers()
            self.happen()
            self.open_gate()
            self.diary(f"all has happened, {self.done()} jobs are done")
            self.srv.wait_complete(self.wf, 240)
            self.diary("the workflow is complete")
            wait_until(lambda: not self.ws.processes(), 60, "the runners to leave")
            left = {pid: line for pid, line in is_about(self.dir).items() if pid != self.srv.process.pid}
            self.assertEqual(left, {}, "processes are left")
            attempts = self.check_results()
            self.check_files(attempts)
            self.diary("every job once, no process left, no file lost\n")
        except BaseException:
            self.diary(f"failed with TORC_NIGHT_SEED={SEED}\n")
            raise

    def check_results(self) -> dict[int, tuple[str, int]]:
        """For each job ID, the job's name and the attempt that completed."""
        names = {job["id"]: job["name"] for job in self.srv.jobs(self.wf)}
        self.assertEqual(len(names), JOBS + 1)
        self.assertEqual(collections.Counter(self.srv.statuses(self.wf).values()), {"completed": JOBS + 1})
        results = self.srv.results(self.wf)
        # Attempts that were lost or requeued have no result.
        counts = collections.Counter(names[result["job_id"]] for result in results)
        self.assertEqual({name: count for name, count in counts.items() if count != 1}, {})
        self.assertEqual(set(counts), set(names.values()))
        self.assertEqual({(result["status"], result["return_code"]) for result in results}, {("completed", 0)})
        attempts = {result["job_id"]: (names[result["job_id"]], result["attempt_id"]) for result in results}
        for name, attempt in attempts.values():
            if name == "gate":
                continue
            lines = (self.ran / name).read_text().splitlines()
            self.assertEqual([line for line, count in collections.Counter(lines).items() if count > 1], [],
                             f"an attempt of {name} ran twice: {lines}")
            self.assertIn(f"end {attempt}", lines, f"the completed attempt of {name} did not end")
        self.assertTrue(list((self.ws.hosts[WORKERS].home / "torc_output/job_stdio").glob("*.o")), "the new worker had no job")
        again = sum(attempt > 1 for _, attempt in attempts.values())
        self.assertGreater(again, 10, "too few jobs were affected by the failures")
        events = self.srv.get(f"/events?workflow_id={self.wf}&limit=100000")["items"]
        kinds = collections.Counter(event["data"].get("event_type") for event in events)
        self.diary(f"{again} jobs needed a further attempt, {kinds['compute_node_lost']} runners were lost")
        return attempts

    def check_files(self, attempts) -> None:
        """Collects everything that jobs and runners have written, and deletes it on the workers."""
        before = {}
        for host in self.ws.hosts:
            output = host.home / "torc_output"
            before[host.name] = {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()}
        logs = self.dir / "logs"
        document = self.srv.json("remote", "collect-logs", self.wf, "--delete", "--extract", "-l", logs, timeout=180)
        rows = {row["worker"]: row for row in document["workers"]}
        self.assertEqual(sorted(rows), sorted(self.ws.names))
        found = collections.defaultdict(list)  # file name: contents
        for host in self.ws.hosts:
            row = rows[host.name]
            self.assertTrue(row["deleted"], row)
            self.assertFalse((host.home / "torc_output").exists())
            here = self.srv.home / row["extracted"]
            after = {str(path.relative_to(here)): path.read_bytes() for path in here.rglob("*") if path.is_file()}
            self.assertEqual({name for name, content in before[host.name].items() if after.get(name) != content}, set(), host.name)
            for name, content in after.items():
                found[pathlib.PurePath(name).name].append(content.decode())
        for job, (name, attempt) in attempts.items():
            if name != "gate":
                self.assertEqual(found[f"job_wf{self.wf}_j{job}_r1_a{attempt}.o"], [f"{name} attempt {attempt}\n"], name)


if __name__ == "__main__":
    main()
