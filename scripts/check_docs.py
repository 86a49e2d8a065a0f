#!/usr/bin/env python3
"""Checks the documentation: the target of each link in a Markdown page must exist (file and heading), and each command
must have a page that lists its options and no others.

usage: check_docs.py [TORC]    TORC: the program whose commands must have pages
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "docs" / "commands"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]


def without_code(page: pathlib.Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)


def anchors(page: pathlib.Path) -> set[str]:
    """The anchors that GitHub generates from a page's headings."""
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


def commands(torc: str) -> list[dict]:
    """The program and its visible commands, as `torc -f json help` describes them."""
    text = subprocess.run([torc, "-f", "json", "help"], capture_output=True, text=True, check=True, timeout=20).stdout
    return [command for command in json.loads(text)["commands"] if not command["hidden"] and (not command["is_group"] or not command["path"])]


def page_of(command: dict) -> pathlib.Path:
    """The command's own page (jobs-list.md), or its group's page (logs.md) if a heading there names the command."""
    path = command["path"]
    own, group = COMMANDS / f"{path.replace(' ', '-')}.md", COMMANDS / f"{path.split()[0]}.md"
    return group if not own.exists() and group.exists() and f"torc {path}" in group.read_text() else own


def option_names(command: dict) -> set[str]:
    return {name for option in command["options"] if not option["hidden"] and not option["argument"]
            for name in option["names"]}


def documented_options(page: pathlib.Path) -> set[str]:
    """The names in the first column of the page's tables of options."""
    cells = re.findall(r"^\| (`-[^|]*)", page.read_text(), flags=re.MULTILINE)
    return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", " ".join(cells)))


def compare_options(page: pathlib.Path, expected: set[str]) -> list[str]:
    documented = documented_options(page)
    return [*(f"{page.name} does not list {name}" for name in sorted(expected - documented)),
            *(f"{page.name} lists {name}, which is not an option" for name in sorted(documented - expected))]


def wrong_pages(torc: str) -> list[str]:
    program, *all_commands = commands(torc)
    index = (COMMANDS / "README.md").read_text()
    errors, expected = [], {COMMANDS / "global-options.md": option_names(program) | {"-h", "--help", "-V", "--version"}}
    for command in all_commands:
        page = page_of(command)
        if page.exists():
            expected[page] = expected.get(page, set()) | option_names(command)
        else:
            errors.append(f"torc {command['path']} has no page: docs/commands/{page.name}")
    for page, names in expected.items():
        errors += compare_options(page, names)
    for page in COMMANDS.glob("*.md"):
        if page.name != "README.md" and f"({page.name})" not in index:
            errors.append(f"docs/commands/README.md does not list {page.name}")
    return errors


def main() -> int:
    errors = dead_links() + (wrong_pages(sys.argv[1]) if len(sys.argv) > 1 else [])
    print("\n".join(errors) if errors else "docs: nothing missing")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
