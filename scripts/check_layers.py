#!/usr/bin/env python3
"""Checks the includes against the layers.

- A layer includes only itself and layers of a lower level.
- include/torc/LAYER holds exactly the headers that other layers include, directly or through another public header;
  every other header is beside its source, and no other layer includes it.
- A package is included only by the layers that own it.
- The layers in SILENT print nothing: they return structs and report events, which the layer above prints.

KNOWN lists exceptions. The check fails on a breach that is not listed, and on a listed breach that no longer exists.
"""
import pathlib
import re
import sys

LEVELS = [["base"], ["archive", "proc", "net", "model"], ["workflow_file", "client", "store", "remote", "metrics"], ["server", "runner"], ["app"], ["cli"]]
LEVEL_OF = {name: number for number, names in enumerate(LEVELS) for name in names}
# A package has one owner (SQLite has two, for unrelated databases); any layer may include fmt and nlohmann_json.
OWNERS = {"CLI/": ["cli"], "curl/": ["net"], "SQLiteCpp/": ["store", "metrics"], "sqlite3.h": ["store", "metrics"],
          "boost/": ["server"], "yaml-cpp/": ["workflow_file"], "re2/": ["workflow_file"], "spdlog/": ["base"],
          "archive.h": ["archive"], "archive_entry.h": ["archive"], "zlib.h": ["archive"],
          "openssl/": ["server"], "crypt.h": ["server"]}
# A file that includes one of these takes seconds to compile, so all others use the interfaces of these files.
ONLY_IN = {"CLI/": {"src/cli/parser/command_line.cpp", "src/cli/parser/parse_errors.cpp"}}
SILENT = {"app"}
PRINTING = re.compile(r"<iostream>|<cstdio>|\bstd::(cout|cerr|clog|printf|puts)\b|\bfmt::print\b|STDOUT_FILENO|STDERR_FILENO|\bOutput\b")
KNOWN: set[tuple[str, str]] = set()

ROOT = pathlib.Path(__file__).resolve().parent.parent


INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^>"]+)[>"]')


def layer_of(path: pathlib.Path) -> str | None:
    parts = path.relative_to(ROOT).parts
    start = 2 if parts[0] == "include" else 1
    return parts[start] if len(parts) > start + 1 and parts[start] in LEVEL_OF else None


def files() -> list[pathlib.Path]:
    return sorted([*ROOT.glob("include/torc/**/*.hpp"), *ROOT.glob("src/**/*.[ch]pp")])


def includes_of(path: pathlib.Path) -> list[tuple[int, str]]:
    lines = path.read_text().splitlines()
    return [(number, match.group(1)) for number, line in enumerate(lines, 1) if (match := INCLUDE.match(line))]


def is_public(included: str) -> bool:
    return included.startswith("torc/")


def target_layer(included: str) -> str | None:
    """The layer that an included header belongs to, or None if it is not a header of this project."""
    match = re.match(r"(?:torc/)?(\w+)/", included)
    if not match or match.group(1) not in LEVEL_OF:
        return None
    return match.group(1) if is_public(included) or (ROOT / "src" / included).exists() else None


def breaches() -> dict[tuple[str, str], str]:
    found = {}
    for path in files():
        layer = layer_of(path)
        name = str(path.relative_to(ROOT))
        for number, included in includes_of(path):
            key = (name, included)
            other = target_layer(included)
            if other and other != layer and not is_public(included):
                found[key] = f"{name}:{number}: {included} is private to {other}"
            if other and other == layer and name.startswith("include/") and not is_public(included):
                found[key] = f"{name}:{number}: a public header may not include {included}, which is private"
            if layer is None:
                continue
            if other and other != layer and LEVEL_OF[other] >= LEVEL_OF[layer]:
                found[key] = f"{name}:{number}: {layer} may not include {other}"
            for package, owners in OWNERS.items():
                if included.startswith(package) and layer not in owners:
                    found[key] = f"{name}:{number}: only {' and '.join(owners)} may include {package}"
            for package, only in ONLY_IN.items():
                if included.startswith(package) and name not in only:
                    found[key] = f"{name}:{number}: only {', '.join(sorted(only))} may include {package}"
    return found | unused_public_headers() | printing_in_silent_layers()


def printing_in_silent_layers() -> dict[tuple[str, str], str]:
    found = {}
    for path in files():
        if layer_of(path) in SILENT:
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if match := PRINTING.search(line.split("//")[0]):
                    name = str(path.relative_to(ROOT))
                    found[name, match.group()] = f"{name}:{number}: {layer_of(path)} prints nothing, so no {match.group()}"
    return found


def unused_public_headers() -> dict[tuple[str, str], str]:
    reached: set[str] = set()
    pending = [included for path in files() for _, included in includes_of(path)
               if is_public(included) and target_layer(included) != layer_of(path)]
    while pending:
        included = pending.pop()
        header = ROOT / "include" / included
        if included not in reached and header.exists():
            reached.add(included)
            pending += [each for _, each in includes_of(header) if is_public(each)]
    public = (str(path.relative_to(ROOT / "include")) for path in ROOT.glob("include/torc/**/*.hpp"))
    return {(f"include/{header}", ""): f"include/{header}: no other layer includes it: it belongs beside its source in src"
            for header in public if header not in reached}


def main() -> int:
    found = breaches()
    errors = [text for key, text in found.items() if key not in KNOWN]
    errors += [f"{path} no longer includes {included}: take it out of KNOWN" for path, included in KNOWN - set(found)]
    print("\n".join(errors) if errors else "layers: no breach")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
