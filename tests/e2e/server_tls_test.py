#!/usr/bin/env python3
"""A server with TLS: protocols, the certificates that clients trust, and errors about certificates and clients."""
import http.client
import json
import socket
import ssl
import subprocess
import time
import warnings

from certificates import Authority
from harness import TORC, E2ETest, main, run_torc


class TlsTest(E2ETest):
    def setUp(self):
        self.authority = Authority(self.dir / "ca")
        self.certificate, self.key = self.authority.sign("server")
        self.trust = {"TORC_TLS_CA_CERT": str(self.authority.certificate)}

    def tls_server(self):
        server = self.server(args=["--https", "--tls-cert", self.certificate, "--tls-key", self.key])
        server.ca = self.authority.certificate
        return server

    def context(self, **versions) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority.certificate)
        for name, version in versions.items():
            setattr(context, name, version)
        return context

    def shown_name(self, server) -> str:
        """The common name of the certificate that a new connection gets."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw, \
                self.context().wrap_socket(raw, server_hostname="127.0.0.1") as connection:
            return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]


class Speaking(TlsTest):
    def test_commands_work_and_the_url_says_https(self):
        server = self.tls_server()
        self.assertIn(f"at https://127.0.0.1:{server.port} ", server.log.read_text())
        workflow = server.create({"name": "w", "jobs": [{"name": "a", "command": "true"}]}, env=self.trust)
        server.torc("run", workflow, env=self.trust, check=True)
        self.assertEqual(server.statuses(workflow), {"a": "completed"})
        server.torc("--tls-ca-cert", self.authority.certificate, "ping", check=True)
        server.torc("ping", env={"SSL_CERT_FILE": str(self.authority.certificate)}, check=True)
        server.torc("--tls-insecure", "ping", check=True)
        server.torc("ping", env={"TORC_TLS_INSECURE": "true"}, check=True)
        self.assertEqual(server.stop(), 0)

    def test_large_bodies_and_kept_connections(self):
        server = self.tls_server()
        workflow = server.post("/workflows", {"name": "w", "user": "tester"})["id"]
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=self.context(), timeout=30)
        for number in range(3):
            body = '{"workflow_id": %d, "name": "d%d", "data": "%s"}' % (workflow, number, "x" * 3_000_000)
            connection.request("POST", "/torc-service/v1/user_data", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            self.assertEqual((answer.status, len(answer.read()) > 3_000_000), (200, True))
        connection.request("GET", "/torc-service/v1/ping", headers={"Connection": "close"})
        self.assertEqual(connection.getresponse().read(), b'{"status":"ok"}')

    def test_the_stream_of_events(self):
        server = self.tls_server()
        workflow = server.post("/workflows", {"name": "w", "user": "tester"})["id"]
        stream = http.client.HTTPSConnection("127.0.0.1", server.port, context=self.context(), timeout=30)
        stream.request("GET", f"/torc-service/v1/workflows/{workflow}/events/stream")
        answer = stream.getresponse()
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
        for number in range(3):
            server.post("/events", {"workflow_id": workflow, "timestamp": 0, "data": {"event_type": "own", "n": number}})
            self.assertEqual(answer.readline(), b"event: own\n")
            self.assertEqual(json.loads(answer.readline().removeprefix(b"data: "))["data"]["n"], number)
            self.assertEqual(answer.readline(), b"\n")
        server.request("DELETE", f"/workflows/{workflow}")
        self.assertEqual(answer.read(), b"")

    def test_the_end_of_a_connection_is_marked(self):
        server = self.tls_server()
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw, \
                self.context().wrap_socket(raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False) as connection:
            connection.sendall(b"GET /torc-service/v1/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            text = b""
            while chunk := connection.recv(4096):  # a connection without close_notify would raise SSLEOFError
                text += chunk
        self.assertTrue(text.endswith(b'{"status":"ok"}'), text)

    def test_old_protocols_are_refused(self):
        server = self.tls_server()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(minimum_version=version, maximum_version=version)
            with socket.create_connection(("127.0.0.1", server.port)) as raw, \
                    context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
                self.assertEqual(connection.version(), version.name.replace("_", "."))
        old = self.context()
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", server.port)) as raw, self.assertRaises(ssl.SSLError) as refused:
            old.wrap_socket(raw, server_hostname="127.0.0.1")
        self.assertIn("ALERT_PROTOCOL_VERSION", refused.exception.reason)  # refused by the server, not by this client

    def test_silent_clients_delay_no_others_and_are_closed(self):
        server = self.tls_server()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as silent:
            began = time.monotonic()
            server.torc("ping", env=self.trust, check=True)
            self.assertEqual(silent.recv(1), b"")
            self.assertLess(time.monotonic() - began, 20)

    def test_several_runners(self):
        server = self.tls_server()
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{n}", "command": "true"} for n in range(30)]},
                                 env=self.trust)
        runners = [self.start([TORC, "run", workflow, "--max-parallel-jobs", "2",
                               "-o", self.dir / f"out{n}"], env={"TORC_API_URL": server.url, **self.trust})
                   for n in range(3)]
        for runner in runners:
            self.assertEqual(runner.wait(60), 0)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})


class Explaining(TlsTest):
    def test_an_untrusted_certificate(self):
        server = self.tls_server()
        result = server.torc("ping")
        self.assertEqual(result.returncode, 1)
        self.assertIn("not trusted", result.stderr)
        self.assertIn("--tls-ca-cert", result.stderr)

    def test_http_to_a_server_that_encrypts(self):
        server = self.tls_server()
        result = run_torc("ping", home=self.dir, env={"TORC_API_URL": f"http://127.0.0.1:{server.port}"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("https://", result.stderr)

    def test_https_to_a_server_that_does_not(self):
        server = self.server()
        result = run_torc("ping", home=self.dir, env={"TORC_API_URL": f"https://127.0.0.1:{server.port}"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("http://", result.stderr)

    def test_a_certificate_file_that_does_not_exist(self):
        result = self.tls_server().torc("ping", env={"TORC_TLS_CA_CERT": "/nowhere/ca.pem"})
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("/nowhere/ca.pem", result.stderr)


class BadFiles(TlsTest):
    def refused(self, *options) -> str:
        result = run_torc("server", "run", "--port", "0", "--database", self.dir / "torc.db", *options, home=self.dir)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def test_each_mistake_names_the_file_and_the_cause(self):
        other = self.authority.sign("other")[1]
        garbage = self.dir / "garbage.pem"
        garbage.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        text = self.dir / "text.pem"
        text.write_text("hello\n")
        locked = self.dir / "locked.key"
        subprocess.run(["openssl", "pkey", "-in", self.key, "-aes256", "-passout", "pass:x", "-out", locked], check=True)
        for certificate, key, named, cause in ((self.dir / "none.pem", self.key, "none.pem", "No such file"),
                                               (self.certificate, self.dir / "none.key", "none.key", "No such file"),
                                               (garbage, self.key, "garbage.pem", "not contain a valid certificate"),
                                               (text, self.key, "text.pem", "PEM"),
                                               (self.certificate, text, "text.pem", "PEM"),
                                               (self.certificate, self.certificate, "server.pem", "not contain a valid private key"),
                                               (self.certificate, locked, "locked.key", "passphrase"),
                                               (self.certificate, other, "other.key", "does not belong to")):
            with self.subTest(certificate=certificate, key=key):
                error = self.refused("--https", "--tls-cert", certificate, "--tls-key", key)
                self.assertIn(named, error)
                self.assertIn(cause, error)

    def test_missing_options(self):
        self.assertIn("--tls-cert", self.refused("--https"))
        self.assertIn("--tls-key", self.refused("--https", "--tls-cert", self.certificate))
        self.assertIn("--https", self.refused("--tls-cert", self.certificate, "--tls-key", self.key))


if __name__ == "__main__":
    main()
