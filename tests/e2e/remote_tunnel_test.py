#!/usr/bin/env python3
"""`torc remote run --server-tunnel` and `torc remote tunnel`: the runners reach the server only through ssh
forwards."""
import json
import os
import pathlib
import re
import signal
import sys

from harness import TORC, E2ETest, alive, main, processes_below, run_torc, wait_until

QUICK = ["--ssh-option", "ServerAliveInterval=1", "--ssh-option", "ServerAliveCountMax=2"]


def environment(pid: int) -> dict[str, str]:
    entries = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(os.fsdecode(entry).split("=", 1) for entry in entries if b"=" in entry)


class TunnelTest(E2ETest):
    def setUp(self):
        self.srv = self.server()
        self.remote = self.workers(2, server=self.srv)

    def create(self, jobs=2, command="true"):
        workflow = self.srv.create({"name": "w", "jobs": [{"name": f"j{i}", "command": command} for i in range(jobs)]})
        self.srv.torc("remote", "add-workers", workflow, *self.remote.names, check=True)
        return workflow

    def run_remote(self, workflow, *args, **options):
        return self.srv.torc("remote", "run", workflow, "-p", 0.2, "--server-tunnel", *args, **options)

    def status(self, workflow):
        """The document of `remote status`, whatever its exit status."""
        return json.loads(self.srv.torc("-f", "json", "remote", "status", workflow).stdout)

    def tunnel_of(self, workflow) -> dict:
        return self.status(workflow).get("tunnel") or {}

    def ssh_of_tunnel(self) -> list[int]:
        """The ssh processes that hold forwards."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            config = str(self.remote.client / "config").encode()
            if config in words and b"-R" in words and alive(int(entry.name)):
                found.append(int(entry.name))
        return found

    def ports(self) -> set[int]:
        """The ports of the current forwards on the workers."""
        ports = set()
        for pid in self.ssh_of_tunnel():
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if b"-R" in words:
                ports.add(int(words[words.index(b"-R") + 1].split(b":")[1]))
        return ports

    def runner_ports(self, workflow) -> set[int]:
        """The ports at which the runners expect the server."""
        pids = [worker["pid"] for worker in self.status(workflow)["workers"] if worker.get("state") == "running"]
        return {int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/torc-service/v1", environment(pid)["TORC_API_URL"])[1])
                for pid in pids}

    def end_of(self, pid, timeout=20):
        wait_until(lambda: not alive(pid), timeout, f"the tunnel {pid} to end")
        wait_until(lambda: not self.ssh_of_tunnel(), 10, "the tunnel's ssh processes to end")

    def end_of_process(self, pid):
        wait_until(lambda: not alive(pid), 20, f"process {pid} to end")

    def gates(self):
        """(gate, ran, command): a command for jobs that records in `ran` that it ran, and waits until the file `gate`
        exists."""
        gate, ran = self.dir / "gate", self.dir / "ran"
        return gate, ran, f"echo $TORC_JOB_ID >> {ran}; while [ ! -e {gate} ]; do sleep 0.1; done"


class Run(TunnelTest):
    def test_wait_completes_through_the_tunnel(self):
        workflow = self.create(4)
        result = self.run_remote(workflow, "--wait", check=True)
        self.assertIn("Server tunnel is up for 2/2 worker(s)", result.stdout)
        self.assertIn("does not require a password", result.stderr)
        self.assertEqual(set(self.srv.statuses(workflow).values()), {"completed"})
        calls = [call for call in self.remote.calls() if " -R " in call]
        self.assertEqual(len(calls), 2, calls)
        self.assertIn(f":127.0.0.1:{self.srv.port} ", calls[0])
        # The tunnel ends with the workflow.
        wait_until(lambda: not self.ssh_of_tunnel(), 30, "the tunnel to end with the workflow")
        self.assertEqual(self.tunnel_of(workflow), {})

    def test_runners_know_only_the_forwarded_port(self):
        gate, _, command = self.gates()
        workflow = self.create(2, command)
        document = json.loads(self.srv.torc("-f", "json", "remote", "run", workflow, "-p", 0.2, "--server-tunnel",
                                            check=True).stdout)
        self.assertEqual(document["tunnel"]["state"], "running")
        ports = self.runner_ports(workflow)
        self.assertEqual(len(ports), 2)
        self.assertNotIn(self.srv.port, ports)
        self.assertEqual(ports, self.ports())
        gate.touch()
        self.srv.wait_complete(workflow)
        self.end_of(document["tunnel"]["pid"])

    def test_a_second_run_uses_the_same_tunnel(self):
        gate, _, command = self.gates()
        workflow = self.create(2, command)
        self.run_remote(workflow, "--host", self.remote.names[0], check=True)
        pid, first = self.tunnel_of(workflow)["pid"], self.ssh_of_tunnel()
        self.assertEqual(len(first), 1)
        again = self.run_remote(workflow, check=True)
        self.assertIn("Already running", again.stdout)
        self.assertEqual(self.tunnel_of(workflow), {"state": "running", "pid": pid})
        self.assertEqual(len(self.ssh_of_tunnel()), 2)
        self.assertLess(set(first), set(self.ssh_of_tunnel()))
        self.assertEqual(len(self.runner_ports(workflow)), 2)
        text = self.srv.torc("remote", "status", workflow, check=True).stdout
        self.assertIn(f"Server tunnel: running (PID {pid})", text)
        gate.touch()
        self.srv.wait_complete(workflow)
        self.end_of(pid)

    def test_the_hint_names_the_tunnel(self):
        workflow = self.create()
        probe = f"#!/bin/sh\nTORC_API_URL=http://127.0.0.1:9/torc-service/v1 exec {TORC} \"$@\"\n"
        for host in self.remote.hosts:
            host.set_torc(probe)
        result = self.srv.torc("remote", "run", workflow)
        self.assertEqual(result.returncode, 1)
        self.assertIn("--server-tunnel", result.stderr)

    def test_a_worker_without_tunnel_is_not_started(self):
        workflow = self.create()
        config = self.remote.hosts[1].dir / "sshd_config"
        self.remote.stop_host(1)
        original = sys.modules["loopback_workers"].SSHD_CONFIG
        self.addCleanup(setattr, sys.modules["loopback_workers"], "SSHD_CONFIG", original)
        sys.modules["loopback_workers"].SSHD_CONFIG = original + "AllowTcpForwarding no\n"
        self.remote.start_host(1)
        self.assertIn("AllowTcpForwarding", config.read_text())
        result = self.run_remote(workflow)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No server tunnel to 1 worker(s):", result.stderr)
        self.assertIn("AllowTcpForwarding", result.stderr)
        result = self.run_remote(workflow, "--keep-going")
        self.assertIn("Started 1/2 workers", result.stdout)
        self.srv.wait_complete(workflow)

    def test_a_run_that_starts_nothing_leaves_no_tunnel(self):
        workflow = self.create()
        for host in self.remote.hosts:
            host.set_torc(None)
        result = self.run_remote(workflow)
        self.assertEqual(result.returncode, 1)
        self.assertIn("Server tunnel is up for 2/2", result.stdout)
        self.assertIn("torc not found", result.stderr)
        wait_until(lambda: not self.ssh_of_tunnel() and self.tunnel_of(workflow) == {}, 20, "the tunnel to end")

    def test_https_of_another_name_is_refused(self):
        workflow = self.create()
        result = self.run_remote(workflow, env={"TORC_API_URL": "https://torc.example.org:8443/torc-service/v1"})
        self.assertEqual(result.returncode, 2)
        self.assertIn("its certificate is not valid", result.stderr)
        self.assertEqual([call for call in self.remote.calls() if " -R " in call], [])


class OwnNetwork(TunnelTest):
    """The workers have a separate network, in which nothing listens at the server's address."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can create networks")
        holder = self.start(["unshare", "-n", "sh", "-c", f"ip link set lo up && touch {self.dir}/up && exec sleep 1000"])
        wait_until(lambda: (self.dir / "up").exists() or holder.poll() is not None, 10, "the network")
        if holder.poll() is not None:
            self.skipTest(f"no networks can be created here: {holder.stderr_path.read_text()}")
        config = self.remote.client / "config"
        lines = []
        for host in self.remote.hosts:
            lines += [f"Host {host.name}", f"  ProxyCommand nsenter --net=/proc/{holder.pid}/ns/net "
                      f"{self.remote._sshd} -i -f {host.dir}/sshd_config"]
        config.write_text("\n".join(lines) + "\n" + config.read_text())

    def test_only_with_the_tunnel(self):
        workflow = self.create(4)
        without = self.srv.torc("remote", "run", workflow)
        self.assertEqual(without.returncode, 1)
        self.assertIn("2 worker(s) cannot reach the server", without.stderr)
        self.assertIn("--server-tunnel", without.stderr)
        self.run_remote(workflow, "--wait", check=True)
        self.assertEqual(set(self.srv.statuses(workflow).values()), {"completed"})


