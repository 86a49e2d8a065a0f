#!/usr/bin/env python3
"""`torc remote run`: a workflow on real ssh workers, from the first job to the last; starting twice, waiting, secrets."""
import datetime
import json
import signal
import time

from harness import TORC, E2ETest, main, processes_below, wait_until


def diamonds(count: int) -> dict:
    """`count` groups of four jobs: one, two that depend on it, one that depends on both. Each job records that it
    ran."""
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
        self.assertEqual(len(workers.calls()), 3, "one connection per worker should check and start")
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
        self.assertEqual(len(workers.calls()), 8, "one each for the two within the limit, two each for the others")
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
        workers.forget_calls()
        began = time.monotonic()
        result = server.torc("remote", "run", workflow, "--wait", "--poll-interval", "0.2")
        took = time.monotonic() - began
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertLessEqual(len(workers.calls()), 1 + took // 5, "a worker was contacted too soon after its start")
        self.assertEqual(result.stdout.splitlines()[-1], "1 of 2 jobs completed, 1 failed")
        self.assertIn("2/2 jobs  0 running  1 failed", result.stderr)

    def test_workers_end_at_the_end_time(self):
        server, workers = self.set_up_workers(2)
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": "sleep 300"} for i in range(3)]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=12)
        server.torc("remote", "run", workflow, "--end-time", end.strftime("%Y-%m-%dT%H:%M:%SZ"), "--max-parallel-jobs", "1",
                    "--poll-interval", "0.2", check=True)
        wait_until(lambda: sorted(server.statuses(workflow).values()) == ["ready", "running", "running"], what="two jobs to run")
        self.assertEqual([row["state"] for row in server.json("remote", "status", workflow)["workers"]], ["running"] * 2)
        self.assertLess(datetime.datetime.now(datetime.timezone.utc), end)
        wait_until(lambda: not self.runners(), what="the runners to end")
        # Up to a fifth of the time is reserved for ending the jobs.
        late = (datetime.datetime.now(datetime.timezone.utc) - end).total_seconds()
        self.assertTrue(-4 < late < 10, f"they ended {late} s after the end time")
        wait_until(lambda: not workers.processes(), what="the jobs to be gone")
        self.assertEqual(set(server.statuses(workflow).values()), {"ready"})
        self.assertEqual(sorted(job["attempt_id"] for job in server.jobs(workflow)), [1, 2, 2])
        self.assertEqual(server.results(workflow), [])
        nodes = server.get(f"/compute_nodes?workflow_id={workflow}")["items"]
        self.assertEqual([node["is_active"] for node in nodes], [False] * 2)
        self.assertEqual([row["state"] for row in server.json("remote", "status", workflow)["workers"]], ["stopped"] * 2)
        # Started again without an end time, they run the jobs.
        server.torc("remote", "run", workflow, "--max-parallel-jobs", "1", check=True)
        wait_until(lambda: sorted(server.statuses(workflow).values()) == ["ready", "running", "running"], what="jobs to run again")
        passed = server.torc("remote", "run", workflow, "--end-time", "2001-01-01T00:00:00Z")
        self.assertEqual(passed.returncode, 2, passed.stdout)
        self.assertIn("has passed", passed.stderr)

    def test_an_interrupted_wait_leaves_the_workers(self):
        server, workers = self.set_up_workers(1)
        workflow = server.create({"name": "w", "jobs": [{"name": "j", "command": "sleep 300"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        waiting = self.start([TORC, "remote", "run", workflow, "--wait"], env={"TORC_API_URL": server.url, **workers.env})
        wait_until(lambda: "running" in set(server.statuses(workflow).values()), what="the job to run")
        waiting.send_signal(signal.SIGINT)
        self.assertEqual(waiting.wait(20), 1)
        self.assertIn("the runners continue", waiting.stderr_path.read_text())
        self.assertEqual(server.json("remote", "status", workflow)["workers"][0]["state"], "running")

    def test_a_standalone_server_only_with_wait(self):
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

    def test_no_url_and_no_password_in_any_argument_list(self):
        server, workers = self.set_up_workers(1)
        workflow = server.create({"name": "w", "jobs": [{"name": "j", "command": "env >$HOME/job_env; sleep 300"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        host, password = workers.hosts[0], "a-very-secret-word"
        # A wrapper of torc that waits until the test has checked the processes at both ends.
        host.set_torc('#!/bin/sh\n: >"$HOME/at_$1"\nuntil [ -e "$HOME/go_$1" ]; do sleep 0.02; done\n'
                      f'exec {TORC} "$@"\n')
        running = self.start([TORC, "remote", "run", workflow], home=server.home,
                             env={"TORC_API_URL": server.url, "TORC_PASSWORD": password, **workers.env})
        seen = []
        for step in ("worker-probe", "run"):
            wait_until((host.home / f"at_{step}").exists, what=f"the worker's torc to be called for {step}")
            seen += processes_below(self.dir).values()
            (host.home / f"go_{step}").touch()
        self.assertEqual(running.wait(30), 0, running.stderr_path.read_text())
        text = wait_until(lambda: (host.home / "job_env").exists() and (host.home / "job_env").read_text(),
                          what="the job's environment")
        seen += [*processes_below(self.dir).values(), *workers.calls()]
        for part in ("remote run", "exec sh -s", "worker-probe", f"run {workflow} --output-dir", "sleep 300"):
            self.assertTrue([line for line in seen if part in line], f"not seen: {part}")
        for secret in (password, server.url, f":{server.port}/"):
            self.assertEqual([line for line in seen if secret in line], [])
        self.assertNotIn(password, text)
        self.assertNotIn("TORC_WORKER", text)
        for path in (host.home / "torc_output").rglob("*"):
            if path.is_file():
                self.assertNotIn(password, path.read_text(errors="replace"), path)


if __name__ == "__main__":
    main()
