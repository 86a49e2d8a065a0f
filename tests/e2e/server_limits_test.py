#!/usr/bin/env python3
"""Limits for clients. A client that exceeds them or sends nonsense gets a 4xx (or 503) with the usual body, and the
server continues."""
import base64
import json
import pathlib
import socket
import time

from harness import E2ETest, main, run_torc, wait_until

PREFIX = "/torc-service/v1"


class Raw:
    """A connection for arbitrary bytes."""

    def __init__(self, server, timeout: float = 120):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=timeout)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Returns false if the server has closed the connection."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def answer(self):
        """(status, document) of the next answer; (0, None) if there is none."""
        while b"\r\n\r\n" not in self.received:
            if not self.receive():
                return 0, None
        head, _, rest = self.received.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        self.received = rest
        while len(self.received) < length:
            if not self.receive():
                return 0, None
        body, self.received = self.received[:length], self.received[length:]
        return int(head.split()[1]), json.loads(body) if body else None

    def receive(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.received += data
        return bool(data)

    def has_answer(self) -> bool:
        self.socket.settimeout(0.05)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(120)


def request(method: str, path: str, body: bytes = b"", fields: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n".encode() if body else b""
    head = f"{method} {PREFIX}{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
    return head + fields + length + b"\r\n" + body


def memory_of(process) -> int:
    """Peak memory of the process in MiB."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) // 1024


class Limits(E2ETest):
    def expect(self, server, data: bytes, status: int, *words: str):
        """Sends `data` on a new connection; the answer must have `status` and an error that contains the words."""
        with Raw(server) as client:
            client.send(data)
            found, document = client.answer()
        shown = f"{data[:200]!r}: {found} {document}"
        self.assertEqual(found, status, shown)
        self.assertEqual(set(document["error"]) - {"field", "value"}, {"error", "message"}, shown)
        for word in words:
            self.assertIn(word, json.dumps(document), shown)

    def expect_alive(self, server):
        self.assertEqual(server.get("/ping"), {"status": "ok"})

    def test_sizes(self):
        server = self.server(args=["--max-body-size", "64k"])
        self.expect(server, request("POST", "/workflows", b"x" * 65537), 413, "65536")
        self.expect(server, request("POST", "/workflows", b"x" * 65536), 400, "body")
        chunked = request("POST", "/workflows", fields=b"Transfer-Encoding: chunked\r\n")
        self.expect(server, chunked + b"8000\r\n" + b"x" * 0x8000 + b"\r\n8001\r\n" + b"x" * 0x8001 + b"\r\n0\r\n\r\n", 413)
        # Refused before the body is sent.
        self.expect(server, request("POST", "/workflows", fields=b"Content-Length: 99999999999\r\n"), 413)
        self.expect(server, request("GET", "/ping", fields=b"X-Long: " + b"x" * 40000 + b"\r\n"), 431, "header")
        self.expect(server, b"GET /" + b"x" * 40000, 431, "header")
        self.expect_alive(server)

    def test_slow_and_idle_clients(self):
        server = self.server(args=["--request-timeout", "1", "--idle-timeout", "1"])
        with Raw(server) as slow:
            began = time.monotonic()
            for byte in request("POST", "/workflows", b"x" * 100000):
                if not slow.send(bytes([byte])) or slow.has_answer():
                    break
            self.assertEqual(slow.answer()[0], 408)
            self.assertLess(time.monotonic() - began, 20)
        with Raw(server) as idle:
            idle.send(request("GET", "/ping"))
            self.assertEqual(idle.answer()[0], 200)
            self.assertFalse(idle.receive(), "an idle connection was not closed")
        self.expect_alive(server)

    def test_too_many_connections(self):
        server = self.server(args=["--max-connections", "5"])
        clients = [Raw(server) for _ in range(5)]
        for client in clients:
            self.addCleanup(client.socket.close)
        for client in clients:
            client.send(request("GET", "/ping"))
            self.assertEqual(client.answer()[0], 200)
        self.expect(server, b"", 503, "5 connections")
        self.assertIn("5 connections", server.torc("ping").stderr, "the command does not report the reason")
        clients.pop().socket.close()
        wait_until(lambda: server.request("GET", "/ping")[0] == 200, what="a connection to be free")
        for client in clients:
            client.send(request("GET", "/ping"))
            self.assertEqual(client.answer()[0], 200, "existing connections must still be served")

    def test_more_connections_than_open_files(self):
        server = self.server(prefix=["prlimit", "--nofile=400:400"])
        self.assertIn("200 connections at once, not 16000: 'ulimit -n' allows 400 open files", server.log.read_text())
        clients = [Raw(server) for _ in range(250)]
        for client in clients:
            self.addCleanup(client.socket.close)
        self.assertEqual(clients[-1].answer()[0], 503)
        self.assertNotIn("cannot accept", server.log.read_text())

    def test_a_large_body_is_read_only_after_authentication(self):
        users = self.dir / "users"
        run_torc("server", "htpasswd", str(users), "alice", "--cost", "4", stdin="secret\n", home=self.dir)
        server = self.server(args=["--auth-file", str(users), "--require-auth"])
        announced = b"Content-Length: 60000000\r\n"
        basic = lambda password: b"Authorization: Basic " + base64.b64encode(b"alice:" + password) + b"\r\n"
        self.expect(server, request("POST", "/bulk_jobs", fields=announced), 401)
        self.expect(server, request("POST", "/bulk_jobs", fields=announced + basic(b"wrong")), 401, "wrong")
        self.expect(server, request("POST", "/nothing", fields=announced + basic(b"secret")), 404, "nothing")
        self.expect(server, request("PUT", "/bulk_jobs", fields=announced + basic(b"secret")), 405)
        self.assertIn("a wrong password of user 'alice' from 127.0.0.1", server.log.read_text())
        with Raw(server) as client:
            body = b'{"jobs":[]' + b" " * 1_000_000 + b"}"
            client.send(request("POST", "/bulk_jobs", body, basic(b"secret")))
            self.assertNotIn(client.answer()[0], (401, 503))

    def test_options_out_of_range(self):
        for option, value in (("--max-body-size", "many"), ("--max-body-size", "5g"), ("--max-connections", "0"),
                              ("--idle-timeout", "-1"), ("--request-timeout", "x"), ("--host", ""), ("--database", "")):
            result = run_torc("server", "run", option, value, home=self.dir)
            self.assertEqual((result.returncode, option in result.stderr), (2, True), result.stderr)

    def test_malformed_http(self):
        server = self.server()
        post = f"POST {PREFIX}/workflows HTTP/1.1\r\nHost: localhost\r\n".encode()
        hidden = request("GET", "/ping")
        for fields in (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5",
                       b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: -1", b"Content-Length: 1e3",
                       b"Transfer-Encoding: gzip", b"Transfer-Encoding: gzip, chunked", b"Content-Length : 5"):
            self.expect(server, post + fields + b"\r\n\r\n0\r\n\r\n" + hidden, 400)
        for data in (b"GET /torc-service/v1/ping HTTP/1.1\nHost: h\n\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 4096,
                     b"GET /torc-service/v1/workflows?name=a\0b HTTP/1.1\r\n\r\n",
                     post + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"):
            self.expect(server, data, 400)
        for method in ("OPTIONS", "TRACE", "PATCH", "FOO"):
            self.expect(server, request(method, "/ping"), 405, method)
        self.expect(server, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)
        self.expect(server, b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404)
        with Raw(server) as client:  # requests without waiting for the answers
            client.send(request("GET", "/ping") * 3 + request("HEAD", "/ping") + f"GET {PREFIX}/ping HTTP/1.0\r\n\r\n".encode())
            self.assertEqual([client.answer()[0] for _ in range(3)], [200, 200, 200])
            self.assertEqual((client.answer()[0], client.answer()[0]), (405, 200))
            self.assertFalse(client.receive(), "the connection was not closed after HTTP/1.0")
        self.expect_alive(server)

    def test_targets(self):
        server = self.server()
        server.post("/workflows", {"name": "w", "user": "u"})
        for path, status, word in (("/workflows/99999999999999999999", 400, "id"), ("/workflows/1e3", 400, "id"),
                                   ("/workflows/-1", 404, "-1"), ("/workflows/", 404, "nothing"), ("/nothing", 404, "nothing"),
                                   ("/../../etc/passwd", 404, "nothing"), ("/workflows?limit=-1", 422, "limit"),
                                   ("/workflows?limit=99999999999999999999", 400, "limit"),
                                   ("/workflows?limit=100001", 422, "100000"), ("/workflows?offset=-1", 422, "offset"),
                                   ("/workflows?limit=1&limit=2", 400, "limit"), ("/workflows?is_archived=2", 400, "is_archived"),
                                   ("/workflows?name=%zz", 400, "hex"), ("/workflows?name=%ff", 400, "%ff"),
                                   ("/workflows?name=%00", 400, "NUL"), ("/users/%c0%80/groups", 400, "%c0%80"),
                                   ("/jobs", 400, "workflow_id"), ("/jobs?workflow_id=1&status=sleeping", 400, "status")):
            self.expect(server, request("GET", path), status, word)
        self.expect(server, request("POST", "/workflows/1/claim_next_jobs?limit=-5"), 422, "limit")
        self.assertEqual(server.request("GET", "/workflows?offset=9223372036854775807")[0], 200)
        self.expect_alive(server)

    def test_bodies(self):
        server = self.server()
        field = "compute_node_wait_for_new_jobs_seconds"
        for body, status, word in ((b"", 400, "body"), (b"[]", 422, "body"), (b"{}", 422, "name"),
                                   (b'{"name":1,"user":"u"}', 422, "name"), (b'{"name":"\xff","user":"u"}', 400, "body"),
                                   (b'{"name":"\\ud800","user":"u"}', 400, "body"), (b'{"name":"a\0","user":"u"}', 400, "body"),
                                   (b'{"name":"a\\u0000","user":"u"}', 422, "NUL"), (b'{"name":NaN}', 400, "body"),
                                   (b'{"name":"w","user":"u"} x', 400, "body"),
                                   (f'{{"name":"w","user":"u","{field}":1e999}}'.encode(), 400, "1e999"),
                                   (f'{{"name":"w","user":"u","{field}":1.5}}'.encode(), 422, field),
                                   (f'{{"name":"w","user":"u","{field}":9223372036854775808}}'.encode(), 422, field),
                                   (f'{{"name":"w","user":"u","{field}":18446744073709551616}}'.encode(), 422, field)):
            self.expect(server, request("POST", "/workflows", body), status, word)
        self.assertEqual(server.get("/workflows")["items"], [], "a refused workflow was stored")
        # Names are text and never used as paths.
        self.assertEqual(server.post("/workflows", {"name": "../../x", "user": "../y"})["name"], "../../x")
        self.expect_alive(server)

    def test_a_body_of_the_maximum_size_that_is_all_brackets(self):
        server = self.server()
        size = 64 * 1024 * 1024
        for text in (b"[", b'{"a":'):
            self.expect(server, request("POST", "/events", (text * size)[:size]), 400, "nested")
        self.expect(server, request("POST", "/events", b"9" * size), 400, "digits")
        self.expect(server, request("POST", "/events", b'"' + b"x" * (size - 1)), 400, "body")
        self.assertLess(memory_of(server.process), 1000, "MiB")
        self.expect_alive(server)


if __name__ == "__main__":
    main()