class Reconnect(TunnelTest):
    def test_killed_ssh_comes_back_on_the_same_port(self):
        gate, ran, command = self.gates()
        workflow = self.create(6, command)
        self.run_remote(workflow, "--max-parallel-jobs", 3, check=True)
        pid, before = self.tunnel_of(workflow)["pid"], self.ports()
        wait_until(lambda: ran.exists() and len(ran.read_text().split()) == 6, 30, "all jobs to run")
        killed = self.ssh_of_tunnel()
        for ssh in killed:
            os.kill(ssh, signal.SIGKILL)
        wait_until(lambda: len(self.ssh_of_tunnel()) == 2 and not set(killed) & set(self.ssh_of_tunnel()), 30,
                   "ssh to be started again")
        gate.touch()
        self.srv.wait_complete(workflow)
        self.assertEqual(set(self.srv.statuses(workflow).values()), {"completed"})
        self.assertEqual(len(ran.read_text().split()), 6)
        self.assertEqual(len(set(ran.read_text().split())), 6)
        log = wait_until(lambda: (log := self.log_of(workflow)).count("up, port") == 4 and log, 30, "both in the log")
        self.assertEqual({int(port) for port in re.findall(r"up, port (\d+)", log)}, before)
        self.end_of(pid)

    def test_the_port_is_free_again_after_a_cut(self):
        gate, _, command = self.gates()
        workflow = self.create(2, command)
        self.run_remote(workflow, *QUICK, check=True)
        ports = self.ports()
        # Suspends the worker's end. As after a cut, it is silent, does not notice the end, and keeps the port.
        holders = [int(re.search(r"pid=(\d+)", note.read_text())[1]) for note in self.remote.dir.glob(
            "host*/home/.local/state/torc/*/*/*/tunnel-*")]
        self.assertEqual(len(holders), 2)
        for holder in holders:
            os.kill(holder, signal.SIGSTOP)
        self.addCleanup(lambda: [os.kill(holder, signal.SIGKILL) for holder in holders if alive(holder)])
        wait_until(lambda: self.log_of(workflow).count("up, port") == 4, 60, "the forwards to be up again")
        self.assertEqual(self.ports(), ports)
        self.assertFalse([holder for holder in holders if alive(holder)])
        gate.touch()
        self.srv.wait_complete(workflow)
        self.assertEqual(set(self.srv.statuses(workflow).values()), {"completed"})

    def log_of(self, workflow) -> str:
        logs = list((self.srv.home / "state/torc").glob(f"*/{workflow}/.tunnel/log"))
        self.assertEqual(len(logs), 1)
        return logs[0].read_text()


