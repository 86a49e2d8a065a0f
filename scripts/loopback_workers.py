#!/usr/bin/env python3
"""Private ssh workers on this machine: each has its own sshd, on 127.0.0.2, 127.0.0.3, ..., and its own home directory.

usage: loopback_workers.py start DIR N [--torc FILE]     starts N workers below DIR; prints "NAME HOME" of each
       loopback_workers.py stop DIR                      ends them and all processes in their home directories

They run as the current user, need no root and touch neither ~/.ssh nor the system's sshd. The clients to use are
DIR/client/ssh and DIR/client/scp: `TORC_SSH=DIR/client/ssh TORC_SCP=DIR/client/scp torc remote ...` reaches the workers
by name ("127.0.0.2" or "ws1"). The demo, the benchmarks and the end-to-end tests use this script.
"""
import argparse
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

SSHD_COMMON = """\
PidFile none
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PrintMotd no
"""

ADDRESS_AND_KEYS = """\
Port {port}
ListenAddress {address}
HostKey {dir}/client/host_key
AuthorizedKeysFile {host}/authorized_keys
"""

SSHD_CONFIG = SSHD_COMMON + ADDRESS_AND_KEYS + """\
MaxStartups {max_startups}
MaxSessions 1000
Subsystem sftp {sftp_server}
SetEnv HOME={home} PATH={bin}:{tools} SHELL={dir}/client/login_shell
ForceCommand cd {home} && exec sh -c "${{SSH_ORIGINAL_COMMAND:-sh}}"
"""

# For a host with its own root file system, which also provides the shell of its sessions.
ROOT_SSHD_CONFIG = SSHD_COMMON + ADDRESS_AND_KEYS + """\
Subsystem sftp internal-sftp
ChrootDirectory /mnt
"""

# Starts the sshd "$@" on the file system $2, with the host name $1 and its own processes and mounts, which end with it.
# sshd requires that only root can write to the directories above that of its sessions; this is true of /mnt.
ENTER_ROOT = """\
set -e
hostname "$1"
mount --bind "$2" /mnt
mount -t proc proc /proc
mount -t proc proc /mnt/proc
mount --rbind /dev /mnt/dev
mount --bind "$3" /etc/passwd
shift 3
exec "$@"
"""

# Logs each call with the number of running clients, then becomes the real program. The pid stays the same, so that the
# files in active/ show which clients still run.
CLIENT_WRAPPER = """\
#!/bin/sh
dir={dir}/client
: >"$dir/active/$$"
count=0
for file in "$dir"/active/*; do
  if kill -0 "${{file##*/}}" 2>/dev/null; then count=$((count + 1)); else rm -f "$file"; fi
done
printf '%s {program} %s\\n' "$count" "$*" >>"$dir/calls"
exec {path} -F "$dir/config" "$@"
"""


# A login shell without start files, because the system's might put a torc that is installed here on PATH.
LOGIN_SHELL = """\
#!/bin/sh
[ "$1" != -l ] || shift
exec /bin/sh "$@"
"""


class CannotRun(Exception):
    """This machine cannot run sshd; the message says why."""


def find_program(name: str, *places: str) -> str:
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *places]))
    if not found:
        raise CannotRun(f"{name} is not installed (Debian: openssh-server, openssh-client)")
    return found


def find_sftp_server() -> str:
    for path in ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server"):
        if os.path.exists(path):
            return path
    return "internal-sftp"


def tools_path(directory: pathlib.Path) -> str:
    """A PATH with the system's programs but without an installed torc: workers have only the torc they are given."""
    if not any(os.path.lexists(f"{place}/torc") for place in ("/usr/bin", "/bin")):
        return "/usr/bin:/bin"
    if not directory.exists():
        directory.mkdir(parents=True)
        for place in ("/usr/bin", "/bin"):
            for name in os.listdir(place):
                if name != "torc" and not os.path.lexists(directory / name):
                    (directory / name).symlink_to(f"{place}/{name}")
    return str(directory)


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def processes_below(directory) -> dict[int, str]:
    """Processes (pid: command line) whose working directory or HOME is in `directory`, except this process.

    Only root can see these two of a runner; a runner is therefore also found if its command line names the directory.
    """
    root = os.path.realpath(directory)
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            command = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            cwd = os.readlink(f"/proc/{entry}/cwd")
            environment = pathlib.Path(f"/proc/{entry}/environ").read_bytes().split(b"\0")
        except PermissionError:
            if f" {root}/" in command:
                found[int(entry)] = command.strip()
            continue
        except OSError:
            continue  # It has ended in the meantime.
        homes = [os.fsdecode(item[5:]) for item in environment if item.startswith(b"HOME=")]
        if any(path == root or path.startswith(root + "/") for path in [cwd, *homes]):
            found[int(entry)] = command.strip()
    return found


def end_processes_below(directory, timeout: float = 10.0) -> None:
    """Kills the processes that `processes_below` finds, until none is left."""
    deadline = time.monotonic() + timeout
    while (found := processes_below(directory)) and time.monotonic() < deadline:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.02)


