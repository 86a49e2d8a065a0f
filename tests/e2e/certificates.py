"""Certificates for tests: a private authority, and server certificates signed by it (with the openssl command)."""
import pathlib
import subprocess


def _openssl(*args) -> None:
    result = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, timeout=60, check=False)
    if result.returncode != 0:
        raise AssertionError(f"openssl {args[0]}: {result.stderr}")


class Authority:
    """Signs certificates, which are trusted by all who trust `certificate`."""

    def __init__(self, directory, name: str = "Test authority"):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = self.dir / "ca.key", self.dir / "ca.pem"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                 "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def sign(self, name: str, subject: str = "torc test", addresses=("IP:127.0.0.1", "DNS:localhost"), days: int = 30):
        """The files (certificate, key) for a server."""
        key, request, certificate = (self.dir / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        extensions = self.dir / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(addresses)}\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                 f"/CN={subject}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days",
                 days, "-extfile", extensions, "-out", certificate)
        return certificate, key
