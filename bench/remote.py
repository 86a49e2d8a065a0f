#!/usr/bin/env python3
"""Measures `torc remote run`, `status` and `collect-logs` on loopback workers; compares with plain `ssh HOST true`.

usage: bench/remote.py [--torc build/release/torc] [--workers 16] [--rounds 5] [--parallel 10] [--jobs N]

With --jobs: measures the time from stored workers to a complete workflow of N jobs `true`, four at once on each worker
(`remote run --wait`), with --parallel connections at once and with as many as there are workers.

Each round uses a fresh workflow and takes all measurements in turn, so that a change of the machine's speed affects all
figures alike. Ratios are of the medians; plain ssh runs `--parallel` at once, as torc does.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from loopback_workers import LoopbackWorkers  # noqa: E402

SSH_OPTIONS = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "StrictHostKeyChecking=accept-new"]


def timed(action) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


class Bench:
    def __init__(self, arguments, directory: pathlib.Path):
        self.torc_program = os.path.abspath(arguments.torc)
        self.parallel = arguments.parallel
        self.dir = directory
        self.workers = LoopbackWorkers(directory / "workers", arguments.workers, torc=self.torc_program)
        # Wrappers that count calls would distort the times; these only add the configuration.
        self.env = {"PATH": os.environ["PATH"], "HOME": str(directory), "TORC_USERNAME": "bench"}
        for program in ("ssh", "scp"):
            wrapper = directory / program
            wrapper.write_text(f"#!/bin/sh\nexec {program} -F {self.workers.client}/config \"$@\"\n")
            wrapper.chmod(0o755)
            self.env[f"TORC_{program.upper()}"] = str(wrapper)
        self.server = subprocess.Popen([self.torc_program, "server", "run", "--port", "0", "--database", directory / "torc.db"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.server.stdout:
            if line.startswith("TORC_SERVER_PORT="):
                self.env["TORC_API_URL"] = f"http://127.0.0.1:{line.split('=')[1].strip()}/torc-service/v1"
                break

    def close(self) -> None:
        self.workers.stop()
        self.server.terminate()
        self.server.wait()

    def torc(self, *args, check=True) -> str:
        result = subprocess.run([self.torc_program, *map(str, args)], env=self.env, cwd=self.dir, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=False)
        if check and result.returncode != 0:
            sys.exit(f"torc {' '.join(map(str, args))}: {result.stdout}{result.stderr}")
        return result.stdout

    def plain_ssh(self) -> None:
        def one(name):
            subprocess.run([self.env["TORC_SSH"], *SSH_OPTIONS, "--", name, "true"], stdin=subprocess.DEVNULL,
                           capture_output=True, check=True)

        with concurrent.futures.ThreadPoolExecutor(self.parallel) as pool:
            list(pool.map(one, self.workers.names))

    def workflow(self) -> int:
        """One sleeping job per worker, so that the runners stay without using the processor."""
        jobs = [{"name": f"job{number}", "command": "sleep 600"} for number in range(len(self.workers.names))]
        (self.dir / "workflow.json").write_text(json.dumps({"name": "bench", "jobs": jobs}))
        workflow = json.loads(self.torc("-f", "json", "create", "workflow.json"))["workflow_id"]
        self.torc("remote", "add-workers", workflow, *self.workers.names)
        self.torc("workflows", "init", workflow, "--no-prompts")
        return workflow

    def round(self, number: int) -> dict[str, float]:
        figures = {}
        workflow = self.workflow()
        run = ["remote", "run", workflow, "--max-parallel-jobs", 1]
        figures["ssh HOST true"] = timed(self.plain_ssh)
        figures["run"] = timed(lambda: self.torc(*run, "--max-parallel-ssh", self.parallel))
        figures["status"] = timed(lambda: self.torc("remote", "status", workflow, "--max-parallel-ssh", self.parallel))
        self.torc("remote", "stop", workflow)
        self.wait_stopped()
        figures["collect-logs"] = timed(lambda: self.torc("remote", "collect-logs", workflow, "--max-parallel-ssh", self.parallel,
                                                          "-l", f"logs{number}"))
        workflow = self.workflow()
        everyone = ["--max-parallel-ssh", len(self.workers.names)]
        figures["run, all at once"] = timed(lambda: self.torc("remote", "run", workflow, "--max-parallel-jobs", 1, *everyone))
        self.torc("remote", "stop", workflow)
        self.wait_stopped()
        return figures

    def jobs_round(self, count: int) -> dict[str, float]:
        figures = {}
        for width in (self.parallel, len(self.workers.names)):
            jobs = [{"name": f"job{number}", "command": "true"} for number in range(count)]
            (self.dir / "workflow.json").write_text(json.dumps({"name": "bench", "jobs": jobs}))
            workflow = json.loads(self.torc("-f", "json", "create", "workflow.json"))["workflow_id"]
            self.torc("remote", "add-workers", workflow, *self.workers.names)
            figures[f"{count} jobs, {width} ssh at once"] = timed(
                lambda: self.torc("remote", "run", workflow, "--wait", "--max-parallel-jobs", 4, "--max-parallel-ssh", width))
            summary = json.loads(self.torc("-f", "json", "status", workflow))
            if f'"completed": {count}' not in json.dumps(summary).lower():
                sys.exit(f"not all jobs are complete: {summary}")
            self.wait_stopped()
        return figures

    def wait_stopped(self) -> None:
        deadline = time.monotonic() + 30
        while self.workers.processes() and time.monotonic() < deadline:
            time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torc", default=ROOT / "build" / "release" / "torc")
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parallel", type=int, default=10)
    parser.add_argument("--jobs", type=int)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torc-bench-") as directory:
        bench = Bench(arguments, pathlib.Path(directory).resolve())
        try:
            bench.plain_ssh()  # stores the host keys
            rounds = []
            for number in range(arguments.rounds):
                rounds.append(bench.jobs_round(arguments.jobs) if arguments.jobs else bench.round(number))
                print(f"round {number + 1}: " + ", ".join(f"{name} {value:.2f} s" for name, value in rounds[-1].items()))
        finally:
            bench.close()
    medians = {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}
    print(f"\n{arguments.workers} workers, {arguments.parallel} ssh at once, median of {arguments.rounds} rounds, "
          f"{os.cpu_count()} cores, {platform.machine()}\n")
    plain = medians.get("ssh HOST true")
    print("| what | seconds | times plain ssh |\n| --- | ---: | ---: |")
    for name, value in medians.items():
        print(f"| {name} | {value:.2f} | {'' if plain is None else f'{value / plain:.2f}'} |")


if __name__ == "__main__":
    main()
