#!/usr/bin/env python3
"""Tests of the fixtures: a worker answers over ssh, goes down, hangs, shares its home directory; calls are counted."""
import subprocess

from harness import E2ETest, alive, main, processes_below, wait_until

OPTIONS = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=2"]


def ssh(workers, index, command):
    program = workers.env["TORC_SSH"]
    return subprocess.run([program, *OPTIONS, "--", workers.names[index], command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=30, check=False)


class Workers(E2ETest):
    def test_each_is_a_separate_host(self):
        workers = self.workers(3)
        for index, host in enumerate(workers.hosts):
            result = ssh(workers, index, "pwd; command -v torc")
            self.assertEqual(result.stdout.split(), [str(host.home), str(host.bin / "torc")], result.stderr)
        self.assertEqual(len(workers.calls()), 3)
        self.assertEqual(workers.most_at_once(), 1)

    def test_scp_copies_a_file(self):
        workers = self.workers(1)
        (self.dir / "a file").write_text("content")
        subprocess.run([workers.env["TORC_SCP"], *OPTIONS, "-q", self.dir / "a file", f"{workers.names[0]}:copy"], check=True,
                       timeout=30)
        self.assertEqual((workers.hosts[0].home / "copy").read_text(), "content")

    def test_bad_hosts(self):
        workers = self.workers(4)
        workers.stop_host(0)
        workers.hang_host(1)
        workers.refuse_key(2)
        workers.hosts[3].set_torc("#!/bin/sh\necho torc 0.1.0\n")
        self.assertIn("Connection refused", ssh(workers, 0, "true").stderr)
        self.assertIn("timed out", ssh(workers, 1, "true").stderr)
        self.assertIn("Permission denied", ssh(workers, 2, "true").stderr)
        self.assertEqual(ssh(workers, 3, "torc --version").stdout, "torc 0.1.0\n")
        workers.hosts[3].set_torc(None)
        self.assertNotEqual(ssh(workers, 3, "torc --version").returncode, 0)
        workers.start_host(0)
        self.assertEqual(ssh(workers, 0, "echo back").stdout, "back\n")

    def test_two_ports_of_one_host_and_a_shared_home(self):
        workers = self.workers(2, shared_home=True, same_address=True)
        self.assertEqual({host.address for host in workers.hosts}, {"127.0.0.2"})
        # The names include the port, as in "127.0.0.2:2201"; ssh needs it as a separate argument.
        for host, alias in zip(workers.hosts, ("ws1", "ws2")):
            result = subprocess.run([workers.env["TORC_SSH"], *OPTIONS, alias, "pwd; echo $PATH"], capture_output=True,
                                    text=True, timeout=30, check=True)
            self.assertEqual(result.stdout.split("\n")[0], str(self.dir / "workers" / "home"))
            self.assertIn(str(host.bin), result.stdout)

    def test_remaining_processes_are_found_and_ended(self):
        workers = self.workers(1)
        ssh(workers, 0, "nohup setsid sleep 300 </dev/null >/dev/null 2>&1 &")
        pid = wait_until(lambda: next((pid for pid, line in processes_below(self.dir).items() if line == "sleep 300"), None))
        self.assertTrue(alive(pid))
        workers.stop()
        self.assertFalse(alive(pid))


if __name__ == "__main__":
    main()
