#!/usr/bin/env python3
"""`torc remote install` and `run --install`: copies this program to workers over real sshd's, completely or not at
all."""
import json
import os
import signal

from harness import TORC, E2ETest, main, processes_below, wait_until

OTHER_VERSION = "#!/bin/sh\necho torc 0.6.5\n"


class Install(E2ETest):
    def set_up_workers(self, count=1):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": "j", "command": "readlink /proc/$PPID/exe >$HOME/runner"}]})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        for host in self.ws.hosts:
            host.set_torc(None)
        return self.srv, self.ws

    def program(self, host):
        return host.home / ".local/bin/torc"

    def put_scp(self, script):
        """Replaces scp by a script, in which REAL stands for the real scp."""
        scp = self.dir / "scp"
        scp.write_text("#!/bin/sh\n" + script.replace("REAL", str(self.ws.client / "scp")))
        scp.chmod(0o755)
        return {"TORC_SCP": str(scp)}

    def assert_is_ours(self, path):
        with open(TORC, "rb") as ours, open(path, "rb") as theirs:
            self.assertEqual(ours.read(), theirs.read())
        self.assertEqual([entry.name for entry in path.parent.iterdir()], ["torc"], "other files were left")

    def test_workers_without_torc_with_this_one_and_with_another(self):
        server, workers = self.set_up_workers(3)
        workers.hosts[1].set_torc(TORC)
        workers.hosts[2].set_torc(OTHER_VERSION)
        paths = [self.program(host) for host in workers.hosts]
        result = server.torc("remote", "install", self.wf, check=True)
        self.assertEqual(result.stdout.splitlines(), [
            "Installing torc 0.23.0 on 3 worker(s)...", f"  [OK] {workers.names[0]}: Installed {paths[0]} (this program)",
            f"  [OK] {workers.names[1]}: {workers.hosts[1].bin}/torc is torc 0.23.0 already",
            f"  [OK] {workers.names[2]}: Installed {paths[2]} (this program)", "Installed torc on 3/3 workers"])
        self.assert_is_ours(paths[0])
        self.assert_is_ours(paths[2])
        self.assertFalse(paths[1].exists())
        workers.forget_calls()
        rows = server.json("remote", "install", self.wf)["workers"]
        self.assertEqual([row["installed"] for row in rows], [False] * 3)
        self.assertEqual(rows[2], {"worker": workers.names[2], "host": workers.names[2], "ok": True, "file": str(paths[2]),
                                   "version": "0.23.0", "installed": False})
        self.assertEqual([call.split()[0] for call in workers.calls()], ["ssh"] * 3, "a file was copied again")
        result = server.torc("remote", "install", self.wf, "--force", "--host", workers.names[1], "--prefix", "opt", check=True)
        self.assertIn(f"Installed {workers.hosts[1].home}/opt/bin/torc", result.stdout)

    def test_a_damaged_transfer(self):
        server, workers = self.set_up_workers()
        env = self.put_scp('for to; do :; done\nREAL "$@" && printf x >>"${to#*:}"\n')
        self.program(workers.hosts[0]).parent.mkdir(parents=True)
        self.program(workers.hosts[0]).write_text(OTHER_VERSION)
        result = server.torc("remote", "install", self.wf, env=env)
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.splitlines()[1:]
        self.assertTrue(lines[0].startswith(f"  [FAILED] {workers.names[0]}: the program was damaged during the transfer"), lines)
        self.assertEqual(lines[1:], ["Installed torc on 0/1 workers"])
        self.assertEqual(self.program(workers.hosts[0]).read_text(), OTHER_VERSION)
        self.assertEqual(len(list(self.program(workers.hosts[0]).parent.iterdir())), 1)

    def test_a_connection_that_ends_while_the_worker_unpacks(self):
        server, workers = self.set_up_workers()
        gzip = workers.hosts[0].bin / "gzip"
        gzip.write_text("#!/bin/sh\n/usr/bin/gzip \"$@\"\nsleep 5\n: >$HOME/unpacked\n")
        gzip.chmod(0o755)
        result = server.torc("remote", "install", self.wf, "--ssh-limit", "3")
        self.assertRegex(result.stdout, r"\[FAILED\] \S+: timed out; \S+/\.torc-install\.\w+\* may be left on the worker\n")
        home = workers.hosts[0].home
        wait_until(lambda: (home / "unpacked").exists() and not list((home / ".local/bin").iterdir()),
                   what="the worker to delete the files")

    def test_a_program_that_does_not_start_there(self):
        server, workers = self.set_up_workers()
        self.take_library_away(workers.hosts[0])
        result = server.torc("remote", "install", self.wf)
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertRegex(result.stdout, r"\[FAILED\] \S+: this program: it does not start there: lib\S+ is missing; "
                         r"install the package that contains it; "
                         r"there is no torc-linux-\S+ in \S+; see --binary-dir")
        self.assertEqual(list(self.program(workers.hosts[0]).parent.iterdir()), [])
        run = server.torc("remote", "run", self.wf, "--install")
        self.assertEqual(run.returncode, 1)
        self.assertIn("Error: torc could not be installed on 1 worker(s):", run.stderr)
        self.assertRegex(run.stderr, r"  127\.0\.0\.2: this program: it does not start there: lib\S+ is missing")

    def take_library_away(self, host):
        """Replaces `timeout`, which starts a worker's torc, by a script that prints the loader's error for a missing
        library."""
        wrapper = host.bin / "timeout"
        wrapper.write_text('#!/bin/sh\nshift\necho "$1: error while loading shared libraries: libmissing.so.3: cannot open '
                           'shared object file: No such file or directory" >&2\nexit 127\n')
        wrapper.chmod(0o755)

    def test_the_portable_program_where_this_one_does_not_start(self):
        server, workers = self.set_up_workers()
        directory = self.dir / "portable"
        directory.mkdir()
        refused = server.torc("remote", "install", self.wf, "--binary-dir", directory)
        self.assertEqual(refused.returncode, 2)
        self.assertIn(f"--binary-dir {directory}: it contains neither torc-linux-x86_64 nor torc-linux-aarch64", refused.stderr)
        # A worker of another processor: torc cannot run there, so a script stands in for the portable program.
        uname = workers.hosts[0].bin / "uname"
        uname.write_text("#!/bin/sh\necho Linux aarch64\n")
        uname.chmod(0o755)
        missing = server.torc("remote", "install", self.wf)
        self.assertRegex(missing.stdout, r"the worker is Linux aarch64, and there is no torc-linux-aarch64 in \S+; see --binary-dir")
        portable = directory / "torc-linux-aarch64"
        portable.write_text("#!/bin/sh\necho torc 0.23.0\n" + "# long\n" * 100_000)
        installed = server.torc("remote", "install", self.wf, "--binary-dir", directory, check=True)
        path = self.program(workers.hosts[0])
        self.assertIn(f"Installed {path} (torc-linux-aarch64)\n", installed.stdout)
        self.assertEqual(path.read_text(), portable.read_text())
        again = server.json("remote", "install", self.wf, "--binary-dir", directory, "--force")["workers"][0]
        self.assertEqual((again["installed"], again["program"]), (True, "torc-linux-aarch64"))

    def test_run_installs_and_starts_what_it_installed(self):
        server, workers = self.set_up_workers(2)
        workers.hosts[1].set_torc(OTHER_VERSION)
        workflow = server.create({"name": "v", "jobs": [
            {"name": f"j{i}", "command": "readlink /proc/$PPID/exe >>$HOME/runner; sleep 0.2"} for i in range(8)]})
        file = self.dir / "workers.txt"
        file.write_text("\n".join(workers.names))
        refused = server.torc("remote", "run", workflow, "--workers", file)
        self.assertIn("Version check failed on 2 worker(s)", refused.stderr)
        result = server.torc("remote", "run", workflow, "--workers", file, "--install", "--wait", "--max-parallel-jobs", "1",
                             check=True)
        self.assertIn("Installed torc on 2/2 workers\n", result.stdout)
        self.assertIn("Started 2/2 workers\n", result.stdout)
        self.assertIn("8 of 8 jobs completed", result.stdout)
        for host in workers.hosts:
            self.assert_is_ours(self.program(host))
            self.assertEqual(set((host.home / "runner").read_text().split()), {str(self.program(host))})

    def test_a_worker_that_is_down_and_one_without_room(self):
        server, workers = self.set_up_workers(2)
        workers.stop_host(0)
        (workers.hosts[1].home / ".local").write_text("")
        result = server.torc("-f", "json", "remote", "install", self.wf)
        self.assertEqual(result.returncode, 1)
        rows = json.loads(result.stdout)["workers"]
        self.assertEqual(rows[0]["state"], "unreachable")
        self.assertIn("Connection refused", rows[0]["message"])
        self.assertIn("mkdir", rows[1]["message"])

    def test_runners_are_not_disturbed_and_an_interrupt_leaves_nothing(self):
        server, workers = self.set_up_workers()
        host = workers.hosts[0]
        long = server.create({"name": "long", "jobs": [{"name": "j", "command": "sleep 300"}]})
        server.torc("remote", "add-workers", long, *workers.names, check=True)
        pid = json.loads(server.torc("-f", "json", "remote", "run", long, "--install", check=True).stdout)["workers"][0]["pid"]
        # The user interrupts it when half of the file has been copied.
        ours = self.program(host)
        env = self.put_scp('for to; do :; done\nprintf half >"${to#*:}"\n: >"$0.at"\nexec sleep 300\n')
        installing = self.start([TORC, "remote", "install", self.wf, "--force"], home=server.home,
                                env={"TORC_API_URL": server.url, **workers.env, **env})
        wait_until((self.dir / "scp.at").exists, what="scp to be called")
        self.assertEqual(len(list(ours.parent.iterdir())), 2)
        installing.send_signal(signal.SIGINT)
        self.assertEqual(installing.wait(30), 1)
        self.assertIn("canceled", installing.stdout_path.read_text())
        self.assert_is_ours(ours)
        inode = ours.stat().st_ino
        server.torc("remote", "install", self.wf, "--force", check=True)
        self.assert_is_ours(ours)
        self.assertNotEqual(ours.stat().st_ino, inode, "the file was overwritten instead of replaced")
        self.assertEqual(server.json("remote", "status", long)["workers"][0]["pid"], pid)
        self.assertIn(pid, processes_below(self.dir / "workers"))
        self.assertTrue(os.readlink(f"/proc/{pid}/exe").endswith(" (deleted)"))


if __name__ == "__main__":
    main()