class End(TunnelTest):
    def setUp(self):
        super().setUp()
        self.gate, _, command = self.gates()
        self.workflow = self.create(2, command)
        self.run_remote(self.workflow, check=True)
        self.pid = self.tunnel_of(self.workflow)["pid"]
        self.assertEqual(len(self.ssh_of_tunnel()), 2)

    def test_a_worker_that_died_is_restarted_through_it(self):
        gate, _, command = self.gates()
        workflow = self.create(2, command)
        self.run_remote(workflow, "--max-parallel-jobs", 1, check=True)
        ports = self.runner_ports(workflow)
        self.assertEqual(len(ports), 2)
        dead = self.status(workflow)["workers"][0]["pid"]
        os.kill(dead, signal.SIGKILL)
        self.end_of_process(dead)
        watching = self.start([TORC, "remote", "watch", workflow, "--restart", "--interval", "1"], home=self.srv.home,
                              env={"TORC_API_URL": self.srv.url, **self.remote.env})
        wait_until(lambda: "restarted (PID" in watching.stdout_path.read_text(), 60, "the worker to start again")
        self.assertEqual(self.runner_ports(workflow), ports)
        gate.touch()
        self.assertEqual(watching.wait(60), 0, watching.stdout_path.read_text())

    def test_stop_ends_it(self):
        only = self.srv.torc("remote", "stop", self.workflow, "--host", self.remote.names[0], check=True)
        self.assertIn("The server tunnel will end once no runner needs it", only.stdout)
        self.assertTrue(alive(self.pid))
        self.assertEqual(len(self.ssh_of_tunnel()), 2)
        result = self.srv.torc("remote", "stop", self.workflow, check=True)
        self.assertIn(f"Server tunnel ended (PID {self.pid})", result.stdout)
        self.assertFalse(alive(self.pid))
        self.assertEqual(self.ssh_of_tunnel(), [])
        self.assertEqual(self.tunnel_of(self.workflow), {})
        self.assertEqual(set(self.srv.statuses(self.workflow).values()), {"ready"})

    def test_it_ends_after_all_workers_were_stopped_one_by_one(self):
        for name in self.remote.names:
            self.assertTrue(alive(self.pid))
            self.srv.torc("remote", "stop", self.workflow, "--host", name, check=True)
        self.end_of(self.pid)
        self.assertEqual(self.tunnel_of(self.workflow), {})

    def test_a_dead_tunnel_is_restored_for_all(self):
        ports = self.ports()
        dead = self.status(self.workflow)["workers"][0]["pid"]
        for pid in (self.pid, dead):
            os.kill(pid, signal.SIGKILL)
        self.end_of(self.pid)
        self.end_of_process(dead)
        watching = self.start([TORC, "remote", "watch", self.workflow, "--restart", "--interval", "1"], home=self.srv.home,
                              env={"TORC_API_URL": self.srv.url, **self.remote.env})
        wait_until(lambda: "restarted (PID" in watching.stdout_path.read_text(), 60, "the worker to start again")
        wait_until(lambda: self.ports() == ports, 30, "both forwards of the tunnel")
        self.gate.touch()
        self.assertEqual(watching.wait(60), 0, watching.stdout_path.read_text())

    def test_a_dead_tunnel_is_not_reported_if_no_worker_needs_it(self):
        self.srv.torc("remote", "stop", self.workflow, "--force", check=True)
        self.run_remote(self.workflow, check=True)
        self.pid = self.tunnel_of(self.workflow)["pid"]
        for worker in self.status(self.workflow)["workers"]:
            os.kill(worker["pid"], signal.SIGKILL)
        os.kill(self.pid, signal.SIGKILL)
        self.end_of(self.pid)
        self.srv.torc("remote", "run", self.workflow, "-p", 0.2, check=True)
        status = self.srv.torc("remote", "status", self.workflow, check=True)
        self.assertNotIn("unnel", status.stdout)

    def test_runners_notice_the_deletion_of_their_workflow(self):
        runners = [worker["pid"] for worker in self.status(self.workflow)["workers"]]
        self.srv.torc("delete", self.workflow, "--force", check=True)
        wait_until(lambda: not any(map(alive, runners)), 50, "the runners to leave")
        self.assertTrue(alive(self.pid))
        self.end_of(self.pid, 80)

    def test_after_a_drain_it_lives_as_long_as_the_runners(self):
        result = self.srv.torc("remote", "stop", self.workflow, "--drain", check=True)
        self.assertIn("The server tunnel will end once no runner needs it", result.stdout)
        self.assertTrue(alive(self.pid))
        self.gate.touch()
        self.srv.wait_complete(self.workflow)
        self.end_of(self.pid)

    def test_sigkill_leaves_no_ssh(self):
        os.kill(self.pid, signal.SIGKILL)
        self.end_of(self.pid)
        status = self.srv.torc("remote", "status", self.workflow)
        self.assertEqual(status.returncode, 1)
        self.assertIn("Server tunnel: died", status.stdout)
        self.assertEqual(self.tunnel_of(self.workflow), {"state": "died", "pid": self.pid})
        # After a restart of the tunnel, the living runners find the server at the same port.
        before = self.runner_ports(self.workflow)
        again = self.run_remote(self.workflow, check=True)
        self.assertIn("Already running", again.stdout)
        self.assertEqual(self.ports(), before)
        self.assertNotEqual(self.tunnel_of(self.workflow)["pid"], self.pid)
        self.gate.touch()
        self.srv.wait_complete(self.workflow)

    def test_its_guardian_does_not_die_alone(self):
        guardian = int(re.search(r"PPid:\s+(\d+)", pathlib.Path(f"/proc/{self.pid}/status").read_text())[1])
        self.assertIn(b"tunnel", pathlib.Path(f"/proc/{guardian}/cmdline").read_bytes())
        os.kill(guardian, signal.SIGKILL)
        self.end_of(self.pid)

    def test_a_host_that_is_down_is_reported(self):
        self.remote.stop_host(0)
        for ssh in self.ssh_of_tunnel():
            os.kill(ssh, signal.SIGKILL)
        name = self.remote.names[0]
        wait_until(lambda: name in self.tunnel_of(self.workflow).get("down", {}), 30, "the loss to be reported")
        self.assertEqual(set(wait_until(lambda: len(down := self.tunnel_of(self.workflow).get("down", {})) == 1 and down, 30,
                                        "the other forward to be up again")), {name})
        self.assertIn(f"  {name}: no connection: ", self.srv.torc("remote", "status", self.workflow).stdout)
        self.remote.start_host(0)
        wait_until(lambda: len(self.ssh_of_tunnel()) == 2, 60, "the forward to come back")
        self.gate.touch()
        self.srv.wait_complete(self.workflow)

    def test_a_server_that_moved_gets_a_new_tunnel(self):
        before = self.runner_ports(self.workflow)
        self.srv.kill()
        self.srv.port = 0
        self.srv.start()
        self.run_remote(self.workflow, check=True)
        self.end_of_process(self.pid)
        self.assertEqual(self.runner_ports(self.workflow), before)
        self.assertEqual(self.ports(), before)
        self.gate.touch()
        self.srv.wait_complete(self.workflow)
        self.assertEqual(set(self.srv.statuses(self.workflow).values()), {"completed"})

    def test_signals_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.run_remote(self.workflow, check=True)
            pid = self.tunnel_of(self.workflow)["pid"]
            os.kill(pid, number)
            self.end_of(pid)
            # The runners still need it.
            self.assertEqual(self.tunnel_of(self.workflow),
                             {"state": "died", "pid": pid, "message": f"ended by signal {int(number)}"})
        status = self.srv.torc("remote", "status", self.workflow)
        self.assertEqual(status.returncode, 1)
        self.assertIn(f"Server tunnel: ended by signal {int(number)} (PID {pid}); the workers may not reach", status.stdout)
        # The stop restores it, so that the runners can report their results and requeue their jobs.
        stopped = self.srv.torc("remote", "stop", self.workflow, check=True)
        # What one gives back the other may take once more, before it hears of the stop.
        self.assertGreaterEqual(sum(map(int, re.findall(r"Stopped \((\d) jobs? requeued\)", stopped.stdout))), 2)
        self.assertEqual(set(self.srv.statuses(self.workflow).values()), {"ready"})
        self.assertIn("Server tunnel ended", stopped.stdout)
        self.assertEqual(self.tunnel_of(self.workflow), {})

    def test_a_dead_tunnel_is_not_reported_after_a_stop(self):
        os.kill(self.pid, signal.SIGKILL)
        self.end_of(self.pid)
        self.srv.torc("remote", "stop", self.workflow, "--force", check=True)
        self.assertEqual(self.ssh_of_tunnel(), [])
        self.assertEqual(self.tunnel_of(self.workflow), {})

    def test_watch_restores_it(self):
        gone = self.pid
        watching = self.start([TORC, "remote", "watch", self.workflow, "--restart"], home=self.srv.home,
                              env={"TORC_API_URL": self.srv.url, **self.remote.env})
        wait_until(lambda: "2 workers" in watching.stdout_path.read_text() or "running" in watching.stdout_path.read_text(), 30,
                   "the watch to begin")
        os.kill(gone, signal.SIGTERM)
        wait_until(lambda: "Server tunnel: restarted for 2/2 worker(s)" in watching.stdout_path.read_text(), 60,
                   "the tunnel to be restored")
        self.assertIn(f"Server tunnel: ended by signal 15 (PID {gone})", watching.stdout_path.read_text())
        self.assertEqual(self.tunnel_of(self.workflow)["state"], "running")
        self.gate.touch()
        self.assertEqual(watching.wait(60), 0, watching.stdout_path.read_text())

    def test_cancel_ends_it(self):
        self.srv.torc("cancel", self.workflow, check=True)
        self.end_of(self.pid, 40)


