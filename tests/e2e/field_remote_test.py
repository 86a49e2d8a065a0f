#!/usr/bin/env python3
"""Problems with ssh workers that users of torc 0.23.0 reported, and tests that this program does not have them.
field_test.py has the other problems. Nothing is timed. Hosts are real sshd's, whose logs count the connections.

| situation with 0.23.0 | test |
| --- | --- |
| `remote run` on 16 workers | Connections.test_run_status_and_collect_logs_of_16_workers |
| `remote stop` with 4 jobs running | Stop.test_stop_with_4_jobs_running |
| `remote stop --force`, or a power cut | Stop.test_stop_force, Stop.test_a_power_cut |
| `remote status` with a host that can't be reached | Unreachable.test_status |
| `remote stop` with such a host | Unreachable.test_stop |
| `collect-logs`, `delete-logs` with such a host | Unreachable.test_collect_logs, Unreachable.test_delete_logs |
| `add-workers WF -- '-oProxyCommand=touch FILE'` | Quoting.test_a_host_that_is_an_option |
| `--output-dir 'x; rm -rf ~'` | Quoting.test_an_output_directory_that_is_a_command |
| tar fails on the worker, with `--delete` | Files.test_tar_fails_on_the_worker |
| two workers of one host name; an NFS home | Files.test_two_ports_of_one_host, Files.test_a_shared_home |
| run started twice | Files.test_run_started_twice |
"""
import json
import os
import signal

from counting_proxy import CountingProxy
from harness import E2ETest, alive, main, processes_below, wait_until

UNREACHABLE = "Connection refused"


class FieldTest(E2ETest):
    server_args = ("--worker-timeout", "2")

    def set_up(self, count=2, jobs=None, command="true", **options) -> None:
        self.srv = self.server()
        self.ws = self.workers(count, self.srv, **options)
        self.wf = self.srv.create({"name": "w", "execution_config": {"sigterm_lead_seconds": 1},
                                   "jobs": [{"name": f"j{number}", "command": command} for number in range(jobs or count)]})
        for name in self.ws.names:  # one by one, because a list may name a host only once, regardless of the port
            self.srv.torc("remote", "add-workers", self.wf, name, check=True)

    def start_workers(self, *options) -> list[int]:
        """The pids of the runners."""
        document = self.srv.json("remote", "run", self.wf, "--poll-interval", "0.2", *options)
        self.assertEqual(document["ok"], document["total"])
        return [row["pid"] for row in document["workers"]]

    def run_to_the_end(self) -> None:
        self.start_workers()
        self.srv.wait_complete(self.wf)
        wait_until(lambda: not self.ws.processes(), what="the runners to leave")

    def fails(self, *args) -> str:
        result = self.srv.torc("remote", *args)
        self.assertEqual(result.returncode, 1, f"{args}\n{result.stdout}\n{result.stderr}")
        return result.stdout

    def pids(self, count: int) -> list[int]:
        """Waits until jobs have written `count` pids to $HOME/pids; returns them."""
        def noted():
            files = {host.home / "pids" for host in self.ws.hosts}
            found = [pid for file in files if file.exists() for pid in file.read_text().split()]
            return [int(pid) for pid in found] if len(found) >= count else None

        return wait_until(noted, what=f"{count} processes of jobs")


