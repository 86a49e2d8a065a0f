#!/usr/bin/env python3
"""Packs a portable torc into a wheel that puts it, torc-server and torc-htpasswd on PATH.

usage: make_wheel.py VERSION ARCH PROGRAM DOC_DIR OUTPUT_DIR
  DOC_DIR  has README.md, LICENSE, and, if they are to be in the wheel, torc.spdx.json and third-party-licences.txt

Reads SOURCE_DATE_EPOCH. The same input gives the same bytes.
"""
import base64
import hashlib
import os
import pathlib
import sys
import time
import zipfile

NAME = "torc_cpp"

# torc knows its other names by the name it is called with, which a shell cannot choose for the program it starts. pip
# installs no links.
SERVER = """#!/bin/sh
torc=$(dirname "$(readlink -f "$0")")/torc
case ${1-} in
  "" | -*) exec "$torc" server run "$@" ;;
  *) exec "$torc" server "$@" ;;
esac
"""
HTPASSWD = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/torc" htpasswd "$@"
"""

METADATA = """Metadata-Version: 2.4
Name: torc-cpp
Version: {version}
Summary: Run thousands of jobs on the machines you have
License-Expression: BSD-3-Clause
License-File: LICENSE
{third_party}Classifier: Environment :: Console
Classifier: Intended Audience :: Science/Research
Classifier: Operating System :: POSIX :: Linux
Classifier: Topic :: System :: Distributed Computing
Requires-Python: >=3.6
Description-Content-Type: text/markdown

{readme}"""


class Wheel:
    """A wheel that is being written; `finish` adds the list of its files."""

    def __init__(self, path: pathlib.Path, info: str):
        # Not before 1980, which zip cannot express.
        self.time = time.gmtime(max(int(os.environ["SOURCE_DATE_EPOCH"]), 315532800))[:6]
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9)
        self.info = info
        self.record = ""

    def add(self, name: str, content: bytes, mode: int = 0o644) -> None:
        self.write(name, content, mode)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        self.record += f"{name},sha256={digest},{len(content)}\n"

    def write(self, name: str, content: bytes, mode: int) -> None:
        member = zipfile.ZipInfo(name, self.time)
        member.create_system = 3  # Unix, so that the mode counts
        member.external_attr = (0o100000 | mode) << 16
        member.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(member, content)

    def finish(self) -> None:
        name = f"{self.info}/RECORD"
        self.write(name, (self.record + f"{name},,\n").encode(), 0o644)
        self.zip.close()


def main() -> int:
    if len(sys.argv) != 6:
        print(__doc__, file=sys.stderr)
        return 2
    version, arch, program = sys.argv[1:4]
    documents, output = pathlib.Path(sys.argv[4]), pathlib.Path(sys.argv[5])
    platforms = [f"manylinux2014_{arch}", f"musllinux_1_1_{arch}"]
    info, scripts = f"{NAME}-{version}.dist-info", f"{NAME}-{version}.data/scripts"
    wheel = Wheel(output / f"{NAME}-{version}-py3-none-{'.'.join(platforms)}.whl", info)
    wheel.add(f"{scripts}/torc", pathlib.Path(program).read_bytes(), 0o755)
    wheel.add(f"{scripts}/torc-htpasswd", HTPASSWD.encode(), 0o755)
    wheel.add(f"{scripts}/torc-server", SERVER.encode(), 0o755)
    licences = documents / "third-party-licences.txt"
    third_party = f"License-File: {licences.name}\n" if licences.exists() else ""
    readme = (documents / "README.md").read_text()
    wheel.add(f"{info}/METADATA", METADATA.format(version=version, third_party=third_party, readme=readme).encode())
    tags = "".join(f"Tag: py3-none-{platform}\n" for platform in platforms)
    wheel.add(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: torc make_wheel\nRoot-Is-Purelib: false\n{tags}".encode())
    wheel.add(f"{info}/licenses/LICENSE", (documents / "LICENSE").read_bytes())
    if licences.exists():
        wheel.add(f"{info}/licenses/{licences.name}", licences.read_bytes())
    if (documents / "torc.spdx.json").exists():
        wheel.add(f"{info}/sboms/torc.spdx.json", (documents / "torc.spdx.json").read_bytes())
    wheel.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