@dataclasses.dataclass(eq=False)
class Host:
    """One worker. `home` is HOME of its sessions, `bin` is the first directory of their PATH."""

    index: int
    name: str
    address: str
    port: int
    dir: pathlib.Path
    home: pathlib.Path
    bin: pathlib.Path
    prefix: list[str] = dataclasses.field(default_factory=list)  # command that starts its sshd
    max_startups: str = "1000"  # of its sshd; takes effect at the next start_host
    root: pathlib.Path | None = None  # the file system that its sessions see, if it is not this machine's
    sshd: subprocess.Popen | None = None
    listener: socket.socket | None = None

    @property
    def full_name(self) -> str:
        """The address with its port, which works without client configuration."""
        return f"{self.address}:{self.port}"

    def set_torc(self, program) -> None:
        """Makes `program` (a path, or the text of a script starting with "#!") this worker's torc; None removes it."""
        torc = self.bin / "torc"
        torc.unlink(missing_ok=True)
        if program is None:
            return
        if str(program).startswith("#!"):
            torc.write_text(str(program))
            torc.chmod(0o755)
        else:
            torc.symlink_to(program)


class LoopbackWorkers:
    """`count` workers below `directory` (created if missing). A context manager, which ends all of them.

    shared_home: all have the same home directory, as with NFS. same_address: all have the address 127.0.0.2 and differ
    by port; their names then include the port. behind: (prefix, addresses), for hosts in another network: the first
    hosts have these addresses, which this machine can reach, in the network namespace that the command `prefix` enters.
    roots: (name, directory), one for each of the first hosts: their sessions see that file system, as root, and change
    it.
    """

    def __init__(self, directory, count: int, torc=None, shared_home: bool = False, same_address: bool = False,
                 behind: tuple[list[str], list[str]] = ([], []), roots: list[tuple[str, pathlib.Path]] = ()):
        self.dir = pathlib.Path(directory).resolve()
        self.client = self.dir / "client"
        self.hosts: list[Host] = []
        self._sshd = find_program("sshd", "/usr/sbin", "/sbin", "/usr/local/sbin")
        self._make_client()
        for index in range(count):
            host_dir = self.dir / f"host{index + 1}"
            is_behind = index < len(behind[1])
            address = behind[1][index] if is_behind else "127.0.0.2" if same_address else f"127.0.0.{index + 2}"
            home = self.dir / "home" if shared_home else host_dir / "home"
            host = Host(index, address, address, 0, host_dir, home, host_dir / "bin",
                        list(behind[0]) if is_behind else [])
            if index < len(roots):
                name, host.root = roots[index]
                host.home, host.bin = host.root / "root", host.root / "usr/local/bin"
                host.prefix = self._enter_root(host_dir, name, host.root)
            host_dir.mkdir(parents=True, exist_ok=True)
            host.bin.mkdir(parents=True, exist_ok=True)
            host.home.mkdir(exist_ok=True)
            if torc:
                host.set_torc(torc)
            self.hosts.append(host)
        try:
            for host in self.hosts:
                self._start_anywhere(host)
                if same_address:
                    host.name = host.full_name
            self._write_client_config()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def names(self) -> list[str]:
        return [host.name for host in self.hosts]

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that torc needs to reach these workers."""
        return {"TORC_SSH": str(self.client / "ssh"), "TORC_SCP": str(self.client / "scp")}

    def calls(self) -> list[str]:
        """The command lines of ssh and scp so far, "ssh ARGUMENTS..."."""
        return [line.split(" ", 1)[1] for line in self._noted()]

    def most_at_once(self) -> int:
        """The largest number of ssh and scp processes that ran at once."""
        return max((int(line.split(" ", 1)[0]) for line in self._noted()), default=0)

    def forget_calls(self) -> None:
        (self.client / "calls").write_text("")

    def logins(self, index: int) -> int:
        """How many connections the host has accepted so far."""
        return self._log_of(self.hosts[index]).count("Accepted publickey")

    def configure_client(self, text: str) -> None:
        """Puts lines of ssh_config(5) before the usual ones."""
        self._write_client_config(text)

    def stop_host(self, index: int) -> None:
        """Makes the host refuse connections from now on; its processes keep running."""
        host = self.hosts[index]
        if host.sshd:
            host.sshd.kill()
            host.sshd.wait()
            host.sshd = None
        if host.listener:
            host.listener.close()
            host.listener = None

    def start_host(self, index: int) -> None:
        """Undoes stop_host and hang_host, on the same port."""
        self.stop_host(index)
        host = self.hosts[index]
        self._start(host)
        if not self._answers(host):
            raise CannotRun(f"sshd of {host.full_name} does not start again: {self._end_of_log(host)}")

    def hang_host(self, index: int) -> None:
        """Makes the host accept connections without ever answering."""
        self.stop_host(index)
        host = self.hosts[index]
        host.listener = socket.create_server((host.address, host.port), backlog=64)

    def refuse_key(self, index: int) -> None:
        """Makes the host reject our key."""
        (self.hosts[index].dir / "authorized_keys").write_text("")

    def processes(self) -> dict[int, str]:
        """The processes on the workers: sessions, runners, jobs."""
        return processes_below(self.dir)

    def stop(self) -> None:
        for host in self.hosts:
            self.stop_host(host.index)
        end_processes_below(self.dir)

    def _noted(self) -> list[str]:
        return (self.client / "calls").read_text(errors="replace").splitlines()

    def _make_client(self) -> None:
        keygen = find_program("ssh-keygen")
        (self.client / "active").mkdir(parents=True)
        (self.client / "calls").write_text("")
        for key in ("host_key", "user_key"):
            subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", "torc-loopback", "-f", self.client / key], check=True)
        login_shell = self.client / "login_shell"
        login_shell.write_text(LOGIN_SHELL)
        login_shell.chmod(0o755)
        for program in ("ssh", "scp"):
            wrapper = self.client / program
            wrapper.write_text(CLIENT_WRAPPER.format(dir=self.dir, program=program, path=find_program(program)))
            wrapper.chmod(0o755)

    def _enter_root(self, host_dir: pathlib.Path, name: str, root: pathlib.Path) -> list[str]:
        host_dir.mkdir(parents=True)
        users = [line.split(":") for line in pathlib.Path("/etc/passwd").read_text().splitlines()]
        (host_dir / "passwd").write_text("".join(
            ":".join([*user[:-1], "/bin/sh"] if user[0] == "root" else user) + "\n" for user in users))
        return ["unshare", "--mount", "--pid", "--uts", "--fork", "--kill-child", "sh", "-c", ENTER_ROOT, "sh", name, str(root),
                str(host_dir / "passwd")]

    def _write_client_config(self, first: str = "") -> None:
        lines = [first] if first else []
        for host in self.hosts:
            aliases = f"ws{host.index + 1}" if ":" in host.name else f"ws{host.index + 1} {host.address}"
            lines += [f"Host {aliases}", f"  HostName {host.address}", f"  Port {host.port}"]
        lines += ["Host *", f"  IdentityFile {self.client}/user_key", "  IdentitiesOnly yes", "  IdentityAgent none",
                  f"  UserKnownHostsFile {self.client}/known_hosts", "  GlobalKnownHostsFile /dev/null"]
        (self.client / "config").write_text("\n".join(lines) + "\n")

    def _start_anywhere(self, host: Host) -> None:
        # Another program may take the free port before sshd does; then try another port.
        for _ in range(5):
            host.port = 2222 + host.index if host.prefix and not host.root else free_port(host.address)
            self._start(host)
            if self._answers(host):
                return
            self.stop_host(host.index)
        raise CannotRun(f"sshd does not start on {host.address}: {self._end_of_log(host)}")

    def _start(self, host: Host) -> None:
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # sshd requires it if run by root
        (host.dir / "authorized_keys").write_text((self.client / "user_key.pub").read_text())
        config = host.dir / "sshd_config"
        config.write_text((ROOT_SSHD_CONFIG if host.root else SSHD_CONFIG).format(max_startups=host.max_startups, port=host.port, address=host.address, dir=self.dir, host=host.dir,
                                             home=host.home, bin=host.bin, tools=tools_path(self.client / "tools"),
                                             sftp_server=find_sftp_server()))
        # In its own session, so that Ctrl-C reaches only the program that started us; that one then ends the workers.
        host.sshd = subprocess.Popen([*host.prefix, self._sshd, "-D", "-f", config, "-E", host.dir / "sshd.log"], cwd="/",
                                     stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                     start_new_session=True)

    def _answers(self, host: Host) -> bool:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and host.sshd and host.sshd.poll() is None:
            try:
                with socket.create_connection((host.address, host.port), timeout=5) as connection:
                    return connection.recv(4) == b"SSH-"
            except OSError:
                time.sleep(0.01)
        return False

    def _log_of(self, host: Host) -> str:
        log = host.dir / "sshd.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _end_of_log(self, host: Host) -> str:
        return self._log_of(host)[-400:].strip() or "no log"


def stop_below(directory: pathlib.Path) -> None:
    """Ends the workers that another process started below `directory`, including partly started ones."""
    directory = directory.resolve()
    config = re.compile(re.escape(f"{directory}/").encode() + rb"host\d+/sshd_config\b")  # sshd puts spaces between its arguments
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if config.search((entry / "cmdline").read_bytes()):
                os.kill(int(entry.name), signal.SIGTERM)
        except OSError:
            continue  # It has ended in the meantime.
    end_processes_below(directory)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start")
    start.add_argument("dir", type=pathlib.Path)
    start.add_argument("count", type=int)
    start.add_argument("--torc", type=lambda path: pathlib.Path(path).resolve())
    stop = commands.add_parser("stop")
    stop.add_argument("dir", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.command == "stop":
        stop_below(arguments.dir)
        return 0
    try:
        for host in LoopbackWorkers(arguments.dir, arguments.count, torc=arguments.torc).hosts:
            print(host.name, host.home)
    except CannotRun as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
