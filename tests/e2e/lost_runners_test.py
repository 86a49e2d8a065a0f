#!/usr/bin/env python3
"""Runners that become lost: killed, killed with their host, cut off, suspended. No job is lost or has two results, and
no process is left. Prints how long it took until the jobs were ready again."""
import collections
import os
import signal
import subprocess
import time
import unittest

from cables import Cable, NoCables
from harness import PLAIN, TORC, E2ETest, alive, children_of, main, processes_below, wait_until

TIMEOUT = 2  # seconds without a heartbeat


class LostTest(E2ETest):
    def setUp(self):
        self.go = self.dir / "go"  # jobs end once it exists
        (self.dir / "pids").mkdir()

    def workflow(self, server, count: int) -> int:
        # Each attempt writes its pid to its own file.
        command = (f"echo $$ >{self.dir}/pids/$TORC_JOB_NAME.$TORC_ATTEMPT_ID; "
                   f"until [ -e {self.go} ]; do sleep 0.05; done; echo $TORC_JOB_NAME >>{self.dir}/done")
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{number}", "command": command}
                                                        for number in range(1, count + 1)]})
        server.torc("workflows", "init", workflow, "--no-prompts", check=True)
        return workflow

    def runner(self, server, workflow, name, prefix=(), url=None, jobs=2) -> subprocess.Popen:
        return self.start([*prefix, TORC, "run", workflow, "--max-parallel-jobs", jobs, "--poll-interval", "0.5",
                           "--output-dir", self.dir / name],
                          home=server.home, env={"TORC_API_URL": url or server.url})

    def pid_of(self, job: int, attempt: int) -> int:
        path = self.dir / "pids" / f"j{job}.{attempt}"
        return int(wait_until(lambda: path.exists() and path.read_text().strip(), what=f"attempt {attempt} of j{job}"))

    def log_of(self, name: str) -> str:
        return "".join(path.read_text() for path in (self.dir / name).glob("job_runner_*"))

    def events(self, server, workflow, kind) -> list[dict]:
        return [event for event in server.get(f"/events?workflow_id={workflow}")["items"]
                if event["data"].get("event_type") == kind]

    def wait_lost(self, server, workflow, since: float, what: str, timeout=TIMEOUT) -> float:
        """Waits until the server considers the runner lost; prints and returns the seconds since `since`."""
        event = wait_until(lambda: self.events(server, workflow, "compute_node_lost"), timeout + 30, "the loss")[-1]
        seconds = event["timestamp"] / 1000 - since
        print(f"\n  {what}: jobs ready again after {seconds:.2f} s (worker timeout {timeout} s); "
              f"{event['data']['message']}", flush=True)
        self.assertLess(seconds, timeout + 5)
        return seconds

    def check_end(self, server, workflow, attempts: dict[str, int]) -> None:
        """Checks that every job is done, with one result of the expected attempt, and that no process is left."""
        server.wait_complete(workflow)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})
        names = {job["id"]: job["name"] for job in server.jobs(workflow)}
        results = server.results(workflow)
        self.assertEqual(collections.Counter(names[result["job_id"]] for result in results),
                         dict.fromkeys(names.values(), 1))
        self.assertEqual({names[result["job_id"]]: result["attempt_id"] for result in results}, attempts)
        self.assertEqual({result["return_code"] for result in results}, {0})
        own = {server.process.pid}
        wait_until(lambda: not set(processes_below(self.dir)) - own, what="the runners to leave")
        for path in (self.dir / "pids").iterdir():
            self.assertFalse(alive(int(path.read_text())), path.name)


