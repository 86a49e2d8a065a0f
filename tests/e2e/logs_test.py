#!/usr/bin/env python3
"""`torc logs`: a job's output, wherever it is; following it while the job runs; bundling and analyzing logs."""
import json
import tarfile

from harness import TORC, E2ETest, main, wait_until

STEPS = "echo first; echo bad >&2; until [ -e $HOME/go ]; do sleep 0.05; done; echo last"


class Logs(E2ETest):
    def test_a_job_of_this_machine(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [
            {"name": "good", "command": "printf 'a\\0b'; echo oops >&2"},
            {"name": "later", "command": "true", "depends_on": ["good"]}]})
        missing = server.torc("logs", workflow, "good", cwd=self.dir)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("has not run yet", missing.stderr)
        server.torc("run", workflow, cwd=self.dir, check=True)
        job = server.jobs(workflow)[0]["id"]
        for word in ("good", job):
            shown = server.torc("logs", workflow, word, cwd=self.dir, check=True)
            self.assertEqual((shown.stdout, shown.stderr), ("a\0b", "oops\n"))
        elsewhere = server.torc("logs", workflow, "good")
        self.assertEqual(elsewhere.returncode, 1)
        self.assertIn("name the directory with -o", elsewhere.stderr)
        self.assertIn("no job 'bad'", server.torc("logs", workflow, "bad").stderr)
        self.assertEqual(server.torc("logs").returncode, 2)

    def test_follows_a_job_of_this_machine(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [{"name": "j", "command": STEPS}]})
        output = self.dir / "out"
        runner = self.start([TORC, "run", workflow, "-o", output], home=server.home, env={"TORC_API_URL": server.url})
        wait_until(lambda: server.statuses(workflow) == {"j": "running"}, what="the job to run")
        following = self.start([TORC, "logs", workflow, "j", "-F", "-o", output], home=server.home,
                               env={"TORC_API_URL": server.url})
        wait_until(lambda: following.stdout_path.read_text() == "first\n", what="the first line")
        (server.home / "go").touch()
        self.assertEqual(following.wait(20), 0)
        self.assertEqual(following.stdout_path.read_text(), "first\nlast\n")
        self.assertEqual(following.stderr_path.read_text(), "bad\n")
        self.assertEqual(runner.wait(20), 0)

    def test_a_job_of_a_worker_and_collected_logs(self):
        server = self.server()
        workers = self.workers(2, server)
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": STEPS} for i in range(2)]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, "--max-parallel-jobs", "1", "--poll-interval", "0.2", check=True)
        wait_until(lambda: set(server.statuses(workflow).values()) == {"running"}, what="the jobs to run")
        self.assertEqual(server.torc("logs", workflow, "j1", check=True).stdout, "first\n")
        following = self.start([TORC, "logs", workflow, "j0", "-F"], home=server.home,
                               env={"TORC_API_URL": server.url, **workers.env})
        wait_until(lambda: following.stdout_path.read_text() == "first\n", what="the first line")
        for host in workers.hosts:
            (host.home / "go").touch()
        self.assertEqual(following.wait(30), 0)
        self.assertEqual(following.stdout_path.read_text(), "first\nlast\n")
        server.wait_complete(workflow)
        wait_until(lambda: not [line for line in workers.processes() if "tail" in str(line)], what="tail to end")
        server.torc("remote", "collect-logs", workflow, "-l", self.dir / "archives", "--delete", check=True)
        shown = server.torc("logs", workflow, "j0", "-l", self.dir / "archives", check=True)
        self.assertEqual((shown.stdout, shown.stderr), ("first\nlast\n", "bad\n"))
        gone = server.torc("logs", workflow, "j0")
        self.assertEqual(gone.returncode, 1)
        self.assertIn("the job has no output files on", gone.stderr)

    def test_bundles_and_analyzes(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [{"name": "bad", "command": "echo 'MemoryError: too much'; no_such_tool"}]})
        server.torc("run", workflow, cwd=self.dir)
        done = server.torc("logs", "bundle", workflow, "--bundle-dir", "bundles", cwd=self.dir, check=True)
        self.assertRegex(done.stdout, rf"^Bundled \d+ file\(s\) of workflow {workflow} in bundles/wf{workflow}\.tar\.gz\n$")
        with tarfile.open(self.dir / "bundles" / f"wf{workflow}.tar.gz") as archive:
            self.assertIn(f"./job_stdio/job_wf{workflow}_j1_r1_a1.o", archive.getnames())
        for path in (f"bundles/wf{workflow}.tar.gz", "torc_output"):
            report = json.loads(server.torc("-f", "json", "logs", "analyze", path, cwd=self.dir, check=True).stdout)
            kinds = {each["kind"] for each in report["findings"]}
            self.assertLessEqual({"out of memory", "command not found"}, kinds)
        nothing = server.torc("logs", "bundle", 77, cwd=self.dir)
        self.assertEqual((nothing.returncode, nothing.stderr), (1, "Error: torc_output contains no logs of workflow 77\n"))
        self.assertEqual(server.torc("logs", "analyze", "nowhere", cwd=self.dir).returncode, 1)


if __name__ == "__main__":
    main()
