#!/usr/bin/env python3
"""`torc remote watch --restart`: restarts workers that died, with the same settings, and no others."""
import json
import os
import re
import signal
import time

from harness import TORC, E2ETest, alive, main, processes_below, wait_until

UNTIL_GO = "echo $COLOUR >>$HOME/ran; until [ -e $HOME/go ]; do sleep 0.05; done"
# A job that kills its parent, the runner, each time it runs.
DEADLY = "date +%s.%N >>$HOME/ran; kill -9 $PPID; sleep 60"


class Restart(E2ETest):
    def set_up_workers(self, count=2, command=UNTIL_GO, jobs=None):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": f"j{i}", "command": command}
                                                         for i in range(count if jobs is None else jobs)]})

    def start_workers(self, *args):
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        return self.run_workers(*args)

    def run_workers(self, *args):
        rows = self.srv.json("remote", "run", self.wf, "--max-parallel-jobs", "1", "--poll-interval", "0.2", *args)["workers"]
        return [row["pid"] for row in rows]

    def watch(self, *args, output="table", command=("watch",)):
        return self.start([TORC, "-f", output, "remote", command[0], self.wf, *command[1:], "--restart", *args],
                          home=self.srv.home, env={"TORC_API_URL": self.srv.url, **self.ws.env})

    def all_run(self):
        wait_until(lambda: set(self.srv.statuses(self.wf).values()) == {"running"}, what="all jobs to run")

    def go(self):
        for host in self.ws.hosts:
            (host.home / "go").touch()

    def kill(self, pid):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not alive(pid), what="the runner to be gone")

    def wait_for(self, watching, pattern, timeout=40):
        def found():
            if watching.poll() is not None and not re.search(pattern, watching.stdout_path.read_text()):
                raise AssertionError(f"it ended: {watching.stdout_path.read_text()}{watching.stderr_path.read_text()}")
            return re.search(pattern, watching.stdout_path.read_text())
        return wait_until(found, timeout, f"'{pattern}' to be reported")

    def runners(self):
        return [line for line in processes_below(self.dir / "workers").values() if " run " in f" {line} "]

    def state_file(self, index, name):
        return next((self.ws.hosts[index].home / ".local/state/torc").glob(f"*/{self.wf}/*/{name}"), None)

    def test_a_worker_that_died_is_restarted_with_the_same_settings(self):
        self.set_up_workers()
        file = self.dir / "workers.txt"
        file.write_text(f"{self.ws.names[0]} env:COLOUR='dark red'\n{self.ws.names[1]}\n")
        directory = "it's \"out\""
        pids = self.run_workers("--workers", file, "-o", directory, "--time-limit", "PT2H")
        self.all_run()
        watching = self.watch("--interval", "1")
        self.wait_for(watching, f"{self.ws.names[1]}: running")
        self.kill(pids[0])
        pid = int(self.wait_for(watching, rf"{self.ws.names[0]}: restarted \(PID (\d+)\), 1 of 5").group(1))
        self.all_run()
        # The job is `running` on the server before its shell has written a line.
        wait_until(lambda: (self.ws.hosts[0].home / "ran").read_text() == "dark red\n" * 2, what="both runs of the job")
        command = processes_below(self.dir / "workers")[pid]
        self.assertIn(f"/{directory} ", command)
        self.assertIn("--max-parallel-jobs 1", command)
        self.assertRegex(command, r"--end-time 20\d\d-")  # The time limit counts from the first start.
        self.assertNotIn("--time-limit", command)
        kept = self.state_file(0, "start")
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(str(self.srv.port), kept.read_text())
        self.go()
        self.assertEqual(watching.wait(30), 0, watching.stderr_path.read_text())
        self.assertTrue(watching.stdout_path.read_text().endswith("2 of 2 jobs completed\n"))

    def test_a_worker_whose_machine_was_rebooted(self):
        self.set_up_workers(1)
        pids = self.start_workers()
        self.all_run()
        self.kill(pids[0])
        # After the reboot, another process has its pid.
        other = self.start(["sleep", "300"])
        note = self.state_file(0, "worker")
        note.write_text(note.read_text().replace("boot_id=", "boot_id=x").replace(f"pid={pids[0]}\n", f"pid={other.pid}\n"))
        watching = self.watch("--interval", "1", output="json")
        self.go()
        self.assertEqual(watching.wait(40), 0, watching.stderr_path.read_text())
        last = json.loads(watching.stdout_path.read_text().splitlines()[-1])
        self.assertEqual(last["workers"][0]["restarts"], 1)
        self.assertIsNone(other.poll())

    def test_a_worker_that_dies_each_time_is_given_up_after_growing_pauses(self):
        self.set_up_workers(1, DEADLY)
        self.start_workers()
        watching = self.watch("--interval", "1", "--restart-pause", "1", "--max-restarts", "3")
        self.assertEqual(watching.wait(60), 1)
        text = watching.stdout_path.read_text()
        self.assertEqual(re.findall(r"restarted \(PID \d+\), (\d of 3)", text), ["1 of 3", "2 of 3", "3 of 3"])
        self.assertIn(f"{self.ws.names[0]}: died again and is not restarted: 3 of 3 restarts are used (--max-restarts)", text)
        self.assertIn("No runner is left, but 1 of 1 jobs are not done", watching.stderr_path.read_text())
        times = [float(line) for line in (self.ws.hosts[0].home / "ran").read_text().split()]
        self.assertEqual(len(times), 4)
        # The first restart has no pause. The delay from a start to its job varies, so the bounds are lower than the
        # pauses.
        self.assertGreater(times[2] - times[1], 0.7)
        self.assertGreater(times[3] - times[2], 1.7)
        self.assertEqual(self.srv.statuses(self.wf), {"j0": "ready"}, "its job was not requeued")

    def test_no_job_runs_twice_at_once(self):
        # The job survives for the two seconds that the guardian grants; each attempt records when it ran last.
        stubborn = "trap '' TERM; echo $$ >>$HOME/ran; until [ -e $HOME/go ]; do date +%s.%N >>$HOME/at.$$; sleep 0.05; done"
        self.set_up_workers(1, stubborn)
        pids = self.start_workers()
        home = self.ws.hosts[0].home
        wait_until(lambda: (home / "ran").exists(), what="the job to run")
        self.assertIn("guardian_pid=", self.state_file(0, "worker").read_text())
        self.kill(pids[0])
        watching = self.watch("--interval", "1")
        self.wait_for(watching, "restarted")

        def begun():
            return (home / "ran").read_text().split()

        wait_until(lambda: len(begun()) == 2 and (home / f"at.{begun()[1]}").exists(), what="the job to run again")
        first, second = ((home / f"at.{pid}").read_text().split() for pid in begun())
        self.assertLess(float(first[-1]), float(second[0]))
        self.go()
        self.assertEqual(watching.wait(30), 0)

    def test_a_worker_that_cannot_be_started_again(self):
        self.set_up_workers(2)
        pids = self.start_workers()
        self.all_run()
        self.ws.hosts[0].set_torc("#!/bin/sh\necho torc 0.6.5\n")
        self.kill(pids[0])
        watching = self.watch("--interval", "1", "--restart-pause", "0.1", "--max-restarts", "2", output="json")
        rows = lambda: [json.loads(line)["workers"][0] for line in watching.stdout_path.read_text().splitlines()]  # noqa: E731
        wait_until(lambda: rows() and "2 of 2 restarts are used" in rows()[-1].get("restart_message", ""), what="it to be given up")
        self.assertTrue(any("(1 of 2): Version mismatch: local=" in row.get("restart_message", "") for row in rows()))
        self.assertEqual((rows()[-1]["state"], rows()[-1]["restarts"], rows()[-1]["ok"]), ("died", 2, False))
        # The other worker still runs its job.
        self.go()
        self.assertEqual(watching.wait(60), 0)

    def test_stopped_workers_are_not_restarted(self):
        self.set_up_workers(2)
        pids = self.start_workers()
        self.all_run()
        watching = self.watch("--interval", "1", "--restart-pause", "6")
        self.wait_for(watching, f"{self.ws.names[1]}: running")
        self.kill(pids[0])
        pid = int(self.wait_for(watching, r"restarted \(PID (\d+)\)").group(1))
        self.kill(pid)
        self.wait_for(watching, rf"(?s)restarted.*{self.ws.names[0]}: died")
        # One has died and would be restarted in some seconds, the other one runs.
        self.srv.torc("remote", "stop", self.wf, check=True)
        self.assertEqual(watching.wait(60), 1)
        text = watching.stdout_path.read_text()
        self.assertIn(f"{self.ws.names[0]}: is not restarted: a stop was requested", text)
        self.assertIn(f"{self.ws.names[1]}: stopped: stopped by tester@", text)
        self.assertEqual(text.count("restarted (PID"), 1)
        self.assertEqual(self.runners(), [])
        # After a start by hand, they may be restarted again.
        pids = self.run_workers()
        self.all_run()
        watching = self.watch("--interval", "1")
        self.kill(pids[0])
        self.wait_for(watching, r"restarted \(PID (\d+)\)")
        self.go()
        self.assertEqual(watching.wait(30), 0)

    def test_a_host_that_is_down_for_a_while(self):
        self.set_up_workers(1)
        pids = self.start_workers()
        self.all_run()
        watching = self.watch("--interval", "1")
        self.wait_for(watching, f"{self.ws.names[0]}: running")
        self.ws.stop_host(0)
        self.kill(pids[0])
        self.wait_for(watching, f"{self.ws.names[0]}: unreachable: ssh: connect to host")
        # Longer than a watch without working runners would wait before it ends.
        down_since = time.monotonic()
        wait_until(lambda: time.monotonic() - down_since > 13, what="the time to pass")
        self.assertIsNone(watching.poll())
        self.ws.start_host(0)
        self.wait_for(watching, r"restarted \(PID \d+\), 1 of 5")
        self.go()
        self.assertEqual(watching.wait(30), 0, watching.stderr_path.read_text())

    def test_a_start_that_hangs_delays_nothing_else(self):
        self.set_up_workers(2)
        pids = self.start_workers()
        self.all_run()
        self.ws.hosts[0].set_torc("#!/bin/sh\nexec sleep 1000\n")
        watching = self.watch("--interval", "1")
        self.wait_for(watching, f"{self.ws.names[1]}: running")
        self.kill(pids[0])
        wait_until(lambda: "sleep 1000" in processes_below(self.dir / "workers").values(), what="the start to hang")
        self.kill(pids[1])
        self.wait_for(watching, rf"{self.ws.names[1]}: restarted", timeout=15)
        began = time.monotonic()
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(20), 1)
        self.assertLess(time.monotonic() - began, 5)
        self.assertIn("the runners continue", watching.stderr_path.read_text())

    def test_run_and_wait(self):
        self.set_up_workers(1)
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        running = self.watch("--poll-interval", "0.2", "--restart-pause", "1", output="json", command=("run", "--wait"))
        self.all_run()
        pid = int(re.search(r"pid=(\d+)", self.state_file(0, "worker").read_text()).group(1))
        self.kill(pid)
        started = lambda: re.search(r"pid=(\d+)", self.state_file(0, "worker").read_text()).group(1)  # noqa: E731
        wait_until(lambda: int(started()) != pid, 60, "the worker to be started again")
        self.go()
        self.assertEqual(running.wait(40), 0, running.stderr_path.read_text())
        document = json.loads(running.stdout_path.read_text())
        self.assertEqual((document["workers"][0]["restarts"], document["jobs"]["completed"]), (1, 1))
        self.assertEqual(self.srv.torc("remote", "run", self.wf, "--restart").returncode, 2)
        self.assertEqual(self.srv.torc("remote", "watch", self.wf, "--max-restarts", "3").returncode, 2)


if __name__ == "__main__":
    main()
