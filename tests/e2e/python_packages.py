"""Installs Python packages that a test needs, in a virtual environment below the build directory."""
import fcntl
import pathlib
import re
import subprocess
import sys

from harness import TORC, CannotRun

NO_NETWORK = re.compile(r"NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|Network is unreachable|ProxyError")


def python_with(name: str, *requirements: str) -> pathlib.Path:
    """The interpreter of the environment `name`, which pip creates at the first call; one per build directory.

    @raises CannotRun if the package index cannot be reached, AssertionError if installing fails for another reason
    """
    directory = pathlib.Path(TORC).parent / "venv" / name
    directory.parent.mkdir(exist_ok=True)
    python, done = directory / "bin" / "python", directory / "installed"
    with open(directory.parent / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == "\n".join(requirements):
            return python
        run([sys.executable, "-m", "venv", "--clear", directory])
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", *requirements])
        done.write_text("\n".join(requirements))
    return python


def run(command) -> None:
    result = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
                            check=False)
    if result.returncode != 0:
        output = result.stdout + result.stderr
        if NO_NETWORK.search(output):
            raise CannotRun(f"no network to install Python packages: {output[-300:]}")
        raise AssertionError(f"{' '.join(map(str, command))}: exit status {result.returncode}\n{output[-3000:]}")
