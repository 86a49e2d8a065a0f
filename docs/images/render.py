#!/usr/bin/env python3
"""Turns a recorded terminal session into an SVG picture.

usage: docs/images/render.py TITLE <SESSION.txt >PICTURE.svg

Lines that start with "$ " are what the user typed, with "== " the demo's headings. docs/images/quickstart.txt is what
scripts/quickstart.sh printed, shortened where lines say "...".
"""
import html
import sys

FONT_SIZE, LINE, LEFT, TOP, CHAR = 13, 18, 16, 52, 7.83
COLOURS = {"text": "#d8dee9", "prompt": "#a3be8c", "heading": "#88c0d0", "ok": "#a3be8c", "bad": "#bf616a"}


def spans(line: str) -> str:
    text = html.escape(line)
    if line.startswith("$ "):
        return f'<tspan fill="{COLOURS["prompt"]}">$</tspan><tspan font-weight="bold">{text[1:]}</tspan>'
    if line.startswith("== "):
        return f'<tspan fill="{COLOURS["heading"]}">{text}</tspan>'
    for word, colour in (("[OK]", "ok"), ("[FAILED]", "bad")):
        text = text.replace(word, f'<tspan fill="{COLOURS[colour]}">{word}</tspan>')
    return text


def render(title: str, lines: list[str]) -> str:
    width = round(2 * LEFT + CHAR * max(80, *(len(line) for line in lines)))
    height = TOP + LINE * len(lines) + 8
    rows = "\n".join(f'<text x="{LEFT}" y="{TOP + LINE * number + 8}" xml:space="preserve">{spans(line)}</text>'
                     for number, line in enumerate(lines) if line)
    dots = "".join(f'<circle cx="{20 + 18 * number}" cy="18" r="6" fill="{colour}"/>'
                   for number, colour in enumerate(("#bf616a", "#ebcb8b", "#a3be8c")))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" \
font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="{FONT_SIZE}" fill="{COLOURS['text']}">
<title>{html.escape(title)}</title>
<rect width="100%" height="100%" rx="8" fill="#2e3440"/>
{dots}<text x="{width / 2}" y="22" text-anchor="middle" fill="#7b88a1">{html.escape(title)}</text>
{rows}
</svg>
"""


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(render(sys.argv[1], sys.stdin.read().rstrip("\n").split("\n")))
