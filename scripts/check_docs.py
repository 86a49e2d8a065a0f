#!/usr/bin/env python3
"""Checks the documentation: each link of a Markdown page leads to a file and a heading that exist, each command has a page.

usage: check_docs.py [TORC]    TORC: the program whose commands must have pages
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]


def without_code(page: pathlib.Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def anchors(page: pathlib.Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", without_code(page), flags=re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def dead_links() -> list[str]:
    errors = []
    for page in sorted(PAGES):
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
            if "://" in target:
                continue
            path, _, anchor = target.partition("#")
            file = page.parent / path if path else page
            if not file.exists():
                errors.append(f"{page.relative_to(ROOT)}: link to {target}: file not found")
            elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                errors.append(f"{page.relative_to(ROOT)}: link to {target}: heading not found")
    return errors


def subcommands(torc: str, *path: str) -> list[str]:
    """Names that `torc PATH --help` lists under its headings of subcommands."""
    text = subprocess.run([torc, *path, "--help"], capture_output=True, text=True, check=True, timeout=20).stdout
    names, inside = [], False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            inside = line.rstrip(":").lower().endswith("commands")
        elif inside and (match := re.match(r"  ([a-z][\w-]*)", line)):
            names.append(match.group(1))
    return names


def commands(torc: str) -> list[str]:
    found = []
    for name in subcommands(torc):
        found += [f"{name} {below}" for below in subcommands(torc, name)] or [name]
    return found


def missing_pages(torc: str) -> list[str]:
    folder = ROOT / "docs" / "commands"
    index = (folder / "README.md").read_text()
    all_commands = commands(torc)
    if not all_commands:
        return ["no command found in the help of torc"]
    errors = []
    for command in all_commands:
        # A page for itself (jobs-list.md) or one for the group (jobs.md) that has the command in a heading.
        page, group = folder / f"{command.replace(' ', '-')}.md", folder / f"{command.split()[0]}.md"
        if not page.exists() and not (group.exists() and f"torc {command}" in group.read_text()):
            errors.append(f"torc {command} has no page: docs/commands/{page.name}")
    for page in folder.glob("*.md"):
        if page.name != "README.md" and f"({page.name})" not in index:
            errors.append(f"docs/commands/README.md does not list {page.name}")
    return errors


def main() -> int:
    errors = dead_links() + (missing_pages(sys.argv[1]) if len(sys.argv) > 1 else [])
    print("\n".join(errors) if errors else "docs: nothing missing")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
