#!/usr/bin/env python3
"""`torc remote collect-logs` and `delete-logs`: what is copied, what is deleted, and above all what is not."""
import json
import re
import signal
import socket
import tarfile

from cli_test import Terminal
from harness import TORC, E2ETest, clean_environment, main, processes_below, wait_until


class Logs(E2ETest):
    def run_workflow(self, count=2, command="echo output of $TORC_JOB_NAME"):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        jobs = [{"name": f"j{i}", "command": command} for i in range(2 * count)]
        self.wf = self.srv.create({"name": "w", "jobs": jobs})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        self.srv.torc("remote", "run", self.wf, "--poll-interval", "0.2", check=True)

    def finish(self):
        self.srv.wait_complete(self.wf)
        wait_until(lambda: not self.runners(), what="the runners to leave")

    def runners(self):
        return [line for line in processes_below(self.dir / "workers").values() if " run " in f" {line} "]

    def left_on_workers(self):
        """Archives that remain on the workers."""
        return [path for path in self.temporary.iterdir() if path.name.startswith("torc_logs_")]

    def setUp(self):
        self.temporary = self.dir / "tmp"
        self.temporary.mkdir()

    def use_temporary_directory(self):
        """Sets TMPDIR of the workers' sessions to a directory that the test can read."""
        for host in self.ws.hosts:
            shell = host.bin / "sh"
            shell.write_text(f'#!/bin/dash\nTMPDIR={self.temporary}\nexport TMPDIR\nexec /bin/sh "$@"\n')
            shell.chmod(0o755)

    def terminal(self, *args, **env):
        environment = clean_environment(self.srv.home, TORC_API_URL=self.srv.url, **{**self.ws.env, **env})
        return Terminal(["remote", *args], environment, self.srv.home)

    def archive(self, host, directory="remote_logs"):
        key = host.name.replace(".", "_").replace(":", "_")
        return self.srv.home / directory / f"torc_logs_{self.wf}_{key}.tar.gz"

    def content(self, host) -> str:
        with tarfile.open(self.archive(host)) as archive:
            members = [archive.extractfile(member) for member in archive if member.isfile()]
            return "".join(member.read().decode(errors="replace") for member in members)

    def test_an_interrupted_collection_leaves_nothing_on_the_workers(self):
        self.run_workflow()
        self.finish()
        self.use_temporary_directory()
        with socket.create_server(("127.0.0.1", 0)) as silent:  # a host that never answers
            self.srv.torc("remote", "add-workers", self.wf, f"127.0.0.1:{silent.getsockname()[1]}", "--skip-ssh-check",
                          check=True)
            collecting = self.start([TORC, "remote", "collect-logs", self.wf, "--delete", "-l", self.srv.home / "remote_logs"],
                                    env={"TORC_API_URL": self.srv.url, **self.ws.env})
            wait_until(lambda: all(self.archive(host).exists() for host in self.ws.hosts), what="the archives")
            self.assertEqual(len(self.left_on_workers()), 2, "without them, the check below could not fail")
            collecting.send_signal(signal.SIGINT)
            self.assertEqual(collecting.wait(30), 1)
        wait_until(lambda: not self.left_on_workers(), what="the archives to be deleted in the background")

    def test_packing_ends_when_the_client_is_killed(self):
        self.run_workflow()
        self.finish()
        self.use_temporary_directory()
        host = self.ws.hosts[0]
        slow = host.bin / "tar"  # slow, as for a large directory: the archive grows bit by bit
        slow.write_text("#!/bin/sh\nfor name; do case $name in *.tar.gz) archive=$name;; esac; done\n"
                        "while :; do echo x >>$archive; sleep 0.1; done\n")
        slow.chmod(0o755)
        collecting = self.start([TORC, "remote", "collect-logs", self.wf],
                                env={"TORC_API_URL": self.srv.url, **self.ws.env})
        wait_until(lambda: any(path.stat().st_size for left in self.left_on_workers() for path in left.glob("*.tar.gz")),
                   what="an archive that grows")
        collecting.kill()
        collecting.wait()
        wait_until(lambda: not self.left_on_workers(), what="the archive to be removed")

    def test_archives_hold_the_jobs_output(self):
        self.run_workflow()
        self.finish()
        self.use_temporary_directory()
        self.ws.forget_calls()
        result = self.srv.torc("remote", "collect-logs", self.wf, check=True)
        self.assertEqual(result.stdout.splitlines(), [
            "Collecting logs from 2 worker(s) to remote_logs...",
            *(f"  [OK] {host.name}: Saved to {self.archive(host).relative_to(self.srv.home)}" for host in self.ws.hosts),
            "", "Collected logs from 2/2 workers"])
        self.assertEqual(sorted(call.split()[0] for call in self.ws.calls()), ["scp", "scp", "ssh", "ssh"])
        ran = {row["job_id"]: row for row in self.srv.results(self.wf)}
        self.assertEqual(len(ran), 4)
        text = "".join(self.content(host) for host in self.ws.hosts)
        self.assertEqual(text.count("output of"), 4)
        for host in self.ws.hosts:
            with tarfile.open(self.archive(host)) as archive:
                self.assertTrue([name for name in archive.getnames() if "torc_worker_" in name])
            self.assertTrue((host.home / "torc_output").is_dir())
        self.assertEqual(self.left_on_workers(), [])

    def test_deletes_files_that_were_collected(self):
        self.run_workflow()
        self.finish()
        self.use_temporary_directory()
        result = self.srv.torc("remote", "collect-logs", self.wf, "--delete", check=True)
        self.assertEqual(result.stdout.splitlines(), [
            "Collecting and deleting logs from 2 worker(s) to remote_logs...",
            *(f"  [OK] {host.name}: Saved to {self.archive(host).relative_to(self.srv.home)} and deleted remote"
              for host in self.ws.hosts),
            "", "Collected and deleted logs from 2/2 workers"])
        for host in self.ws.hosts:
            self.assertFalse((host.home / "torc_output").exists())
            self.assertIn("runner of workflow", self.content(host))
        self.assertEqual(self.left_on_workers(), [])
        again = self.srv.torc("remote", "collect-logs", self.wf, "--delete", check=True).stdout
        self.assertIn(f"  [OK] {self.ws.names[0]}: No output directory found", again)

    def test_a_broken_tar_deletes_nothing(self):
        self.run_workflow()
        self.finish()
        self.use_temporary_directory()
        tar = self.ws.hosts[1].bin / "tar"
        tar.write_text("#!/bin/sh\necho 'tar: -: Cannot write: No space left on device' >&2\nexit 2\n")
        tar.chmod(0o755)
        result = self.srv.torc("remote", "collect-logs", self.wf, "--delete")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"  [FAILED] {self.ws.names[1]}: archive incomplete (no space left on {self.temporary}); "
                      "nothing was deleted on the worker", result.stdout.splitlines())
        self.assertIn("Collected and deleted logs from 1/2 workers", result.stdout)
        self.assertFalse((self.ws.hosts[0].home / "torc_output").exists())
        self.assertTrue(any((self.ws.hosts[1].home / "torc_output").glob("torc_worker_*.log")))
        self.assertFalse(self.archive(self.ws.hosts[1]).exists())
        self.assertEqual(self.left_on_workers(), [])

    def test_a_broken_transfer_deletes_nothing(self):
        self.run_workflow(1)
        self.finish()
        self.use_temporary_directory()
        scp = self.dir / "scp"
        scp.write_text(f'#!/bin/sh\n{self.ws.env["TORC_SCP"]} "$@" || exit\nfor last; do :; done\n'
                       'size=$(($(wc -c <"$last") - 7))\nhead -c "$size" "$last" >"$last.cut" && mv "$last.cut" "$last"\n')
        scp.chmod(0o755)
        result = self.srv.torc("remote", "collect-logs", self.wf, "--delete", env={"TORC_SCP": str(scp)})
        self.assertEqual(result.returncode, 1)
        self.assertIn("the archive was damaged during the transfer; nothing was deleted on the worker", result.stdout)
        self.assertTrue((self.ws.hosts[0].home / "torc_output").is_dir())
        self.assertEqual(list((self.srv.home / "remote_logs").iterdir()), [])
        self.assertEqual(self.left_on_workers(), [])

    def test_collects_while_jobs_run_but_deletes_nothing(self):
        self.run_workflow(1, command="while :; do echo line; sleep 0.01; done")
        wait_until(lambda: "running" in self.srv.statuses(self.wf).values(), what="a job to run")
        self.assertIn("line", self.collected_content())
        result = self.srv.torc("remote", "collect-logs", self.wf, "--delete")
        self.assertEqual(result.returncode, 1)
        self.assertIn("not deleted on the worker: a runner uses the directory (PID ", result.stdout)
        result = self.srv.torc("remote", "delete-logs", self.wf)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"  [FAILED] {self.ws.names[0]}: a runner uses the directory (PID ", result.stdout)
        self.assertTrue((self.ws.hosts[0].home / "torc_output").is_dir())

    def collected_content(self):
        self.srv.torc("remote", "collect-logs", self.wf, check=True)
        return self.content(self.ws.hosts[0])

    def test_delete_logs(self):
        self.run_workflow()
        self.finish()
        result = self.srv.torc("remote", "delete-logs", self.wf, check=True)
        lines = result.stdout.splitlines()
        self.assertEqual((lines[0], lines[-1]), ("Deleting logs from 2 worker(s)...", "Deleted logs from 2/2 workers"))
        for host in self.ws.hosts:
            self.assertFalse((host.home / "torc_output").exists())
        document = self.srv.json("remote", "delete-logs", self.wf)
        self.assertEqual([row["message"] for row in document["workers"]], ["No output directory found (already clean)"] * 2)
        for directory in ("/", "~", ".", "..", ""):
            for command in ("run", "collect-logs", "delete-logs"):
                option = "--output-dir" if command == "run" else "--remote-output-dir"
                result = self.srv.torc("remote", command, self.wf, option, directory)
                self.assertEqual(result.returncode, 2, (command, directory, result.stderr))
        for directory in ("/usr", "torc_output/.."):
            result = self.srv.torc("-f", "json", "remote", "delete-logs", self.wf, "--remote-output-dir", directory)
            self.assertEqual(result.returncode, 1, directory)
            for row in json.loads(result.stdout)["workers"]:
                self.assertTrue(row["message"].startswith("refused to delete"), row)

    def test_delete_logs_asks_on_a_terminal(self):
        self.run_workflow()
        self.finish()
        outputs = [host.home / "torc_output" for host in self.ws.hosts]
        before = [sorted(output.rglob("*")) for output in outputs]
        for answer in ("n\n", "No\n", "\n", "\x04"):
            self.ws.forget_calls()
            terminal = self.terminal("delete-logs", self.wf)
            terminal.expect(rf"Delete the output of workflow {self.wf} on 2 worker\(s\)\? \[y/N\] ")
            terminal.send(answer)
            self.assertEqual(terminal.finish(), 1, terminal.text)
            self.assertIn("Nothing was deleted", terminal.text)
            self.assertNotIn("Deleting", terminal.text)
            self.assertEqual(self.ws.calls(), [], "a worker was contacted")
        self.assertEqual([sorted(output.rglob("*")) for output in outputs], before)
        terminal = self.terminal("delete-logs", self.wf, "--host", self.ws.names[0])
        terminal.expect(r"on 1 worker\(s\)\? \[y/N\] ")
        terminal.send("perhaps\n")
        terminal.expect(r"(?s)perhaps.*\[y/N\] ")  # The prompt repeats.
        self.assertTrue(outputs[0].exists())
        terminal.send("y\n")
        self.assertEqual(terminal.finish(), 0, terminal.text)
        self.assertEqual([output.exists() for output in outputs], [False, True])
        terminal = self.terminal("delete-logs", self.wf, "--yes")
        self.assertEqual(terminal.finish(), 0, terminal.text)
        self.assertNotIn("[y/N]", terminal.text)
        self.assertIn("Deleted logs from 2/2 workers", terminal.text)
        self.assertFalse(outputs[1].exists())

    def test_progress_on_a_terminal(self):
        self.run_workflow(command="head -c 7500000 /dev/urandom >torc_output/noise.$TORC_JOB_NAME")
        self.finish()
        # Each transfer ends only once its file exists, so that the progress stays visible until then.
        scp = self.dir / "scp"
        scp.write_text(f'#!/bin/sh\n{self.ws.env["TORC_SCP"]} "$@" || exit\n'
                       f'case $* in *"{self.ws.names[0]}:"*) go={self.dir}/first;; *) go={self.dir}/second;; esac\n'
                       'until [ -e "$go" ]; do sleep 0.05; done\n')
        scp.chmod(0o755)
        terminal = self.terminal("collect-logs", self.wf, TORC_SCP=scp)
        # 30 MB of random bytes, which cannot be compressed: slightly more than 28.6 MiB.
        terminal.expect(r"\r\x1b\[K  0 archive\(s\) complete, 28\.[67] MiB here")
        (self.dir / "first").touch()
        terminal.expect(r"\r\x1b\[K  1 archive\(s\) complete, 28\.[67] MiB here")
        (self.dir / "second").touch()
        self.assertEqual(terminal.finish(), 0, terminal.text)
        # The progress line is erased before the outcomes are printed, and is not printed again.
        self.assertRegex(terminal.text, rf"here\r\x1b\[K  \[OK\] {re.escape(self.ws.names[0])}: Saved to ")
        self.assertNotIn("\x1b", terminal.text.partition("[OK]")[2])
        self.assertIn("Collected logs from 2/2 workers", terminal.text)
        quiet = self.srv.torc("remote", "collect-logs", self.wf, env={"TORC_SCP": scp}, check=True)
        self.assertEqual(quiet.stderr, "")

    def test_json(self):
        self.run_workflow(1)
        self.finish()
        document = self.srv.json("remote", "collect-logs", self.wf)
        self.assertEqual(document["workflow_id"], self.wf)
        row = document["workers"][0]
        self.assertEqual((row["worker"], row["host"], row["ok"]), (self.ws.names[0], self.ws.hosts[0].address, True))
        self.assertEqual(row["file"], str(self.archive(self.ws.hosts[0]).relative_to(self.srv.home)))


if __name__ == "__main__":
    main()
