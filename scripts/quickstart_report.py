#!/usr/bin/env python3
"""Reports a workflow's progress in the demo, from the server's REST interface.

usage: quickstart_report.py watch|summary URL WORKFLOW_ID

watch: prints a line at each change, until the workflow is complete. summary: prints which worker ran which jobs.
"""
import collections
import json
import sys
import textwrap
import time
import urllib.request

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str):
    with OPENER.open(url, timeout=30) as answer:
        return json.load(answer)


def watch(url: str, workflow: str) -> None:
    shown = None
    while True:
        complete = get(f"{url}/workflows/{workflow}/is_complete")
        counts = collections.Counter(job["status"] for job in get(f"{url}/jobs?workflow_id={workflow}")["items"])
        line = ", ".join(f"{counts[status]} {status}" for status in ("completed", "failed", "running", "pending", "ready",
                                                                     "blocked", "canceled") if counts[status])
        if line != shown:
            print(f"  {line}", flush=True)
            shown = line
        if complete["is_complete"] or complete["is_canceled"]:
            return
        time.sleep(0.2)


def summary(url: str, workflow: str) -> None:
    names = {job["id"]: job["name"] for job in get(f"{url}/jobs?workflow_id={workflow}")["items"]}
    workers = {}
    for node in get(f"{url}/compute_nodes?workflow_id={workflow}")["items"]:
        scheduler = node.get("scheduler")
        workers[node["id"]] = scheduler.get("worker", node["hostname"]) if isinstance(scheduler, dict) else node["hostname"]
    ran = collections.defaultdict(list)
    for result in get(f"{url}/results?workflow_id={workflow}")["items"]:
        ran[workers.get(result["compute_node_id"], "?")].append(names.get(result["job_id"], "?"))
    for worker in sorted(ran):
        jobs = sorted(ran[worker])
        print(textwrap.fill(f"{worker}: {len(jobs)} jobs: {', '.join(jobs)}", 100, initial_indent="  ",
                            subsequent_indent="    ", break_on_hyphens=False))


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("watch", "summary"):
        sys.exit(__doc__)
    {"watch": watch, "summary": summary}[sys.argv[1]](sys.argv[2].rstrip("/"), sys.argv[3])
