#!/usr/bin/env python3
"""Malicious workers: they flood, trickle and hang, and report impossible paths, sizes and numbers. Every command ends
within its limits, reports the fault in one line, and leaves no files behind."""
import json
import pathlib
import resource
import time

from harness import E2ETest, main, run_on_terminal

# Replaces the worker's shell. The file `mode` in the home directory selects the lie; without it the shell is honest.
EVIL = r'''#!/usr/bin/python3
import os, subprocess, sys, time
home = os.path.expanduser("~")
command = " ".join(sys.argv[1:])
try:
    mode, workflow, key = open(home + "/mode").read().split()
except OSError:
    os.execv("/bin/sh", ["sh", *sys.argv[1:]])
if "sftp" in command:
    if mode == "sftpflood":
        while True:
            sys.stdout.buffer.write(b"A" * 65536)
    os.execv("/bin/sh", ["sh", *sys.argv[1:]])
write = sys.stdout.write

def report(**values):
    write("\n#torc-report\n" + "".join(f"{name}={value}\n" for name, value in values.items()) + "#torc-report-end\n")
    sys.stdout.flush()

def pack(more="", **lies):
    place = home + "/torc_logs_x"
    os.makedirs(place, exist_ok=True)
    archive = f"{place}/torc_logs_{workflow}_{key}.tar.gz"
    if os.path.lexists(archive):
        os.remove(archive)
    if mode == "zero":
        os.symlink("/dev/zero", archive)
    elif mode == "fifo":
        os.mkfifo(archive)
    else:
        subprocess.run(["tar", "-czf", archive, "-C", home, "mode"], check=True)
    regular = os.path.isfile(archive)
    crc, size = "1", "9"
    if regular:
        crc, size = subprocess.run(["cksum"], stdin=open(archive), capture_output=True, text=True).stdout.split()
    write(f"\n#torc-report\npacked_in={place}\narchive={lies.get('archive', archive)}\n"
          f"checksum={lies.get('checksum', crc)}\nsize={lies.get('size', size)}\ninode=1\nchanged=\n"
          f"directory={home}/torc_output\n{more}#torc-report-end\n#torc-question\n")
    sys.stdout.flush()
    sys.stdin.readline()

if mode in ("good", "sftpflood", "zero", "fifo"): pack()
elif mode == "esc": report(failed="\x1b]0;PWN\x07\x1b[2J\x1b[31mRED\u009b31m\u202e rtl \x08\x08 \r overwritten \x85")
elif mode == "noise": write("\x1b[2J\x1b]52;c;ZWNobyBwd24=\x07 noise\x00\xff\xfe\n" * 50); sys.exit(3)
elif mode == "errnoise": sys.stderr.write("\x1b[2J\x1b]0;x\x07ERR\u009b\r\x08 bad\n"); sys.exit(255)
elif mode == "longline": report(failed="x" * 900000)
elif mode == "flood":
    while True: sys.stdout.buffer.write(b"x" * 65536 + b"\n")
elif mode == "errflood":
    while True: sys.stderr.buffer.write(b"x" * 65536 + b"\n")
elif mode == "trickle":
    while True: write("#torc-progress 1\n"); sys.stdout.flush(); time.sleep(0.2)
elif mode == "hang": time.sleep(300)
elif mode == "glob": pack(archive="/etc/host*")
elif mode == "option": pack(archive="-oProxyCommand=touch " + home + "/pwned")
elif mode == "elsewhere": pack(archive="/etc/hostname")
elif mode == "shell": pack(archive=home + "/x y$(touch pwned)`id`")
elif mode == "wrongsum": pack(checksum=1)
elif mode == "small": pack(size=1)
elif mode == "negative": pack(size=-1)
elif mode == "huge": pack(size=2**63 - 1)
elif mode == "hugefile": pack("file=18446744073709551615 ./x\n")
elif mode == "outside": pack("file=1 ./../x\n")
elif mode == "manyfiles": pack("".join(f"file=1 ./f{i}\n" for i in range(300000)))
elif mode == "pid": report(found=1, running=1, pid="99999999999999999999999", load="nan", signaled="-1", started=0)
'''

# Part of the message for each lie.
LIES = {
    "esc": r"\x1b]0;PWN\x07\x1b[2J\x1b[31mRED\u009b31m\u202e rtl \x08\x08 \x0d overwritten \u0085",
    "noise": r"\x1b[2J\x1b]52;c;ZWNobyBwd24=\x07 noise\x00ÿþ",
    "errnoise": r"\x1b[2J\x1b]0;x\x07ERR\u009b\x0d\x08 bad",
    "longline": "x" * 300 + "...",
    "flood": "the worker sent too much output",
    "errflood": "the worker sent too much output",
    "trickle": "timed out",
    "hang": "timed out",
    "glob": "the worker's report is not valid: archive is '/etc/host*'",
    "option": "the worker's report is not valid: archive is '-oProxyCommand=touch ",
    "elsewhere": "the worker's report is not valid: archive is '/etc/hostname'",
    "shell": "$(touch pwned)`id`'",
    "wrongsum": "the archive was damaged during the transfer",
    "small": "",  # The message depends on which is noticed first: too many bytes, or wrong ones.
    "negative": "the worker's report is not valid: size is '-1'",
    "huge": " has only ",
    "hugefile": "the worker's report is not valid: file is '18446744073709551615 ./x'",
    "outside": "the worker's report is not valid: file is '1 ./../x'",
    "manyfiles": "the archive lacks ./f0",
    "zero": "not a regular file",
    "fifo": "not a regular file",
    "sftpflood": "",
}
LIMIT = 5
# Maximum seconds for a command with this limit: a script, a transfer, and ending a process that ignores SIGTERM.
PATIENCE = 40
MEMORY = 400 << 20


