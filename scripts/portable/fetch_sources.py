#!/usr/bin/env python3
"""Downloads the packages listed in scripts/portable/sources.txt, checks and unpacks them.

usage: scripts/portable/fetch_sources.py DIRECTORY [--emulator]

Creates in DIRECTORY: zig/ziglang/zig (the compiler), src/PACKAGE (each source package with Debian's patches) and
files/ (the files of binary packages); with --emulator, emulator/usr/bin/qemu-* as well. What is there already is kept.
Debian's archive is the one that apt uses on this machine; lists and downloads are kept in DIRECTORY, and apt's own state
is not touched.
"""

import dataclasses
import functools
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys

PINS = pathlib.Path(__file__).with_name("sources.txt")
SUITES = ("trixie", "trixie-security", "bookworm", "bookworm-security")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclasses.dataclass
class Pin:
    kind: str
    package: str
    version: str
    sha256: str
    host: str = ""  # zig only: the kind of machine that the wheel is for

    @property
    def upstream(self):
        return upstream_of(self.version)


class Unavailable(Exception):
    """A package is not available in its pinned version; the message names the line to update."""


def upstream_of(version):
    """'1:2.3-4' -> '2.3'"""
    return version.split(":", 1)[-1].rsplit("-", 1)[0]


def read_pins():
    lines = (line.split() for line in PINS.read_text().splitlines() if line.strip() and not line.startswith("#"))
    return [Pin(*words) for words in lines]


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(arguments, **options):
    return subprocess.run(arguments, check=True, text=True, stdin=subprocess.DEVNULL, **options)


def output_of(arguments):
    return subprocess.run(arguments, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout


def configured_archives():
    """The addresses of Debian's archive and of its security archive, as apt is configured here."""
    archives = {}
    targets = output_of(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"])
    for line in targets.splitlines():
        release, uri = line.split()
        if re.fullmatch(r"(bookworm|trixie|forky|sid|stable|oldstable)(-security)?", release):
            archives["security" if release.endswith("-security") else "main"] = uri
    return archives


class Apt:
    """apt with its own lists and cache."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "lists/partial").mkdir(parents=True, exist_ok=True)
        (directory / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
        self.options = [
            "-qq", "-o", f"Dir::Etc::sourcelist={directory}/sources.list", "-o", "Dir::Etc::sourceparts=-",
            "-o", f"Dir::State::lists={directory}/lists", "-o", f"Dir::Cache={directory}/cache",
            "-o", "APT::Architecture=amd64", "-o", "APT::Sandbox::User=",
        ]

    @functools.cached_property
    def is_updated(self):
        """Updates the lists, once, and only if something must be downloaded."""
        archives = configured_archives()
        signed_by = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        lines = []
        for suite in SUITES:
            uri = archives.get("security" if suite.endswith("-security") else "main")
            if uri:
                lines += [f"{kind} {signed_by}{uri} {suite} main\n" for kind in ("deb-src", "deb")]
        if not lines:
            raise SystemExit("Error: apt has no archive of Debian here; the portable build takes its sources from one")
        (self.directory / "sources.list").write_text("".join(lines))
        run(["apt-get", *self.options, "update"])
        return True

    def get(self, *arguments, into):
        assert self.is_updated
        return subprocess.run(["apt-get", *self.options, *arguments], cwd=into, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False).returncode == 0

    def source_versions(self, package):
        assert self.is_updated
        shown = output_of(["apt-cache", *self.options, "showsrc", package])
        # showsrc also lists the source packages of binary packages with this name.
        records = [dict(re.findall(r"^(Package|Version): (.*)$", text, re.M)) for text in shown.split("\n\n")]
        return list(dict.fromkeys(r["Version"] for r in records if r.get("Package") == package))


def is_newer(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "gt", b], check=False).returncode == 0


def revisions_to_try(apt, pin):
    """The pinned revision, then the others of the same upstream version, newest first."""
    yield pin.version
    revisions = [v for v in apt.source_versions(pin.package) if v != pin.version and upstream_of(v) == pin.upstream]
    yield from sorted(revisions, key=functools.cmp_to_key(lambda a, b: -1 if is_newer(a, b) else 1))


def downloaded_source(apt, pin, directory):
    """The .dsc of the pinned revision, or of another one with the same original tarball."""
    for version in revisions_to_try(apt, pin):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        if not apt.get("source", "--download-only", f"{pin.package}={version}", into=directory):
            continue
        originals = [p for p in directory.glob("*.orig.tar.*") if p.suffix != ".asc"]
        if [sha256_of(p) for p in originals] != [pin.sha256]:
            raise Unavailable(f"{pin.package} {version}: the original tarball has another checksum than that pinned")
        if version != pin.version:
            print(f"note: {pin.package} {pin.version} is not available, {version} is, of the same original tarball")
        return next(directory.glob("*.dsc"))
    available = ", ".join(apt.source_versions(pin.package)) or "nothing"
    raise Unavailable(f"{pin.package} {pin.version} is not available. The archive lists: {available}")


def fetch_source(apt, pin, root):
    target = root / "src" / pin.package
    if target.exists():
        return
    downloads = root / "download" / pin.package
    dsc = downloaded_source(apt, pin, downloads)
    # apt has checked the archive's signature, which covers these files.
    run(["dpkg-source", "--no-check", "-x", dsc.name, "unpacked"], cwd=downloads, stdout=subprocess.DEVNULL)
    target.parent.mkdir(exist_ok=True)
    (downloads / "unpacked").rename(target)
    shutil.rmtree(downloads)


def fetch_files(apt, pin, root):
    target = root / pin.kind
    stamp = target / f".{pin.package}"
    if stamp.exists():
        return
    downloads = root / "download" / pin.package
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    if not apt.get("download", f"{pin.package}={pin.version}", into=downloads):
        raise Unavailable(f"{pin.package} {pin.version} is not available")
    deb = next(downloads.glob("*.deb"))
    if sha256_of(deb) != pin.sha256:
        raise Unavailable(f"{deb.name}: the checksum differs from that pinned")
    run(["dpkg-deb", "-x", str(deb), str(target)])
    stamp.touch()
    shutil.rmtree(downloads)


def fetch_zig(pin, root):
    target = root / "zig"
    if target.exists():
        return
    requirements = root / "zig.requirements.txt"
    requirements.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.sha256}\n")
    unpacked = root / "zig.new"
    shutil.rmtree(unpacked, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--root-user-action=ignore", "--require-hashes", "--target", str(unpacked), "-r", str(requirements)]
    if subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        raise Unavailable(f"{pin.package} {pin.version} cannot be installed by pip, see above")
    unpacked.rename(target)


def main():
    arguments = sys.argv[1:]
    wants_emulator = "--emulator" in arguments
    if wants_emulator:
        arguments.remove("--emulator")
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    root = pathlib.Path(arguments[0]).resolve()
    root.mkdir(parents=True, exist_ok=True)
    apt = Apt(root / "apt")
    failures = []
    for pin in read_pins():
        try:
            if pin.kind == "source":
                fetch_source(apt, pin, root)
            elif pin.kind == "files" or (pin.kind == "emulator" and wants_emulator):
                fetch_files(apt, pin, root)
            elif pin.kind == "zig" and pin.host == platform.machine():
                fetch_zig(pin, root)
        except Unavailable as unavailable:
            failures.append(str(unavailable))
    if not (root / "zig").exists():
        failures.append(f"there is no line for zig on {platform.machine()}")
    if failures:
        raise SystemExit("\n".join(["Error: update these in scripts/portable/sources.txt:", *(f"  {f}" for f in failures)]))


if __name__ == "__main__":
    main()
