"""Shared by the end-to-end tests: the real torc, a real server, real sshd's, and a separate directory for each test.

A test file is a program: `TORC_BIN=build/dev/torc tests/e2e/name_test.py [-v] [Class.test]`; ctest runs it as e2e.<name>.

    from harness import E2ETest, main

    class Greeting(E2ETest):
        def test_ping(self):
            server = self.server()
            self.assertIn("running", server.torc("ping", check=True).stdout)

    if __name__ == "__main__":
        main()

Wait with `wait_until`, never for a fixed time. Processes that a test starts through the harness are ended with it. The
directory of a failed test is kept and named.
"""
import base64
import json
import os
import pathlib
import pty
import select
import selectors
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from loopback_workers import CannotRun, LoopbackWorkers, end_processes_below, processes_below  # noqa: E402,F401

TORC = os.path.abspath(os.environ.get("TORC_BIN") or ROOT / "build" / "release" / "torc")
EXIT_SKIPPED = 125
# Arguments of a server without the additions to torc 0.23.
PLAIN = ("--no-additions",)


def wait_until(condition, timeout: float = 30.0, what: str = "", interval: float = 0.02):
    """Calls `condition` until it returns a true value, and returns that. Fails with `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what or condition}")
        time.sleep(interval)


def alive(pid: int) -> bool:
    """Whether the process is running; a zombie is not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children_of(pid: int) -> list[int]:
    """The pids of its direct children."""
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def clean_environment(home: pathlib.Path, **extra: str) -> dict[str, str]:
    """An environment without the user's settings: a private home directory, no TORC_*, no proxy."""
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(home), "XDG_STATE_HOME": str(home / "state"),
           "USER": "tester", "TORC_USERNAME": "tester", "LANG": "C.UTF-8", "TZ": "UTC"}
    # The program under test needs the options of sanitizers.
    env.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
    env.update({name: str(value) for name, value in extra.items()})
    return env


def run_torc(*args, home, stdin=None, env=None, timeout=60, check=False, cwd=None) -> subprocess.CompletedProcess:
    """Runs torc to its end; input and output are text. `check`: fails the test if the exit status is not 0."""
    command = [TORC, *map(str, args)]
    environment = clean_environment(pathlib.Path(home), **(env or {}))
    text_in = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    result = subprocess.run(command, **text_in, env=environment, capture_output=True, text=True, errors="replace",
                            timeout=timeout, cwd=cwd or home, check=False)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command[1:])}: exit status {result.returncode}\n"
                             f"--- stdout\n{result.stdout}--- stderr\n{result.stderr}")
    return result


def run_on_terminal(*args, home, env=None, timeout=60, cwd=None) -> tuple[int, bytes]:
    """Runs torc with a terminal as standard output and error; returns the exit status and the output."""
    parent, child = pty.openpty()
    process = subprocess.Popen([TORC, *map(str, args)], stdin=subprocess.DEVNULL, stdout=child, stderr=child,
                               env=clean_environment(pathlib.Path(home), **(env or {})), cwd=cwd or home)
    os.close(child)
    shown, deadline = b"", time.monotonic() + timeout
    try:
        while True:
            if not select.select([parent], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"torc {' '.join(map(str, args))} does not end; so far: {shown!r}")
            try:
                chunk = os.read(parent, 65536)
            except OSError:  # the other end is closed
                chunk = b""
            if not chunk:
                return process.wait(timeout), shown.replace(b"\r\n", b"\n")
            shown += chunk
    finally:
        os.close(parent)
        process.kill()
        process.wait()


