#!/usr/bin/env python3
"""torc run when the output directory becomes full or read-only during the run: jobs that cannot be started fail with
the reason, the runner continues, and after five failures in a row it claims no more jobs. Uses a small tmpfs, mounted
in a private mount namespace."""
import os
import subprocess

from harness import PLAIN, TORC, main, wait_until
from server_disk_full_test import INSIDE, SmallDisk, enter_mount_namespace

FULL = "No space left on device"
READ_ONLY = "Read-only file system"


class Run(SmallDisk):
    """Runs one job at a time, in the order of their numbers. The first one waits until `go` exists."""

    def setUp(self):
        self.srv = self.server()
        self.disk = self.small_disk("disk", size="1m,nr_inodes=100")
        self.out = self.disk / "out"

    def begin(self, *jobs):
        """Starts the runner; returns once its first job runs. "quiet" jobs have no output files."""
        wait = f"touch {self.dir}/started; until [ -e {self.dir}/go ]; do sleep 0.02; done"
        specs = [{"command": wait}, *({"command": "true", "stdio": {"mode": "none"}} if job == "quiet" else {"command": job}
                                      for job in jobs)]
        self.wf = self.srv.create({"name": "w", "jobs": [
            {"name": f"j{number}", "priority": 1000 - number, **spec} for number, spec in enumerate(specs, 1)]})
        self.runner = self.start([TORC, "run", self.wf, "-p", "0.1", "-o", self.out, "--max-parallel-jobs", "1"],
                                 env={"TORC_API_URL": self.srv.url})
        wait_until((self.dir / "started").exists, what="the first job to run")

    def end(self, status: int) -> str:
        """Lets the first job end; waits for the end of the runner and returns its output."""
        (self.dir / "go").touch()
        self.assertEqual(self.runner.wait(30), status, self.runner.stderr_path.read_text())
        return self.runner.stdout_path.read_text()

    def log(self) -> str:
        return "".join(path.read_text() for path in self.out.glob("job_runner_*"))

    def take_all_inodes(self):
        filler = self.disk / "inodes"
        filler.mkdir()
        with self.assertRaisesRegex(OSError, FULL):
            for number in range(1000):
                (filler / str(number)).touch()

    def make_read_only(self):
        stdio = self.out / "job_stdio"
        subprocess.run(["mount", "--bind", stdio, stdio], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "-l", stdio], check=True))
        subprocess.run(["mount", "-o", "remount,ro,bind", stdio], check=True)

    def return_codes(self) -> dict[str, int]:
        names = {job["id"]: job["name"] for job in self.srv.jobs(self.wf)}
        return {names[result["job_id"]]: result["return_code"] for result in self.srv.results(self.wf)}

    def start_failures(self) -> dict[str, str]:
        """For each job that could not be started, the reason from its event."""
        events = [event["data"] for event in self.srv.get(f"/events?workflow_id={self.wf}&limit=1000")["items"]]
        return {data["job_name"]: data["message"] for data in events if data.get("event_type") == "job_start_failed"}

    def check(self, statuses: list[str], reason: str):
        """`reason`: the reason of all failures."""
        jobs = {f"j{number}": status for number, status in enumerate(statuses, 1)}
        self.assertEqual(self.srv.statuses(self.wf), jobs)
        self.assertEqual(self.return_codes(), {name: 126 if status == "failed" else 0
                                               for name, status in jobs.items() if status != "ready"})
        failures = self.start_failures()
        self.assertEqual(sorted(failures), sorted(name for name, status in jobs.items() if status == "failed"))
        for message in failures.values():
            self.assertRegex(message, rf"{self.out}/job_stdio/job_wf{self.wf}_j\d+_r1_a1\.[oe]: {reason}$")
        for name in failures:
            self.assertRegex(self.log(), rf"error job \d+ \({name}\) cannot be started: .*{reason}\n")

    def check_five_make_it_unfit(self, reason: str):
        said = self.end(1)
        self.check(["completed"] + ["failed"] * 5 + ["ready"] * 3, reason)
        self.assertRegex(said, r"^1 of 9 jobs completed, 5 failed in .*; several jobs in a row could not be started here, so no more "
                               r"were claimed\n")
        self.assertIn("5 jobs in a row could not be started: this machine is unfit, and the runner claims no more jobs", self.log())
        nodes = self.srv.get(f"/compute_nodes?workflow_id={self.wf}")["items"]
        self.assertEqual([node["is_active"] for node in nodes], [False])

    def check_four_do_not(self, reason: str):
        said = self.end(1)
        self.check(["completed"] + ["failed"] * 4 + ["completed"] + ["failed"] * 4 + ["completed"], reason)
        self.assertRegex(said, r"^3 of 11 jobs completed, 8 failed in [0-9.]+ s \(see 'torc results list 1 --failed'\)\n")

    def test_no_inodes_left(self):
        self.begin(*["true"] * 8)
        self.take_all_inodes()
        self.check_five_make_it_unfit(FULL)
        # A runner with another output directory runs the rest.
        again = self.srv.torc("run", self.wf, "-o", self.dir / "elsewhere")
        self.assertIn("4 of 9 jobs completed, 5 failed", again.stdout)

    def test_no_inodes_left_and_a_success_in_between(self):
        self.begin(*["true"] * 4, "quiet", *["true"] * 4, "quiet")
        self.take_all_inodes()
        self.check_four_do_not(FULL)

    def test_read_only(self):
        self.begin(*["true"] * 8)
        self.make_read_only()
        self.check_five_make_it_unfit(READ_ONLY)

    def test_read_only_and_a_success_in_between(self):
        self.begin(*["true"] * 4, "quiet", *["true"] * 4, "quiet")
        self.make_read_only()
        self.check_four_do_not(READ_ONLY)

    def test_no_room_for_the_output_of_jobs(self):
        """They start, and fail because they cannot write. Neither these failures nor a log without room count as failed
        starts."""
        self.begin(*["echo output"] * 6, "quiet", f"rm {self.disk}/filler", "echo again")
        self.fill(self.disk)
        said = self.end(1)
        self.assertEqual(self.return_codes(), {f"j{number}": 1 if 2 <= number <= 7 else 0 for number in range(1, 11)})
        self.assertEqual(self.start_failures(), {})
        self.assertRegex(said, r"^4 of 10 jobs completed, 6 failed in [0-9.]+ s \(see 'torc results list 1 --failed'\)\n")
        ids = {job["name"]: job["id"] for job in self.srv.jobs(self.wf)}
        self.assertEqual((self.out / f"job_stdio/job_wf{self.wf}_j{ids['j10']}_r1_a1.o").read_text(), "again\n")

    def test_no_room_for_results_while_the_server_is_away(self):
        """The runner keeps the results in memory, and reports them later."""
        self.begin("true")
        self.take_all_inodes()
        self.srv.kill()
        (self.dir / "go").touch()
        wait_until(lambda: f"kept in memory only: cannot open {self.out}/undelivered_results_" in self.log(),
                   what="the runner to log it")
        self.srv.start()
        self.end(1)
        self.check(["completed", "failed"], FULL)
        self.assertEqual([result["attempt_id"] for result in self.srv.results(self.wf)], [1, 1])


class RunOnPlainServer(Run):
    server_args = PLAIN


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter_mount_namespace()
    main()
