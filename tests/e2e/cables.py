"""A network namespace at the other end of a cable (veth pair) that can be pulled: hosts that a network lies between."""
import os
import subprocess


class NoCables(Exception):
    """This machine lets nobody make network namespaces, or not us."""


def ip(*args) -> None:
    subprocess.run(["ip", *map(str, args)], check=True, capture_output=True, timeout=20)


class Cable:
    """What runs in `namespace` (`prefix` before its command) has `addresses`, and reaches this machine as `here`, which this
    machine reaches at all times. remove() takes it all away."""

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
        """From now on nothing gets through, and nobody is told."""
        ip("link", "set", self._end, "down")

    def mend(self) -> None:
        ip("link", "set", self._end, "up")

    def remove(self) -> None:
        ip("netns", "del", self.namespace)