class Connections(FieldTest):
    def test_run_status_and_collect_logs_of_16_workers(self):
        """0.23.0: six connections per worker and a sleep of 2 s for `run`. Here: at most two, one for `status`, and two
        for `collect-logs` (ssh and scp); the number of requests to the server does not grow with the number of
        workers."""
        self.set_up(16, command="true")
        proxy = CountingProxy(self.srv)
        self.addCleanup(proxy.close)

        self.logins()
        self.start_workers()
        run = self.logins()
        self.assertEqual({count for count in run if count not in (1, 2)}, set(), run)
        self.assertLessEqual(sum(run), 22, "ten keep their connection, the six others need a second one")
        self.srv.wait_complete(self.wf)
        wait_until(lambda: not self.ws.processes(), what="the runners to leave")
        requests = []
        for hosts in ([], ["--host", self.ws.names[3]]):
            self.srv.torc("remote", "status", self.wf, *hosts, env=proxy.env, check=True)
            requests.append([(method, path) for method, path, _ in proxy.take()])
            self.assertEqual(self.logins(), [1 if not hosts or number == 3 else 0 for number in range(16)])
        self.assertEqual(requests[0], requests[1])
        self.assertLess(len(requests[0]), 6, requests[0])
        self.srv.torc("remote", "collect-logs", self.wf, check=True)
        self.assertEqual(set(self.logins()), {2})

    def logins(self) -> list[int]:
        """How many connections each sshd has accepted since the last call."""
        counts = [(host.dir / "sshd.log").read_text(errors="replace").count("Accepted publickey") for host in self.ws.hosts]
        before, self.counted = getattr(self, "counted", [0] * len(counts)), counts
        return [now - then for now, then in zip(counts, before)]


class Stop(FieldTest):
    # A job, its child, and a child in another session; each writes its pid to a file.
    COMMAND = "setsid sh -c 'echo $$ >>$HOME/pids; sleep 300' & (echo $BASHPID >>$HOME/pids; exec sleep 300) & " \
              "echo $$ >>$HOME/pids; until [ -e $HOME/go ]; do sleep 0.05; done"

    def start_jobs(self, count: int) -> tuple[int, list[int]]:
        self.set_up(1, jobs=count, command=self.COMMAND)
        runner, = self.start_workers("--max-parallel-jobs", count)
        return runner, self.pids(3 * count)

    def runs_again(self, count: int) -> None:
        """The jobs are ready, and complete when the workers are started again."""
        self.assertEqual(list(self.srv.statuses(self.wf).values()), ["ready"] * count)
        (self.ws.hosts[0].home / "go").touch()
        self.start_workers("--max-parallel-jobs", count)
        self.srv.wait_complete(self.wf)
        self.assertEqual(set(self.srv.statuses(self.wf).values()), {"completed"})
        self.assertEqual(len(self.srv.results(self.wf)), count)

    def test_stop_with_4_jobs_running(self):
        """0.23.0: the runner dies, the jobs' processes live on, the jobs stay `running` and no new run claims them.
        Here their process trees end, the jobs are ready again, and output and exit status report it."""
        runner, pids = self.start_jobs(4)
        self.assertEqual(set(self.srv.statuses(self.wf).values()), {"running"})
        text = self.srv.torc("remote", "stop", self.wf, check=True).stdout
        self.assertEqual(text.splitlines()[1:], [f"  [OK] {self.ws.names[0]}: Sent SIGTERM to PID {runner}",
                                                 f"  [OK] {self.ws.names[0]}: Stopped (4 jobs requeued)"])
        self.assertEqual([pid for pid in [runner, *pids] if alive(pid)], [])
        self.assertEqual(self.ws.processes(), {})
        self.runs_again(4)

    def test_stop_force(self):
        """0.23.0: as after a power failure. Here the trees have been killed and the jobs are ready when the command
        ends."""
        runner, pids = self.start_jobs(2)
        text = self.srv.torc("remote", "stop", self.wf, "--force", check=True).stdout
        self.assertIn(f"  [OK] {self.ws.names[0]}: Sent SIGKILL to PID {runner}", text)
        self.assertEqual(list(self.srv.statuses(self.wf).values()), ["ready"] * 2)
        wait_until(lambda: not self.ws.processes(), what=f"all of {pids} to end")
        self.runs_again(2)

    def test_a_power_cut(self):
        """0.23.0: the jobs stay `running`. Here the server notices the missing heartbeats and makes them ready
        again."""
        runner, pids = self.start_jobs(2)
        # All at once, as in a power failure: suspend all processes before killing them, so that none can react.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in self.ws.processes():
                os.kill(pid, number)
        wait_until(lambda: not any(map(alive, [runner, *pids])), what="everything to be gone")
        wait_until(lambda: list(self.srv.statuses(self.wf).values()) == ["ready"] * 2, what="the silence to be noticed")
        events = [event["data"].get("event_type") for event in self.srv.get(f"/events?workflow_id={self.wf}")["items"]]
        self.assertIn("compute_node_lost", events)
        self.assertIn("died", self.fails("-f", "json", "status", self.wf))
        self.runs_again(2)


