#!/usr/bin/env python3
"""Runs many jobs on several runners, one of which is killed every few seconds: each job must still run exactly once.

    bench/lost_runners.py [--torc build/release/torc] [--jobs 100000] [--runners 8] [--kill-every 2]

Starts a server and runners on this machine. Every --kill-every seconds, one runner gets SIGKILL and is replaced. At the
end, checks in the database that each job is completed and has one result. Prints counts and times; the exit status is 0
only if all checks pass. The directory is created below $TMPDIR and removed at the end.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Site:
    """A server and its runners, all below one directory."""

    def __init__(self, options, directory: pathlib.Path):
        self.options, self.directory = options, directory
        self.environment = {**{name: value for name, value in os.environ.items() if not name.startswith("TORC_")},
                            "HOME": str(directory), "USER": "bench"}
        command = [options.torc, "server", "run", "--port", "0", "--database", "torc.db", "--log-level", "error",
                   "--worker-timeout", str(options.worker_timeout)]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log("server.log"), cwd=directory,
                                       env=self.environment, text=True)
        line = next((line for line in self.server.stdout if line.startswith("TORC_SERVER_PORT=")), None)
        if line is None:
            sys.exit("the server did not start: " + (directory / "server.log").read_text())
        self.url = f"http://127.0.0.1:{line.strip().partition('=')[2]}/torc-service/v1"
        self.environment["TORC_API_URL"] = self.url
        self.runners: list[subprocess.Popen | None] = [None] * options.runners
        self.killed: list[subprocess.Popen] = []  # Guardians of killed runners; they end the remaining processes.

    def log(self, name: str):
        return open(self.directory / name, "ab")

    def torc(self, *args) -> str:
        return subprocess.run([self.options.torc, *map(str, args)], check=True, stdout=subprocess.PIPE, text=True,
                              cwd=self.directory, env=self.environment).stdout

    def create(self) -> int:
        # No output files, because the speed at which this disk creates them is not what is measured.
        spec = {"name": "bench", "execution_config": {"stdio": {"mode": "none"}},
                "jobs": [{"name": f"j{number}", "command": self.options.command}
                         for number in range(self.options.jobs)]}
        (self.directory / "w.json").write_text(json.dumps(spec))
        workflow = json.loads(self.torc("-f", "json", "create", "w.json"))["workflow_id"]
        self.torc("workflows", "init", workflow, "--no-prompts")
        return workflow

    def start_runner(self, slot: int, workflow: int) -> None:
        command = [self.options.torc, "run", str(workflow), "--max-parallel-jobs", str(self.options.parallel),
                   "--poll-interval", "1", "--output-dir", f"out{slot}"]
        self.runners[slot] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log("runners.log"),
                                              cwd=self.directory, env=self.environment)

    def kill_runner(self, slot: int) -> bool:
        """Sends SIGKILL to the runner, which is its guardian's child; false if it has already exited."""
        guardian = self.runners[slot]
        try:
            children = pathlib.Path(f"/proc/{guardian.pid}/task/{guardian.pid}/children").read_text().split()
            os.kill(int(children[0]), signal.SIGKILL)
        except (OSError, IndexError):
            return False
        self.killed.append(guardian)
        return True

    def is_complete(self, workflow: int) -> bool:
        with urllib.request.urlopen(f"{self.url}/workflows/{workflow}/is_complete", timeout=60) as answer:
            return json.loads(answer.read())["is_complete"]

    def end(self) -> None:
        for process in [*self.killed, *filter(None, self.runners), self.server]:
            if process.poll() is None:
                process.terminate()
            process.wait(60)


def run(site: Site, workflow: int) -> dict:
    options = site.options
    choice = random.Random(options.seed)
    for slot in range(options.runners):
        site.start_runner(slot, workflow)
    began = time.monotonic()
    next_kill = began + options.kill_every
    while not site.is_complete(workflow):
        if time.monotonic() - began > options.limit:
            sys.exit(f"not complete after {options.limit} s; see {site.directory}")
        time.sleep(max(0.0, min(0.2, next_kill - time.monotonic())))
        if time.monotonic() >= next_kill:
            next_kill += options.kill_every
            slot = choice.randrange(options.runners)
            if site.kill_runner(slot):
                site.start_runner(slot, workflow)
    seconds = time.monotonic() - began
    for process in [*site.killed, *site.runners]:
        process.wait(60)
    return {"seconds": seconds, "kills": len(site.killed)}


def look(database: pathlib.Path) -> dict:
    """Counts of jobs, results and compute nodes in the database."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        def one(sql):
            return connection.execute(sql).fetchone()[0]

        return {
            "completed": one("SELECT count(*) FROM jobs WHERE status = 5"),
            "results": one("SELECT count(*) FROM results"),
            "jobs_with_one_completed_result": one(
                "SELECT count(*) FROM (SELECT job_id FROM results GROUP BY job_id "
                "HAVING count(*) = 1 AND min(status) = 5 AND min(return_code) = 0)"),
            "jobs_requeued": one("SELECT count(*) FROM jobs WHERE losses > 0"),
            "losses": one("SELECT sum(losses) FROM jobs"),
            "compute_nodes": one("SELECT count(*) FROM compute_nodes"),
            "lost_nodes": one("SELECT count(*) FROM events "
                              "WHERE json_extract(data, '$.event_type') = 'compute_node_lost'"),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torc", default=str(ROOT / "build" / "release" / "torc"))
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--runners", type=int, default=8)
    parser.add_argument("--parallel", type=int, default=4, help="jobs at once of each runner")
    parser.add_argument("--kill-every", type=float, default=2.0, help="seconds")
    parser.add_argument("--worker-timeout", type=int, default=5, help="seconds, of the server")
    parser.add_argument("--command", default="true", help="of each job")
    parser.add_argument("--seed", type=int, default=1, help="which runners are killed")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which it gives up")
    options = parser.parse_args()
    options.torc = os.path.abspath(options.torc)

    directory = pathlib.Path(tempfile.mkdtemp(prefix="torc-lost-"))
    site = Site(options, directory)
    try:
        workflow = site.create()
        ran = run(site, workflow)
    finally:
        site.end()
    found = look(directory / "torc.db")
    print(f"{options.jobs} jobs, {options.runners} runners of {options.parallel} jobs at once, worker timeout "
          f"{options.worker_timeout} s: {ran['seconds']:.1f} s, {options.jobs / ran['seconds']:.0f} jobs/s; "
          f"{ran['kills']} runners killed, one each {options.kill_every:g} s")
    print(json.dumps(found))
    right = (found["completed"] == found["results"] == found["jobs_with_one_completed_result"] == options.jobs)
    print("every job exactly once" if right else f"WRONG; the database is {directory / 'torc.db'}")
    if right:
        shutil.rmtree(directory)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
