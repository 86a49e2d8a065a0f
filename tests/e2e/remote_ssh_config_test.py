#!/usr/bin/env python3
"""Common ssh configurations work: jump hosts, shared connections, and an sshd that limits concurrent logins."""
import os
import signal
import time

from harness import E2ETest, alive, main, processes_below, wait_until

UNTIL_GO = "echo done; until [ -e $HOME/go ]; do sleep 0.05; done"


class SshConfig(E2ETest):
    def set_up_workers(self, count=3, jobs=None):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        jobs = count if jobs is None else jobs
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": f"j{i}", "command": UNTIL_GO} for i in range(jobs)]})

    def remote(self, command, *args, status=0, **options):
        result = self.srv.torc("remote", command, self.wf, *args, **options)
        self.assertEqual(result.returncode, status, f"{command}\n{result.stdout}\n{result.stderr}")
        return result

    def go_through_everything(self, names):
        """Runs all commands, from adding the workers to collecting their logs."""
        self.remote("add-workers", *names)
        self.remote("run", "--max-parallel-jobs", "1", "--poll-interval", "0.2")
        wait_until(lambda: list(self.srv.statuses(self.wf).values()).count("running") == len(names), what="the jobs to run")
        self.assertIn(f"{len(names)}/{len(names)} workers running", self.remote("status").stdout)
        stopped = self.remote("stop").stdout
        self.assertEqual(stopped.count("Stopped (1 job requeued)"), len(names), stopped)
        self.remote("collect-logs", "-l", self.dir / "logs", "--delete")
        self.assertEqual(len(list((self.dir / "logs").glob("*.tar.gz"))), len(names))

    def use_jump_host(self, max_startups="1000"):
        """Makes the first host the gate, through which alone the others can be reached."""
        gate, *others = self.ws.hosts
        gate.max_startups = max_startups
        self.ws.start_host(0)
        self.ws.configure_client("".join(f"Host {host.name}\n  ProxyJump gate\n" for host in others) +
                                 f"Host gate\n  HostName {gate.address}\n  Port {gate.port}\n  StrictHostKeyChecking accept-new\n")
        return [host.name for host in others]

    def test_a_jump_host(self):
        self.set_up_workers(3, jobs=2)
        names = self.use_jump_host()
        self.go_through_everything(names)
        through_gate, to_workers = self.ws.logins(0), self.ws.logins(1) + self.ws.logins(2)
        self.assertGreater(to_workers, 0)
        self.assertEqual(through_gate, to_workers, "connections did not go through the gate")
        self.ws.stop_host(0)
        result = self.remote("status", status=1)
        self.assertEqual(result.stdout.count(f"Unreachable: ssh: connect to host {self.ws.hosts[0].address} port "), 2, result.stdout)

    def share_connections(self):
        self.ws.configure_client(f"Host *\n  ControlMaster auto\n  ControlPath {self.ws.client}/m-%h\n  ControlPersist 300\n")

    def masters(self):
        return [pid for pid, line in processes_below(self.dir).items() if "[mux]" in line and alive(pid)]

    def test_shared_connections(self):
        self.set_up_workers(2)
        self.share_connections()
        self.go_through_everything(self.ws.names)
        self.assertEqual(len(self.masters()), 2)
        self.assertEqual([self.ws.logins(index) for index in range(2)], [1, 1], "a command used a new connection")

    def test_a_control_socket_whose_master_is_gone(self):
        self.set_up_workers(2)
        self.share_connections()
        self.remote("add-workers", *self.ws.names)
        self.remote("run", "--poll-interval", "0.2")
        for pid in self.masters():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.masters(), what="the masters to be gone")
        self.assertEqual(len(list(self.ws.client.glob("m-*"))), 2, "their sockets should still exist")
        self.assertIn("2/2 workers running", self.remote("status", env={"TORC_SSH_LIMIT": "20"}).stdout)
        self.assertEqual(len(self.masters()), 2)

    def test_a_master_that_hangs(self):
        self.set_up_workers(2)
        self.share_connections()
        self.remote("add-workers", *self.ws.names)
        self.remote("run", "--poll-interval", "0.2")
        masters = self.masters()
        self.assertEqual(len(masters), 2)
        for pid in masters:
            os.kill(pid, signal.SIGSTOP)
        for command in ("status", "stop", "collect-logs"):
            began = time.monotonic()
            result = self.remote(command, status=1, env={"TORC_SSH_LIMIT": "2"})
            self.assertLess(time.monotonic() - began, 15, command)
            self.assertEqual(result.stdout.count("timed out"), 2, result.stdout)
        for pid in masters:
            os.kill(pid, signal.SIGCONT)
        self.remote("stop")

    def test_an_sshd_that_limits_concurrent_logins(self):
        self.set_up_workers(9, jobs=8)
        names = self.use_jump_host("2:100:3")
        self.go_through_everything(names)
        refused = (self.ws.hosts[0].dir / "sshd.log").read_text()
        self.assertTrue("MaxStartups" in refused, "it refused no connection")

    def test_a_delay_between_connections(self):
        self.set_up_workers(5, jobs=1)
        began = time.monotonic()
        self.remote("add-workers", *self.ws.names, "--connect-delay", "0.5")
        self.assertGreaterEqual(time.monotonic() - began, 2)
        # The start of the first worker waits for the check of the last one.
        began = time.monotonic()
        result = self.remote("run", "--connect-delay", "0.5", "--max-parallel-ssh", "5")
        self.assertIn("Started 5/5 workers", result.stdout)
        self.assertGreaterEqual(time.monotonic() - began, 2)

    def test_status_connects_once_to_each(self):
        self.set_up_workers(3)
        self.remote("add-workers", *self.ws.names)
        before = [self.ws.logins(index) for index in range(3)]
        self.ws.forget_calls()
        self.remote("status", "--max-parallel-ssh", "2")
        self.assertEqual([self.ws.logins(index) for index in range(3)], [count + 1 for count in before])
        self.assertEqual(len(self.ws.calls()), 3)


if __name__ == "__main__":
    main()
