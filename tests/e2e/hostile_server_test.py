#!/usr/bin/env python3
"""Malicious servers: endless bodies, headers and lists, deep JSON, redirects, escapes. The client prints one line."""
import resource
import socket
import threading
import time

from harness import E2ETest, main, run_on_terminal, run_torc

SECRET = "only for the real server"


class LyingServer:
    """Calls `answer(send, request)` for each request, on a free port."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                while request := connection.recv(65536):
                    self.requests.append(request)
                    self.answer(connection.sendall, request)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def good(body: bytes, head: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def for_ever(first: bytes, piece: bytes):
    def answer(send, _):
        send(first)
        for _ in range(40_000):  # 64 kB each, far beyond any limit
            send(piece)
    return answer


VERSION = good(b'{"version": "0.23.0", "api_version": "0.12.0", "git_hash": "x"}')


def pages(item):
    """An endless list whose pages have one item each."""
    def answer(send, request):
        target = request.split(b" ", 2)[1].decode()
        if "offset=" not in target:
            send(VERSION)
            return
        offset = int(target.partition("offset=")[2].partition("&")[0])
        send(good(b'{"items": [%s], "offset": %d, "max_limit": 1, "count": 1, "total_count": 999999999, '
                  b'"has_more": true}' % (item(offset).encode(), offset)))
    return answer


def job(number: int) -> str:
    return f'{{"id": {number}, "workflow_id": 1, "name": "j{number}", "command": "x", "status": "ready"}}'


class HostileServer(E2ETest):
    def lying(self, answer) -> LyingServer:
        server = LyingServer(answer)
        self.addCleanup(server.close)
        return server

    def told(self, server, *args, timeout=60) -> str:
        """Runs torc, which must print one line and exit with 1; returns the line."""
        before = time.monotonic()
        env = {"TORC_API_URL": server.url, "TORC_PASSWORD": SECRET}
        result = run_torc(*args, home=self.dir, env=env, timeout=timeout)
        self.assertLess(time.monotonic() - before, timeout)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertLess(len(result.stderr), 1000)
        self.assertNotIn(SECRET, result.stderr)
        return result.stderr

    def test_a_head_or_an_error_without_end(self):
        lines = for_ever(b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 60_000 + b"\r\n")
        head = self.told(self.lying(lines), "jobs", "list", 1)
        self.assertIn("the headers of the response are too large", head)
        chunked = b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"
        error = self.told(self.lying(for_ever(chunked, b"10000\r\n" + b" " * 65536 + b"\r\n")), "jobs", "list", 1)
        self.assertIn("larger than any that this program expects", error)
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 200 << 10)

    def test_a_false_length(self):
        server = self.lying(lambda send, _: send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{"))
        self.assertIn("larger than any that this program expects", self.told(server, "jobs", "list", 1))

    def test_a_list_that_does_not_advance(self):
        server = self.lying(pages(lambda _: job(1)))
        self.assertIn("its list does not advance at item 1", self.told(server, "jobs", "list", 1))

    def test_an_endless_list(self):
        self.assertIn("its list has no end", self.told(self.lying(pages(job)), "jobs", "list", 1, timeout=100))

    def test_deep_and_strange_json(self):
        strange = b'{"items": [{"id": "x", "name": 5, "status": []}], "total_count": "a", "has_more": "x", "version": 7}'
        for body in (b"[" * 5_000_000, b'{"a":' * 2_000_000, strange, b"7", b"\xff", b'"\\u0000"'):
            text = self.told(self.lying(lambda send, _, body=body: send(good(body))), "jobs", "list", 1)
            self.assertTrue(text.startswith("Error: "), text)

    def test_a_redirect_is_not_followed(self):
        def answer(send, request):
            send(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/stolen\r\nContent-Length: 0\r\n\r\n" % port)
        server = self.lying(answer)
        port = int(server.url.rpartition(":")[2])
        self.assertIn("HTTP 302", self.told(server, "jobs", "list", 1))
        self.assertFalse([each for each in server.requests if b"/stolen" in each])

    def test_escapes_in_an_answer(self):
        body = b'{"error": {"message": "\\u001b[2J\\u009b31m\\u202ex \\u2066 \\r"}}'
        server = self.lying(lambda send, _: send(good(body, b"400 Bad\x1b[2J")))
        for form in ([], ["-f", "json"]):
            _, shown = run_on_terminal(*form, "jobs", "list", 1, home=self.dir, env={"TORC_API_URL": server.url})
            self.assertEqual([c for c in shown.decode() if not (c.isprintable() or c == "\n")], [], shown)


class HostileServerMemory(E2ETest):
    """A separate class, which runs after the other one: the measured peak of child processes never decreases."""

    def test_a_body_without_end(self):
        server = LyingServer(for_ever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                      b"10000\r\n" + b" " * 65536 + b"\r\n"))
        self.addCleanup(server.close)
        result = run_torc("jobs", "list", 1, home=self.dir, env={"TORC_API_URL": server.url}, timeout=110)
        self.assertEqual(result.returncode, 1)
        self.assertIn("larger than any that this program expects", result.stderr)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
        print(f"peak memory of the client: {peak} MiB")
        self.assertLess(peak, 2200)


if __name__ == "__main__":
    main()
