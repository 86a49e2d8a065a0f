#!/usr/bin/env python3
"""`torc remote run`: a workflow on real ssh workers, from the first job to the last; starting twice, in odd places."""
import json
import os
import pathlib
import signal

from harness import TORC, E2ETest, alive, main, processes_below, wait_until


def diamonds(count: int) -> dict:
    """`count` chains of four jobs: one, two that depend on it, one that depends on both. Each job notes that it ran."""
    jobs = []
    for number in range(count):
        names = [f"{letter}{number}" for letter in "abcd"]
        needs = [[], [names[0]], [names[0]], [names[1], names[2]]]
        for name, depends_on in zip(names, needs):
            jobs.append({"name": name, "command": f"echo output-of-{name}; echo {name} >>$HOME/ran", "depends_on": depends_on})
    return {"name": "diamonds", "jobs": jobs}


class Run(E2ETest):
    def set_up_workers(self, count=3, **options):
        server = self.server()
        return server, self.workers(count, server, **options)

    def runners(self) -> dict[int, str]:
        return {pid: line for pid, line in processes_below(self.dir / "workers").items() if " run " in f" {line} "}

    def test_sixty_jobs_with_dependencies_each_exactly_once(self):
        server, workers = self.set_up_workers()
        workflow = server.create(diamonds(15))
        result = server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        self.assertEqual(result.stdout.splitlines(), [
            "Checking SSH connectivity for 3 worker(s)...", "3/3 workers passed SSH check",
            f"Added 3 worker(s) to workflow {workflow}", *(f"  {name}" for name in workers.names)])
        workers.forget_calls()
        result = server.torc("remote", "run", workflow, "--poll-interval", "0.2", "--max-parallel-jobs", "4", check=True)
        self.assertEqual(len(workers.calls()), 3, "one connection a worker checks and starts")
        lines = result.stdout.splitlines()
        self.assertEqual(lines[:2], [f"Found 3 worker(s) for workflow {workflow}", "Starting workers..."])
        for name, line in zip(workers.names, lines[2:5]):
            self.assertRegex(line, rf"^  \[OK\] {name}: Started \(PID \d+\)$")
        self.assertEqual(lines[5:], ["", "Started 3/3 workers"])
        server.wait_complete(workflow)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})
        results = server.results(workflow)
        self.assertEqual(len(results), 60)
        self.assertEqual(len({row["job_id"] for row in results}), 60)
        ran = []
        for host in workers.hosts:
            ran += (host.home / "ran").read_text().split() if (host.home / "ran").exists() else []
        self.assertEqual(sorted(ran), sorted(server.statuses(workflow)))
        wait_until(lambda: not self.runners(), what="the runners to leave")
        states = server.json("remote", "status", workflow)
        self.assertEqual([row["state"] for row in states["workers"]], ["finished"] * 3)
        nodes = server.get(f"/compute_nodes?workflow_id={workflow}")["items"]
        self.assertEqual({node["scheduler"]["worker"] for node in nodes}, set(workers.names))
        self.assertEqual({node["scheduler"]["type"] for node in nodes}, {"ssh"})
        self.assertFalse(any(node["is_active"] for node in nodes))

    def test_twice_starts_nothing_new(self):
        server, workers = self.set_up_workers(2)
        workflow = server.create({"name": "long", "jobs": [{"name": "j", "command": "sleep 300"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        first = server.json("remote", "run", workflow)
        second = server.json("remote", "run", workflow)
        self.assertEqual([row["pid"] for row in first["workers"]], [row["pid"] for row in second["workers"]])
        self.assertTrue(all(row["already_running"] for row in second["workers"]))
        text = server.torc("remote", "run", workflow, check=True).stdout
        self.assertIn(f"  [OK] {workers.names[0]}: Already running (PID {first['workers'][0]['pid']})", text)
        self.assertEqual(len(server.get(f"/compute_nodes?workflow_id={workflow}")["items"]), 2)

    def test_more_workers_than_connections(self):
        server, workers = self.set_up_workers(5)
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": "true"} for i in range(5)]})
        limit = ["--max-parallel-ssh", "2"]
        server.torc("remote", "add-workers", workflow, *workers.names, *limit, check=True)
        workers.forget_calls()
        server.torc("remote", "run", workflow, *limit, check=True)
        self.assertEqual(len(workers.calls()), 10, "two connections a worker")
        server.torc("remote", "status", workflow, *limit, check=True)
        server.wait_complete(workflow)
        server.torc("remote", "collect-logs", workflow, *limit, check=True)
        server.torc("remote", "stop", workflow, *limit, check=True)
        wait_until(lambda: not self.runners(), what="the runners to leave")
        server.torc("remote", "collect-logs", workflow, "--delete", *limit, check=True)
        server.torc("remote", "delete-logs", workflow, *limit, check=True)
        self.assertLessEqual(workers.most_at_once(), 2)

    def test_workers_from_a_file_are_added_and_started(self):
        server, workers = self.set_up_workers(2)
        workflow = server.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
        file = self.dir / "workers.txt"
        file.write_text("# ours\n\n" + "\n".join(workers.names) + "\n")
        result = server.torc("remote", "run", workflow, "--workers", file, check=True)
        self.assertEqual(result.stdout.splitlines()[:5], [
            "Checking SSH connectivity for 2 worker(s)...", "2/2 workers passed SSH check",
            "Adding 2 worker(s) to database...", f"Found 2 worker(s) for workflow {workflow}", "Starting workers..."])
        listed = server.torc("remote", "list-workers", workflow, check=True).stdout.splitlines()
        self.assertEqual(listed, [f"Remote workers for workflow {workflow} (2 total):", *(f"  {n}" for n in workers.names)])
        server.wait_complete(workflow)

    def test_waits_for_the_end(self):
        server, workers = self.set_up_workers(1)
        workflow = server.create({"name": "w", "jobs": [{"name": "good", "command": "true"},
                                                        {"name": "bad", "command": "exit 3"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        result = server.torc("remote", "run", workflow, "--wait", "--poll-interval", "0.2")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stdout.splitlines()[-1], "1 of 2 jobs completed, 1 failed")
        self.assertIn("2/2 jobs  0 running  1 failed", result.stderr)

    def test_an_interrupted_wait_leaves_the_workers(self):
        server, workers = self.set_up_workers(1)
        workflow = server.create({"name": "w", "jobs": [{"name": "j", "command": "sleep 300"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        waiting = self.start([TORC, "remote", "run", workflow, "--wait"], env={"TORC_API_URL": server.url, **workers.env})
        wait_until(lambda: "running" in set(server.statuses(workflow).values()), what="the job to run")
        waiting.send_signal(signal.SIGINT)
        self.assertEqual(waiting.wait(20), 1)
        self.assertIn("the workers go on", waiting.stderr_path.read_text())
        self.assertEqual(server.json("remote", "status", workflow)["workers"][0]["state"], "running")

    def test_a_server_of_its_own_only_with_wait(self):
        server, workers = self.set_up_workers(1)
        result = server.torc("-s", "--db", self.dir / "own.db", "remote", "run", 1)
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertIn("add --wait", result.stderr)
        own = ["-s", "--db", self.dir / "own.db"]
        (self.dir / "w.json").write_text(json.dumps({"name": "w", "jobs": [{"name": "j", "command": "true"}]}))
        server.torc(*own, "create", self.dir / "w.json", check=True)
        server.torc(*own, "remote", "add-workers", 1, *workers.names, check=True)
        result = server.torc(*own, "remote", "run", 1, "--wait", check=True)
        self.assertEqual(result.stdout.splitlines()[-1], "1 of 1 jobs completed")

    def test_an_output_directory_with_spaces_and_quotes(self):
        server, workers = self.set_up_workers(2)
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": "echo hello"} for i in range(4)]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        directory = "it's a \"dir\"; touch evil $(touch evil) `touch evil`"
        server.torc("remote", "run", workflow, "-o", directory, "--poll-interval", "0.2", check=True)
        server.wait_complete(workflow)
        for host in workers.hosts:
            self.assertTrue((host.home / directory).is_dir())
            self.assertFalse((host.home / "evil").exists())
        # Neither needs to be told where the output lies.
        self.assertEqual(server.json("remote", "status", workflow)["ok"], 2)
        server.torc("remote", "stop", workflow, check=True)
        wait_until(lambda: not self.runners(), what="the runners to leave")
        server.torc("remote", "collect-logs", workflow, "--delete", "-l", self.dir / "lo gs", check=True)
        self.assertEqual(len(list((self.dir / "lo gs").glob("*.tar.gz"))), 2)
        for host in workers.hosts:
            self.assertFalse((host.home / directory).exists())

    def test_two_workers_that_share_a_home(self):
        server, workers = self.set_up_workers(2, shared_home=True)
        self.two_workers_in_one_place(server, workers)

    def test_two_ports_of_one_host(self):
        server, workers = self.set_up_workers(2, same_address=True, shared_home=True)
        self.two_workers_in_one_place(server, workers, whole_names=True)

    def two_workers_in_one_place(self, server, workers, whole_names=False):
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": "sleep 0.2"} for i in range(8)]})
        for name in workers.names:
            server.torc("remote", "add-workers", workflow, name, check=True)
        result = server.torc("remote", "run", workflow, "--poll-interval", "0.2", "--max-parallel-jobs", "1", check=True)
        for name in workers.names:
            self.assertIn(f"  [OK] {name}: Started", result.stdout)
        rows = server.json("remote", "status", workflow)["workers"]
        self.assertEqual(len({row["pid"] for row in rows if row["state"] == "running"}), 2)
        server.wait_complete(workflow)
        self.assertEqual(len(server.results(workflow)), 8)
        logs = sorted(path.name for path in (workers.hosts[0].home / "torc_output").glob("torc_worker_*.log"))
        self.assertEqual(len(logs), 2, logs)
        wait_until(lambda: not self.runners(), what="the runners to leave")
        collected = server.json("remote", "collect-logs", workflow, "--delete", "-l", self.dir / "logs")
        self.assertEqual(collected["ok"], 2)
        self.assertEqual(len({row["file"] for row in collected["workers"]}), 2)
        self.assertFalse((workers.hosts[0].home / "torc_output").exists())

    def test_another_servers_output_is_not_mixed_in(self):
        server, workers = self.set_up_workers(1)
        other = self.server("other")
        other.env.update(workers.env)
        for each in (server, other):
            workflow = each.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
            each.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, check=True)
        server.wait_complete(workflow)
        wait_until(lambda: not self.runners(), what="the runner to leave")
        result = other.torc("remote", "run", workflow)
        self.assertEqual(result.returncode, 1)
        self.assertIn("'torc_output' holds output of a workflow 1 of another server", result.stderr)
        self.assertIn("-o", result.stderr)
        other.torc("remote", "run", workflow, "-o", "elsewhere", check=True)
        other.wait_complete(workflow)

    def test_no_url_and_no_password_in_any_argument_list(self):
        server, workers = self.set_up_workers(1)
        workflow = server.create({"name": "w", "jobs": [{"name": "j", "command": "env >$HOME/job_env; sleep 300"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        # A torc in between that keeps every argument list there was on the worker, as /proc shows it.
        host = workers.hosts[0]
        real = os.path.realpath(host.bin / "torc")
        host.set_torc(f'#!/bin/sh\ncat /proc/[0-9]*/cmdline >>"$HOME/seen" 2>/dev/null\nexec {real} "$@"\n')
        password = "a-very-secret-word"
        server.torc("remote", "run", workflow, env={"TORC_PASSWORD": password}, check=True)
        wait_until((host.home / "job_env").exists, what="the job to run")
        seen = (host.home / "seen").read_bytes()
        for pid in processes_below(self.dir / "workers"):
            try:
                seen += pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                pass
        seen += "\n".join(workers.calls()).encode()
        self.assertIn(b"worker-probe", seen)
        self.assertIn(b"--output-dir", seen)
        self.assertNotIn(password.encode(), seen)
        self.assertNotIn(b"torc-service", seen)
        environment = wait_until(lambda: (host.home / "job_env").read_text(), what="the job's environment")
        self.assertNotIn(password, environment)
        self.assertNotIn("TORC_WORKER", environment)
        runner = server.json("remote", "status", workflow)["workers"][0]["pid"]
        self.assertTrue(alive(runner))
        for path in (host.home / "torc_output").rglob("*"):
            if path.is_file():
                self.assertNotIn(password, path.read_text(errors="replace"), path)


if __name__ == "__main__":
    main()
