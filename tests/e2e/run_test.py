#!/usr/bin/env python3
"""torc run: the real program, a real server that is killed and restarted, signals."""
import datetime
import json
import os
import pathlib
import shutil
import signal
import time
import unittest

from harness import PLAIN, TORC, E2ETest, alive, children_of, main, processes_below, run_torc, wait_until

# Starts a grandchild in its own session, without parent and environment, which ignores SIGTERM.
DAEMON = "env -i setsid -f bash -c \"trap '' TERM; echo \\$\\$ >{pid}; while :; do sleep 1; done\"; sleep 60"


def workflow(*jobs, **more) -> dict:
    return {"name": "test", "jobs": [{"name": f"j{i}", **job} for i, job in enumerate(jobs, 1)], **more}


class Standalone(E2ETest):
    """Server and runner in one program."""

    def pid_in(self, path: pathlib.Path) -> int:
        return int(wait_until(lambda: path.exists() and path.read_text().strip(), what=f"{path} to hold a pid"))

    def test_jobs_of_a_killed_runner_run_again_at_once(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [
            {"name": "j", "command": "[ -e $HOME/tried ] || { touch $HOME/tried; sleep 300; }"}]})
        first = self.start([TORC, "run", workflow], home=server.home, env={"TORC_API_URL": server.url})
        wait_until((server.home / "tried").exists, what="the job to run")
        node = server.json("compute-nodes", "list", workflow)["compute_nodes"][0]
        os.kill(node["pid"], signal.SIGKILL)
        first.wait(20)
        again = server.torc("run", workflow, check=True, cwd=self.dir)
        self.assertIn("Requeued 1 job of runners that died", again.stderr)
        self.assertEqual(server.statuses(workflow), {"j": "completed"})

    def test_standalone(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow({"command": "echo hello"}, {"command": "true", "depends_on": ["j1"]})))
        result = run_torc("-s", "run", spec, home=self.dir, check=True)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "Created workflow 1")
        self.assertRegex(lines[1], r"^2 of 2 jobs completed in [0-9.]+ s$")
        self.assertEqual(len(lines), 2)
        self.assertEqual(result.stderr, "")
        self.assertEqual((self.dir / "torc_output/job_stdio/job_wf1_j1_r1_a1.o").read_text(), "hello\n")

    def test_an_output_directory_that_cannot_be_created_leaves_no_workflow(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow({"command": "true"})))
        (self.dir / "file").write_text("")
        for directory, status, words in (("file", 1, "cannot create the output directory file"), ("", 2, "--output-dir")):
            result = run_torc("-s", "run", spec, "-o", directory, home=self.dir)
            self.assertEqual(result.returncode, status)
            self.assertIn(words, result.stderr)
        listed = run_torc("-s", "-f", "json", "workflows", "list", home=self.dir, check=True)
        self.assertNotIn('"name"', listed.stdout)

    @unittest.skipIf(os.geteuid() != 0, "a read-only file system needs a mount")
    def test_a_read_only_output_directory_leaves_no_workflow(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow({"command": "true"})))
        (self.dir / "out/job_stdio").mkdir(parents=True)
        runner = self.start(["unshare", "--mount", "sh", "-c", "mount --bind out out && mount -o remount,ro,bind out && "
                             f"exec {TORC} -s run w.json -o out"])
        self.assertEqual(runner.wait(30), 1)
        self.assertIn("cannot write to the output directory out: Read-only file system", runner.stderr_path.read_text())
        listed = run_torc("-s", "-f", "json", "workflows", "list", home=self.dir, check=True)
        self.assertNotIn('"name"', listed.stdout)

    @unittest.skipIf(os.geteuid() != 0, "simulating the driver's files in /proc needs a mount")
    def test_gpus_are_found_without_nvidia_smi(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow(
            {"command": "echo $CUDA_VISIBLE_DEVICES $TORC_GPU_VISIBLE_DEVICES", "resource_requirements": "both"},
            {"command": "echo none: $CUDA_VISIBLE_DEVICES", "depends_on": ["j1"]},
            resource_requirements=[{"name": "both", "num_cpus": 1, "num_gpus": 2, "memory": "1m", "runtime": "PT1M"}])))
        tools = self.dir / "bin"
        tools.mkdir()
        (tools / "bash").symlink_to(shutil.which("bash"))
        runner = self.start(["unshare", "--mount", "sh", "-c", "mount -t tmpfs gpus /proc/driver && "
                             "mkdir -p /proc/driver/nvidia/gpus/0000:01:00.0 /proc/driver/nvidia/gpus/0000:02:00.0 && "
                             f"PATH={tools} exec {TORC} -s run w.json -o out"])
        self.assertEqual(runner.wait(30), 0, runner.stderr_path.read_text())
        outputs = [(self.dir / f"out/job_stdio/job_wf1_j{job}_r1_a1.o").read_text() for job in (1, 2)]
        self.assertEqual(outputs, ["0,1 0,1\n", "none:\n"])
        self.assertIn("2 GPUs", next((self.dir / "out").glob("job_runner_*")).read_text())

    def test_jobs_that_do_not_fit_are_reported(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow(
            {"command": "true", "resource_requirements": "huge"}, {"command": "true"},
            resource_requirements=[{"name": "huge", "num_cpus": 100_000, "memory": "1m", "runtime": "PT1M"}],
            compute_node_wait_for_new_jobs_seconds=1)))
        result = run_torc("-s", "run", spec, home=self.dir)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout.splitlines()[1], r"^1 of 2 jobs completed in [0-9.]+ s; 1 are ready but need more "
                                                        r"resources than this run has \('torc -s jobs list 1 --status ready'\)$")

    def test_a_short_time_limit_does_not_exclude_jobs_without_run_time(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow({"command": "true"})))
        result = run_torc("-s", "run", spec, "--time-limit", "PT20S", home=self.dir, check=True)
        self.assertIn("1 of 1 jobs completed", result.stdout)

    def test_canceled_jobs_do_not_count_as_failed(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow({"command": "false"}, {
            "command": "true", "depends_on": ["j1"], "cancel_on_blocking_job_failure": True})))
        result = run_torc("-s", "run", spec, home=self.dir)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"0 of 2 jobs completed, 1 failed, 1 canceled in [0-9.]+ s \(see ")

    def test_json_and_failures(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow({"command": "exit 3"}, {"command": "kill -9 $$"}, {"command": "true"})))
        result = run_torc("-s", "-f", "json", "run", spec, home=self.dir)
        self.assertEqual(result.returncode, 1)
        document = json.loads(result.stdout)
        self.assertEqual((document["completed"], document["failed"], document["total_jobs"], document["ok"]),
                         (1, 2, 3, False))
        self.assertEqual(result.stderr, "")
        again = run_torc("-s", "run", "1", home=self.dir)
        self.assertEqual(again.returncode, 1, "the workflow has failed jobs, although from an earlier run")
        self.assertIn("1 of 3 jobs completed", again.stdout)

    def test_bad_usage(self):
        for args in (["run"], ["run", "1", "--max-parallel-jobs", "0"], ["run", "1", "--time-limit", "1 hour"],
                     ["run", "1", "--end-time", "2001-01-01T00:00:00Z"], ["run", "1", "-p", "0"],
                     ["run", "1", "-p", "nan"], ["run", "1", "--memory-gb", "nan"], ["run", "1", "--memory-gb", "inf"]):
            self.assertEqual(run_torc("-s", *args, home=self.dir).returncode, 2, args)
        missing = run_torc("-s", "run", "no-such-file.yaml", home=self.dir)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("no-such-file.yaml", missing.stderr)
        self.assertEqual(run_torc("-s", "run", "77", home=self.dir).returncode, 1)

    def test_stop_of_a_standalone_run(self):
        spec = self.dir / "w.json"
        spec.write_text(json.dumps(workflow({"command": f"echo $$ >{self.dir}/pid; sleep 60"})))
        runner = self.start([TORC, "-s", "run", spec])
        job = self.pid_in(self.dir / "pid")
        runner.send_signal(signal.SIGTERM)
        self.assertEqual(runner.wait(30), 0, runner.stderr_path.read_text())
        self.assertFalse(alive(job))
        jobs = json.loads(run_torc("-s", "-f", "json", "jobs", "list", "1", home=self.dir, check=True).stdout)
        self.assertIn('"ready"', json.dumps(jobs))