class Gone(TunnelTest):
    def test_a_server_that_is_gone_for_good_ends_it(self):
        gate, _, command = self.gates()
        self.addCleanup(gate.touch)
        workflow = self.srv.create({"name": "w", "jobs": [{"name": "j", "command": command}],
                                    "compute_node_wait_for_healthy_database_minutes": 0})
        self.srv.torc("remote", "add-workers", workflow, *self.remote.names, check=True)
        self.run_remote(workflow, check=True)
        pid = self.tunnel_of(workflow)["pid"]
        self.srv.kill()
        self.end_of(pid, 80)
        log = next((self.srv.home / "state/torc").glob(f"*/{workflow}/.tunnel/log")).read_text()
        self.assertIn("The tunnel ends: the server has not answered for", log)


class Foreground(TunnelTest):
    def test_a_full_disk_for_its_output_does_not_end_it(self):
        workflow = self.create(2, "sleep 60")
        process = self.start(["sh", "-c", f"exec {TORC} remote tunnel {workflow} >/dev/full 2>/dev/full"], home=self.srv.home,
                             env={"TORC_API_URL": self.srv.url, **self.srv.env})
        wait_until(lambda: len(self.ssh_of_tunnel()) == 2 or process.poll() is not None, 30, "both forwards")
        self.run_remote(workflow, check=True)
        killed = self.ssh_of_tunnel()
        for ssh in killed:
            os.kill(ssh, signal.SIGKILL)
        wait_until(lambda: len(self.ssh_of_tunnel()) == 2 and not set(killed) & set(self.ssh_of_tunnel()), 30,
                   "the forwards to come back")
        self.assertIsNone(process.poll())

    def test_tunnels_of_two_machines_do_not_disturb_each_other(self):
        workflow = self.create(2, "sleep 60")
        shown = []
        for name in ("one", "two"):
            state = self.dir / name
            state.mkdir()
            process = self.start([TORC, "remote", "tunnel", workflow], home=self.srv.home,
                                 env={"TORC_API_URL": self.srv.url, **self.srv.env, "XDG_STATE_HOME": str(state)})
            wait_until(lambda: process.stdout_path.read_text().count("[UP]") == 2, 30, f"both forwards of tunnel {name}")
            shown.append(process)
            if name == "one":
                first = self.ssh_of_tunnel()
        self.assertLess(set(first), set(self.ssh_of_tunnel()))
        self.assertEqual(len(self.ports()), 4)
        for process in shown:
            self.assertNotIn("[DOWN]", process.stdout_path.read_text())

    def test_lines_and_ctrl_c(self):
        workflow = self.create(2, "sleep 60")
        process = self.start([TORC, "remote", "tunnel", workflow], home=self.srv.home,
                             env={"TORC_API_URL": self.srv.url, **self.srv.env})
        wait_until(lambda: process.stdout_path.read_text().count("[UP]") == 2, 30, "both forwards")
        self.assertIn(f"is forwarded to 127.0.0.1:{self.srv.port}", process.stdout_path.read_text())
        victim = self.ssh_of_tunnel()[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: process.stdout_path.read_text().count("[UP]") == 3, 30, "the forward to come back")
        self.assertIn("[DOWN]", process.stdout_path.read_text())
        # A second tunnel is refused.
        second = self.srv.torc("remote", "tunnel", workflow)
        self.assertEqual(second.returncode, 1)
        self.assertIn("already held", second.stderr)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 0)
        self.assertEqual(self.ssh_of_tunnel(), [])

    def test_no_secret_reaches_ssh(self):
        workflow = self.create(2, "sleep 60")
        process = self.start([TORC, "remote", "tunnel", workflow], home=self.srv.home,
                             env={"TORC_API_URL": self.srv.url, "TORC_PASSWORD": "open-sesame", **self.srv.env})
        wait_until(lambda: process.stdout_path.read_text().count("[UP]") == 2, 30, "both forwards")
        for ssh in self.ssh_of_tunnel():
            self.assertNotIn("TORC_PASSWORD", environment(ssh))
            self.assertNotIn(b"open-sesame", pathlib.Path(f"/proc/{ssh}/cmdline").read_bytes())


