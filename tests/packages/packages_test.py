#!/usr/bin/env python3
"""Installs each package in a clean root file system and runs torc there.

usage: TORC_PACKAGES=DIR TORC_ROOTS=DIR tests/packages/packages_test.py [-v]
       TORC_PACKAGES  what scripts/package.sh made
       TORC_ROOTS     what scripts/foreign_roots.sh made
       TORC_QEMU      a static qemu-aarch64, for the packages of aarch64

scripts/package/test_packages.sh calls it, as root, on x86_64. Packages of Debian 12 and 13 need the network for their
dependencies, wheels need it for nothing. RPM packages are installed by Debian's rpm, not on a Red Hat.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

PACKAGES = pathlib.Path(os.environ.get("TORC_PACKAGES", "")).resolve()
ROOTS = pathlib.Path(os.environ.get("TORC_ROOTS", "")).resolve()
QEMU = os.environ.get("TORC_QEMU")
NAMES = ("torc", "torc-server", "torc-htpasswd")
DEBIANS = ("debian11", "debian12", "debian13")


def run(*command, check=True, timeout=600, **options) -> str:
    result = subprocess.run([*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, timeout=timeout, **options)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit status {result.returncode}\n{result.stdout}")
    return result.stdout


class PackagesTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="torc-packages-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def only(self, pattern: str) -> pathlib.Path:
        found = list(PACKAGES.glob(pattern))
        self.assertEqual(len(found), 1, f"{PACKAGES}/{pattern}")
        return found[0]

    @contextlib.contextmanager
    def root(self, name: str):
        """A copy of a root file system, with the devices that programs need."""
        copy = self.dir / name
        run("cp", "-a", ROOTS / name, copy)
        (copy / "proc").mkdir(exist_ok=True)
        run("mount", "-t", "proc", "proc", copy / "proc")
        run("mount", "--bind", "/dev", copy / "dev")
        try:
            yield copy
        finally:
            run("umount", copy / "dev")
            run("umount", copy / "proc")
            run("rm", "-rf", copy)

    def in_root(self, root: pathlib.Path, *command) -> str:
        return run("chroot", root, *command, env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root",
                                                  "USER": "root", "DEBIAN_FRONTEND": "noninteractive"})

    def check_torc(self, root: pathlib.Path, bin_dir: str = "/usr/bin", emulator=()) -> None:
        """torc runs there, under each of its names."""
        torc = [*emulator, f"{bin_dir}/torc"]
        self.assertRegex(self.in_root(root, *torc, "--version"), r"^torc \d+\.\d+\.\d+\n$")
        run_true = f"cd /root && {' '.join(torc)} -s exec -- true && {' '.join(torc)} -s -f json results list 1"
        self.assertIn('"return_code": 0', self.in_root(root, "/bin/sh", "-c", run_true))
        if not emulator:
            self.assertIn("--pid-file", self.in_root(root, f"{bin_dir}/torc-server", "--help"))
            self.assertIn("al:$2y$04$", self.in_root(root, f"{bin_dir}/torc-htpasswd", "hash", "-c", "4", "-p", "word", "al"))

    def check_files(self, root: pathlib.Path, prefix: str, machines=("aarch64", "x86_64")) -> None:
        base = root / prefix.lstrip("/")
        unit = (base / "lib/systemd/system/torc-server.service").read_text()
        self.assertIn(f"\nExecStart={prefix}/bin/torc-server run", unit)
        self.assertTrue((base / "share/doc/torc/LICENSE").exists())
        for machine in machines:
            self.assertEqual((base / "lib/torc" / f"torc-linux-{machine}").read_bytes()[:4], b"\x7fELF")
        if machines:
            self.assertTrue((base / "share/doc/torc/torc.spdx.json").exists())
            self.assertTrue((base / "share/doc/torc/third-party-licences.txt").exists())


class Tarballs(PackagesTest):
    def unpack(self, root: pathlib.Path, arch: str) -> None:
        with tarfile.open(self.only(f"torc-cpp-*-linux-{arch}.tar.gz")) as archive:
            (top,) = {member.name.split("/")[0] for member in archive}
            archive.extractall(self.dir)
        (root / "usr").mkdir(exist_ok=True)
        run("cp", "-a", "--no-target-directory", self.dir / top, root / "usr" / "local")
        shutil.rmtree(self.dir / top)

    def test_on_each_debian_and_on_busybox_alone(self):
        for name in (*DEBIANS, "busybox"):
            with self.subTest(name), self.root(name) as root:
                self.unpack(root, "x86_64")
                self.check_files(root, "/usr/local")
                self.check_torc(root, "/usr/local/bin")

    def test_of_aarch64(self):
        self.assertTrue(QEMU, "TORC_QEMU is not set")
        with self.root("busybox") as root:
            self.unpack(root, "aarch64")
            self.check_files(root, "/usr/local")
            shutil.copy(QEMU, root / "bin" / "qemu")
            self.check_torc(root, "/usr/local/bin", emulator=["/bin/qemu"])

    def test_nothing_belongs_to_the_builder(self):
        for path in PACKAGES.glob("*.tar.gz"):
            with tarfile.open(path) as archive:
                members = archive.getmembers()
            self.assertEqual({(member.uid, member.gid, member.uname) for member in members}, {(0, 0, "")})
            paths = [member.name.split("/") for member in members]
            self.assertEqual(paths, sorted(paths))
            self.assertEqual(len({member.mtime for member in members}), 1)


class DebianPackages(PackagesTest):
    def test_the_static_one_needs_no_other_package(self):
        for name in DEBIANS:
            with self.subTest(name), self.root(name) as root:
                shutil.copy(self.only("torc-cpp_*-1_amd64.deb"), root / "torc.deb")
                self.in_root(root, "dpkg", "-i", "/torc.deb")
                self.check_files(root, "/usr")
                self.check_torc(root)
                self.in_root(root, "dpkg", "-r", "torc-cpp")
                self.assertFalse((root / "usr/bin/torc").exists())
                self.assertFalse((root / "usr/lib/torc").exists())

    def test_one_with_the_libraries_of_its_debian(self):
        for number in (12, 13):
            with self.subTest(number), self.root(f"debian{number}") as root:
                shutil.copy(self.only(f"torc-cpp_*-1~deb{number}_*.deb"), root / "torc.deb")
                for setting in pathlib.Path("/etc/apt/apt.conf.d").glob("*proxy*"):
                    shutil.copy(setting, root / "etc/apt/apt.conf.d")
                self.in_root(root, "apt-get", "-qq", "-o", "APT::Sandbox::User=root", "update")
                self.in_root(root, "apt-get", "-qq", "-y", "-o", "APT::Sandbox::User=root", "--no-install-recommends", "install",
                             "/torc.deb")
                self.check_files(root, "/usr", machines=())
                self.check_torc(root)

    def test_of_arm64(self):
        with self.root("busybox") as root:
            run("dpkg-deb", "-x", self.only("torc-cpp_*-1_arm64.deb"), root)
            self.check_files(root, "/usr")


class RpmPackages(PackagesTest):
    def test_rpm_installs_it(self):
        for name in ("busybox", "debian12"):
            with self.subTest(name), self.root(name) as root:
                run("rpm", "--root", root, "--initdb")
                run("rpm", "--root", root, "--nodeps", "-i", self.only("torc-cpp-*.x86_64.rpm"))
                self.check_files(root, "/usr")
                self.check_torc(root)
                run("rpm", "--root", root, "--nodeps", "-e", "torc-cpp")
                self.assertFalse((root / "usr/bin/torc").exists())

    def test_of_aarch64(self):
        package = self.only("torc-cpp-*.aarch64.rpm")
        self.assertEqual(run("rpm", "-qp", "--qf", "%{ARCH} %{BUILDHOST}", package), "aarch64 localhost")


class Wheels(PackagesTest):
    def check_installed(self, bin_dir: pathlib.Path) -> None:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.dir), "USER": "root"}
        self.assertRegex(run(bin_dir / "torc", "--version", env=environment), r"^torc \d+\.\d+\.\d+\n$")
        run(bin_dir / "torc", "-s", "exec", "--", "true", env=environment, cwd=self.dir)
        self.assertIn("--pid-file", run(bin_dir / "torc-server", "--help", env=environment))
        self.assertIn("--pid-file", run(bin_dir / "torc-server", "run", "--help", env=environment))
        self.assertIn("al:$2y$04$", run(bin_dir / "torc-htpasswd", "hash", "-c", 4, "-p", "word", "al", env=environment))

    def test_pip_installs_it(self):
        run(sys.executable, "-m", "venv", self.dir / "venv")
        pip = [self.dir / "venv/bin/pip", "--disable-pip-version-check"]
        run(*pip, "install", "--no-index", "--find-links", PACKAGES, "torc-cpp")
        self.check_installed(self.dir / "venv/bin")
        self.assertIn("License", run(*pip, "show", "torc-cpp"))
        run(*pip, "uninstall", "-y", "torc-cpp")
        self.assertEqual([name for name in NAMES if (self.dir / "venv/bin" / name).exists()], [])

    def test_uv_installs_it(self):
        uv = shutil.which("uv") or os.environ.get("TORC_UV")
        self.assertTrue(uv, "uv is not installed, and TORC_UV is not set")
        environment = {**os.environ, "UV_TOOL_DIR": str(self.dir / "tools"), "UV_TOOL_BIN_DIR": str(self.dir / "bin"),
                       "UV_CACHE_DIR": str(self.dir / "cache"), "UV_PYTHON_DOWNLOADS": "never"}
        run(uv, "tool", "install", "--no-index", "--find-links", PACKAGES, "torc-cpp", env=environment)
        self.check_installed(self.dir / "bin")

    def test_pip_finds_the_one_of_each_platform(self):
        for platform in ("manylinux2014_x86_64", "musllinux_1_1_x86_64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"):
            with self.subTest(platform):
                target = self.dir / platform
                run(sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-index", "--find-links",
                    PACKAGES, "--no-deps", "--only-binary", ":all:", "--platform", platform, "-d", target, "torc-cpp")
                self.assertEqual(len(list(target.iterdir())), 1)

    def test_the_record_has_every_file(self):
        for path in PACKAGES.glob("*.whl"):
            with zipfile.ZipFile(path) as wheel:
                record = next(name for name in wheel.namelist() if name.endswith(".dist-info/RECORD"))
                listed = {line.rsplit(",", 2)[0] for line in wheel.read(record).decode().splitlines()}
                self.assertEqual(listed, set(wheel.namelist()))


class Lists(PackagesTest):
    def test_every_package_has_its_checksum(self):
        lines = (PACKAGES / "SHA256SUMS").read_text().splitlines()
        sums = {name: checksum for checksum, name in (line.split("  ") for line in lines)}
        self.assertEqual(set(sums), {path.name for path in PACKAGES.iterdir()} - {"SHA256SUMS"})
        for name, checksum in sums.items():
            self.assertEqual(hashlib.sha256((PACKAGES / name).read_bytes()).hexdigest(), checksum, name)

    def test_the_list_of_what_is_linked_in(self):
        document = json.loads(self.only("*.spdx.json").read_text())
        self.assertEqual(document["spdxVersion"], "SPDX-2.3")
        ids = {package["SPDXID"] for package in document["packages"]}
        self.assertEqual(len(ids), len(document["packages"]))
        for relation in document["relationships"]:
            self.assertIn(relation["relatedSpdxElement"], ids)
        self.assertLessEqual({"openssl", "curl", "sqlite", "musl"}, {package["name"] for package in document["packages"]})


if __name__ == "__main__":
    if not PACKAGES.is_dir() or not ROOTS.is_dir() or "" in (os.environ.get("TORC_PACKAGES", ""), os.environ.get("TORC_ROOTS", "")):
        sys.exit("Error: TORC_PACKAGES and TORC_ROOTS must name directories\n" + __doc__)
    unittest.main()