class Run(E2ETest):
    def runner(self, server, *args, env=None):
        return self.start([TORC, "run", *args, "-p", "0.1", "-o", self.dir / "out"],
                          env={"TORC_API_URL": server.url, **(env or {})})

    def pid_in(self, path: pathlib.Path) -> int:
        return int(wait_until(lambda: path.exists() and path.read_text().strip(), what=f"{path} to hold a pid"))

    def start_failures(self, server, wf) -> dict[str, str]:
        """For each job that could not be started, the reason from its event."""
        events = [event["data"] for event in server.get(f"/events?workflow_id={wf}")["items"]]
        return {data["job_name"]: data["message"] for data in events if data.get("event_type") == "job_start_failed"}

    def runner_log(self) -> str:
        return "".join(path.read_text() for path in (self.dir / "out").glob("job_runner_*"))

    def test_jobs_see_no_secret(self):
        server = self.server()
        wf = server.create(workflow({"command": "env; ls -l /proc/self/fd"}))
        secrets = {"TORC_PASSWORD": "hunter2", "TORC_COOKIE_HEADER": "crumb=1", "SEEN": "yes"}
        runner = self.runner(server, wf, env=secrets)
        self.assertEqual(runner.wait(30), 0)
        output = (self.dir / f"out/job_stdio/job_wf{wf}_j1_r1_a1.o").read_text()
        self.assertIn("SEEN=yes\n", output)
        self.assertIn("TORC_JOB_NAME=j1\n", output)
        for secret in ("hunter2", "crumb", "TORC_WORKER", "socket:", "torc.db"):
            self.assertNotIn(secret, output)
        self.assertNotIn("hunter2", self.runner_log())

    def test_jobs_wait_during_a_temporary_shortage(self):
        """Each running job uses a file descriptor."""
        server = self.server()
        count = 120
        wf = server.create(workflow(*[{"command": "sleep 1"}] * count))
        run = f"exec {TORC} run {wf} --max-parallel-jobs {count} -o {self.dir}/out"
        runner = self.start(["bash", "-c", f"ulimit -n 100; {run}"], env={"TORC_API_URL": server.url})
        self.assertEqual(runner.wait(60), 0)
        self.assertEqual(set(server.statuses(wf).values()), {"completed"})
        self.assertIn("Too many open files", self.runner_log())
        self.assertEqual({result["attempt_id"] for result in server.results(wf)}, {1})

    def test_stop_leaves_nothing(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.server(f"server{number}")
                pid_file = self.dir / f"pid{number}"
                wf = server.create(workflow({"command": DAEMON.format(pid=pid_file)}, {"command": "sleep 61"},
                                            {"command": "true", "depends_on": ["j1"]}))
                runner = self.runner(server, wf, "--max-parallel-jobs", "2")
                daemon = self.pid_in(pid_file)
                wait_until(lambda: list(server.statuses(wf).values()).count("running") == 2, what="two running jobs")
                runner.send_signal(number)
                self.assertEqual(runner.wait(30), 0)
                self.assertFalse(alive(daemon))
                self.assertEqual(server.statuses(wf), {"j1": "ready", "j2": "ready", "j3": "blocked"})
                nodes = server.get(f"/compute_nodes?workflow_id={wf}")["items"]
                self.assertEqual([node["is_active"] for node in nodes], [False])
                self.assertIn("2 jobs requeued", runner.stdout_path.read_text())

    def test_a_stop_after_a_failure_is_not_a_success(self):
        server = self.server()
        for first, status, words in (("false", 1, "0 of 2 jobs completed, 1 failed in "),
                                     ("true", 0, "1 of 2 jobs completed in ")):
            with self.subTest(first):
                pid_file = self.dir / f"pid.{first}"
                wf = server.create(workflow({"command": first},
                                            {"command": f"echo $$ >{pid_file}; sleep 60", "depends_on": ["j1"],
                                             "cancel_on_blocking_job_failure": False}))
                runner = self.runner(server, wf)
                self.pid_in(pid_file)
                runner.send_signal(signal.SIGTERM)
                self.assertEqual(runner.wait(30), status, runner.stderr_path.read_text())
                self.assertIn(words, runner.stdout_path.read_text())
                self.assertIn("; stopped, 1 job requeued", runner.stdout_path.read_text())
                self.assertEqual(server.statuses(wf), {"j1": "failed" if status else "completed", "j2": "ready"})

    def test_stops_do_not_count_against_a_job(self):
        server = self.server()
        log = self.dir / "log"
        wf = server.create(workflow(
            {"command": f"echo $TORC_ATTEMPT_ID >>{log}; until [ -e {self.dir}/go ]; do sleep 0.02; done"}))
        stops = 6
        for stop in range(1, stops + 1):
            runner = self.runner(server, wf)
            wait_until(lambda: log.exists() and len(log.read_text().split()) == stop, what=f"attempt {stop}")
            runner.send_signal(signal.SIGTERM)
            self.assertEqual(runner.wait(30), 0, runner.stderr_path.read_text())
            self.assertEqual(server.statuses(wf), {"j1": "ready"}, f"after stop {stop}")
        (self.dir / "go").touch()
        self.assertEqual(self.runner(server, wf).wait(30), 0)
        self.assertEqual(server.statuses(wf), {"j1": "completed"})
        self.assertEqual(log.read_text().split(), [str(attempt) for attempt in range(1, stops + 2)])

    def test_nohup_keeps_sighup_ignored(self):
        server = self.server()
        command = f"touch {self.dir}/started; until [ -e {self.dir}/go ]; do sleep 0.02; done"
        wf = server.create(workflow({"command": command}))
        runner = self.start(["nohup", TORC, "run", wf, "-p", "0.1", "-o", self.dir / "out"],
                            env={"TORC_API_URL": server.url})
        wait_until((self.dir / "started").exists)
        runner.send_signal(signal.SIGHUP)
        (self.dir / "go").touch()
        self.assertEqual(runner.wait(30), 0)
        self.assertEqual(server.statuses(wf), {"j1": "completed"})

    def test_server_killed_in_the_middle(self):
        server = self.server()
        log = self.dir / "log"
        jobs = [{"command": f"echo $TORC_JOB_NAME >>{log}; sleep 0.05"} for _ in range(60)]
        for job in range(30, 60):
            jobs[job]["depends_on"] = [f"j{job - 29}"]
        wf = server.create(workflow(*jobs))
        runners = [self.runner(server, wf, "--max-parallel-jobs", "4")]
        wait_until(lambda: list(server.statuses(wf).values()).count("completed") >= 5, what="a few completed jobs")
        runners.append(self.start([TORC, "run", wf, "-p", "0.1", "-o", self.dir / "out2", "--max-parallel-jobs", "4"],
                                  env={"TORC_API_URL": server.url}))
        wait_until(lambda: len(server.json("compute-nodes", "list", wf)["compute_nodes"]) == 2, what="its registration")
        acknowledged = set()
        for _ in range(4):
            server.kill()
            wait_until(lambda: "sleep 0.05" not in processes_below(self.dir).values(), what="the running jobs to end")
            server.start()
            completed = {name for name, status in server.statuses(wf).items() if status == "completed"}
            self.assertLessEqual(acknowledged, completed, "an acknowledged completion was lost")
            acknowledged = completed
            wait_until(lambda: list(server.statuses(wf).values()).count("completed") >= min(60, len(acknowledged) + 6),
                       what="more completed jobs")
        for runner in runners:
            self.assertEqual(runner.wait(60), 0, runner.stderr_path.read_text())
        self.assertEqual(set(server.statuses(wf).values()), {"completed"})
        self.assertEqual(sorted(log.read_text().split()), sorted(f"j{i}" for i in range(1, 61)), "each job should run once")
        self.assertEqual(len(server.results(wf)), 60)

    def test_cancel(self):
        server = self.server()
        wf = server.create(workflow({"command": f"echo $$ >{self.dir}/pid; sleep 60"}))
        runner = self.runner(server, wf)
        job = self.pid_in(self.dir / "pid")
        server.torc("cancel", wf, check=True)
        runner.wait(30)
        self.assertFalse(alive(job))
        self.assertEqual(server.statuses(wf), {"j1": "canceled"})

    def test_worker_mode(self):
        server = self.server()
        wf = server.create(workflow({"command": "true"}, compute_node_wait_for_new_jobs_seconds=0))
        state = self.dir / "state/w"
        read_end, write_end = os.pipe()
        env = {"TORC_API_URL": server.url, "TORC_WORKER_KEY": "alice_ws3", "TORC_WORKER_ADDRESS": "alice@ws3",
               "TORC_WORKER_STATE": str(state), "TORC_WORKER_READY_FD": str(write_end)}
        command = [TORC, "run", wf, "-p", "0.1", "-o", self.dir / "out"]
        runner = self.start(command, env=env, pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as ready:
            self.assertEqual(ready.read(), "ready\n")
        self.assertEqual(server.statuses(wf), {"j1": "uninitialized"}, "a worker initialised the workflow")
        node = server.get(f"/compute_nodes?workflow_id={wf}")["items"][0]
        self.assertEqual((node["scheduler"]["type"], node["scheduler"]["worker"]), ("ssh", "alice@ws3"))
        self.assertEqual([node["pid"]], children_of(runner.pid), "the started process is not the runner's guardian")
        second = run_torc("run", wf, home=self.dir, env={**env, "TORC_WORKER_READY_FD": ""})
        self.assertEqual(second.returncode, 1)
        self.assertIn("already running", second.stderr)
        server.torc("workflows", "init", wf, "--no-prompts", check=True)
        self.assertEqual(runner.wait(30), 0)
        ended = dict(line.split("=", 1) for line in (state / "ended").read_text().splitlines())
        self.assertEqual((ended["reason"], ended["exit"], ended["given_back"]), ("finished", "0", "0"))
        self.assertTrue((self.dir / f"out/job_runner_alice_ws3_wf{wf}_r0.log").exists())

    def test_output_files_of_each_mode(self):
        """For a success and a failure, with and without delete_on_success."""
        endings = {"separate": "oe", "combined": ["log"], "no_stdout": "e", "no_stderr": "o", "none": ""}
        server = self.server()
        jobs = [({"mode": mode, "delete_on_success": delete}, status)
                for mode in endings for delete in (False, True) for status in (0, 3)]
        command = "echo $TORC_JOB_NAME; echo error of $TORC_JOB_NAME >&2; exit {}"
        wf = server.create(workflow(*[{"command": command.format(status), "stdio": stdio} for stdio, status in jobs]))
        self.assertEqual(self.runner(server, wf).wait(30), 1)
        ids = {job["name"]: job["id"] for job in server.jobs(wf)}
        expected = {}
        for number, (stdio, status) in enumerate(jobs, 1):
            name = f"j{number}"
            texts = {"o": f"{name}\n", "e": f"error of {name}\n", "log": f"{name}\nerror of {name}\n"}
            if status != 0 or not stdio["delete_on_success"]:
                expected.update({f"job_wf{wf}_j{ids[name]}_r1_a1.{ending}": texts[ending]
                                 for ending in endings[stdio["mode"]]})
        found = {path.name: path.read_text() for path in (self.dir / "out/job_stdio").iterdir()}
        self.assertEqual(found, expected)
        self.assertEqual({result["job_id"]: result["return_code"] for result in server.results(wf)},
                         {ids[f"j{number}"]: status for number, (_, status) in enumerate(jobs, 1)})

    def test_a_jobs_mode_overrides_that_of_the_workflow(self):
        server = self.server()
        wf = server.create(workflow(
            {"command": "echo 1"}, {"command": "echo 2", "stdio": {"mode": "separate"}}, {"command": "echo 3"},
            execution_config={"stdio": {"mode": "no_stderr", "delete_on_success": True},
                              "job_stdio_overrides": {"j2": {"mode": "none"}, "j3": {"mode": "combined"}}}))
        self.assertEqual(self.runner(server, wf).wait(30), 0)
        ids = {job["name"]: job["id"] for job in server.jobs(wf)}
        self.assertEqual({path.name: path.read_text() for path in (self.dir / "out/job_stdio").iterdir()},
                         {f"job_wf{wf}_j{ids['j2']}_r1_a1.o": "2\n", f"job_wf{wf}_j{ids['j2']}_r1_a1.e": "",
                          f"job_wf{wf}_j{ids['j3']}_r1_a1.log": "3\n"})

    def test_a_job_that_cannot_be_started(self):
        server = self.server()
        shell = self.dir / "shell"
        shell.write_text("#!/bin/sh\nexec /bin/sh \"$@\"\n")
        shell.chmod(0o755)
        wf = server.create(workflow({"command": f"rm {shell}"}, {"command": "echo a; echo b", "depends_on": ["j1"]},
                                    {"command": "true", "depends_on": ["j2"]}))
        self.assertEqual(self.runner(server, wf, "--shell", shell).wait(30), 1)
        self.assertEqual(server.statuses(wf), {"j1": "completed", "j2": "failed", "j3": "canceled"})
        reason = f"cannot execute {shell}: No such file or directory"
        self.assertEqual([result["return_code"] for result in server.results(wf)], [0, 126])
        self.assertEqual(self.start_failures(server, wf), {"j2": reason})
        self.assertIn(reason, self.runner_log())
        self.assertIn(f"Job 2 (j2): {reason}", server.torc("results", "list", wf, check=True).stdout)

    def test_no_shell(self):
        server = self.server()
        (self.dir / "bin").mkdir()
        wf = server.create(workflow({"command": "echo a; echo b"}))
        runner = self.runner(server, wf, env={"PATH": f"{self.dir}/bin"})
        self.assertEqual(runner.wait(30), 1)
        self.assertIn("PATH contains neither bash nor sh", runner.stderr_path.read_text())
        self.assertEqual(server.statuses(wf), {"j1": "ready"}, "a runner on another machine may run it")

    def test_a_job_killed_for_its_memory(self):
        server = self.server()
        wf = server.create(workflow(
            {"command": "x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 60; true",
             "resource_requirements": "small"},
            resource_requirements=[{"name": "small", "num_cpus": 1, "memory": "30m", "runtime": "PT1M"}]))
        self.assertEqual(self.runner(server, wf).wait(30), 1)
        figures = r"used [0-9.]+ MiB of memory, more than the 30.0 MiB it requested: it was killed"
        self.assertRegex(self.runner_log(), figures.replace("used", "uses").replace("was", "is"))
        self.assertRegex(server.torc("results", "list", wf, check=True).stdout, figures)
        self.assertRegex(json.dumps(server.get(f"/events?workflow_id={wf}")), figures)

    def test_the_end_time_requeues_jobs(self):
        server = self.server()
        wf = server.create(workflow({"command": "sleep 60"}))
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
        runner = self.runner(server, wf, "--end-time", end.strftime("%Y-%m-%dT%H:%M:%SZ"), "--max-parallel-jobs", "1")
        wait_until(lambda: "running" in server.statuses(wf).values(), what="the job to run")
        self.assertEqual(runner.wait(30), 0, runner.stderr_path.read_text())
        self.assertEqual(server.statuses(wf), {"j1": "ready"})
        self.assertEqual(server.jobs(wf)[0]["attempt_id"], 2)

    def test_the_next_runner_reports_the_results_of_a_killed_one(self):
        server = self.server()
        command = f"echo $TORC_ATTEMPT_ID >>{self.dir}/log; until [ -e {self.dir}/go ]; do sleep 0.02; done"
        wf = server.create(workflow({"command": command}))
        runner = self.runner(server, wf)
        wait_until(lambda: "running" in server.statuses(wf).values(), what="the job to run")
        server.kill()
        (self.dir / "go").touch()
        journal = wait_until(lambda: [path for path in (self.dir / "out").glob("undelivered_results_*")
                                      if path.read_text().endswith("\n")], what="a result in a journal")[0]
        os.kill(children_of(runner.pid)[0], signal.SIGKILL)
        self.assertEqual(runner.wait(30), 128 + signal.SIGKILL)
        server.start()
        self.assertEqual(server.statuses(wf), {"j1": "running"})
        self.assertEqual(self.runner(server, wf).wait(30), 0)
        self.assertEqual(server.statuses(wf), {"j1": "completed"})
        self.assertEqual([(result["return_code"], result["attempt_id"]) for result in server.results(wf)], [(0, 1)])
        self.assertEqual((self.dir / "log").read_text().split(), ["1"], "it ran more than once")
        self.assertFalse(journal.exists())


class RunOnPlainServer(Run):
    server_args = PLAIN
    # If the answer to a claim is lost, this server does not know the job's owner, so that the job may stay claimed.
    test_server_killed_in_the_middle = None


class IdleRunner(E2ETest):
    def test_uses_no_cpu(self):
        server = self.server()
        wf = server.create(workflow({"command": "true"}))
        # A worker, because it waits for jobs.
        env = {"TORC_API_URL": server.url, "TORC_WORKER_KEY": "w", "TORC_WORKER_ADDRESS": "w",
               "TORC_WORKER_STATE": str(self.dir / "state")}
        guardian = self.start([TORC, "run", wf, "-o", self.dir / "out"], env=env)
        node = wait_until(lambda: server.get(f"/compute_nodes?workflow_id={wf}")["items"], what="the runner")[0]
        # Wait until its startup is finished, that is, until it uses no CPU time in a whole second.
        pids = [guardian.pid, node["pid"]]
        wait_until(lambda: cpu_ms(pids, seconds=1) < 1, what="an idle second")
        self.assertLess(cpu_ms(pids, seconds=3), 3, "it used more than a thousandth of a core")


def cpu_ms(pids: list[int], seconds: float) -> float:
    """CPU milliseconds that the processes use in this time."""
    def used():
        return sum(int(path.read_text().split()[0]) for pid in pids
                   for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))

    before = used()
    time.sleep(seconds)
    return (used() - before) / 1e6


if __name__ == "__main__":
    main()
