#!/usr/bin/env python3
"""What `torc remote` reports and does about faults: hosts, keys, versions, servers, addresses."""
import json
import re
import sqlite3

from harness import TORC, main, processes_below, wait_until
from worker_case import WorkerCase

ANSWERS = """case $1 in
  worker-probe) echo '{"torc_probe":1,"version":"0.23.0","server":{"reached":true}}' ;;
  --version) echo torc 0.23.0 ;;
"""


REMEDY = "Check that the host is up and that 'ssh HOST true' works without asking for a password."


class Trouble(WorkerCase):
    def test_a_host_down(self):
        server, workers = self.set_up_workers()
        workers.stop_host(1)
        down = f"ssh: connect to host {workers.names[1]} port {workers.hosts[1].port}: Connection refused"
        result = self.fails("run", self.wf)
        self.assertEqual(result.stderr.splitlines(), [
            "Error: SSH connectivity check failed for 1 worker(s):",
            f"  {workers.names[1]}: SSH connection failed to {workers.names[1]}: {down}",
            REMEDY])
        self.nothing_started()
        result = server.torc("-f", "json", "remote", "run", self.wf)
        self.assertEqual(result.returncode, 1)
        document = json.loads(result.stdout)
        self.assertEqual((document["ok"], document["total"]), (0, 3))
        self.assertEqual(document["workers"][1]["state"], "unreachable")

        result = self.fails("run", self.wf, "--keep-going")
        self.assertIn(f"  [FAILED] {workers.names[1]}: SSH connection failed to {workers.names[1]}: {down}", result.stdout)
        self.assertIn("Started 2/3 workers", result.stdout)
        result = self.fails("status", self.wf)
        self.assertIn(f"{workers.names[1]:<30} Unreachable: {down}", result.stdout.splitlines())
        result = self.fails("stop", self.wf)
        self.assertIn(f"  [FAILED] {workers.names[1]}: {down}", result.stdout.splitlines())
        wait_until(lambda: not self.runners(), what="the runners to leave")
        result = self.fails("collect-logs", self.wf)
        self.assertIn(f"  [FAILED] {workers.names[1]}: {down}", result.stdout.splitlines())
        self.assertIn("Collected logs from 2/3 workers", result.stdout)
        result = self.fails("collect-logs", self.wf, "--delete")
        self.assertIn(f"  [FAILED] {workers.names[1]}: {down}; nothing was deleted on the worker", result.stdout.splitlines())
        result = self.fails("delete-logs", self.wf)
        self.assertIn("Deleted logs from 2/3 workers", result.stdout)

    def runners(self):
        return [line for line in processes_below(self.dir / "workers").values() if " run " in f" {line} "]

    def test_adding_reports_unreachable_workers(self):
        server, workers = self.set_up_workers()
        workers.refuse_key(0)
        workflow = server.create({"name": "v", "jobs": [{"name": "j", "command": "true"}]})
        result = self.fails("add-workers", workflow, *workers.names)
        self.assertEqual(result.stderr.splitlines(), [
            "Error: SSH connectivity check failed for 1 worker(s):",
            f"  {workers.names[0]}: SSH connection failed to {workers.names[0]}: Permission denied (publickey)",
            REMEDY])
        self.assertEqual(result.stdout.splitlines(), [
            "Checking SSH connectivity for 3 worker(s)...", "2/3 workers passed SSH check",
            f"Added 2 worker(s) to workflow {workflow}", f"  {workers.names[1]}", f"  {workers.names[2]}"])
        document = json.loads(server.torc("-f", "json", "remote", "list-workers", workflow, check=True).stdout)
        self.assertEqual([row["worker"] for row in document["workers"]], workers.names[1:])
        file = self.dir / "workers.txt"
        file.write_text("\n".join(workers.names))
        result = self.fails("run", workflow, "--workers", file)
        self.assertIn("2/3 workers passed SSH check", result.stdout)
        self.assertIn("Permission denied (publickey)", result.stderr)
        self.assertNotIn("Starting", result.stdout)

    def test_a_wrong_version(self):
        server, workers = self.set_up_workers(2)
        workers.hosts[1].set_torc("#!/bin/sh\necho torc 0.6.5\n")
        result = self.fails("run", self.wf)
        self.assertEqual(result.stderr.splitlines(), [
            "Error: Version check failed on 1 worker(s):",
            f"  {workers.names[1]}: Version mismatch: local=0.23.0, {workers.names[1]}=0.6.5"])
        self.nothing_started()
        workers.hosts[1].set_torc(None)
        result = self.fails("run", self.wf)
        self.assertIn(f"  {workers.names[1]}: torc not found on {workers.names[1]} (searched PATH and ~/.local/bin)",
                      result.stderr)
        self.assertIn("--remote-torc", result.stderr)
        server.torc("remote", "run", self.wf, "--remote-torc", TORC, check=True)

    def test_a_torc_that_prints_nothing(self):
        _, workers = self.set_up_workers(2)
        for host, script in zip(workers.hosts, ("exit 0", "exec sleep 1000")):
            host.set_torc(f"#!/bin/sh\n{script}\n")
        result = self.fails("run", self.wf, "--ssh-limit", "9")
        self.assertRegex(result.stderr, rf"{workers.names[0]}: torc does not start on {workers.names[0]}: /\S+/torc prints nothing\n")
        self.assertRegex(result.stderr, rf"{workers.names[1]}: torc does not start on {workers.names[1]}: /\S+/torc does not answer "
                                        r"within 3 s\n")
        self.nothing_started()

    def test_a_canceled_workflow(self):
        server, _ = self.set_up_workers(1)
        server.torc("cancel", self.wf, check=True)
        result = self.fails("run", self.wf)
        hint = re.search(rf"workflow {self.wf} was canceled; 'torc ([^']*)' requeues its canceled and failed jobs, and keeps "
                         "completed jobs", result.stderr)
        self.assertTrue(hint, result.stderr)
        self.nothing_started()
        server.torc(*hint[1].split(), "--no-prompts", check=True)
        server.torc("remote", "run", self.wf, "--wait", check=True)
        again = server.torc("remote", "run", self.wf, check=True)
        self.assertIn(f"Workflow {self.wf} is complete", again.stderr)

    def test_another_version_can_be_started_nevertheless(self):
        _, workers = self.set_up_workers(1)
        workers.hosts[0].set_torc("#!/bin/sh\ncase $1 in --version) echo torc 0.6.5;; run) exec sleep 300;; *) exit 2;; esac\n")
        result = self.srv.torc("remote", "run", self.wf, "--skip-version-check", check=True)
        self.assertIn("Started 1/1 workers", result.stdout)

    def test_a_torc_that_dies_at_once(self):
        _, workers = self.set_up_workers(2)
        workers.hosts[0].set_torc(f"#!/bin/sh\n{ANSWERS}run) echo 'Error: connection refused...'; exit 1;; esac\n")
        result = self.fails("run", self.wf)
        name = workers.names[0]
        lines = result.stdout.splitlines()
        self.assertIn(f"  [FAILED] {name}: Process died immediately. Last log:", lines)
        self.assertEqual(lines[lines.index(f"  [FAILED] {name}: Process died immediately. Last log:") + 1],
                         "  Error: connection refused...")
        self.assertIn("Started 1/2 workers", lines)
        rows = json.loads(self.srv.torc("-f", "json", "remote", "status", self.wf).stdout)["workers"]
        self.assertEqual((rows[0]["state"], rows[0]["message"]), ("died", "Error: connection refused..."))

    def test_a_server_that_the_worker_cannot_reach(self):
        server, workers = self.set_up_workers(1)
        # The server's address leads elsewhere on the worker than on this machine.
        workers.hosts[0].set_torc(f'#!/bin/sh\nTORC_API_URL=http://127.0.0.1:1/torc-service/v1 exec {TORC} "$@"\n')
        result = self.fails("run", self.wf)
        address = server.url.removesuffix("/torc-service/v1")
        self.assertEqual(result.stderr.splitlines(), [
            f"Error: 1 worker(s) cannot reach the server at {address}:", f"  {workers.names[0]}: connection refused",
            "The server listens on this machine only. Let the workers reach it through ssh with --server-tunnel, or start it with --host and give its address with --url."])
        self.nothing_started()

    def test_names_that_ssh_would_take_for_options(self):
        server, workers = self.set_up_workers(1)
        evil = self.dir / "evil"
        workers.forget_calls()
        for word in (f"-oProxyCommand=touch {evil}", "-oProxyCommand=x", "-lroot@host", "user@-oProxyCommand=x", "-p@h:22"):
            result = self.fails("add-workers", self.wf, "--", word)
            self.assertIn("Error parsing worker addresses: command line:1: ", result.stderr)
            file = self.dir / "workers.txt"
            file.write_text(f"# evil\n{word}\n")
            for args in (("add-workers-from-file", file, self.wf), ("run", self.wf, "--workers", file)):
                result = self.fails(*args)
                self.assertIn(f"Error parsing worker file: {file}:2: ", result.stderr)
        # An address stored by another program is refused before anything starts.
        with sqlite3.connect(server.database, timeout=30) as database:
            database.execute("DELETE FROM remote_workers")
            database.execute("INSERT INTO remote_workers (workflow_id, worker) VALUES (?, ?)",
                             (self.wf, f"-oProxyCommand=touch${{IFS}}{evil}"))
        database.close()
        for command in ("run", "status", "stop", "collect-logs", "delete-logs"):
            result = self.fails(command, self.wf)
            self.assertIn("starts with '-'", result.stdout + result.stderr)
        self.assertEqual(workers.calls(), [])
        self.assertFalse(evil.exists())
        self.nothing_started()

    def test_invalid_addresses(self):
        self.set_up_workers(1)
        file = self.dir / "w.txt"
        for text, message in (("h1\nh2\n#\nalice@h1:22\n", f"{file}:4: Duplicate host 'h1' (each host should only appear once)"),
                              ("h:99999\n", f"{file}:1: Invalid port '99999' in 'h:99999'"),
                              ("[::1\n", f"{file}:1: Unclosed bracket in IPv6 address"),
                              (":22\n", f"{file}:1: Empty hostname"),
                              ("\n# none\n", f"Worker file '{file}' contains no valid entries")):
            file.write_text(text)
            self.assertEqual(self.fails("add-workers-from-file", file, self.wf).stderr, f"Error parsing worker file: {message}\n")
        result = self.fails("add-workers", self.wf, "h1", "h1")
        self.assertIn("command line:2: Duplicate host 'h1' (each host should only appear once)", result.stderr)
        self.assertIn("Failed to read worker file", self.fails("run", self.wf, "--workers", self.dir / "absent").stderr)

    def test_no_workers(self):
        server, workers = self.set_up_workers(1)
        server.torc("remote", "remove-worker", workers.names[0], self.wf, check=True)
        result = self.fails("run", self.wf)
        self.assertEqual(result.stderr, f"No workers configured for workflow {self.wf}. "
                                        "Use 'torc remote add-workers' or '--workers' flag.\n")
        for command in ("status", "stop", "collect-logs", "delete-logs"):
            self.assertIn(f"No workers configured for workflow {self.wf}.", self.fails(command, self.wf).stderr)
        self.assertEqual(server.torc("remote", "list-workers", self.wf, check=True).stdout,
                         f"No remote workers stored for workflow {self.wf}\n")
        self.assertIn("not found", self.fails("remove-worker", "nobody", self.wf).stderr)
        self.assertIn("no workflow ID given", self.fails("status", status=2).stderr)
        self.fails("run", 999)

    def test_login_noise_does_no_harm(self):
        server, workers = self.set_up_workers(1)
        host = workers.hosts[0]
        noise = "echo welcome; echo pid=1; echo '#torc-report'; echo words >&2; printf 'no newline'"
        wrapper = host.bin / "sh"
        wrapper.write_text(f'#!/bin/dash\n[ "$1" = -s ] && {{ {noise}; }}\nexec /bin/sh "$@"\n')
        wrapper.chmod(0o755)
        result = server.torc("remote", "run", self.wf, check=True)
        self.assertIn("Started 1/1 workers", result.stdout)
        server.wait_complete(self.wf)
        self.assertIn("1/1 workers", server.torc("remote", "collect-logs", self.wf, check=True).stdout)

if __name__ == "__main__":
    main()
