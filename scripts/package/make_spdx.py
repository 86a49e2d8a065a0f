#!/usr/bin/env python3
"""Lists what is linked into the portable program, as SPDX 2.3, and collects the licences.

usage: make_spdx.py VERSION SPDX_FILE [LICENCES_FILE SOURCES]
  SOURCES  the directory that scripts/portable/fetch_sources.py filled, with the texts of the licences

Reads SOURCE_DATE_EPOCH.
"""
import datetime
import hashlib
import json
import os
import pathlib
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent


def lines_of(path: pathlib.Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]


def linked() -> list[list[str]]:
    """The lines of linked.txt, without the allocator if the preset does not choose it."""
    presets = json.loads((SCRIPTS.parent / "CMakePresets.json").read_text())["configurePresets"]
    portable = next(preset for preset in presets if preset["name"] == "portable")
    has_mimalloc = portable["cacheVariables"].get("TORC_MIMALLOC") == "ON"
    return [line for line in lines_of(SCRIPTS / "package" / "linked.txt") if has_mimalloc or line[0] != "mimalloc"]


def read_pins() -> dict[str, list[str]]:
    """Kind, version and checksum by package. Of zig, whose wheels differ per host, the first."""
    pins = {}
    for kind, package, version, sha256, *_ in lines_of(SCRIPTS / "portable" / "sources.txt"):
        pins.setdefault(package, [kind, version, sha256])
    return pins


def package_of(pin: str, name: str, licence: str, pins: dict) -> dict:
    kind, version, sha256 = pins[pin]
    package = {
        "SPDXID": f"SPDXRef-{name.replace('_', '-')}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": licence.replace("_", " "),
        "licenseDeclared": licence.replace("_", " "),
        "copyrightText": "NOASSERTION",
    }
    if kind == "zig":
        package["versionInfo"] = f"of {pin} {version}"
        package["sourceInfo"] = f"part of the compiler, {pin} {version} of PyPI"
        return package
    package["sourceInfo"] = f"Debian {'source ' if kind == 'source' else ''}package {pin} {version}; the checksum is that of " + (
        "the original tarball" if kind == "source" else "the package")
    package["checksums"] = [{"algorithm": "SHA256", "checksumValue": sha256}]
    arch = "source" if kind == "source" else "all"
    package["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                "referenceLocator": f"pkg:deb/debian/{pin}@{version.replace(':', '%3A')}?arch={arch}"}]
    return package


def document(version: str) -> dict:
    pins = read_pins()
    torc = {
        "SPDXID": "SPDXRef-torc",
        "name": "torc-cpp",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "BSD-3-Clause",
        "licenseDeclared": "BSD-3-Clause",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "APPLICATION",
    }
    parts = [package_of(pin, name, licence, pins) for pin, name, licence, _ in linked()]
    relations = [{"spdxElementId": "SPDXRef-torc", "relationshipType": "STATIC_LINK", "relatedSpdxElement": package["SPDXID"]}
                 for package in parts]
    content = hashlib.sha256(json.dumps([torc, parts]).encode()).hexdigest()
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"torc-cpp-{version}",
        "documentNamespace": f"urn:sha256:{content}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: torc-make_spdx"]},
        "packages": [torc, *parts],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": "SPDXRef-torc"}, *relations],
    }


def licences(sources: pathlib.Path) -> str:
    parts = ["The portable program of torc contains the following libraries. Their licences:\n"]
    for _, name, licence, file in linked():
        title = f"{name} ({licence.replace('_', ' ')})"
        parts.append(f"\n{title}\n{'=' * len(title)}\n\n{(sources / file).read_text(errors='replace').strip()}\n")
    return "".join(parts)


def main() -> int:
    if len(sys.argv) not in (3, 5):
        print(__doc__, file=sys.stderr)
        return 2
    pathlib.Path(sys.argv[2]).write_text(json.dumps(document(sys.argv[1]), indent=2) + "\n")
    if len(sys.argv) == 5:
        pathlib.Path(sys.argv[3]).write_text(licences(pathlib.Path(sys.argv[4])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
