#!/usr/bin/env python3
"""`run --install` from this machine onto workers of other distributions and another processor, with one workflow on all.

usage: TORC_BINARY_DIR=DIR TORC_ROOTS=DIR [TORC_BIN=build/release/torc] tests/portable/foreign_roots_test.py [-v]
       TORC_BINARY_DIR  has torc-linux-x86_64 and torc-linux-aarch64
       TORC_ROOTS       what scripts/foreign_roots.sh made
       TORC_QEMU        a static qemu-aarch64

scripts/portable/test_portable.sh calls it, as root. Each worker is an sshd of this machine, the sessions of which see
another root file system, processes of their own and another host name. Programs for aarch64 run by emulation, which is
registered with the kernel (binfmt_misc) for as long as the test runs.
"""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import E2ETest, main, wait_until  # noqa: E402

PORTABLE = {"debian11": "torc-linux-x86_64", "debian13": "torc-linux-x86_64", "busybox": "torc-linux-x86_64",
            "busybox-aarch64": "torc-linux-aarch64"}
# An emulated program takes several times as long.
LIMIT = 240
# Programs for aarch64, by the first bytes of the file (binfmt_misc of the kernel's documentation).
AARCH64_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
AARCH64_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
BINFMT = pathlib.Path("/proc/sys/fs/binfmt_misc")
NAME = f"torc-test-{os.getpid()}"


def setUpModule():
    for variable in ("TORC_BINARY_DIR", "TORC_ROOTS", "TORC_QEMU"):
        if not os.path.exists(os.environ.get(variable, "")):
            raise RuntimeError(f"{variable} must name an existing file or directory")
    if not (BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "none", BINFMT], check=True)
    # F: the emulator is opened now, as it cannot be found in the workers' file systems.
    (BINFMT / "register").write_text(f":{NAME}:M::{AARCH64_MAGIC}:{AARCH64_MASK}:{os.path.abspath(os.environ['TORC_QEMU'])}:F")
    unittest.addModuleCleanup((BINFMT / NAME).write_text, "-1")


class ForeignRoots(E2ETest):
    def roots(self):
        """Copies, because workers change them."""
        copies = []
        for name in PORTABLE:
            copy = self.dir / "roots" / name
            copy.parent.mkdir(exist_ok=True)
            subprocess.run(["cp", "-a", pathlib.Path(os.environ["TORC_ROOTS"]) / name, copy], check=True)
            copies.append((name, copy))
        return copies

    def test_one_workflow_finishes_on_all_of_them(self):
        server = self.server()
        workers = self.workers(len(PORTABLE) + 1, server, roots=self.roots())
        by_name = dict(zip([*PORTABLE, "this"], workers.names))
        file = self.dir / "workers.txt"
        file.write_text("".join(f"{name} max-jobs=1\n" for name in workers.names))
        workflow = server.create({"name": "w", "jobs": [
            {"name": f"j{i}", "command": "uname -m; cat /etc/debian_version; sleep 1"} for i in range(40)]})
        workers.hosts[-1].set_torc(None)
        run = server.torc("remote", "run", workflow, "--workers", file, "--install", "--binary-dir",
                          os.environ["TORC_BINARY_DIR"], "--wait", check=True, timeout=LIMIT)
        for name, program in [*PORTABLE.items(), ("this", "this program")]:
            self.assertRegex(run.stdout, rf"\[OK\] {by_name[name]}: Installed \S+/\.local/bin/torc \({program}\)\n")
        self.assertIn("40 of 40 jobs completed", run.stdout)
        nodes = {node["id"]: node["hostname"] for node in server.get(f"/compute_nodes?workflow_id={workflow}")["items"]}
        used = {nodes[result["compute_node_id"]] for result in server.results(workflow)}
        self.assertEqual(used & set(PORTABLE), set(PORTABLE), "each worker has run jobs")
        self.assertEqual(len(used), len(PORTABLE) + 1)
        wait_until(lambda: {row["state"] for row in server.json("remote", "status", workflow, timeout=LIMIT)["workers"]}
                   == {"finished"}, LIMIT, "the end of the runners")
        # Debian's busybox has no cksum, which collect-logs needs.
        server.torc("remote", "collect-logs", workflow, "--host", by_name["debian11"], "--host", by_name["debian13"], "--extract",
                    check=True, timeout=LIMIT)
        seen = {"busybox-aarch64": "aarch64\n", "debian11": "x86_64\n11.", "debian13": "x86_64\n13."}
        for name, text in seen.items():
            outputs = [path.read_text() for path in (self.dir / "roots" / name / "root/torc_output/job_stdio").glob("*.o")]
            self.assertTrue(outputs and all(output.startswith(text) for output in outputs), (name, outputs))
        # The system's bash is missing on busybox only.
        events = [event["data"] for event in server.get(f"/events?workflow_id={workflow}")["items"]]
        without_bash = {nodes[data["compute_node_id"]] for data in events if data.get("event_type") == "bash_missing"}
        self.assertEqual(without_bash, {"busybox", "busybox-aarch64"})


if __name__ == "__main__":
    main()
