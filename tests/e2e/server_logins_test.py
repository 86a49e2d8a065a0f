#!/usr/bin/env python3
"""Wrong passwords from one address do not lock out logins from another."""
import base64
import http.client
import itertools
import socket
import threading
import time

from harness import E2ETest, main, run_torc, wait_until

COST = 12  # the default of 'server htpasswd'; a check takes about a quarter of a second
LOW_COST = 4  # a check takes a millisecond, so that a delay is noticeable


class Attack:
    """Connections from one address that keep sending wrong passwords, all different."""

    def __init__(self, port: int, connections: int, address: str):
        self.port, self.address = port, address
        self.numbers = itertools.count()
        self.sockets: list[socket.socket] = []
        self.statuses: dict[int, int] = {}
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.guess, daemon=True) for _ in range(connections)]
        for thread in self.threads:
            thread.start()

    def guess(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120, source_address=(self.address, 0))
        try:
            connection.connect()
            self.sockets.append(connection.sock)
            while not self.ended.is_set():
                number = next(self.numbers)
                status = login(connection, f"user{number % 7}", f"guess {number}")
                self.statuses[status] = self.statuses.get(status, 0) + 1
                # Otherwise connections that get 503 would use up the test's processor time.
                self.ended.wait(1)
        except (OSError, http.client.HTTPException):
            if not self.ended.is_set():
                raise
        finally:
            connection.close()

    def end(self):
        self.ended.set()
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)  # Also ends the wait for an answer.
            except OSError:
                pass  # It is closed already.
        for thread in self.threads:
            thread.join(60)


def login(connection, user: str, password: str) -> int:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    connection.request("GET", "/torc-service/v1/version", headers={"Authorization": f"Basic {credentials}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


class Logins(E2ETest):
    def start_server(self, cost: int):
        users = self.dir / "users"
        for user in ("alice", "bob", "carol"):
            run_torc("server", "htpasswd", "--cost", cost, users, user, home=self.dir, stdin=f"word of {user}\n", check=True)
        self.server_under_attack = self.server(args=["--auth-file", users, "--require-auth"])

    def time_of_login(self, user: str, address: str) -> float:
        """Seconds for a user's first login, which must succeed at the first attempt."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server_under_attack.port, timeout=120,
                                                source_address=(address, 0))
        began = time.monotonic()
        self.assertEqual(login(connection, user, f"word of {user}"), 200)
        connection.close()
        return time.monotonic() - began

    def test_wrong_passwords_from_one_address_do_not_lock_out_another(self):
        self.start_server(COST)
        port = self.server_under_attack.port
        alone = self.time_of_login("alice", "127.0.0.2")
        for connections, user in ((40, "bob"), (400, "carol")):
            attack = Attack(port, connections, "127.0.0.1")
            self.addCleanup(attack.end)
            wait_until(lambda a=attack: a.statuses.get(503, 0) >= 5, 60, "the attack to fill its own queue")
            taken = self.time_of_login(user, "127.0.0.2")
            print(f"{connections} connections with wrong passwords: a first login from another address took {taken:.2f} s "
                  f"(alone: {alone:.2f} s); the attack was told {attack.statuses}", flush=True)
            self.assertLess(taken, 10 * alone + 5)
            # A cached login does not wait, whatever its address.
            self.assertLess(self.time_of_login("alice", "127.0.0.1"), 5)
            attack.end()

    def test_an_address_that_fails_waits_longer_each_time(self):
        self.start_server(LOW_COST)
        connection = http.client.HTTPConnection("127.0.0.1", self.server_under_attack.port, timeout=120)
        self.addCleanup(connection.close)
        began = time.monotonic()
        for number in range(6):
            self.assertEqual(login(connection, "bob", f"guess {number}"), 401)
        # The delays are none after the first failure, then 0.1 s, 0.2 s, 0.4 s and 0.8 s.
        self.assertGreater(time.monotonic() - began, 1.45)
        # Only that address waits.
        self.assertLess(self.time_of_login("alice", "127.0.0.2"), 1)
        # A wrong password that was tried before causes no delay, and a right one ends the delay.
        began = time.monotonic()
        self.assertEqual(login(connection, "bob", "guess 0"), 401)
        self.assertLess(time.monotonic() - began, 1)
        self.assertEqual(login(connection, "bob", "word of bob"), 200)
        began = time.monotonic()
        self.assertEqual(login(connection, "carol", "word of carol"), 200)
        self.assertLess(time.monotonic() - began, 1)


if __name__ == "__main__":
    main()
