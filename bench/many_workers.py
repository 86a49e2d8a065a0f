#!/usr/bin/env python3
"""Measures `torc remote` on hundreds of simulated workers and compares it with as many plain `ssh HOST true`.

    bench/many_workers.py [--torc build/release/torc] [--workers 500] [--parallel 50]

Needs root: everything runs in its own network namespace, where one sshd answers at 127.0.1.1, 127.0.1.2, ... and gives
each address a home directory. The runners are real, two processes per worker; more workers than fit into the free
memory are refused at the start. Prints a table: seconds, the peak memory of the torc command (VmHWM of its process
alone, not of the ssh processes that it starts), and how many connections sshd accepted. The directory is created below
$TMPDIR and removed at the end.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
from loopback_workers import SSHD_COMMON, end_processes_below, find_program, find_sftp_server, processes_below  # noqa: E402

PORT = 2200
MB_PER_WORKER = 20  # guardian, runner, a job's shell, and sshd's processes while a connection lasts
IN_NAMESPACE = "TORC_BENCH_IN_NAMESPACE"

SSHD_CONFIG = SSHD_COMMON + """\
Port {port}
ListenAddress 0.0.0.0
HostKey {dir}/host_key
AuthorizedKeysFile {dir}/user_key.pub
MaxStartups 1000:30:2000
Subsystem sftp {sftp_server}
SetEnv PATH={dir}/bin:/usr/bin:/bin
ForceCommand set -- $SSH_CONNECTION; HOME={dir}/homes/$3; export HOME; cd "$HOME" && exec sh -c "${{SSH_ORIGINAL_COMMAND:-sh}}"
"""

SSH_CONFIG = """\
Host *
  Port {port}
  IdentityFile {dir}/user_key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {dir}/known_hosts
  GlobalKnownHostsFile /dev/null
"""

SSH_OPTIONS = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "StrictHostKeyChecking=accept-new"]


def status_kb(pid: int, field: str) -> int:
    """A line of /proc/PID/status in kB; 0 if the process has ended."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def shared_kb(pids) -> int:
    """Total memory of the processes; each shared page counts once (Pss)."""
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass  # It has ended in the meantime.
    return total


def free_mb() -> int:
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 0


