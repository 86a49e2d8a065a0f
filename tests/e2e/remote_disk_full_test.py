#!/usr/bin/env python3
"""`torc remote collect-logs` when the local disk is too small: the error is reported, partial files are removed, and
nothing is deleted on the workers. Uses a small tmpfs, mounted in a private mount namespace."""
import os
import subprocess
import sys
import tarfile

from harness import EXIT_SKIPPED, main, processes_below, wait_until
from server_disk_full_test import INSIDE, SmallDisk, enter_mount_namespace

LARGE = 6_000_000  # bytes; more than fits on the disk


class CollectLogs(SmallDisk):
    def setUp(self):
        self.srv = self.server("far")
        self.ws = self.workers(2, self.srv)
        self.logs = self.small_disk("logs", size="4m")
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        self.srv.torc("remote", "run", self.wf, "-p", "0.2", check=True)
        self.srv.wait_complete(self.wf)
        wait_until(lambda: not self.ws.processes(), what="the runners to leave")

    def write(self, small: bytes, large: bytes) -> None:
        """Adds a file to the output of each of the two workers."""
        for host, content in zip(self.ws.hosts, (small, large)):
            (host.home / "torc_output" / "noise").write_bytes(content)
        self.before = list(map(self.output, self.ws.hosts))

    def output(self, host) -> dict[str, bytes]:
        directory = host.home / "torc_output"
        return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    def collect(self, *options, status=0):
        result = self.srv.torc("remote", "collect-logs", self.wf, "-l", self.logs, *options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout

    def archives(self) -> list[str]:
        return [f"torc_logs_{self.wf}_{name.replace('.', '_')}.tar.gz" for name in self.ws.names]

    def here(self) -> list[str]:
        return sorted(path.name for path in self.logs.iterdir())

    def enlarge(self) -> None:
        subprocess.run(["mount", "-o", "remount,size=64m", self.logs], check=True)

    def check_archives(self) -> None:
        self.assertEqual(self.here(), self.archives())
        for name, before in zip(self.archives(), self.before):
            with tarfile.open(self.logs / name) as archive:
                files = {member.name.removeprefix("./"): archive.extractfile(member).read()
                         for member in archive if member.isfile()}
            self.assertEqual(files, before)

    def test_no_room_for_an_archive(self):
        self.write(os.urandom(1000), os.urandom(LARGE))  # Random bytes cannot be compressed.
        for options in ((), ("--max-parallel-ssh", "1")):
            text = self.collect(*options, status=1)
            self.assertIn(f"  [OK] {self.ws.names[0]}: Saved to {self.logs / self.archives()[0]}", text)
            self.assertRegex(text, rf"  \[FAILED\] {self.ws.names[1]}: the archive needs .*, but .* has only .* free\n")
            self.assertIn("Collected logs from 1/2 workers", text)
            self.assertEqual([name for name in self.here() if ".part" in name or self.archives()[1] in name], [])
        self.assertEqual(list(map(self.output, self.ws.hosts)), self.before)
        for path in self.logs.iterdir():
            path.unlink()
        self.enlarge()
        self.collect()
        self.check_archives()

    def test_files_that_were_not_copied_are_not_deleted(self):
        self.write(os.urandom(1000), os.urandom(LARGE))
        text = self.collect("--delete", status=1)
        self.assertIn(f"  [OK] {self.ws.names[0]}: Saved to {self.logs / self.archives()[0]} and deleted remote", text)
        self.assertRegex(text, rf"  \[FAILED\] {self.ws.names[1]}: the archive needs .*, but .* has only .* free; nothing was deleted on the worker\n")
        self.assertIn("Collected and deleted logs from 1/2 workers", text)
        self.assertEqual(self.here(), self.archives()[:1])
        self.assertEqual(list(map(self.output, self.ws.hosts)), [{}, self.before[1]])
        self.enlarge()
        text = self.collect("--delete")
        self.assertIn(f"  [OK] {self.ws.names[0]}: No output directory found", text)
        self.check_archives()
        self.assertFalse(any((host.home / "torc_output").exists() for host in self.ws.hosts))

    def test_no_room_to_unpack(self):
        self.write(b"", b"\0" * LARGE)  # It compresses well.
        text = self.collect("--delete", "--extract", status=1)
        self.assertRegex(text, rf"  \[FAILED\] {self.ws.names[1]}: saved to {self.logs / self.archives()[1]}, but it cannot be "
                               r"unpacked: .*; nothing was deleted on the worker\n")
        unpacked = [name.removesuffix(".tar.gz") for name in self.archives()]
        self.assertEqual(self.here(), sorted([*self.archives(), unpacked[0]]))
        self.assertEqual(list(map(self.output, self.ws.hosts)), [{}, self.before[1]])
        self.enlarge()
        self.collect("--delete", "--extract")
        self.assertEqual((self.logs / unpacked[1] / "noise").read_bytes(), b"\0" * LARGE)
        self.assertFalse((self.ws.hosts[1].home / "torc_output").exists())


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: sshd on a disk of the test's own needs root", file=sys.stderr)
        sys.exit(EXIT_SKIPPED)
    if INSIDE not in os.environ:
        enter_mount_namespace()
    main()