class LostRunners(LostTest):
    def test_a_killed_runner(self):
        server = self.server(args=["--worker-timeout", TIMEOUT])
        workflow = self.workflow(server, 4)
        guardian = self.runner(server, workflow, "a")
        first = [self.pid_of(1, 1), self.pid_of(2, 1)]
        self.runner(server, workflow, "b")
        self.pid_of(4, 1)
        killed = time.time()
        os.kill(children_of(guardian.pid)[0], signal.SIGKILL)
        guardian.wait(30)
        self.assertFalse(any(map(alive, first)), "the guardian did not end the jobs")
        self.wait_lost(server, workflow, killed, "SIGKILL of a runner")
        self.go.touch()
        self.check_end(server, workflow, {"j1": 2, "j2": 2, "j3": 1, "j4": 1})
        lost = server.json("compute-nodes", "list", workflow)["compute_nodes"][0]
        self.assertFalse(lost["is_active"])

    @unittest.skipIf(os.geteuid() != 0, "a host that dies is a PID namespace, which needs root")
    def test_a_killed_host(self):
        server = self.server(args=["--worker-timeout", TIMEOUT])
        workflow = self.workflow(server, 3)
        # The kernel kills all processes with the namespace's first one, so that none can notify the server.
        host = self.runner(server, workflow, "a", prefix=["unshare", "--fork", "--pid", "--mount-proc"])
        self.pid_of(1, 1), self.pid_of(2, 1)  # Pids of the namespace are not valid here.
        inside = set(processes_below(self.dir)) - {server.process.pid, host.pid}
        for path in (self.dir / "pids").iterdir():
            path.unlink()
        self.runner(server, workflow, "b", jobs=1)
        self.pid_of(3, 1)
        killed = time.time()
        os.kill(children_of(host.pid)[0], signal.SIGKILL)
        host.wait(30)
        self.assertFalse(any(map(alive, inside)), inside)
        self.wait_lost(server, workflow, killed, "SIGKILL of a whole host")
        self.go.touch()
        self.check_end(server, workflow, {"j1": 2, "j2": 2, "j3": 1})

    def test_a_suspended_runner(self):
        server = self.server(args=["--worker-timeout", TIMEOUT])
        workflow = self.workflow(server, 2)
        guardian = self.runner(server, workflow, "a")
        first = [self.pid_of(1, 1), self.pid_of(2, 1)]
        runner = children_of(guardian.pid)[0]
        stopped = time.time()
        os.kill(runner, signal.SIGSTOP)
        self.wait_lost(server, workflow, stopped, "a suspended runner")
        self.runner(server, workflow, "b", jobs=1)
        taken = self.pid_of(1, 2)
        os.kill(runner, signal.SIGCONT)
        self.pid_of(2, 2)  # The suspended runner resumes, and runs the job that it claims now.
        self.assertFalse(any(map(alive, first)), "it did not end the jobs that were requeued")
        self.assertTrue(alive(taken))
        self.go.touch()
        self.check_end(server, workflow, {"j1": 2, "j2": 2})
        self.assertEqual(self.log_of("a").count("attempt 1, was ended"), 2, self.log_of("a"))

    def test_jobs_that_end_while_their_runner_is_suspended(self):
        server = self.server(args=["--worker-timeout", TIMEOUT])
        workflow = self.workflow(server, 2)
        guardian = self.runner(server, workflow, "a")
        first = [self.pid_of(1, 1), self.pid_of(2, 1)]
        runner = children_of(guardian.pid)[0]
        stopped = time.time()
        os.kill(runner, signal.SIGSTOP)
        self.go.touch()
        wait_until(lambda: not any(map(alive, first)), what="the jobs to end")
        self.wait_lost(server, workflow, stopped, "a suspended runner whose jobs end")
        self.runner(server, workflow, "b")
        server.wait_complete(workflow)
        os.kill(runner, signal.SIGCONT)
        self.assertEqual(guardian.wait(60), 0)
        self.check_end(server, workflow, {"j1": 2, "j2": 2})
        self.assertEqual(self.log_of("a").count("was refused"), 2, self.log_of("a"))
        self.assertEqual(list((self.dir / "a").glob("undelivered*")), [])

    def test_a_suspended_server(self):
        server = self.server(args=["--worker-timeout", TIMEOUT])
        workflow = self.workflow(server, 1)
        self.runner(server, workflow, "a")
        self.pid_of(1, 1)
        os.kill(server.process.pid, signal.SIGSTOP)
        time.sleep(2 * TIMEOUT)  # Longer than the timeout; there is no condition to wait for.
        os.kill(server.process.pid, signal.SIGCONT)
        node = server.get(f"/compute_nodes?workflow_id={workflow}")["items"][0]
        wait_until(lambda: server.get(f"/compute_nodes/{node['id']}")["last_heartbeat"] > node["last_heartbeat"],
                   what="another heartbeat")
        self.assertEqual(self.events(server, workflow, "compute_node_lost"), [])
        self.go.touch()
        self.check_end(server, workflow, {"j1": 1})


