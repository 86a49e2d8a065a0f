#!/usr/bin/env python3
"""Measures the cost to a server of thousands of runners that wait for work.

Opens --connections connections, each with a parked claim, and prints the server's memory, the CPU time it uses while
nothing happens, and how long after new jobs become ready the claims are answered.

    torc server run --port 8080 --database /tmp/b.db &
    bench/waiting_claims.py http://127.0.0.1:8080/torc-service/v1 --pid $! --connections 2000 --idle 20
"""
import argparse
import json
import os
import resource
import selectors
import socket
import statistics
import time
import urllib.parse
import urllib.request


def call(url, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method=method, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read() or b"null")


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_workflow(url, jobs):
    """A workflow whose jobs are not initialised yet, so that none is ready."""
    workflow = call(url, "POST", "/workflows", {"name": "waiting", "user": "bench"})["id"]
    body = [{"workflow_id": workflow, "name": f"job{i}", "command": "true"} for i in range(jobs)]
    call(url, "POST", "/bulk_jobs", {"jobs": body})
    return workflow


class Waiters:
    """Connections, each with one unanswered claim."""

    def __init__(self, url, workflow, count):
        parts = urllib.parse.urlsplit(url)
        self.selector = selectors.DefaultSelector()
        request = (f"POST {parts.path}/workflows/{workflow}/claim_next_jobs?limit=1&wait=300 HTTP/1.1\r\n"
                   f"Host: {parts.netloc}\r\nContent-Length: 0\r\n\r\n").encode()
        self.sockets = []
        for _ in range(count):
            connection = socket.create_connection((parts.hostname, parts.port), timeout=60)
            connection.sendall(request)
            self.selector.register(connection, selectors.EVENT_READ)
            self.sockets.append(connection)

    def answered(self, wanted, limit):
        """The times at which the next `wanted` answers arrived, and how many jobs they contained."""
        times, jobs, end = [], 0, time.monotonic() + limit
        while len(times) < wanted and time.monotonic() < end:
            for key, _ in self.selector.select(timeout=0.5):
                answer = key.fileobj.recv(65536)
                times.append(time.monotonic())
                jobs += answer.count(b'"workflow_id":')
                self.selector.unregister(key.fileobj)
        return times, jobs

    def close(self):
        for connection in self.sockets:
            connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--pid", type=int, required=True, help="of the server, on this machine")
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--idle", type=float, default=20, help="seconds over which its CPU time is measured")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    before = memory_mb(options.pid)
    workflow = make_workflow(options.url, options.connections)
    made = memory_mb(options.pid)
    waiters = Waiters(options.url, workflow, options.connections)
    time.sleep(3)  # Until the server has parked all claims.
    start_cpu, start = cpu_seconds(options.pid), time.monotonic()
    early, _ = waiters.answered(1, options.idle)
    cpu = (cpu_seconds(options.pid) - start_cpu) / (time.monotonic() - start)
    waiting = memory_mb(options.pid)
    print(f"{options.connections} claims wait, {len(early)} answered too early: server {waiting:.1f} MB "
          f"(before them {made:.1f}, at its start {before:.1f}), {cpu * 100:.2f} % of a core")

    start = time.monotonic()
    call(options.url, "POST", f"/workflows/{workflow}/initialize_jobs")
    initialized = time.monotonic()
    times, jobs = waiters.answered(options.connections, 60)
    waits = sorted(t - start for t in times)
    print(f"{options.connections} jobs became ready at once: {len(times)} answers with {jobs} jobs; initialize took "
          f"{initialized - start:.3f} s; answered after p50 {statistics.median(waits):.3f} s, last {waits[-1]:.3f} s; "
          f"server {memory_mb(options.pid):.1f} MB")
    waiters.close()
    call(options.url, "DELETE", f"/workflows/{workflow}")


if __name__ == "__main__":
    main()