class Standalone(E2ETest):
    def create(self, command, jobs):
        self.remote = self.workers(2)
        self.home = self.dir / "home"
        self.home.mkdir()
        (self.home / "w.json").write_text(json.dumps({"name": "w", "jobs": [
            {"name": f"j{i}", "command": command} for i in range(jobs)]}))
        (self.home / "hosts.txt").write_text("\n".join(self.remote.names) + "\n")
        return json.loads(run_torc("-f", "json", "-s", "create", "w.json", home=self.home, check=True).stdout)["workflow_id"]

    def tunnels(self):
        return [pid for pid, line in processes_below(self.home).items() if "remote tunnel" in line]

    def test_the_tunnel_of_a_killed_command_ends(self):
        workflow = self.create("sleep 60", 2)
        process = self.start([TORC, "-s", "--db", self.home / "torc_output/torc.db", "remote", "run", workflow, "--workers",
                              self.home / "hosts.txt", "--wait", "--server-tunnel"], home=self.home, env=self.remote.env)
        wait_until(lambda: "Started 2/2" in process.stdout_path.read_text(), 30, "the workers to start")
        self.assertEqual(len(self.tunnels()), 2)  # the tunnel and its guardian
        process.kill()
        process.wait()
        wait_until(lambda: not self.tunnels(), 20, "the tunnel to end with the server")

    def test_a_laptop_with_ssh_alone(self):
        # Without a login there is no answer, although the connection comes from this machine's user.
        workflow = self.create("torc jobs list 1 >$TORC_JOB_ID.out 2>&1 && exit 1; grep -i password $TORC_JOB_ID.out", 4)
        home, remote = self.home, self.remote
        result = run_torc("-s", "remote", "run", workflow, "--workers", "hosts.txt", "-p", 0.2, "--wait",
                          "--server-tunnel", home=home, env=remote.env, check=True, timeout=90)
        self.assertIn("Started 2/2 workers", result.stdout)
        self.assertNotIn("does not require a password", result.stderr)
        jobs = json.loads(run_torc("-f", "json", "-s", "jobs", "list", workflow, home=home, check=True).stdout)
        self.assertEqual({job["status"] for job in jobs["jobs"] if "status" in job}, {"completed"})
        wait_until(lambda: not self.tunnels(), 20, "the tunnel to end with the server")
        self.assertEqual(list(home.glob("torc_output/*.login.*")), [])


