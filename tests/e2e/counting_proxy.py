"""A proxy between a torc command and its server. Logs each request: (method, path without query, bytes of the
answer)."""
import http.client
import http.server
import threading
import urllib.parse

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.answers_502:
            self.send_response(502)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if getattr(self, "upstream", None) is None:
            self.upstream = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=330)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        self.upstream.request(self.command, self.path, body, headers)
        answer = self.upstream.getresponse()
        content = answer.read()
        self.server.seen.append((self.command, urllib.parse.urlsplit(self.path).path, len(content)))
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def finish(self) -> None:
        if getattr(self, "upstream", None) is not None:
            self.upstream.close()
        super().finish()

    def log_message(self, *_) -> None:
        pass


class CountingProxy(http.server.ThreadingHTTPServer):
    """A proxy for `server` (harness.Server), until close(). `url` is the TORC_API_URL for commands."""

    daemon_threads = True

    def __init__(self, server):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target = server.port
        self.seen: list[tuple[str, str, int]] = []
        self.answers_502 = False  # As a proxy does if its server is down.
        self.url = server.url.replace(f":{server.port}/", f":{self.server_port}/")
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def env(self) -> dict[str, str]:
        return {"TORC_API_URL": self.url}

    def take(self) -> list[tuple[str, str, int]]:
        """The requests since the last call."""
        seen, self.seen = self.seen, []
        return seen

    def handle_error(self, *_) -> None:
        pass  # A client that closes its connection is not an error.

    def close(self) -> None:
        self.shutdown()
        self.server_close()