class HangingServer(LostTest):
    """A server that accepts connections but does not answer delays neither limits nor signals."""

    RUNTIME = 3

    def hanging(self):
        """A server that hangs, the runner of two jobs, and the jobs' pids: `limited` has a run time of three seconds,
        `stubborn` ignores signals and ends once `go` exists."""
        server = self.server()
        noted = f"echo $$ >{self.dir}/pids/$TORC_JOB_NAME.$TORC_ATTEMPT_ID"
        workflow = server.create({
            "name": "w",
            "resource_requirements": [{"name": "short", "num_cpus": 1, "num_gpus": 0, "num_nodes": 1, "memory": "1g",
                                       "runtime": f"PT{self.RUNTIME}S"}],
            "jobs": [{"name": "j1", "command": f"{noted}; exec sleep 300", "resource_requirements": "short"},
                     {"name": "j2", "command": f"trap '' TERM; {noted}; until [ -e {self.go} ]; do sleep 0.05; done"}]})
        server.torc("workflows", "init", workflow, "--no-prompts", check=True)
        runner = self.runner(server, workflow, "a", jobs=4)  # It has room for more jobs, so that claims hang as well.
        limited, stubborn = self.pid_of(1, 1), self.pid_of(2, 1)
        os.kill(server.process.pid, signal.SIGSTOP)
        return server, workflow, runner, limited, stubborn

    def check_results(self, server, workflow, attempts: dict[str, int]) -> None:
        """Checks that each job has one result; j1 was ended by its run time."""
        os.kill(server.process.pid, signal.SIGCONT)
        self.go.touch()
        again = self.runner(server, workflow, "a")
        server.wait_complete(workflow)
        again.wait(30)
        names = {job["id"]: job["name"] for job in server.jobs(workflow)}
        results = server.results(workflow)
        self.assertEqual(sorted((names[result["job_id"]], result["attempt_id"], result["return_code"], result["status"])
                                for result in results),
                         [("j1", attempts["j1"], 152, "terminated"), ("j2", attempts["j2"], 0, "completed")])
        self.assertEqual(list((self.dir / "a").glob("undelivered*")), [])

    def test_a_run_time_is_enforced(self):
        server, workflow, runner, limited, stubborn = self.hanging()
        since = time.monotonic()
        wait_until(lambda: not alive(limited), what="the run time to end the job")
        print(f"\n  ended {time.monotonic() - since:.1f} s after the server hung", flush=True)
        self.assertLess(time.monotonic() - since, self.RUNTIME + 3)
        self.assertTrue(alive(stubborn))
        self.assertIsNone(runner.poll())
        self.check_results(server, workflow, {"j1": 1, "j2": 1})
        runner.wait(30)

    def test_a_second_signal_kills_at_once(self):
        server, workflow, runner, limited, stubborn = self.hanging()
        wait_until(lambda: not alive(limited), what="the run time to end the job")
        runner.send_signal(signal.SIGTERM)
        wait_until(lambda: "a stop was requested" in self.log_of("a"), 5, "the first signal to take effect")
        self.assertTrue(alive(stubborn))
        runner.send_signal(signal.SIGTERM)
        wait_until(lambda: not alive(stubborn), 2, "the second signal to kill")
        since = time.monotonic()
        self.assertNotEqual(runner.wait(10), 0)
        print(f"\n  the runner left {time.monotonic() - since:.1f} s after its job", flush=True)
        self.assertNotEqual(list((self.dir / "a").glob("undelivered*")), [])
        self.check_results(server, workflow, {"j1": 1, "j2": 2})


