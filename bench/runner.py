#!/usr/bin/env python3
"""Times the runner beside what else starts many processes, all in one run on one machine, and prints ratios.

    bench/runner.py [--torc build/release/torc] [--other-torc PROGRAM] [--jobs 10000] [--rounds 3]

Every torc command is standalone (`-s`): server, runner and database in one, everything durable. `xargs` and `parallel`
keep nothing. A program that is not installed is left out. The directories are made below $TMPDIR and removed at the end: ext4
makes files slowly for some seconds after it has removed many.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]


def timed(command, **options) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    return time.monotonic() - began


def spec(directory: pathlib.Path, jobs) -> str:
    path = directory / "w.json"
    path.write_text(json.dumps({"name": "bench", "jobs": jobs}))
    return str(path)


class Bench:
    def __init__(self, torc: str, directory: pathlib.Path):
        self.torc, self.directory = torc, directory

    def fresh(self) -> pathlib.Path:
        return pathlib.Path(tempfile.mkdtemp(dir=self.directory))

    def run(self, jobs, *options) -> float:
        """Seconds of `torc run` of a workflow that was created and initialised before."""
        directory = self.fresh()
        subprocess.run([self.torc, "-s", "create", spec(directory, jobs)], check=True, cwd=directory, capture_output=True)
        return timed([self.torc, "-s", "run", "1", *options], cwd=directory)

    def many(self, count: int) -> float:
        return self.run([{"name": f"j{i}", "command": "true"} for i in range(count)], "--max-parallel-jobs", "16")

    def chain(self, links: int) -> float:
        return self.run([{"name": f"j{i}", "command": "true", **({"depends_on": [f"j{i - 1}"]} if i else {})}
                         for i in range(links)])

    def one(self) -> float:
        return timed([self.torc, "-s", "exec", "--", "true"], cwd=self.fresh())

    def memory(self, running: int) -> dict[str, float]:
        """MB of a runner, and of its guardian, while `running` jobs sleep (0: while it waits for a first one)."""
        directory = self.fresh()
        server = subprocess.Popen([self.torc, "server", "run", "--port", "0", "--database", directory / "t.db"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = server.stdout.readline().strip().partition("=")[2]
            env = {**os.environ, "TORC_API_URL": f"http://127.0.0.1:{port}/torc-service/v1"}
            jobs = [{"name": f"j{i}", "command": "sleep 1000"} for i in range(max(running, 1))]
            if not running:
                jobs = [{"name": "j", "command": "true", "resource_requirements": "big"}]
            more = {} if running else {"resource_requirements": [{"name": "big", "num_cpus": 9999, "memory": "1m"}]}
            path = directory / "w.json"
            path.write_text(json.dumps({"name": "m", "jobs": jobs, **more}))
            subprocess.run([self.torc, "create", path], check=True, env=env, capture_output=True)
            options = ["--max-parallel-jobs", str(running)] if running else []
            guardian = subprocess.Popen([self.torc, "run", "1", *options], env=env, cwd=directory,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                return self._memory_when_ready(guardian.pid, running)
            finally:
                guardian.terminate()
                guardian.wait()
        finally:
            server.terminate()
            server.wait()

    @staticmethod
    def _memory_when_ready(guardian: int, running: int) -> dict[str, float]:
        def children(pid):
            return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            below = children(guardian)
            if below and len(children(below[0])) >= running:
                break
            time.sleep(0.05)
        time.sleep(2)  # Until nothing moves any more.
        figures = {"VmRSS": 0.0, "RssAnon": 0.0}
        for pid in [guardian, *children(guardian)]:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name in figures:
                    figures[name] += int(rest.split()[0]) / 1024
        return figures


def report(what: str, samples: list[float], unit: float, name: str) -> float:
    median = statistics.median(samples) * unit
    print(f"{what:<58} {median:9.3f} {name}   (of {', '.join(f'{each * unit:.3f}' for each in samples)})")
    sys.stdout.flush()
    return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torc", default=str(ROOT / "build/release/torc"))
    parser.add_argument("--other-torc", help="another torc, for the small rows")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp())
    numbers = "\n".join(str(i) for i in range(arguments.jobs)) + "\n"
    per_job = 1000 / arguments.jobs
    bench = Bench(os.path.abspath(arguments.torc), directory)
    try:
        torc, xargs, parallel = [], [], []
        for _ in range(arguments.rounds):
            torc.append(bench.many(arguments.jobs))
            xargs.append(timed(["xargs", "-P16", "-I{}", "bash", "-c", "true"], input=numbers.encode()))
            if shutil.which("parallel"):
                parallel.append(timed(["parallel", "-j16", "true"], input=numbers.encode()))
        ours = report(f"{arguments.jobs} jobs true, torc run --max-parallel-jobs 16", torc, per_job, "ms a job")
        others = report(f"{arguments.jobs} times bash -c true, xargs -P16", xargs, per_job, "ms a job")
        print(f"{'  ratio':<58} {ours / others:9.3f}")
        if parallel:
            report(f"{arguments.jobs} times true, parallel -j16", parallel, per_job, "ms a job")
        report("torc -s exec -- true, whole process", [bench.one() for _ in range(20)], 1000, "ms")
        report("chain of 200 jobs true", [bench.chain(200) for _ in range(arguments.rounds)], 1000 / 200, "ms a link")
        for running in (0, 64):
            figures = bench.memory(running)
            print(f"{f'memory with {running} running jobs, guardian included':<58} {figures['VmRSS']:9.1f} MB VmRSS, "
                  f"{figures['RssAnon']:.1f} MB RssAnon")
        if arguments.other_torc:
            other = Bench(os.path.abspath(arguments.other_torc), directory)
            report("the other torc: 100 jobs true", [other.many(100)], 10, "ms a job")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
