#!/usr/bin/env python3
"""Creates the first inputs of the fuzzers (the recorded requests of tests/wire, their bodies, the examples) and
dictionaries with the words of the interface.

usage: make_seeds.py DIRECTORY    writes DIRECTORY/TARGET/... and DIRECTORY/TARGET.dict for each target
"""
import gzip
import hashlib
import io
import json
import pathlib
import re
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WIRE = ROOT / "tests" / "wire"
PREFIX = "/torc-service/v1"
MODELS = 23  # in model.cpp
SEGMENT_END = b"\xfe"  # in request.cpp
HTTP_WORDS = ["\xfe", "\xfd", "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n", "Expect: 100-continue\r\n", "\r\n\r\n",
              "0\r\n", "0\r\n\r\n", "5\r\nhello\r\n", "fffffffffffffff\r\n", ";a=b", ";a=\"b\\", "T: x\r\n", "\r\n x",
              "Content-Type: application/json\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n", " HTTP/1.0\r\n",
              " HTTP/1.1\r\n", "Content-Length: ", "Host: localhost\r\n", "Origin: null\r\n", "Authorization: Basic "]
TRICKS = ['"\\u0000"', "1e999", "-9223372036854775808", "9223372036854775808", "null", "[[", "{\\x22", "\\xff", "%00", "%ff"]
SPEC_WORDS = ["name: ", "jobs:\n", "command: ", "depends_on: [", "depends_on_regexes: [", "parameters:\n", "files:\n", "path: ",
              "1:100", "{i}", "{i:03d}", "input_files: [", "output_files: [", "resource_requirements:\n", "memory: ",
              "runtime: PT1H", "&a", "*a", "!!binary ", "<<: *a", "parameter_mode: zip", "use_parameters: [", "- ",
              "user_data:\n", "data: ", "input_user_data: [", "output_user_data_regexes: [", "input_file_regexes: [",
              "${user_data.input.", "${files.output.", "failure_handlers:\n", "rules:\n", "exit_codes: [", "failure_handler: ",
              "actions:\n", "trigger_type: on_jobs_ready", "action_type: run_commands", "commands: [", "job_name_regexes: [",
              "execution_config:\n", "stdio: {mode: none}", "termination_signal: SIGINT"]
JSON5 = b"""// text
{name: 'p', /* c */ jobs: [{name: "a_{i}", 'command': 'x \\
y\\u0041', parameters: {i: '1:2'},},], user_data: [{name: 'u', data: [+.5, 0x1F, -1e3, null]}]}
"""
SECTIONS = b"""name: p
user_data: [{name: "u_{i}", data: {k: ["{i}", 1.5, null]}, parameters: {i: "1:2"}}]
failure_handlers: [{name: h, rules: [{exit_codes: [1], recovery_script: fix, max_retries: 2}]}]
execution_config: {mode: direct, oom_exit_code: 9, stdio: {mode: combined}}
jobs:
  - {name: a, command: "x ${user_data.input.u_1}", failure_handler: h, stdio: {mode: none}, output_user_data_regexes: ["2$"]}
  - {name: b, command: y, input_user_data: [u_2]}
actions: [{trigger_type: on_jobs_complete, action_type: run_commands, commands: [z], job_name_regexes: [a]}]
"""


def keep(directory: pathlib.Path, content: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / hashlib.sha1(content).hexdigest()[:16]).write_bytes(content)


def write_dictionary(path: pathlib.Path, words) -> None:
    def quoted(word):
        return "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\x{ord(c):02x}" for c in word)

    path.write_text("".join(f'"{quoted(word)}"\n' for word in sorted(set(words))))


def requests():
    """The recorded exchanges, as bytes of a connection and as (target, body)."""
    for line in (WIRE / "exchanges.jsonl").read_text().splitlines():
        record = json.loads(line)
        method, _, target = record["request"].partition(" ")
        body = record.get("raw_body", json.dumps(record["body"]) if "body" in record else "").encode()
        head = f"{method} {PREFIX}{target} HTTP/1.1\r\nHost: localhost\r\n"
        head += "Content-Type: application/json\r\n" if body else ""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        yield f"{head}{length}\r\n".encode() + body, body
        if body:
            yield f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunked(body), body


def chunked(body: bytes) -> bytes:
    half = len(body) // 2 or 1
    chunks = (body[:half], body[half:])
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk) + b"0\r\nT: x\r\n\r\n"


def in_segments(request: bytes, size: int) -> bytes:
    return SEGMENT_END.join(request[start:start + size] for start in range(0, len(request), size))


def archives():
    """Archives with all kinds of entries in each format, and with unusual headers."""
    for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=kind) as archive:
            for name, entry_type, target in ((".", tarfile.DIRTYPE, ""), ("./d/f", tarfile.REGTYPE, ""), ("./h", tarfile.LNKTYPE, "./d/f"),
                                             ("./s", tarfile.SYMTYPE, "d/../d/f"), ("./out", tarfile.SYMTYPE, "../.."),
                                             ("./out/f", tarfile.REGTYPE, ""), ("./fifo", tarfile.FIFOTYPE, ""),
                                             ("./blk", tarfile.BLKTYPE, ""), ("./n" + "n" * 90, tarfile.REGTYPE, "")):
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.mode = entry_type, target, 0o7755
                info.size = 3 if entry_type == tarfile.REGTYPE else 0
                archive.addfile(info, io.BytesIO(b"xyz"))
        tar = stream.getvalue()[:12288]
        yield b"\0" + tar
        yield b"\1" + gzip.compress(tar, mtime=0)


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    for archive in archives():
        keep(out / "archive", archive)
    write_dictionary(out / "archive.dict", ["ustar  ", "ustar", "GNU.sparse.major", "GNU.sparse.map", "././@LongLink", "../", "path=",
                                            "linkpath=", "size=", "PaxHeader/"])
    pairs = list(requests())
    for number, (request, body) in enumerate(pairs):
        keep(out / "request", request)
        keep(out / "request", in_segments(request, 1 + number % 40))
        # A model also reads matching fields of another model's body, so each body becomes a seed for several models.
        if body.startswith(b"{"):
            for model in range(number % 4, MODELS, 4):
                keep(out / "model", bytes([model]) + body)
    for start in range(0, len(pairs), 8):  # requests one after the other on a connection
        keep(out / "request", b"".join(request for request, _ in pairs[start:start + 8]))
    keep(out / "workflow_file", b"\0" + SECTIONS)
    keep(out / "workflow_file", b"\2" + JSON5)
    for path in sorted((ROOT / "examples").iterdir()):
        if path.suffix in (".yaml", ".json"):
            keep(out / "workflow_file", bytes([path.suffix == ".json"]) + path.read_bytes())
    facts = (WIRE / "rest-api.md").read_text() + (WIRE / "additions.md").read_text()
    fields = set(re.findall(r"(\w+)\??: ", facts)) | set(re.findall(r"enum\(([^)]*)\)", facts)[0].split(","))
    paths = re.findall(r"`\w+ (/\S*)`", facts)
    names = [f'"{field}":' for field in fields] + TRICKS
    write_dictionary(out / "model.dict", names)
    write_dictionary(out / "request.dict", names + [PREFIX + re.sub(r"\{\w+\}", "1", path) for path in paths] +
                     [f"{field}=" for field in fields] + ["GET ", "PUT ", "POST ", "DELETE ", "HEAD "] + HTTP_WORDS)
    write_dictionary(out / "workflow_file.dict", SPEC_WORDS + TRICKS)


if __name__ == "__main__":
    main()