class Site:
    """sshd, home directories and server, all below one directory and in this network namespace."""

    def __init__(self, options, directory: pathlib.Path):
        self.options, self.dir = options, directory
        self.torc_program = os.path.abspath(options.torc)
        self.names = [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(options.workers)]
        for name in self.names:
            (directory / "homes" / name).mkdir(parents=True)
        (directory / "bin").mkdir()
        (directory / "bin" / "torc").symlink_to(self.torc_program)
        for key in ("host_key", "user_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / key], check=True)
        values = {"dir": directory, "port": PORT, "sftp_server": find_sftp_server()}
        (directory / "sshd_config").write_text(SSHD_CONFIG.format(**values))
        (directory / "ssh_config").write_text(SSH_CONFIG.format(**values))
        self.env = {"PATH": os.environ["PATH"], "HOME": str(directory), "TORC_USERNAME": "bench"}
        for program in ("ssh", "scp"):
            wrapper = directory / program
            wrapper.write_text(f'#!/bin/sh\nexec {program} -F {directory}/ssh_config "$@"\n')
            wrapper.chmod(0o755)
            self.env[f"TORC_{program.upper()}"] = str(wrapper)
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        self.sshd = subprocess.Popen([find_program("sshd", "/usr/sbin"), "-D", "-f", directory / "sshd_config",
                                      "-E", directory / "sshd.log"], cwd="/", stdin=subprocess.DEVNULL)
        self.server = subprocess.Popen([self.torc_program, "server", "run", "--port", "0", "--database", directory / "torc.db",
                                        "--log-level", "warn"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, cwd=directory, env=self.env, text=True)
        line = next((line for line in self.server.stdout if line.startswith("TORC_SERVER_PORT=")), None)
        if line is None:
            sys.exit("the server did not start")
        self.env["TORC_API_URL"] = f"http://127.0.0.1:{line.strip().partition('=')[2]}/torc-service/v1"

    def end(self) -> None:
        end_processes_below(self.dir / "homes", 60)
        for process in (self.server, self.sshd):
            process.terminate()
            process.wait(60)

    def connections(self) -> int:
        return (self.dir / "sshd.log").read_text(errors="replace").count("Accepted publickey")

    def plain_ssh(self) -> tuple[float, int]:
        """Seconds for `ssh HOST true` on all workers, with as many at once as torc may use."""
        began = time.monotonic()
        result = subprocess.run(["xargs", "-P", str(self.options.parallel), "-I{}", self.env["TORC_SSH"], *SSH_OPTIONS,
                                 "--", "{}", "true"], input="\n".join(self.names), text=True, env=self.env,
                                capture_output=True, check=False)
        if result.returncode != 0:
            sys.exit(f"plain ssh failed: {result.stderr[-2000:]}")
        return time.monotonic() - began, 0

    def torc(self, *args) -> tuple[float, int]:
        """(seconds, peak memory in kB) of a command, which must succeed."""
        began = time.monotonic()
        process = subprocess.Popen([self.torc_program, *map(str, args)], env=self.env, cwd=self.dir, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        most, ended = [0], threading.Event()

        def watch():
            while not ended.wait(0.01):
                most[0] = max(most[0], status_kb(process.pid, "VmHWM"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            self.output, _ = process.communicate(timeout=self.options.limit)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
            sys.exit(f"torc {' '.join(map(str, args))}: not done after {self.options.limit} s")
        finally:
            ended.set()
            watcher.join()
        seconds = time.monotonic() - began
        if process.returncode != 0:
            sys.exit(f"torc {' '.join(map(str, args))}: exit status {process.returncode}\n{self.output[-3000:]}")
        return seconds, most[0]


def worker_file(count: int) -> str:
    """The addresses as ranges, as a user would write them."""
    blocks = [(1 + first // 250, min(250, count - first)) for first in range(0, count, 250)]
    return "".join(f"127.0.{block}.[1-{last}]\n" for block, last in blocks)


def measure(site: Site) -> tuple[list[tuple[str, float, int, int]], dict]:
    options = site.options
    wide = ["--max-parallel-ssh", options.parallel]
    site.plain_ssh()  # stores the host keys
    # Two jobs per worker that end at once, and one that does not, so that the runners stay.
    jobs = [{"name": f"j{number}", "command": "echo done"} for number in range(2 * options.workers)]
    jobs.append({"name": "last", "command": "sleep 3600"})
    (site.dir / "workflow.json").write_text(json.dumps({"name": "many", "jobs": jobs}))
    (site.dir / "workers.txt").write_text(worker_file(options.workers))
    site.torc("-f", "json", "create", "workflow.json")
    workflow = json.loads(site.output)["workflow_id"]
    rows, figures = [], {}

    def row(name, action):
        before = site.connections()
        seconds, memory = action()
        rows.append((name, seconds, memory, site.connections() - before))
        print(f"{name}: {seconds:.1f} s, {memory / 1024:.1f} MB, load {os.getloadavg()[0]:.1f}", flush=True)

    row(f"plain `ssh HOST true`, {options.parallel} at once (xargs)", site.plain_ssh)
    row("`add-workers-from-file`", lambda: site.torc("remote", "add-workers-from-file", "workers.txt", workflow, *wide))
    row("`run`", lambda: site.torc("remote", "run", workflow, "--max-parallel-jobs", 1, *wide))
    row("`status`", lambda: site.torc("remote", "status", workflow, *wide))
    runners = [pid for pid, line in processes_below(site.dir / "homes").items() if " run " in line]
    figures["runners"], figures["memory"] = len(runners), shared_kb(runners)
    figures["server"] = status_kb(site.server.pid, "VmHWM")
    site.torc("-f", "json", "status", workflow)
    figures["done"] = json.loads(site.output)["jobs_by_status"]["completed"]
    row("`stop`", lambda: site.torc("remote", "stop", workflow, *wide))
    figures["left"] = len(processes_below(site.dir / "homes"))
    row("`collect-logs`", lambda: site.torc("remote", "collect-logs", workflow, "-l", "logs", *wide))
    figures["archives"] = len(list((site.dir / "logs").glob("*.tar.gz")))
    row("plain ssh again", site.plain_ssh)
    return rows, figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torc", default=str(ROOT / "build" / "release" / "torc"))
    parser.add_argument("--workers", type=int, default=500)
    parser.add_argument("--parallel", type=int, default=50)
    parser.add_argument("--limit", type=float, default=900, help="seconds that a command may take")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("a network namespace needs root")
    if not os.environ.get(IN_NAMESPACE):
        if free_mb() < options.workers * MB_PER_WORKER:
            sys.exit(f"{free_mb()} MB are free, {options.workers} workers may need {options.workers * MB_PER_WORKER}; "
                     "take fewer with --workers")
        os.environ[IN_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    load = os.getloadavg()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="torc-many-")).resolve()
    site = Site(options, directory)
    try:
        rows, figures = measure(site)
    finally:
        site.end()
    shutil.rmtree(directory)
    floor = (rows[0][1] + rows[-1][1]) / 2
    print(f"\n{options.workers} workers, --max-parallel-ssh {options.parallel}, {os.cpu_count()} cores, {platform.machine()}; "
          f"load average before {load[0]:.1f}, after {os.getloadavg()[0]:.1f}")
    print(f"{figures['done']} of {2 * options.workers} short jobs done before stop; {figures['runners']} processes of runners take "
          f"{figures['memory'] / 1024:.0f} MB together (Pss), the server at most {figures['server'] / 1024:.1f} MB; "
          f"{figures['left']} processes left after stop; {figures['archives']} archives\n")
    print("| what | seconds | times plain ssh | memory, MB | connections a worker |\n| --- | ---: | ---: | ---: | ---: |")
    for name, seconds, memory, connections in rows:
        print(f"| {name} | {seconds:.1f} | {seconds / floor:.2f} | {f'{memory / 1024:.1f}' if memory else ''} | "
              f"{connections / options.workers:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