class Unreachable(FieldTest):
    """0.23.0: prints `Not Running`, `[OK] ... No worker found` or `[FAILED]`, and exits with 0. Here an unreachable
    worker is reported as such, with ssh's message; the exit status is 1, and the operation is done for the other
    worker."""

    def set_up_one_down(self) -> tuple[str, str]:
        self.set_up(2)
        self.run_to_the_end()
        self.ws.stop_host(1)
        return self.ws.names[0], self.ws.names[1]

    def test_status(self):
        good, down = self.set_up_one_down()
        lines = self.fails("status", self.wf).splitlines()
        line, = [line for line in lines if line.startswith(down)]
        self.assertRegex(line, rf"^{down} +Unreachable: .*{UNREACHABLE}$")
        self.assertRegex("\n".join(lines), rf"(?m)^{good} +Not Running \(")
        states = {row["worker"]: row["state"] for row in json.loads(self.fails("-f", "json", "status", self.wf))["workers"]}
        self.assertEqual(states, {good: "finished", down: "unreachable"})

    def test_stop(self):
        good, down = self.set_up_one_down()
        lines = self.fails("stop", self.wf).splitlines()
        self.assertRegex("\n".join(lines), rf"(?m)^  \[FAILED\] {down}: .*{UNREACHABLE}$")
        self.assertIn(f"  [OK] {good}: Process not running", lines)

    def test_collect_logs(self):
        good, down = self.set_up_one_down()
        text = self.fails("collect-logs", self.wf)
        self.assertRegex(text, rf"(?m)^  \[FAILED\] {down}: .*{UNREACHABLE}$")
        self.assertRegex(text, rf"(?m)^  \[OK\] {good}: Saved to ")

    def test_delete_logs(self):
        good, down = self.set_up_one_down()
        text = self.fails("delete-logs", self.wf)
        self.assertRegex(text, rf"(?m)^  \[FAILED\] {down}: .*{UNREACHABLE}$")
        self.assertRegex(text, rf"(?m)^  \[OK\] {good}: ")
        self.assertEqual([(host.home / "torc_output").exists() for host in self.ws.hosts], [False, True])


class Quoting(FieldTest):
    def test_a_host_that_is_an_option(self):
        """0.23.0: ssh treats it as an option, and a command of the attacker's choice runs on this machine. Here it is
        refused before anything starts, and `--` precedes the host."""
        self.set_up(1)
        file = self.dir / "made-by-ssh"
        for word in (f"-oProxyCommand=touch {file}", f"-oProxyCommand=touch${{IFS}}{file}"):
            self.ws.forget_calls()
            result = self.srv.torc("remote", "add-workers", self.wf, "--", word)
            self.assertEqual(result.returncode, 1)
            self.assertIn("Error parsing worker addresses: command line:1: ", result.stderr)
            self.assertEqual(self.ws.calls(), [])
        self.assertFalse(file.exists())
        self.assertEqual(self.srv.json("remote", "list-workers", self.wf)["total"], 1)
        self.run_to_the_end()
        self.srv.torc("remote", "collect-logs", self.wf, check=True)
        calls = self.ws.calls()
        self.assertEqual({call.split()[0] for call in calls}, {"ssh", "scp"})
        for call in calls:
            self.assertRegex(call, rf" -- {self.ws.names[0]}[ :]")

    def test_an_output_directory_that_is_a_command(self):
        """0.23.0: it is passed to the remote shell unquoted. Here every command treats it as a name."""
        self.set_up(1)
        home = self.ws.hosts[0].home
        (home / "precious").mkdir()
        (home / "precious" / "file").touch()
        name = "x; rm -rf ~/precious"
        self.start_workers("--output-dir", name)
        self.srv.wait_complete(self.wf)
        wait_until(lambda: not self.ws.processes(), what="the runner to leave")
        # "~/precious" is a directory below "x; rm -rf ~".
        self.assertTrue((home / name / "job_stdio").is_dir())
        self.srv.torc("remote", "status", self.wf, "--output-dir", name, check=True)
        self.srv.torc("remote", "stop", self.wf, "--output-dir", name, check=True)
        self.srv.torc("remote", "collect-logs", self.wf, "--remote-output-dir", name, check=True)
        self.assertTrue((home / "precious" / "file").exists())
        self.srv.torc("remote", "delete-logs", self.wf, "--remote-output-dir", name, check=True)
        self.assertFalse((home / name).exists())
        self.assertTrue((home / "precious" / "file").exists())