class HostileWorker(E2ETest):
    def setUp(self):
        self.srv = self.server(env={"TORC_SSH_LIMIT": str(LIMIT)})
        self.ws = self.workers(1, self.srv)
        self.host = self.ws.hosts[0]
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        # The name of an honest archive contains the worker's key.
        (self.host.home / "torc_output").mkdir()
        self.srv.torc("remote", "collect-logs", self.wf, "-l", self.dir / "honest", check=True)
        archive, = (self.dir / "honest").iterdir()
        self.key = archive.name.removeprefix(f"torc_logs_{self.wf}_").removesuffix(".tar.gz")
        evil = self.host.bin / "sh"
        evil.write_text(EVIL)
        evil.chmod(0o755)

    def lie(self, mode: str) -> None:
        (self.host.home / "mode").write_text(f"{mode} {self.wf} {self.key}\n")

    def timed(self, *args):
        before = time.monotonic()
        result = self.srv.torc(*args, timeout=PATIENCE)
        self.assertLess(time.monotonic() - before, PATIENCE)
        text = result.stdout + result.stderr
        self.assertEqual([c for c in text if not (c.isprintable() or c == "\n")], [], text)
        return result

    def test_collects_nothing_of_a_liar(self):
        target = self.dir / "archives"
        for mode, words in LIES.items():
            with self.subTest(mode):
                self.lie(mode)
                result = self.timed("remote", "collect-logs", self.wf, "-l", target)
                self.assertEqual(result.returncode, 1, result.stdout)
                lines = [line for line in result.stdout.splitlines() if "[FAILED]" in line]
                self.assertEqual(len(lines), 1, result.stdout)
                self.assertIn(words, lines[0])
                self.assertLess(len(lines[0]), 700)
                self.assertEqual(sorted(target.iterdir()) if target.exists() else [], [], "files were left here")
                self.assertFalse(list(self.dir.rglob("pwned")))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        self.assertLess(peak, MEMORY)

    def test_the_test_knows_an_honest_worker(self):
        self.lie("good")
        result = self.timed("remote", "collect-logs", self.wf, "-l", self.dir / "archives")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual([path.suffix for path in (self.dir / "archives").iterdir()], [".gz"])

    def test_every_step_has_limits(self):
        for mode in ("flood", "hang", "pid", "esc"):
            self.lie(mode)
            for command in (["status"], ["run", "--skip-version-check"], ["stop"], ["stop", "--force"],
                            ["delete-logs", "--yes"], ["exec", "--", "id"], ["install"],
                            ["collect-logs", "--delete", "-l", self.dir / "archives"]):
                with self.subTest(f"{mode} {command[0]}"):
                    words = [command[0], self.wf, *command[1:]]
                    result = self.timed("remote", *words)
                    text = result.stdout + result.stderr
                    self.assertTrue(text)
                    self.assertLess(len(text), 4000)
                    if command[0] in ("run", "collect-logs", "exec"):
                        self.assertEqual(result.returncode, 1, text)

    def test_what_it_says_on_a_terminal(self):
        for mode in ("esc", "noise", "errnoise"):
            self.lie(mode)
            for command in (["status"], ["exec", "--", "id"], ["stop"], ["install"]):
                _, shown = run_on_terminal("remote", command[0], self.wf, *command[1:], home=self.srv.home,
                                           env={"TORC_API_URL": self.srv.url, **self.srv.env})
                text = shown.replace(b"\r\x1b[K", b"").decode()
                self.assertEqual([c for c in text if not (c.isprintable() or c == "\n")], [], text)

    def test_json_is_json(self):
        for mode in ("esc", "noise", "pid"):
            self.lie(mode)
            for command in (["status"], ["exec", "--", "id"], ["stop"]):
                result = self.timed("-f", "json", "remote", command[0], self.wf, *command[1:])
                self.assertEqual(json.loads(result.stdout)["ok"], 0, result.stdout)

    def test_the_client_leaves_no_files(self):
        before = set(pathlib.Path(self.srv.home).rglob("*"))
        self.lie("flood")
        self.timed("remote", "status", self.wf)
        self.assertEqual(set(pathlib.Path(self.srv.home).rglob("*")), before)


if __name__ == "__main__":
    main()