class Server:
    """`torc server run` on 127.0.0.1, on a free port. Use E2ETest.server(), which ends it."""

    def __init__(self, directory, args=(), env=None, prefix=()):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.prefix = list(prefix)  # command that starts it, such as prlimit
        self.home = self.dir / "home"
        self.home.mkdir(exist_ok=True)
        self.database = self.dir / "torc.db"
        self.log = self.dir / "server.log"
        self.port = 0
        self.args = list(args)
        self.env = dict(env or {})  # added to every torc() call
        self.scheme = "https" if "--https" in self.args else "http"
        self.ca = None  # file with the certificate that request() trusts
        self.login = None  # (user, password) for request()
        self.process = None
        self.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/torc-service/v1"

    def start(self) -> None:
        """Starts it, on its previous port if it had one, and waits until it listens."""
        host = [] if "--host" in self.args else ["--host", "127.0.0.1"]
        database = [] if "--database" in self.args else ["--database", str(self.database)]
        command = [*self.prefix, TORC, "server", "run", *host, "--port", str(self.port), *database, *map(str, self.args)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, env=clean_environment(self.home), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, cwd=self.dir)
        self.port = int(self._announced("TORC_SERVER_PORT=", timeout=30))

    def kill(self) -> None:
        """Sends SIGKILL, so that it leaves its files as after a power failure."""
        self._end(signal.SIGKILL)

    def stop(self, timeout: float = 20) -> int:
        """Sends SIGTERM; returns the exit status. A server that does not end in time is killed and fails the test."""
        return self._end(signal.SIGTERM, timeout)

    def restart(self) -> None:
        """Starts it again on the same database and port; kills it first if it runs."""
        self.kill()
        self.start()

    def torc(self, *args, stdin=None, env=None, timeout=60, check=False, cwd=None) -> subprocess.CompletedProcess:
        """Runs a torc command against this server, in the directory `cwd` (default: the private home directory)."""
        environment = {"TORC_API_URL": self.url, **self.env, **(env or {})}
        return run_torc(*args, home=self.home, stdin=stdin, env=environment, timeout=timeout, check=check, cwd=cwd)

    def json(self, *args, **options):
        """The JSON document that a command prints with -f json; its exit status must be 0."""
        return json.loads(self.torc("-f", "json", *args, check=True, **options).stdout)

    def create(self, spec, **options) -> int:
        """Creates a workflow from a dict (or a path); returns its ID."""
        if isinstance(spec, dict):
            path = self.dir / "workflow.json"
            path.write_text(json.dumps(spec))
            spec = path
        return self.json("create", spec, **options)["workflow_id"]

    def get(self, path: str):
        return self.request("GET", path)[1]

    def post(self, path: str, body=None):
        return self.request("POST", path, body)[1]

    def request(self, method: str, path: str, body=None, timeout: float = 30, login=None):
        """(status, document) of a REST call; `path` is like "/workflows/1". `login`: (user, password), default
        self.login."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if login or self.login:
            request.add_header("Authorization", "Basic " + base64.b64encode(":".join(login or self.login).encode()).decode())
        handlers = [urllib.request.ProxyHandler({})]
        if self.ca:
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca)))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        try:
            return status, json.loads(text) if text else None
        except ValueError:
            return status, text.decode(errors="replace")

    def jobs(self, workflow_id: int) -> list[dict]:
        return self.get(f"/jobs?workflow_id={workflow_id}&limit=100000")["items"]

    def results(self, workflow_id: int) -> list[dict]:
        return self.get(f"/results?workflow_id={workflow_id}&limit=100000&all_runs=true")["items"]

    def statuses(self, workflow_id: int) -> dict[str, str]:
        """The status of each job, by job name."""
        return {job["name"]: job["status"] for job in self.jobs(workflow_id)}

    def wait_complete(self, workflow_id: int, timeout: float = 60) -> None:
        def complete():
            return self.get(f"/workflows/{workflow_id}/is_complete").get("is_complete")

        try:
            wait_until(complete, timeout, f"workflow {workflow_id} to complete")
        except AssertionError as error:
            raise AssertionError(f"{error}; its jobs: {self.statuses(workflow_id)}") from None

    def _announced(self, prefix: str, timeout: float) -> str:
        """Waits for a line on standard output that starts with `prefix`; returns the rest of the line."""
        text, deadline, stream = b"", time.monotonic() + timeout, self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while time.monotonic() < deadline and selector.select(deadline - time.monotonic()):
                chunk = os.read(stream.fileno(), 4096)
                if not chunk:
                    break
                text += chunk
                for line in text.decode(errors="replace").split("\n")[:-1]:
                    if line.startswith(prefix):
                        return line.removeprefix(prefix).strip()
        self._end(signal.SIGKILL)
        raise AssertionError(f"the server did not say {prefix}N: {text!r}\n{self.log.read_text(errors='replace')[-2000:]}")

    def _end(self, number: int, timeout: float = 20) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server did not end within {timeout} s of signal {number}") from None
        finally:
            process.stdout.close()


class E2ETest(unittest.TestCase):
    """A test with its own directory, `self.dir`, which is removed if it passes, and kept and named if it fails."""

    maxDiff = None
    # Arguments of every server of the test. A derived class that sets PLAIN runs the tests of its base class against a
    # server without the additions to torc 0.23.
    server_args = ()

    def run(self, result=None):
        result = result if result is not None else self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        # Resolved, because processes are found by the real path of their directory.
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="torc-e2e-")).resolve()
        try:
            return super().run(result)
        finally:
            end_processes_below(self.dir)
            if len(result.failures) + len(result.errors) > before:
                print(f"{self.id()} failed; kept: {self.dir}", file=sys.stderr)
            else:
                shutil.rmtree(self.dir, ignore_errors=True)

    def server(self, name: str = "server", args=(), env=None, prefix=()) -> Server:
        server = Server(self.dir / name, [*self.server_args, *args], env, prefix)
        self.addCleanup(lambda: server.kill())
        return server

    def workers(self, count: int = 3, server: Server | None = None, **options) -> LoopbackWorkers:
        """`count` ssh workers whose torc is the one under test; with `server`, its torc() calls reach them.

        Skips the test if this machine has no sshd.
        """
        try:
            workers = LoopbackWorkers(self.dir / "workers", count, torc=TORC, **options)
        except CannotRun as error:
            self.skipTest(str(error))
        self.addCleanup(workers.stop)
        if server:
            server.env.update(workers.env)
        return workers

    def start(self, command, home=None, env=None, **options) -> subprocess.Popen:
        """Starts a program in the background, which is ended with the test. Its output goes to files in self.dir."""
        name = f"{pathlib.Path(command[0]).name}.{len(list(self.dir.glob('*.out')))}"
        with open(self.dir / f"{name}.out", "wb") as out, open(self.dir / f"{name}.err", "wb") as err:
            process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       env=clean_environment(home or self.dir, **(env or {})), cwd=self.dir, **options)
        process.stdout_path, process.stderr_path = self.dir / f"{name}.out", self.dir / f"{name}.err"
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process


def main() -> None:
    """Runs the tests of the calling file. Exits with 125 if all of them were skipped."""
    result = unittest.main(module="__main__", exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(EXIT_SKIPPED if result.skipped and len(result.skipped) >= result.testsRun else 0)
