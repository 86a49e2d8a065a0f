#!/usr/bin/env python3
"""Holds the includes to the layers: a folder includes only itself and folders of a lower level.

Exceptions stand in KNOWN. The check fails on a breach that is not listed, and on a listed one that is gone.
"""
import pathlib
import re
import sys

LEVELS = [["base"], ["archive", "proc", "net", "model"], ["workflow_file", "client", "store", "remote", "metrics"], ["server", "runner"], ["cli"]]
LEVEL_OF = {name: number for number, names in enumerate(LEVELS) for name in names}
# A package has one owner (SQLite two: databases that have nothing to do with each other); fmt and nlohmann_json are free.
OWNERS = {"CLI/": ["cli"], "curl/": ["net"], "SQLiteCpp/": ["store", "metrics"], "sqlite3.h": ["store", "metrics"],
          "boost/": ["server"], "yaml-cpp/": ["workflow_file"], "re2/": ["workflow_file"], "spdlog/": ["base"],
          "archive.h": ["archive"], "archive_entry.h": ["archive"], "zlib.h": ["archive"]}
# Each file that includes one of these compiles for seconds: others use what these files make of it.
ONLY_IN = {"CLI/": {"src/cli/parser/command_line.cpp", "src/cli/parser/parse_errors.cpp"}}
KNOWN: set[tuple[str, str]] = set()

ROOT = pathlib.Path(__file__).resolve().parent.parent


def layer_of(path: pathlib.Path) -> str | None:
    parts = path.relative_to(ROOT).parts
    start = 2 if parts[0] == "include" else 1
    return parts[start] if len(parts) > start + 1 and parts[start] in LEVEL_OF else None


def breaches() -> dict[tuple[str, str], str]:
    found = {}
    for path in sorted([*ROOT.glob("include/torc/**/*.hpp"), *ROOT.glob("src/**/*.[ch]pp")]):
        layer = layer_of(path)
        if layer is None:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not match:
                continue
            included = match.group(1)
            key = (str(path.relative_to(ROOT)), included)
            target = re.match(r"(?:torc/)?(\w+)/", included)
            if target and target.group(1) in LEVEL_OF and (included.startswith("torc/") or (ROOT / "src" / included).exists()):
                other = target.group(1)
                if other != layer and LEVEL_OF[other] >= LEVEL_OF[layer]:
                    found[key] = f"{key[0]}:{number}: {layer} may not include {other}"
            for package, owners in OWNERS.items():
                if included.startswith(package) and layer not in owners:
                    found[key] = f"{key[0]}:{number}: only {' and '.join(owners)} includes {package}"
            for package, files in ONLY_IN.items():
                if included.startswith(package) and key[0] not in files:
                    found[key] = f"{key[0]}:{number}: only {', '.join(sorted(files))} may include {package}"
    return found


def main() -> int:
    found = breaches()
    errors = [text for key, text in found.items() if key not in KNOWN]
    errors += [f"{path} no longer includes {included}: take it out of KNOWN" for path, included in KNOWN - set(found)]
    print("\n".join(errors) if errors else "layers: no breach")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
