#!/usr/bin/env python3
"""Compares builds of torc in one run: their size, how long they take to start, and their server under load.

    go build -o /tmp/server_load bench/server_load.go
    bench/compare_builds.py --server-load /tmp/server_load build/release/torc build/portable-x86_64/torc

The programs take turns, so that what else the machine does meets all of them. Prints medians, with all values of the load.
"""
import argparse
import lzma
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time


def rounds_of_starts(programs, arguments, rounds, directory):
    """Milliseconds of each program; the order changes from round to round."""
    times = {program: [] for program in programs}
    environment = {"HOME": directory, "PATH": os.environ["PATH"], "USER": "bench"}
    for number in range(rounds + 1):
        for program in programs if number % 2 else reversed(programs):
            started = time.perf_counter()
            subprocess.run([program, *arguments], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if number > 0:  # The first one reads the file.
                times[program].append((time.perf_counter() - started) * 1000)
    return times


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024


def load(program, server_load, jobs, workers, parent):
    """(jobs per second, CPU seconds of the server, its memory in MB)"""
    with tempfile.TemporaryDirectory(dir=parent) as directory:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen([program, "server", "run", "--port", str(port), "--database", f"{directory}/torc.db"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            before = cpu_seconds(server.pid)
            said = subprocess.run([server_load, "-url", f"http://127.0.0.1:{port}/torc-service/v1", "-jobs", str(jobs),
                                   "-workers", str(workers)], check=True, text=True, stdout=subprocess.PIPE).stdout
            used = cpu_seconds(server.pid) - before, memory_mb(server.pid)
        finally:
            server.terminate()
            server.wait()
    return int(re.search(r"(\d+) jobs/s", said).group(1)), *used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="+", metavar="TORC", type=os.path.abspath)
    parser.add_argument("--starts", type=int, default=40, help="rounds of starts (%(default)s)")
    parser.add_argument("--server-load", metavar="PROGRAM", help="bench/server_load.go, built; without it, no load")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of load (%(default)s)")
    parser.add_argument("--jobs", type=int, default=20000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--directory", default=tempfile.gettempdir(), help="where databases are made (%(default)s)")
    options = parser.parse_args()

    for program in options.programs:
        content = pathlib.Path(program).read_bytes()
        print(f"{program}: {len(content) / 1e6:.1f} MB, {len(lzma.compress(content)) / 1e6:.1f} MB with xz")
    directory = tempfile.mkdtemp(dir=options.directory)
    for arguments in (["--version"], ["-s", "exec", "--", "true"]):
        print(f"torc {' '.join(arguments)}, ms:")
        for program, times in rounds_of_starts(options.programs, arguments, options.starts, directory).items():
            deciles = statistics.quantiles(times, n=10)
            print(f"  {statistics.median(times):7.1f} ({deciles[0]:.1f} to {deciles[8]:.1f})  {program}")
    shutil.rmtree(directory)
    if not options.server_load:
        return
    results = {program: [] for program in options.programs}
    for _ in range(options.rounds):
        for program in options.programs:
            results[program].append(load(program, options.server_load, options.jobs, options.workers, options.directory))
    print(f"server, {options.jobs} jobs, {options.workers} workers: jobs/s, CPU seconds, memory in MB")
    for program, rows in results.items():
        columns = ["/".join(f"{value:.{digits}f}" for value in column) for column, digits in zip(zip(*rows), (0, 2, 1))]
        print(f"  {'  '.join(columns)}  {program}")


if __name__ == "__main__":
    main()