class HangingPlainServer(HangingServer):
    server_args = PLAIN


class CutNetwork(LostTest):
    """The runner is on another host, connected to the server's by a cable that can be pulled."""

    def setUp(self):
        super().setUp()
        try:
            self.cable = Cable()
        except NoCables as error:
            self.skipTest(str(error))
        self.addCleanup(self.cable.remove)

    def behind_cable(self, server, workflow) -> subprocess.Popen:
        return self.runner(server, workflow, "a", prefix=self.cable.prefix,
                           url=server.url.replace("127.0.0.1", self.cable.here))

    def test_a_cut_longer_than_the_timeout(self):
        server = self.server(args=["--worker-timeout", TIMEOUT, "--host", "0.0.0.0"])
        workflow = self.workflow(server, 2)
        self.behind_cable(server, workflow)
        first = [self.pid_of(1, 1), self.pid_of(2, 1)]
        cut = time.time()
        self.cable.pull()
        self.wait_lost(server, workflow, cut, "a cut network")
        self.runner(server, workflow, "b", jobs=1)
        taken = self.pid_of(1, 2)
        self.assertTrue(all(map(alive, first)), "the runner cannot know of the loss yet")
        self.cable.mend()
        mended = time.time()
        self.pid_of(2, 2)  # The runner has returned, as a new compute node.
        print(f"  and its runner works again {time.time() - mended:.2f} s after the network was mended", flush=True)
        self.assertFalse(any(map(alive, first)), "it did not end the jobs that were requeued")
        self.assertTrue(alive(taken))
        self.go.touch()
        self.check_end(server, workflow, {"j1": 2, "j2": 2})

    def test_a_cut_shorter_than_the_timeout(self):
        timeout = 18
        server = self.server(args=["--worker-timeout", timeout, "--host", "0.0.0.0"])
        workflow = self.workflow(server, 2)
        self.behind_cable(server, workflow)
        first = [self.pid_of(1, 1), self.pid_of(2, 1)]
        node = server.get(f"/compute_nodes?workflow_id={workflow}")["items"][0]["id"]
        self.cable.pull()
        cut = time.monotonic()
        self.go.touch()  # The jobs end while the server cannot be reached.
        wait_until(lambda: not any(map(alive, first)), what="the jobs to end")
        wait_until(lambda: time.time() * 1000 - server.get(f"/compute_nodes/{node}")["last_heartbeat"] > 400 * timeout,
                   what="a heartbeat to be missed")
        self.cable.mend()
        print(f"\n  a cut of {time.monotonic() - cut:.1f} s (worker timeout {timeout} s)", flush=True)
        self.check_end(server, workflow, {"j1": 1, "j2": 1})
        self.assertEqual(self.events(server, workflow, "compute_node_lost"), [])
        self.assertEqual((self.dir / "done").read_text().split().count("j1"), 1)


class Option(E2ETest):
    def test_the_timeout_can_be_off(self):
        for value in ("off", "0"):
            server = self.server(name=value, args=["--worker-timeout", value])
            workflow = server.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
            node = server.post("/compute_nodes", {"workflow_id": workflow, "hostname": "h", "pid": 1, "start_time": "t",
                                                  "is_active": True, "num_cpus": 1, "memory_gb": 1, "num_gpus": 0,
                                                  "num_nodes": 1, "compute_node_type": "local"})["id"]
            self.assertNotIn("timeout_seconds", server.post(f"/compute_nodes/{node}/heartbeat"))
        wrong = server.torc("server", "run", "--worker-timeout", "soon")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("'soon' is not valid (expected seconds from 1 to 604800, or off)", wrong.stderr)


if __name__ == "__main__":
    main()