class Limit(TunnelTest):
    def test_its_connections_do_not_count_towards_the_limit(self):
        gate, ran, command = self.gates()
        workflow = self.create(2, command)
        self.remote.forget_calls()
        waiting = self.start([TORC, "remote", "run", workflow, "-p", "0.2", "--max-parallel-jobs", "1", "--server-tunnel",
                              "--max-parallel-ssh", "1", "--wait"], home=self.srv.home,
                             env={"TORC_API_URL": self.srv.url, **self.srv.env})
        wait_until(lambda: "Started 2/2 workers" in waiting.stdout_path.read_text() or waiting.poll() is not None, 60,
                   "both workers to start")
        wait_until(lambda: ran.exists() and len(ran.read_text().split()) == 2, 30, "both jobs to run")
        # Both forwards are up while only one other connection is allowed.
        self.assertEqual(len(self.ssh_of_tunnel()), 2)
        self.assertEqual(len([call for call in self.remote.calls() if " -R " in call]), 2)
        status = json.loads(self.srv.torc("-f", "json", "remote", "status", workflow, "--max-parallel-ssh", "1",
                                          check=True).stdout)
        self.assertEqual([row["state"] for row in status["workers"]], ["running"] * 2)
        gate.touch()
        self.assertEqual(waiting.wait(60), 0, waiting.stderr_path.read_text())
        self.assertIn("Server tunnel is up for 2/2 worker(s)", waiting.stdout_path.read_text())
        self.assertIn("2 of 2 jobs completed", waiting.stdout_path.read_text())
        # The tunnel's two, and one more.
        self.assertLessEqual(self.remote.most_at_once(), 3)
        wait_until(lambda: not self.ssh_of_tunnel(), 30, "the tunnel to end with the workflow")


if __name__ == "__main__":
    main()
