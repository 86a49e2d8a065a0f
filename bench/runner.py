#!/usr/bin/env python3
"""Times the runner and other programs that start many processes, all in one run on one machine, and prints ratios.

    bench/runner.py [--torc build/release/torc] [--other-torc PROGRAM] [--jobs 10000] [--rounds 3]
    bench/runner.py --sampling [SECONDS]       # cost of monitoring 64 jobs once a second

Every torc command is standalone (`-s`): server, runner and database in one process, all changes durable. `xargs`,
`parallel` and HyperQueue store nothing. HyperQueue is included if its Python package can be imported (`pip install
hyperqueue`; its LocalCluster runs server and worker as threads). Programs that are not installed are skipped and named.
The directories are created below $TMPDIR and removed only at the end, because ext4 creates files slowly for some
seconds after many files have been removed.
"""
import argparse
import contextlib
import importlib.util
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
        # The other torc's server is a separate program in the same directory.
        self.env = {**os.environ, "PATH": f"{os.path.dirname(torc)}:{os.environ['PATH']}"}

    def fresh(self) -> pathlib.Path:
        return pathlib.Path(tempfile.mkdtemp(dir=self.directory))

    def run(self, jobs, *options) -> float:
        """Seconds of `torc run` of a workflow that has been created and initialised."""
        directory = self.fresh()
        subprocess.run([self.torc, "-s", "create", spec(directory, jobs)], check=True, cwd=directory,
                       capture_output=True, env=self.env)
        return timed([self.torc, "-s", "run", "1", *options], cwd=directory, env=self.env)

    def many(self, count: int) -> float:
        return self.run([{"name": f"j{i}", "command": "true"} for i in range(count)], "--max-parallel-jobs", "16")

    def chain(self, links: int) -> float:
        return self.run([{"name": f"j{i}", "command": "true", **({"depends_on": [f"j{i - 1}"]} if i else {})}
                         for i in range(links)])

    def one(self) -> float:
        return timed([self.torc, "-s", "exec", "--", "true"], cwd=self.fresh(), env=self.env)

    @contextlib.contextmanager
    def runner_at_work(self, document, *options):
        """Starts a server and `torc run` of the workflow; yields the pid of the runner's guardian."""
        directory = self.fresh()
        server = subprocess.Popen([self.torc, "server", "run", "--port", "0", "--database", directory / "t.db"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = server.stdout.readline().strip().partition("=")[2]
            env = {**os.environ, "TORC_API_URL": f"http://127.0.0.1:{port}/torc-service/v1"}
            path = directory / "w.json"
            path.write_text(json.dumps(document))
            subprocess.run([self.torc, "create", path], check=True, env=env, capture_output=True)
            guardian = subprocess.Popen([self.torc, "run", "1", *options], env=env, cwd=directory,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                yield guardian.pid
            finally:
                guardian.terminate()
                guardian.wait()
        finally:
            server.terminate()
            server.wait()

    def memory(self, running: int) -> dict[str, float]:
        """MB of a runner and its guardian while `running` jobs sleep (0: while it waits for its first job)."""
        jobs = [{"name": f"j{i}", "command": "sleep 1000"} for i in range(running)]
        more, options = {}, ["--max-parallel-jobs", str(running)]
        if not running:
            jobs = [{"name": "j", "command": "true", "resource_requirements": "big"}]
            more, options = {"resource_requirements": [{"name": "big", "num_cpus": 9999, "memory": "1m"}]}, []
        with self.runner_at_work({"name": "m", "jobs": jobs, **more}, *options) as guardian:
            wait_for_jobs(guardian, running)
            time.sleep(2)  # Let the figures settle.
            figures = {"VmRSS": 0.0, "RssAnon": 0.0}
            for pid in [guardian, *children(guardian)]:
                for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                    name, _, rest = line.partition(":")
                    if name in figures:
                        figures[name] += int(rest.split()[0]) / 1024
            return figures

    def sampling(self, running: int, seconds: float, monitor) -> float:
        """% of a core that runner and guardian use while `running` jobs of three processes each do nothing."""
        jobs = [{"name": f"j{i}", "command": "sleep 1000 & sleep 1000 & wait"} for i in range(running)]
        document = {"name": "s", "jobs": jobs, "resource_monitor": monitor, "execution_config": {
            "limit_resources": False, "sigterm_lead_seconds": 1}}
        with self.runner_at_work(document, "--max-parallel-jobs", str(running)) as guardian:
            wait_for_jobs(guardian, running)
            time.sleep(3)  # Starting the jobs must not be measured.
            pids = [guardian, *children(guardian)]
            began, before = time.monotonic(), sum(map(cpu_seconds, pids))
            time.sleep(seconds)
            return 100 * (sum(map(cpu_seconds, pids)) - before) / (time.monotonic() - began)


def children(pid: int) -> list[int]:
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for_jobs(guardian: int, running: int) -> None:
    """Waits until the runner has `running` children."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        below = children(guardian)
        if below and len(children(below[0])) >= running:
            return
        time.sleep(0.05)
    raise RuntimeError(f"the runner has not started {running} jobs in 30 s")


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process without its children, precise if the kernel has schedstat, else counted in ticks."""
    tasks = list(pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))
    if tasks:
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(what: str, samples: list[float], unit: float, name: str) -> float:
    median = statistics.median(samples) * unit
    print(f"{what:<58} {median:9.3f} {name}   (of {', '.join(f'{each * unit:.3f}' for each in samples)})")
    sys.stdout.flush()
    return median


def beside(what: str, samples: list[float], unit: float, name: str, ours: float) -> None:
    """Prints a row for another program, and the ratio of its time to ours."""
    print(f"{'  times ours':<58} {report(what, samples, unit, name) / ours:9.2f}")


# Server, worker and client of HyperQueue in one process; a separate one because it prints a lot.
HYPERQUEUE = """
import hyperqueue, os, sys, tempfile, time
from hyperqueue.cluster import LocalCluster, WorkerConfig
with tempfile.TemporaryDirectory() as directory, LocalCluster() as cluster:
    os.chdir(directory)
    cluster.start_worker(WorkerConfig(cores=16))
    client, job = cluster.client(), hyperqueue.Job()
    for _ in range(int(sys.argv[1])):
        job.program(["true"], stdout=None, stderr=None)
    began = time.monotonic()
    client.wait_for_jobs([client.submit(job)])
    took = time.monotonic() - began
    os.chdir("/")
print(took)
"""


def hyperqueue(count: int) -> float:
    done = subprocess.run([sys.executable, "-c", HYPERQUEUE, str(count)], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def compare_one(bench: Bench, arguments) -> None:
    """One job, from nothing; compared with the minimum, loading the program and ending it."""
    runs, loads = [], []
    for _ in range(40):
        runs.append(bench.one())
        loads.append(timed([bench.torc, "--version"]))
    print(f"{'torc --version, whole process':<58} {statistics.median(loads) * 1000:9.3f} ms   (median of {len(loads)})")
    ours = statistics.median(runs) * 1000
    print(f"{'torc -s exec -- true, whole process':<58} {ours:9.3f} ms   (median of {len(runs)}, {min(runs) * 1000:.1f} to "
          f"{max(runs) * 1000:.1f})")
    if arguments.other_torc:
        other = Bench(os.path.abspath(arguments.other_torc), bench.directory)
        beside("the same, the other torc", [other.one()], 1000, "ms", ours)


def compare_many(bench: Bench, arguments) -> None:
    """Many jobs at once; each round measures all programs in turn."""
    count = arguments.jobs
    numbers = ("\n".join(str(i) for i in range(count)) + "\n").encode()
    commands = {f"{count} times bash -c true, xargs -P16": ["xargs", "-P16", "-I{}", "bash", "-c", "true"]}
    if shutil.which("parallel"):
        commands[f"{count} times true, parallel -j16"] = ["parallel", "-j16", "true"]
    torc, others = [], {what: [] for what in commands}
    for _ in range(arguments.rounds):
        torc.append(bench.many(count))
        for what, command in commands.items():
            others[what].append(timed(command, input=numbers))
    ours = report(f"{count} jobs true, torc run --max-parallel-jobs 16", torc, 1000 / count, "ms a job")
    for what, samples in others.items():
        beside(what, samples, 1000 / count, "ms a job", ours)
    if not shutil.which("parallel"):
        print("parallel is not installed")
    if importlib.util.find_spec("hyperqueue"):
        # It is so slow that a tenth of the jobs must suffice.
        beside(f"{count // 10} tasks true, HyperQueue's LocalCluster, 16 cores", [hyperqueue(count // 10)],
               10_000 / count, "ms a job", ours)
    else:
        print("HyperQueue's Python package is not installed")
    if arguments.other_torc:
        # It is so slow that 100 jobs must suffice. The ratio is to 100 of ours, since startup counts for more.
        ours = report("100 jobs true, ours", [bench.many(100) for _ in range(arguments.rounds)], 10, "ms a job")
        other = Bench(os.path.abspath(arguments.other_torc), bench.directory)
        beside("100 jobs true, the other torc", [other.many(100)], 10, "ms a job", ours)


def compare_sampling(bench: Bench, seconds: float) -> None:
    """The cost of sampling 64 jobs once a second."""
    every_second = {"enabled": True, "granularity": "summary", "sample_interval_seconds": 1}
    figures = {}
    for what, monitor in (("off", {"enabled": False}), ("every second, summary", every_second),
                          ("every second, time series", {**every_second, "granularity": "time_series"})):
        figures[what] = bench.sampling(64, seconds, monitor)
        print(f"{'64 running jobs, monitoring ' + what:<58} {figures[what]:9.3f} % of a core, runner and guardian")
        sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torc", default=str(ROOT / "build/release/torc"))
    parser.add_argument("--other-torc", default=os.environ.get("OTHER_TORC"), help="another torc (Env:OTHER_TORC)")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sampling", type=float, metavar="SECONDS", nargs="?", const=30.0,
                        help="only measure the cost of monitoring, for SECONDS per row")
    arguments = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp())
    bench = Bench(os.path.abspath(arguments.torc), directory)
    try:
        if arguments.sampling:
            compare_sampling(bench, arguments.sampling)
            return
        compare_one(bench, arguments)
        compare_many(bench, arguments)
        report("chain of 200 jobs true", [bench.chain(200) for _ in range(arguments.rounds)], 1000 / 200, "ms a link")
        for running in (0, 64):
            figures = bench.memory(running)
            print(f"{f'memory with {running} running jobs, guardian included':<58} {figures['VmRSS']:9.1f} MB VmRSS, "
                  f"{figures['RssAnon']:.1f} MB RssAnon")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
