#!/usr/bin/env python3
"""`torc remote stop` and `status`: whole process trees end, jobs are requeued, a process with a reused pid is not
touched."""
import json
import os
import signal
import sqlite3

from harness import E2ETest, alive, main, processes_below, wait_until

# The hardest children to end leave their parent's session and ignore SIGTERM.
STUBBORN = "setsid sh -c 'trap \"\" TERM; echo $$ >>$HOME/pids; sleep 300' & echo $$ >>$HOME/pids; sleep 300"


class Stop(E2ETest):
    def start_workers(self, command, count=2, server_args=(), grace=1):
        self.srv = self.server(args=server_args)
        self.ws = self.workers(count, self.srv)
        self.wf = self.srv.create({"name": "w", "execution_config": {"sigterm_lead_seconds": grace},
                                   "jobs": [{"name": f"j{i}", "command": command} for i in range(count)]})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        document = self.srv.json("remote", "run", self.wf, "--max-parallel-jobs", "1", "--poll-interval", "0.2")
        return [row["pid"] for row in document["workers"]]

    def job_pids(self, each):
        def pids():
            found = []
            for host in self.ws.hosts:
                file = host.home / "pids"
                found += file.read_text().split() if file.exists() else []
            return [int(pid) for pid in found] if len(found) == each * len(self.ws.hosts) else None
        return wait_until(pids, what="the jobs to run")

    def status(self, status=0):
        result = self.srv.torc("-f", "json", "remote", "status", self.wf)
        self.assertEqual(result.returncode, status, result.stderr)
        return json.loads(result.stdout)["workers"]

    def job_counts(self, counts):
        wait_until(lambda: [row.get("running_jobs") for row in self.status()] == counts, what=f"{counts} jobs to run")

    def test_ends_process_trees_and_requeues_jobs(self):
        runners = self.start_workers(STUBBORN)
        jobs = self.job_pids(2)
        result = self.srv.torc("remote", "stop", self.wf, check=True)
        self.assertEqual(result.stdout.splitlines(), ["Stopping workers (signal: SIGTERM)...", *(
            f"  [OK] {name}: Sent SIGTERM to PID {pid}" for name, pid in zip(self.ws.names, runners)), *(
            f"  [OK] {name}: Stopped (1 job requeued)" for name in self.ws.names)])
        self.assertFalse(any(alive(pid) for pid in [*runners, *jobs]), "runners and jobs have ended")
        self.assertEqual(set(self.srv.statuses(self.wf).values()), {"ready"}, "the jobs are ready again")
        self.assertEqual([row["state"] for row in self.status()], ["stopped"] * 2)
        self.assertTrue(all("stopped by tester@" in row["message"] for row in self.status()))
        text = self.srv.torc("remote", "status", self.wf, check=True).stdout
        lines = text.splitlines()
        self.assertEqual(lines[:2] + lines[4:], [f"{'Host':<30} Status", "-" * 50, "", "0/2 workers running"])
        for name, line in zip(self.ws.names, lines[2:4]):
            self.assertTrue(line.startswith(f"{name:<30} Not Running (stopped by tester@"), line)
        again = self.srv.torc("remote", "stop", self.wf, check=True).stdout
        self.assertIn(f"  [OK] {self.ws.names[0]}: Process not running", again)
        # The jobs run when the workers are started again.
        self.srv.torc("remote", "run", self.wf, check=True)
        wait_until(lambda: "running" in self.srv.statuses(self.wf).values(), what="a job to run again")

    def test_stopping_twice_does_not_shorten_the_grace_period(self):
        runners = self.start_workers(STUBBORN, grace=10)
        jobs = self.job_pids(2)
        for _ in range(2):  # The second stop comes during the grace period of the first one.
            text = self.srv.torc("remote", "stop", self.wf, "--timeout", "0", check=True).stdout
            self.assertEqual(text.count("Sent SIGTERM to PID"), 2, text)
            self.assertNotIn("Stopped (", text)
        wait_until(lambda: not any(alive(pid) for pid in [*runners, *jobs]), what="runners and jobs to end")
        self.assertEqual(set(self.srv.statuses(self.wf).values()), {"ready"})

    def test_reports_what_still_runs(self):
        runners = self.start_workers("sleep 300")
        self.job_counts([1, 1])
        text = self.srv.torc("remote", "status", self.wf, check=True).stdout
        self.assertRegex(text, rf"Running \(PID {runners[0]}\), since \d{{4}}-\d\d-\d\dT[0-9:]{{8}}, 1 job\(s\)\n")
        os.kill(runners[1], signal.SIGSTOP)
        result = self.srv.torc("remote", "stop", self.wf, "--timeout", "1")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout.splitlines()[3:], [
            f"  [OK] {self.ws.names[0]}: Stopped (1 job requeued)", f"  [FAILED] {self.ws.names[1]}: Still running"])
        os.kill(runners[1], signal.SIGCONT)
        wait_until(lambda: not alive(runners[1]), what="the other runner to end")

    def test_status_of_a_lost_runner(self):
        runners = self.start_workers("sleep 300", server_args=["--worker-timeout", 2])
        self.job_counts([1, 1])
        os.kill(runners[1], signal.SIGSTOP)
        wait_until(lambda: [row["state"] for row in self.status()] == ["running", "silent"], what="it to be silent")
        self.assertEqual([row["pid"] for row in self.status()], runners)
        self.job_counts([1, 0])
        lines = self.srv.torc("remote", "status", self.wf, check=True).stdout.splitlines()
        self.assertNotIn("considers it lost", lines[2])
        self.assertEqual(lines[3], f"{self.ws.names[1]:<30} Running (PID {runners[1]}), but the server considers it lost")
        self.assertEqual(lines[-1], "2/2 workers running")
        os.kill(runners[1], signal.SIGCONT)
        wait_until(lambda: [row["state"] for row in self.status()] == ["running"] * 2, what="it to register again")
        self.job_counts([1, 1])
        self.assertNotIn("considers it lost", self.srv.torc("remote", "status", self.wf, check=True).stdout)

    def test_status_of_a_runner_without_recent_heartbeats(self):
        runners = self.start_workers("sleep 300", server_args=["--worker-timeout", "off"])
        self.job_counts([1, 1])
        os.kill(runners[1], signal.SIGSTOP)  # Suspended, so that it sends no new heartbeat.
        nodes = self.srv.json("compute-nodes", "list", self.wf)["compute_nodes"]
        node = next(node["id"] for node in nodes if node["pid"] == runners[1])
        rows = sqlite3.connect(self.srv.database)
        with rows:  # as after 200 s
            rows.execute("UPDATE compute_nodes SET last_heartbeat = last_heartbeat - 200000 WHERE id = ?", (node,))
        rows.close()
        self.assertEqual([row["state"] for row in self.status()], ["running", "silent"])
        lines = self.srv.torc("remote", "status", self.wf, check=True).stdout.splitlines()
        self.assertNotIn("no heartbeat", lines[2])
        self.assertRegex(lines[3], rf"Running \(PID {runners[1]}\), since \S+, 1 job\(s\), no heartbeat for 3 min \d+ s$")

    def test_drains(self):
        runners = self.start_workers("echo $$ >>$HOME/pids; until [ -e $HOME/go ]; do sleep 0.05; done")
        self.job_pids(1)
        result = self.srv.torc("remote", "stop", self.wf, "--drain", check=True)
        self.assertEqual(result.stdout.count("Sent SIGUSR1 to PID"), 2, result.stdout)
        for host in self.ws.hosts:
            (host.home / "go").touch()
        wait_until(lambda: not any(alive(pid) for pid in runners), what="the runners to end")
        self.assertEqual(set(self.srv.statuses(self.wf).values()), {"completed"})

    def test_acts_only_on_the_selected_hosts(self):
        runners = self.start_workers("sleep 300", 3)
        names = self.ws.names
        self.assertEqual(self.srv.torc("remote", "stop", self.wf, "--host", "nowhere*").returncode, 1)
        result = self.srv.torc("remote", "stop", self.wf, "--host", names[0], "--host", f"*{names[2]}", check=True)
        self.assertEqual(result.stdout.count("Sent SIGTERM"), 2, result.stdout)
        self.assertEqual([alive(pid) for pid in runners], [False, True, False])
        rows = self.srv.json("remote", "status", self.wf, "--host", names[1])["workers"]
        self.assertEqual([(row["worker"], row["state"]) for row in rows], [(names[1], "running")])
        again = self.srv.json("remote", "run", self.wf, "--host", names[0])["workers"]
        self.assertEqual([(row["worker"], row["already_running"]) for row in again], [(names[0], False)])
        self.srv.torc("remote", "stop", self.wf, check=True)
        for command in ("collect-logs", "delete-logs"):
            rows = self.srv.json("remote", command, self.wf, "--host", names[1])["workers"]
            self.assertEqual([row["worker"] for row in rows], [names[1]], command)

    def test_force_kills_everything_below(self):
        runners = self.start_workers(STUBBORN)
        jobs = self.job_pids(2)
        result = self.srv.torc("remote", "stop", self.wf, "--force", check=True)
        self.assertEqual(result.stdout.splitlines(), ["Stopping workers (signal: SIGKILL)...", *(
            f"  [OK] {name}: Sent SIGKILL to PID {pid}" for name, pid in zip(self.ws.names, runners))])
        wait_until(lambda: not any(alive(pid) for pid in [*runners, *jobs]), what="runners and jobs to end")
        self.assertEqual(set(self.srv.statuses(self.wf).values()), {"ready"})
        nodes = self.srv.json("compute-nodes", "list", self.wf)["compute_nodes"]
        self.assertEqual([node["is_active"] for node in nodes], [False] * 2)
        self.assertEqual([row["state"] for row in self.status()], ["stopped"] * 2)
        wait_until(lambda: "sleep 300" not in processes_below(self.dir / "workers").values(), what="every child to end")

    def test_a_worker_that_died_differs_from_one_that_was_never_started(self):
        runners = self.start_workers("sleep 300", 1)
        self.assertEqual(self.status()[0]["state"], "running")
        self.srv.torc("remote", "add-workers", self.wf, "--skip-ssh-check", "ws1", check=True)
        os.kill(runners[0], signal.SIGKILL)
        wait_until(lambda: not alive(runners[0]), what="the runner to be gone")
        states = {row["worker"]: row["state"] for row in self.status(status=1)}
        self.assertEqual(states, {self.ws.names[0]: "died", "ws1": "never_started"})
        text = self.srv.torc("remote", "stop", self.wf, check=True).stdout
        self.assertIn("  [OK] ws1: No worker found", text)

    def test_a_reused_pid_is_never_mistaken_for_the_worker(self):
        runners = self.start_workers("sleep 300", 1)
        bystander = self.start(["sleep", "300"])
        file = next((self.ws.hosts[0].home / ".local/state/torc").glob(f"*/{self.wf}/*/worker"))
        original = file.read_text()
        file.write_text(original.replace(f"pid={runners[0]}\n", f"pid={bystander.pid}\n"))
        self.assertEqual(self.status(status=1)[0]["state"], "died")
        for force in ([], ["--force"]):
            text = self.srv.torc("remote", "stop", self.wf, *force, check=True).stdout
            self.assertIn("Process not running", text)
        self.assertIsNone(bystander.poll())
        file.write_text(original.replace("boot_id=", "boot_id=x"))
        self.assertEqual(self.status(status=1)[0]["state"], "died")
        file.write_text(original)
        self.srv.torc("remote", "stop", self.wf, check=True)
        wait_until(lambda: not alive(runners[0]), what="the runner to end")

    def test_the_pid_file_of_torc_0_23(self):
        self.start_workers("sleep 300", 1)
        self.srv.torc("remote", "stop", self.wf, check=True)
        host = self.ws.hosts[0]
        wait_until(lambda: self.status()[0]["state"] == "stopped", what="our own worker to end")
        host.set_torc("#!/bin/sh\nsleep 300\n")
        older = self.start([host.bin / "torc", "run", self.wf, "--output-dir", "old"])
        (host.home / "old").mkdir()
        (host.home / "old" / f"torc_worker_{self.wf}.pid").write_text(f"{older.pid}\n")
        row = self.srv.json("remote", "status", self.wf, "--output-dir", "old")["workers"][0]
        self.assertEqual((row["state"], row["pid"]), ("running", older.pid))
        self.srv.torc("remote", "stop", self.wf, "--output-dir", "old", check=True)
        wait_until(lambda: older.poll() is not None, what="the older worker to end")

    def test_each_command_takes_one_connection(self):
        self.start_workers("sleep 300", 2)
        for command in ("status", "stop"):
            self.ws.forget_calls()
            self.srv.torc("remote", command, self.wf, check=True)
            self.assertEqual(len(self.ws.calls()), 2)
        self.assertTrue(all(" -- " in call and call.endswith("exec sh -s") for call in self.ws.calls()))
        document = json.loads(self.srv.torc("-f", "json", "remote", "stop", self.wf, check=True).stdout)
        self.assertEqual(sorted(document), ["ok", "total", "workers", "workflow_id"])


if __name__ == "__main__":
    main()
