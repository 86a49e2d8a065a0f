"""Hosts behind a network that can be cut: a network namespace, connected by a veth pair ("cable") that can be
pulled."""
import os
import subprocess


class NoCables(Exception):
    """This process cannot create network namespaces on this machine."""


def ip(*args) -> None:
    subprocess.run(["ip", *map(str, args)], check=True, capture_output=True, timeout=20)


class Cable:
    """Processes in `namespace` (started with `prefix` before the command) have `addresses`, and reach this machine as
    `here`, an address that this machine itself can always reach. remove() removes the namespace and the cable."""

    def __init__(self, hosts: int = 1):
        if os.geteuid() != 0:
            raise NoCables("a network that is cut is a network namespace, which needs root")
        number = os.getpid() % 4096
        self.namespace, self._end = f"torc{number}", f"torc{number}s"
        subnet = f"10.{224 + number // 256}.{number % 256}"
        self.here = f"{subnet}.1"
        self.addresses = [f"{subnet}.{2 + host}" for host in range(hosts)]
        self.prefix = ["ip", "netns", "exec", self.namespace]
        try:
            ip("netns", "add", self.namespace)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoCables(f"no network namespaces here: {error}") from None
        try:
            ip("link", "add", self._end, "type", "veth", "peer", "name", "cable", "netns", self.namespace)
            ip("addr", "add", f"{self.here}/24", "dev", self._end)
            for address in self.addresses:
                ip("-n", self.namespace, "addr", "add", f"{address}/24", "dev", "cable")
            ip("-n", self.namespace, "link", "set", "lo", "up")
            ip("-n", self.namespace, "link", "set", "cable", "up")
            self.mend()
        except BaseException:
            self.remove()
            raise

    def pull(self) -> None:
        """Drops all packets from now on, without an error at either end."""
        ip("link", "set", self._end, "down")

    def mend(self) -> None:
        ip("link", "set", self._end, "up")

    def remove(self) -> None:
        ip("netns", "del", self.namespace)
