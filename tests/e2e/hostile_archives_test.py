#!/usr/bin/env python3
"""Malicious archives and output directories of workers, read by `collect-logs --extract`, `logs`, `logs analyze`, `logs
bundle` and `plot-resources`. A real worker's tar is replaced by a script that returns an archive made by the test."""
import gzip
import io
import json
import os
import pathlib
import signal
import stat
import subprocess
import tarfile
import time

from harness import TORC, E2ETest, main, processes_below, wait_until


def make_archive(path, entries) -> None:
    """Writes a tar archive. `entries`: (name, content or None, attributes of the TarInfo)."""
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        for name, content, attributes in entries:
            info = tarfile.TarInfo(name)
            info.mode = 0o644
            info.size = len(content or b"")
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content) if content is not None else None)


def make_bomb(path, size: int, entries=()) -> None:
    """Writes an archive of the entries and a file of `size` zeros, a multiple of 4 MiB. It repeats one compressed gzip
    member, which takes no time."""
    tar = b""
    for name, content, _ in entries:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar += info.tobuf(tarfile.GNU_FORMAT) + content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)
    info = tarfile.TarInfo("./job_stdio/job_wf1_j1_r1_a1.o")
    info.size = size
    piece = 4 << 20
    zeros = gzip.compress(b"\0" * piece)
    pathlib.Path(path).write_bytes(gzip.compress(tar + info.tobuf(tarfile.GNU_FORMAT)) + zeros * (size // piece) +
                                   gzip.compress(b"\0" * 1024))


def special(kind, **attributes):
    return None, {"type": kind, **attributes}


class Archives(E2ETest):
    def setUp(self):
        self.srv = self.server()
        self.ws = self.workers(1, self.srv)
        self.host = self.ws.hosts[0]
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": "j", "command": "echo from the job"}]})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        self.srv.torc("remote", "run", self.wf, "-p", "0.2", check=True)
        self.srv.wait_complete(self.wf)
        wait_until(lambda: not self.ws.processes(), what="the runner to leave")
        self.stem = f"job_wf{self.wf}_j{self.srv.jobs(self.wf)[0]['id']}_r1_a1"
        self.logs = self.srv.home / "logs"
        self.unpacked = self.logs / f"torc_logs_{self.wf}_{self.host.name.replace('.', '_')}"
        self.evil = self.dir / "evil.tar.gz"
        # The worker's real files; an archive without them is rejected as not being its output.
        output = self.host.home / "torc_output"
        self.real = [(f"./{path.relative_to(output)}", path.read_bytes(), {}) for path in output.rglob("*")
                     if path.is_file() and self.stem not in path.name]
        for path in output.rglob(f"{self.stem}.*"):
            path.unlink()  # Tests replace it.

    def pack_instead(self) -> None:
        """Makes the worker send `self.evil` as its archive."""
        tar = self.host.bin / "tar"
        tar.write_text("#!/bin/sh\nfor name; do case $name in *.tar.gz) archive=$name;; esac; done\n"
                       f'cat {self.evil} >"$archive"\n')
        tar.chmod(0o755)

    def collect(self, *options):
        return self.srv.torc("remote", "collect-logs", self.wf, "-l", self.logs, "--extract", *options, timeout=150)

    def tree(self) -> dict[str, os.stat_result]:
        """Entries that were unpacked, without the worker's real files."""
        real = {pathlib.PurePath(name) for name, _, _ in self.real}
        real |= {parent for path in real for parent in path.parents}
        found = {path.relative_to(self.unpacked): path.lstat() for path in self.unpacked.rglob("*")}
        return {str(path): info for path, info in found.items() if path not in real}

    def test_special_files_and_bits(self):
        make_archive(self.evil, self.real + [
            ("./", *special(tarfile.DIRTYPE, mode=0o1777)), ("./job_stdio/ok.o", b"fine\n", {}),
            ("./suid", b"#!/bin/sh\nid\n", {"mode": 0o6755}), ("./\x1b[2Jfifo", *special(tarfile.FIFOTYPE)),
            ("./blk", *special(tarfile.BLKTYPE, devmajor=254, mode=0o666)),
            ("./chr", *special(tarfile.CHRTYPE, devmajor=1, devminor=1, mode=0o666)),
            ("./shadow", *special(tarfile.SYMTYPE, linkname="/etc/shadow")), ("./d", *special(tarfile.DIRTYPE, mode=0)),
            ("./d/none", b"1", {"mode": 0})])
        self.pack_instead()
        result = self.collect("--delete")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(f"  [INCOMPLETE] {self.host.name}: Saved to {self.unpacked}.tar.gz, unpacked in {self.unpacked} and "
                      r"deleted remote; 4 not unpacked, only in the archive: FIFO ./\x1b[2Jfifo, device ./blk, "
                      "device ./chr, link shadow (it leaves the directory)\n", result.stdout)
        self.assertIn(f"{self.host.name}: unpacked without setuid, setgid and sticky bits: ./suid\n", result.stderr)
        self.assertFalse((self.host.home / "torc_output").exists(), "it was not deleted on the worker")
        tree = self.tree()
        self.assertEqual(sorted(tree), ["d", "d/none", "job_stdio", "job_stdio/ok.o", "suid"])
        for name, info in tree.items():
            self.assertEqual(info.st_mode & 0o7000, 0, name)
            self.assertEqual(info.st_uid, os.getuid(), name)
            self.assertTrue(stat.S_ISREG(info.st_mode) or info.st_mode & 0o700 == 0o700, name)
        row, = self.srv_json_rows()
        self.assertEqual((row["ok"], row["skipped"]["count"], row["stripped"]["first"]), (False, 4, ["./suid"]))

    def srv_json_rows(self):
        (self.host.home / "torc_output").mkdir(exist_ok=True)
        result = self.srv.torc("-f", "json", "remote", "collect-logs", self.wf, "-l", self.logs, "--extract")
        self.assertEqual(result.returncode, 1, result.stderr)
        return json.loads(result.stdout)["workers"]

    def test_names_and_links_that_leave(self):
        victim = self.dir / "victim"
        victim.write_text("as it was")
        make_archive(self.evil, self.real + [
            ("./job_stdio/ok.o", b"fine\n", {}), ("../../../../victim", b"1", {}), (f"{victim}2", b"1", {}),
            ("./lnk", *special(tarfile.SYMTYPE, linkname=str(self.dir))), ("./lnk/victim", b"1", {}),
            ("./h", *special(tarfile.LNKTYPE, linkname=str(victim))), ("./h", b"overwritten", {}),
            (".", *special(tarfile.SYMTYPE, linkname=str(self.dir)))])
        before = sorted(self.dir.iterdir())
        self.pack_instead()
        result = self.collect()
        self.assertEqual(result.returncode, 1)
        self.assertIn("; 5 not unpacked, only in the archive: ", result.stdout)
        self.assertEqual((victim.read_text(), sorted(self.dir.iterdir())), ("as it was", before))
        self.assertEqual(sorted(self.tree()), ["h", "job_stdio", "job_stdio/ok.o", "lnk", "lnk/victim"])

    def test_a_bomb_is_named_not_unpacked(self):
        make_bomb(self.evil, 3 << 29, self.real)
        self.pack_instead()
        result = self.collect("--delete")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertRegex(result.stdout, r"\[FAILED\] .*: saved to .*, but it cannot be unpacked: unpacked it takes at least "
                                        r"1\.5 GiB, .* use --max-size SIZE \(here at least 2g\) to accept it; nothing was deleted on the worker\n")
        self.assertEqual([path.name for path in self.logs.iterdir()], [self.unpacked.name + ".tar.gz"])
        refused = self.srv.torc("logs", "analyze", self.evil)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("unpacked it takes at least 1.5 GiB", refused.stderr)

    def test_max_size(self):
        make_bomb(self.evil, 20 << 20, self.real)
        self.pack_instead()
        result = self.collect("--max-size", "10m")
        self.assertEqual(result.returncode, 1)
        self.assertIn("unpacked it takes at least 20.0 MiB, more than the 10.0 MiB of --max-size", result.stdout)
        self.assertEqual(self.collect("--max-size", "30m").returncode, 0)
        self.assertEqual((self.unpacked / "job_stdio/job_wf1_j1_r1_a1.o").stat().st_size, 20 << 20)
        make_bomb(self.evil, 20 << 20)
        self.assertEqual(self.srv.torc("logs", "analyze", self.evil, "--max-size", "10m").returncode, 1)
        self.assertEqual(self.srv.torc("logs", "analyze", self.evil, check=True).stdout,
                         "1 file(s) read, no problems found\n")
        for options in (["--max-size", "x", "--extract"], ["--max-size", "0", "--extract"], ["--max-size", "1g"]):
            self.assertEqual(self.srv.torc("remote", "collect-logs", self.wf, *options).returncode, 2, options)

    def interrupt(self, process, moment, what) -> float:
        """Sends SIGINT once `moment` is true; returns how long the command then takes to end."""
        wait_until(moment, timeout=120, what=what, interval=0.005)
        self.assertIsNone(process.poll(), process.stdout_path.read_text())
        process.send_signal(signal.SIGINT)
        begin = time.monotonic()
        self.assertEqual(process.wait(20), 1)
        return time.monotonic() - begin

    def test_an_interruption_ends_the_unpacking(self):
        make_bomb(self.evil, 2 << 30, self.real)
        self.pack_instead()
        for what, pattern in (("the check", "*.tar.gz.*.part"), ("the directory", "*.part/job_stdio/*")):
            process = self.start([TORC, "remote", "collect-logs", self.wf, "-l", self.logs, "--extract", "--max-size", "20g"],
                                 home=self.srv.home, env={"TORC_API_URL": self.srv.url, **self.ws.env})
            size = self.evil.stat().st_size if what == "the check" else 1
            seconds = self.interrupt(
                process, lambda: any(path.stat().st_size >= size for path in self.logs.glob(pattern)), what)
            self.assertLess(seconds, 1, what)
            self.assertIn("canceled", process.stdout_path.read_text())
            self.assertEqual([path.name for path in self.logs.iterdir() if ".part" in path.name], [])

    def test_an_interruption_does_not_wait_for_a_worker(self):
        """After its archive has been copied, the worker does not answer any more."""
        shell = self.host.bin / "sh"
        shell.write_text(f'#!/bin/dash\nif [ "$1" = -s ]; then\n  if [ -e {self.dir}/once ]; then\n'
                         f'    : >{self.dir}/hangs; exec sleep 1000\n  fi\n  : >{self.dir}/once\nfi\nexec /bin/sh "$@"\n')
        shell.chmod(0o755)
        process = self.start([TORC, "remote", "collect-logs", self.wf, "-l", self.logs, "--delete"], home=self.srv.home,
                             env={"TORC_API_URL": self.srv.url, **self.ws.env})
        self.assertLess(self.interrupt(process, (self.dir / "hangs").exists, "a script that hangs"), 1)
        self.assertTrue((self.host.home / "torc_output").is_dir())

        def tidying():
            return [line for line in processes_below(self.dir).values() if line.startswith("timeout ")]

        wait_until(lambda: not tidying(), what="the processes in the background to end")

    def test_logs_of_what_was_collected(self):
        (self.host.home / "torc_output" / "job_stdio" / f"{self.stem}.o").write_text("from the job\n")
        self.srv.torc("remote", "collect-logs", self.wf, "-l", self.logs, "--extract", check=True)
        output = self.unpacked / "job_stdio" / f"{self.stem}.o"
        secret = self.dir / "secret"
        secret.write_text("secret")

        def shown():
            return self.srv.torc("logs", self.wf, "j", "-l", self.logs, timeout=20)

        self.assertEqual(shown().stdout, "from the job\n")
        output.unlink()
        for make, reason in ((lambda: os.mkfifo(output), "it is a FIFO"),
                             (lambda: output.symlink_to(secret), "it is a link that leaves the directory"),
                             (lambda: output.symlink_to("/dev/zero"), "it is a link that leaves the directory")):
            make()
            result = shown()
            self.assertEqual((result.returncode, result.stdout), (1, ""), reason)
            self.assertIn(f"{output} ({reason})", result.stderr)
            for command in (("bundle", self.wf, "-o", self.unpacked), ("analyze", self.unpacked)):
                result = self.srv.torc("logs", *command, timeout=20, check=True)
                self.assertIn(f"job_stdio/{self.stem}.o", result.stderr)
                self.assertNotIn("secret", result.stdout)
            output.unlink()
        with tarfile.open(self.srv.home / f"wf{self.wf}.tar.gz") as bundle:
            self.assertNotIn(f"./job_stdio/{self.stem}.o", bundle.getnames())
        output.symlink_to("../other")
        (self.unpacked / "other").write_text("inside")
        self.assertEqual(shown().stdout, "inside")

    def test_logs_of_an_archive(self):
        self.logs.mkdir()
        name = f"./job_stdio/{self.stem}"
        make_archive(f"{self.unpacked}.tar.gz", [(f"{name}.o", *special(tarfile.FIFOTYPE)), (f"{name}.e", b"why\n", {})])
        result = self.srv.torc("logs", self.wf, "j", "-l", self.logs, timeout=20)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertTrue(result.stderr.startswith("why\n"), result.stderr)
        self.assertIn(f"job_stdio/{self.stem}.o in {self.unpacked}.tar.gz (it is a FIFO)", result.stderr)

    def test_a_closed_pipe_ends_the_logs_of_an_archive_quietly(self):
        self.logs.mkdir()
        make_archive(f"{self.unpacked}.tar.gz", [(f"./job_stdio/{self.stem}.o", b"line\n" * 1_000_000, {})])
        read_end, write_end = os.pipe()
        os.close(read_end)

        def logs_to(output):
            return subprocess.run([TORC, "logs", str(self.wf), "j", "-l", str(self.logs)], stdout=output,
                                  stderr=subprocess.PIPE, text=True, timeout=20, check=False, cwd=self.srv.home,
                                  env={"PATH": os.environ["PATH"], "HOME": str(self.srv.home),
                                       "TORC_API_URL": self.srv.url, **self.srv.env})

        with os.fdopen(write_end, "wb") as closed:
            result = logs_to(closed)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with open("/dev/full", "wb") as full:
            result = logs_to(full)
        self.assertEqual((result.returncode, result.stderr),
                         (1, "Error: cannot write to standard output: No space left on device\n"))


class Analysis(E2ETest):
    def analyze(self, *args, **options):
        return self.torc("logs", "analyze", *args, **options)

    def torc(self, *args, timeout=60, prefix=()):
        (self.dir / "home").mkdir(exist_ok=True)
        return subprocess.run([*prefix, TORC, *map(str, args)], capture_output=True, text=True, errors="replace",
                              timeout=timeout, cwd=self.dir, check=False, stdin=subprocess.DEVNULL,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.dir / "home")})

    def test_names_are_printable_and_special_entries_named(self):
        make_archive(self.dir / "a.tar.gz", [
            ("./\x1b[2Jjob_wf1_j1_r1_a1.o", b"some error\x1b]0;pwn\x07\n", {}),
            ("./job_wf1_j2_r1_a1.o", *special(tarfile.FIFOTYPE)),
            ("./job_wf1_j3_r1_a1.o", *special(tarfile.SYMTYPE, linkname="/etc/passwd")),
            ("./blk", *special(tarfile.BLKTYPE)), ("./suid", b"", {"mode": 0o4755})])
        before = set(pathlib.Path("/tmp").glob("torc-logs-*"))
        result = self.analyze("a.tar.gz")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(r"  \x1b[2Jjob_wf1_j1_r1_a1.o:1: some error\x1b]0;pwn\x07" + "\n", result.stdout)
        self.assertIn("Not read: FIFO ./job_wf1_j2_r1_a1.o, link ./job_wf1_j3_r1_a1.o, device ./blk\n", result.stderr)
        self.assertIn("With setuid, setgid or sticky bits: ./suid\n", result.stderr)
        self.assertNotIn("\x1b", result.stdout + result.stderr)
        self.assertLessEqual(set(pathlib.Path("/tmp").glob("torc-logs-*")), before)

    def test_memory_stays_small_whatever_files_hold(self):
        logs = self.dir / "logs"
        logs.mkdir()
        with open(logs / "job_wf1_j1_r1_a1.o", "wb") as file:
            for _ in range(100):
                file.write(b"error " * 170_000)  # One line of 100 MB.
        with open(logs / "job_wf1_j2_r1_a1.o", "wb") as file:
            for number in range(500_000):
                file.write(b"error %d\n" % number)
        with open(logs / "job_wf1_j3_r1_a1.o", "wb") as file:
            file.truncate(1 << 42)
        measure = self.dir / "peak"
        result = self.analyze("logs", timeout=110, prefix=["/usr/bin/env", "python3", "-c", (
            "import resource,subprocess,sys\n"
            "code=subprocess.run(sys.argv[2:]).returncode\n"
            "open(sys.argv[1],'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))\n"
            "sys.exit(code)"), measure])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("error: 500001 line(s)", result.stdout)
        self.assertIn("  ... and 499981 more", result.stdout)
        self.assertLess(int(measure.read_text()), 64_000, "kB")

    def test_files_that_are_not_archives(self):
        os.mkfifo(self.dir / "fifo.tar.gz")
        (self.dir / "text.tar.gz").write_text("hello")
        make_archive(self.dir / "good.tar.gz", [("./job_wf1_j1_r1_a1.o", os.urandom(100_000), {})])
        (self.dir / "cut.tar.gz").write_bytes((self.dir / "good.tar.gz").read_bytes()[:50_000])
        for name, why in (("fifo", "it is a FIFO, not an archive"), ("text", "it is not a gzip file"), ("cut", "it ends too early")):
            result = self.analyze(f"{name}.tar.gz", timeout=20)
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"cannot read {name}.tar.gz: {why}", result.stderr)


if __name__ == "__main__":
    main()
