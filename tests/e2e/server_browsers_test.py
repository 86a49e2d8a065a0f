#!/usr/bin/env python3
"""Web pages of other sites cannot use the server through its user's browser. Tested with handwritten requests like
those of browsers, and with a real browser."""
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading

from harness import E2ETest, clean_environment, main, run_torc, wait_until

PREFIX = "/torc-service/v1"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WORKFLOW = b'{"name":"planted","user":"evil"}'
JSON = "Content-Type: application/json"


def exchange(port: int, head: str, body: bytes = b"", address: str = "127.0.0.1") -> tuple[int, str]:
    """(status, text) of one request, sent verbatim on a new connection."""
    with socket.create_connection((address, port), timeout=20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    text = answer.decode(errors="replace")
    return int(text.split(" ")[1]) if text.startswith("HTTP/1.1 ") else 0, text


class Rules(E2ETest):
    def send(self, server, method, path, *fields, body=b"", version="HTTP/1.1", host=True):
        lines = [f"{method} {PREFIX}{path} {version}"]
        lines += [f"Host: 127.0.0.1:{server.port}"] if host and not any(f.lower().startswith("host:") for f in fields) else []
        lines += fields
        lines += [f"Content-Length: {len(body)}"] if body else []
        return exchange(server.port, "\n".join(lines), body)

    def expect(self, status, server, *args, words="", **options):
        found, text = self.send(server, *args, **options)
        self.assertEqual(found, status, f"{args}: {text}")
        self.assertIn(words, text)
        return text

    def test_a_page_of_another_site_is_refused(self):
        server = self.server()
        for fields in (["Origin: http://evil.example"], ["Origin: null"], ["Origin: http://127.0.0.1:1"],
                       ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"], ["Sec-Fetch-Site: same-site"],
                       ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"], ["Host: evil.example"],
                       ["Host: localhost.evil.example"], ["Host: 127.0.0.1.nip.io:8080"], ["Host: user@localhost"]):
            with self.subTest(fields=fields):
                self.expect(403, server, "POST", "/workflows", *fields, JSON, body=WORKFLOW, words="Forbidden")
                self.expect(403, server, "GET", "/workflows", *fields)
                self.expect(403, server, "GET", "/workflows/1/events/stream", *fields)
                self.expect(403, server, "OPTIONS", "/workflows", *fields, "Access-Control-Request-Method: POST")
                head = self.expect(403, server, "HEAD", "/workflows", *fields)
                self.assertTrue(head.endswith("\r\n\r\n"), "HEAD was answered with a body")
        self.assertEqual(server.get("/workflows")["items"], [])
        self.assertIn("refused a request from 127.0.0.1 (403): ", server.log.read_text())
        self.expect(200, server, "POST", "/workflows", f"Origin: http://127.0.0.1:{server.port}", "Sec-Fetch-Site: same-origin",
                    JSON, body=WORKFLOW)

    def test_the_reason_and_the_remedy(self):
        server = self.server()
        self.expect(403, server, "GET", "/workflows", "Origin: http://evil.example:81",
                    words="comes from a web page of http://evil.example:81, which is not this server")
        self.expect(403, server, "GET", "/workflows", "Origin: http://evil.example", words="--allowed-origin http://evil.example")
        self.expect(403, server, "GET", "/workflows", "Host: evil.example:81", words="--allowed-host evil.example")
        self.expect(403, server, "GET", "/workflows", "Sec-Fetch-Site: cross-site", words="Sec-Fetch-Site: cross-site")
        self.expect(415, server, "POST", "/workflows", body=WORKFLOW, words="add the header 'Content-Type: application/json'")
        self.expect(415, server, "POST", "/workflows", "Content-Type: text/plain", body=WORKFLOW,
                    words="'text/plain', not JSON; add the header 'Content-Type: application/json'")

    def test_a_body_is_not_read_before_the_rules(self):
        server = self.server()
        for fields in ("Origin: http://evil.example", "Content-Type: text/plain"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
                connection.sendall(f"POST {PREFIX}/bulk_jobs HTTP/1.1\r\nHost: localhost\r\n{fields}\r\nExpect: 100-continue\r\n"
                                   "Content-Length: 60000000\r\n\r\n".encode())
                self.assertIn(connection.recv(64)[9:12], (b"403", b"415"), "the server asked or waited for the body")
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(f"POST {PREFIX}/bulk_jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "100000\r\n{".encode())
            self.assertEqual(connection.recv(64)[9:12], b"415", "the server waited for the rest of the chunked body")

    def test_bodies_are_json(self):
        server = self.server()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                     "text/plain;x=application/json", "text/plain, application/json"):
            self.expect(415, server, "POST", "/workflows", f"Content-Type: {kind}", body=WORKFLOW)
        self.expect(415, server, "POST", "/workflows", body=WORKFLOW)
        self.expect(415, server, "POST", "/workflows", "Content-Type: text/plain", JSON, body=WORKFLOW)
        chunked = "Transfer-Encoding: chunked"
        status, text = exchange(server.port, f"POST {PREFIX}/workflows HTTP/1.1\nHost: localhost\n{chunked}",
                                b"%x\r\n%s\r\n0\r\n\r\n" % (len(WORKFLOW), WORKFLOW))
        self.assertEqual(status, 415, text)
        self.assertEqual(server.get("/workflows")["items"], [])
        # Without a body, the media type does not matter; a chunked body may also be empty.
        self.expect(200, server, "GET", "/workflows", "Content-Type: text/plain")
        status, text = exchange(server.port, f"GET {PREFIX}/workflows HTTP/1.1\nHost: localhost\n{chunked}", b"0\r\n\r\n")
        self.assertEqual(status, 200, text)
        for kind in ("application/json", "APPLICATION/JSON; charset=utf-8", "application/vnd.torc+json"):
            self.expect(200, server, "POST", "/workflows", f"Content-Type: {kind}", body=WORKFLOW)
        workflow = server.get("/workflows")["items"][0]["id"]
        self.expect(200, server, "POST", f"/workflows/{workflow}/reset_job_status", "Content-Length: 0")

    def test_a_health_check_needs_no_host(self):
        server = self.server()
        for version in ("HTTP/1.0", "HTTP/1.1"):
            self.expect(200, server, "GET", "/ping", "Host: balancer.example", version=version)
            self.expect(200, server, "GET", "/ping", version=version, host=False)
            self.expect(403, server, "GET", "/workflows", version=version, host=False, words="no Host field")
        self.expect(200, server, "GET", "/workflows", "Host: localhost", version="HTTP/1.0")
        self.expect(403, server, "GET", "/ping", "Origin: http://evil.example")
        self.expect(400, server, "GET", "/ping", "Host: localhost", "Host: evil.example")

    def test_names_of_this_machine(self):
        server = self.server()
        for host in ("localhost", "LOCALHOST.:80", "[::1]:8080", "127.0.0.1", "10.1.2.3", "a.localhost", socket.gethostname(),
                     socket.gethostname().split(".")[0] + ":8080"):
            self.expect(200, server, "GET", "/workflows", f"Host: {host}")

    def test_curl(self):
        if not shutil.which("curl"):
            self.skipTest("no curl")
        server = self.server()

        def curl(*args):
            result = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *args, server.url + "/workflows"],
                                    env=clean_environment(self.dir), capture_output=True, text=True, timeout=30, check=True)
            return result.stdout

        self.assertEqual(curl("-d", WORKFLOW), "415", "curl sends the media type of a form")
        self.assertEqual(curl("-d", WORKFLOW, "-H", JSON), "200")
        self.assertEqual(curl("-H", "Origin: http://evil.example"), "403")
        self.assertEqual(curl(), "200")

    def test_allowed_origins_and_hosts(self):
        server = self.server(args=["--allowed-origin", "https://Portal.example.org:443", "--allowed-origin", "http://other:81",
                                   "--allowed-host", "Torc.example.org", "--allowed-host", "proxy"])
        for origin in ("https://portal.example.org", "http://other:81"):
            self.expect(200, server, "POST", "/workflows", f"Origin: {origin}", "Sec-Fetch-Site: cross-site", JSON, body=WORKFLOW)
        for host in ("torc.example.org", "TORC.example.org.:443", "proxy:1"):
            self.expect(200, server, "GET", "/workflows", f"Host: {host}")
        self.expect(403, server, "GET", "/workflows", "Origin: http://portal.example.org")
        self.expect(403, server, "GET", "/workflows", "Host: portal.example.org")

    def test_invalid_origins_and_hosts(self):
        for option, value in (("--allowed-origin", "null"), ("--allowed-origin", "*"), ("--allowed-origin", "portal.example.org"),
                              ("--allowed-origin", "https://portal.example.org/x"), ("--allowed-host", "*"),
                              ("--allowed-host", "http://torc.example.org"), ("--allowed-host", "torc.example.org:80")):
            result = run_torc("server", "run", "--port", "0", option, value, home=self.dir)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(f"{option} '{value}'", result.stderr)

    def test_other_listeners(self):
        users = self.dir / "users"
        run_torc("server", "htpasswd", users, "alice", "--cost", "4", stdin="secret\n", home=self.dir, check=True)
        everywhere = ["--host", "0.0.0.0"]
        open_server = self.server("open", args=everywhere)
        self.expect(403, open_server, "GET", "/workflows", "Host: evil.example")
        self.expect(200, open_server, "GET", "/workflows", f"Host: {socket.gethostname()}")
        with_users = self.server("with_users", args=[*everywhere, "--auth-file", users])
        self.expect(200, with_users, "GET", "/workflows", "Host: torc.example.org")
        self.expect(200, with_users, "GET", "/workflows", host=False, version="HTTP/1.0")
        self.expect(403, with_users, "GET", "/workflows", "Host: torc.example.org", "Origin: http://evil.example")
        self.expect(415, with_users, "POST", "/workflows", "Host: torc.example.org", body=WORKFLOW)
        here = self.server("here", args=["--auth-file", users])
        self.expect(403, here, "GET", "/workflows", "Host: evil.example")

    def test_a_server_of_one_command_has_the_same_rules(self):
        probe = self.dir / "probe.py"
        probe.write_text(f"""import os, sys, urllib.parse
sys.path.insert(0, {str(pathlib.Path(__file__).resolve().parent)!r})
from server_browsers_test import exchange, PREFIX, WORKFLOW
port = urllib.parse.urlsplit(os.environ["TORC_API_URL"]).port
for fields in ("Host: evil.example", "Host: localhost\\nOrigin: http://evil.example",
               "Host: localhost\\nSec-Fetch-Site: cross-site", "Host: localhost\\nContent-Type: text/plain"):
    print(*exchange(port, f"POST {{PREFIX}}/workflows HTTP/1.1\\n{{fields}}\\nContent-Length: {{len(WORKFLOW)}}", WORKFLOW))
print(*exchange(port, f"GET {{PREFIX}}/ping HTTP/1.0"))
""")
        (self.dir / "w.json").write_text(json.dumps({"name": "w", "jobs": [{"name": "a", "command": f"python3 {probe}"}]}))
        run_torc("-s", "run", "w.json", home=self.dir, check=True)
        output = next(path for path in self.dir.rglob("job_*.o*") if path.is_file()).read_text()
        statuses = [line.split(" ")[0] for line in output.splitlines() if " HTTP/1.1 " in line]
        self.assertEqual(statuses, ["403", "403", "403", "415", "200"], output)
        self.assertNotIn("--allowed", output, "a standalone server has no such options")


PAGE = """<!doctype html><title>evil</title><body><script>
const server = "http://127.0.0.1:SERVER";
const target = server + "PREFIX/workflows";
const body = '{"name":"planted","user":"evil"}';
async function attempt(name, request) {
  let outcome;
  try { const answer = await request(); outcome = answer.type + " " + answer.status + " " + await answer.text(); }
  catch (error) { outcome = "error"; }
  await fetch("/report?" + name + "=" + encodeURIComponent(outcome));
}
(async () => {
  await attempt("simple", () => fetch(target, {method: "POST", mode: "no-cors", body, headers: {"Content-Type": "text/plain"}}));
  await attempt("json", () => fetch(target, {method: "POST", body, headers: {"Content-Type": "application/json"}}));
  await attempt("read", () => fetch(target));
  await attempt("beacon", async () => { navigator.sendBeacon(target, body); return new Response(""); });
  const frame = document.createElement("iframe"); frame.name = "hidden"; document.body.append(frame);
  const loaded = new Promise(done => frame.onload = done);
  const form = document.createElement("form");
  Object.assign(form, {action: target, method: "POST", enctype: "text/plain", target: "hidden"});
  const input = document.createElement("input");
  input.name = '{"name":"planted","user":"evil","description":"'; input.value = '"}';
  form.append(input); document.body.append(form); form.submit();
  await loaded;
  await fetch("/report?form=sent");
  const image = new Image(); const settled = new Promise(done => image.onload = image.onerror = done);
  image.src = target + "?image"; await settled;
  await fetch("/report?done=1");
})();
</script>"""


class Site:
    """A web site on a free port: every path returns the page, and requests of /report are recorded."""

    def __init__(self, page: str):
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                if self.path.startswith("/report?"):
                    site.reports.append(self.path.removeprefix("/report?"))
                data = page.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.reports: list[str] = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class RealBrowser(E2ETest):
    def setUp(self):
        self.browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
        if not self.browser:
            self.skipTest("no browser: apt-get install chromium-headless-shell")

    def command(self, url: str, *options: str) -> list[str]:
        # Without a proxy and without the browser's rules for private addresses, on which the server must not rely.
        return [self.browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server",
                "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
                f"--user-data-dir={self.dir / 'profile'}", *options, url]

    def visit(self, host: str, server) -> dict[str, str]:
        """Opens the malicious page under this host name; returns its reports."""
        site = Site(PAGE.replace("SERVER", str(server.port)).replace("PREFIX", PREFIX))
        self.addCleanup(site.stop)
        self.start(self.command(f"http://{host}:{site.port}/", "--host-resolver-rules=MAP *.example 127.0.0.1",
                                "--remote-debugging-port=0"))
        wait_until(lambda: "done=1" in site.reports, 60, "the page to have tried everything")
        return dict(report.split("=", 1) for report in site.reports)

    def test_a_page_of_another_site_changes_nothing(self):
        server = self.server()
        for host in ("evil.example", "localhost", "127.0.0.1"):
            with self.subTest(host=host):
                shutil.rmtree(self.dir / "profile", ignore_errors=True)
                reports = self.visit(host, server)
                self.assertEqual(server.get("/workflows")["items"], [], "the page created a workflow")
                self.assertEqual((reports["json"], reports["read"]), ("error", "error"), reports)

    def test_a_name_that_was_pointed_at_the_server_reads_nothing(self):
        server = self.server()
        server.post("/workflows", {"name": "secret-workflow", "user": "alice"})

        def dom(host):
            url = f"http://{host}:{server.port}{PREFIX}/workflows"
            result = subprocess.run(self.command(url, "--host-resolver-rules=MAP *.example 127.0.0.1", "--dump-dom"),
                                    capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL,
                                    env=clean_environment(self.dir), check=False)
            return result.stdout

        rebound = dom("rebound.example")
        self.assertNotIn("secret-workflow", rebound)
        self.assertIn("DNS rebinding", rebound)
        self.assertIn("secret-workflow", dom("127.0.0.1"), "the user's own visit should succeed")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
