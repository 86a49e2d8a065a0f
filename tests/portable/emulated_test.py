#!/usr/bin/env python3
"""A portable torc of another architecture, run by qemu-user, as a server, as a runner and on an ssh worker.

usage: TORC_PORTABLE_BIN=build/portable-aarch64/torc TORC_QEMU=PATH [TORC_BIN=build/release/torc]
       tests/portable/emulated_test.py [-v]

scripts/portable/test_portable.sh calls it. Uses a wrapper script, because not every machine has binfmt_misc.
"""
import os
import pathlib
import platform
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
from harness import E2ETest, main, wait_until  # noqa: E402

QEMU = os.environ.get("TORC_QEMU", "")
EMULATED = os.path.abspath(os.environ.get("TORC_PORTABLE_BIN", ""))
MACHINE = "aarch64"
# An emulated program is several times slower, also at its start.
LIMIT = 240


class Emulated(E2ETest):
    def setUp(self):
        # Not skipped: only who wants this test runs it.
        for name, path in (("TORC_QEMU", QEMU), ("TORC_PORTABLE_BIN", EMULATED)):
            self.assertTrue(os.path.isfile(path), f"{name} names no program: {path!r}")
        self.wrapper = self.dir / "torc"
        self.wrapper.write_text(f"#!/bin/sh\nexec {shlex.quote(QEMU)} {shlex.quote(EMULATED)} \"$@\"\n")
        self.wrapper.chmod(0o755)
        self.native = harness.TORC

    def use(self, program):
        """Makes the harness run this program for servers and commands."""
        self.addCleanup(setattr, harness, "TORC", harness.TORC)
        harness.TORC = str(program)

    def test_it_is_static_and_prints_its_version(self):
        self.assertIn("AArch64", subprocess.run(["readelf", "-h", EMULATED], text=True, stdout=subprocess.PIPE).stdout)
        self.assertNotIn("INTERP", subprocess.run(["readelf", "-lW", EMULATED], text=True, stdout=subprocess.PIPE).stdout)
        said = subprocess.run([self.wrapper, "--version"], text=True, stdout=subprocess.PIPE, timeout=LIMIT).stdout
        self.assertRegex(said, r"^torc \d+\.")

    def test_it_serves_and_runs_jobs(self):
        self.use(self.wrapper)
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [
            {"name": "first", "command": "echo one > one.txt"},
            {"name": "second", "command": "exit 3", "depends_on": []},
            {"name": "last", "command": "cat one.txt", "depends_on": ["first"]}]}, timeout=LIMIT)
        server.torc("run", workflow, timeout=LIMIT)
        self.assertEqual(server.statuses(workflow), {"first": "completed", "second": "failed", "last": "completed"})
        self.assertEqual(server.stop(), 0)

    def test_it_is_a_worker(self):
        server = self.server()
        workers = self.workers(1, server)
        host = workers.hosts[0]
        host.set_torc(self.wrapper.read_text())
        uname = host.bin / "uname"
        uname.write_text(f"#!/bin/sh\n/usr/bin/uname \"$@\" | sed s/{platform.machine()}/{MACHINE}/g\n")
        uname.chmod(0o755)
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": "uname -m"} for i in range(4)]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True, timeout=LIMIT)
        server.torc("remote", "run", workflow, check=True, timeout=LIMIT)
        wait_until(lambda: set(server.statuses(workflow).values()) == {"completed"}, LIMIT, "the jobs of the worker")
        wait_until(lambda: server.json("remote", "status", workflow, timeout=LIMIT)["workers"][0]["state"] == "finished",
                   LIMIT, "the end of the runner")
        outputs = [path.read_text(errors="replace") for path in host.home.glob("torc_output/job_stdio/*")]
        self.assertIn(f"{MACHINE}\n", outputs)
        server.torc("remote", "collect-logs", workflow, check=True, timeout=LIMIT)


if __name__ == "__main__":
    main()