class Files(FieldTest):
    def test_tar_fails_on_the_worker(self):
        """0.23.0: tar's exit status is ignored, and the logs are deleted. Here files are deleted only after the archive
        has been verified on this machine, which succeeds with a tar that works."""
        self.set_up(1, command="echo output of $TORC_JOB_NAME")
        self.run_to_the_end()
        host, output = self.ws.hosts[0], self.ws.hosts[0].home / "torc_output"
        before = sorted(str(path) for path in output.rglob("*"))
        tar = host.bin / "tar"
        for script in ("/usr/bin/tar \"$@\"; exit 2", "exit 1", "exit 0"):  # also one that reports success
            tar.write_text(f"#!/bin/sh\n{script}\n")
            tar.chmod(0o755)
            text = self.fails("collect-logs", self.wf, "--delete")
            self.assertRegex(text, rf"\[FAILED\] {host.name}: .*nothing was deleted on the worker", script)
            self.assertEqual(sorted(str(path) for path in output.rglob("*")), before)
        tar.unlink()
        self.srv.torc("remote", "collect-logs", self.wf, "--delete", check=True)
        self.assertFalse(output.exists())

    def two_in_one_home(self, **options) -> None:
        self.set_up(2, jobs=8, command="sleep 0.3", shared_home=True, **options)
        home = self.ws.hosts[0].home
        self.start_workers("--max-parallel-jobs", 1)
        states = {str(path.parent) for path in (home / ".local/state/torc").rglob("worker")}
        self.assertEqual(len(states), 2, "each has its own state directory")
        logs = [path.name for path in (home / "torc_output").glob("torc_worker_*.log")]
        self.assertEqual(len(set(logs)), 2, logs)
        self.srv.wait_complete(self.wf)
        wait_until(lambda: not self.ws.processes(), what="the runners to leave")
        rows = self.srv.json("remote", "status", self.wf)["workers"]
        self.assertEqual([row["state"] for row in rows], ["finished"] * 2)
        archives = self.srv.json("remote", "collect-logs", self.wf, "-l", self.dir / "logs")["workers"]
        self.assertEqual(len({row["file"] for row in archives}), 2)
        self.assertEqual(len(list((self.dir / "logs").iterdir())), 2)

    def test_two_ports_of_one_host(self):
        """0.23.0: pid file, log and archive do not have the worker's name and overwrite each other. Here each worker
        has its own."""
        self.two_in_one_home(same_address=True)

    def test_a_shared_home(self):
        """The same, with a home directory on a network file system."""
        self.two_in_one_home()

    def test_run_started_twice(self):
        """0.23.0: a second runner starts, and the pid of the first is lost. Here it reports the running one and starts
        none."""
        self.set_up(1, command="until [ -e $HOME/go ]; do sleep 0.05; done")
        runner, = self.start_workers()
        before = self.runners()
        text = self.srv.torc("remote", "run", self.wf, check=True).stdout
        self.assertIn(f"  [OK] {self.ws.names[0]}: Already running (PID {runner})", text)
        self.assertEqual(self.runners(), before)
        self.assertEqual(len(self.srv.get(f"/compute_nodes?workflow_id={self.wf}")["items"]), 1)
        self.srv.torc("remote", "stop", self.wf, check=True)
        self.assertFalse(alive(runner), "its pid was not lost")

    def runners(self) -> set[int]:
        return {pid for pid, line in processes_below(self.dir / "workers").items() if " run " in f" {line} "}


if __name__ == "__main__":
    main()
