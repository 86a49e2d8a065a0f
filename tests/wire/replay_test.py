#!/usr/bin/env python3
"""Sends the recorded requests of torc 0.23.0 to a new server, in order, and compares the answers with the recorded
ones.

exchanges.jsonl has one exchange per line; times and paths are masked there as <time>, <millis> and <path>. Status,
content type (if JSON), keys and values must agree. The text of an error is compared only if 0.23 sent it as JSON.

If this server answers differently on purpose, expected.json names the exchange (its request, and a number if the same
request occurs more than once), the expected answer, and the reason; docs/compatibility.md tells users. The test fails
if a listed exchange is answered as recorded, so that the list stays correct.
"""
import collections
import http.client
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import E2ETest, main  # noqa: E402

PREFIX = "/torc-service/v1"
EXCHANGES = HERE / "exchanges.jsonl"
EXPECTED = HERE / "expected.json"
MASKS = {"<time>": str, "<millis>": int, "<path>": str}


def seconds_of(duration: str):
    """Seconds of an ISO 8601 duration of days, hours, minutes and seconds; None if it is not one."""
    match = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", duration)
    if not match or duration in ("P", "PT"):
        return None
    return sum(int(part or 0) * unit for part, unit in zip(match.groups(), (86400, 3600, 60, 1)))


def differences(recorded, found, path="", subset=False):
    """Describes where `found` differs from the recorded answer. `subset`: additional keys are ignored."""
    if isinstance(recorded, str) and recorded in MASKS:
        return [] if isinstance(found, MASKS[recorded]) else [f"{path}: {found!r} is no {recorded}"]
    if isinstance(recorded, dict) and isinstance(found, dict):
        lines = []
        for key in sorted(recorded.keys() | found.keys()):
            if key not in found:
                lines.append(f"{path}.{key}: missing")
            elif key not in recorded:
                lines += [] if subset else [f"{path}.{key}: not recorded, found {found[key]!r}"]
            else:
                lines += differences(recorded[key], found[key], f"{path}.{key}", subset)
        return lines
    if isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            return [f"{path}: {len(recorded)} items recorded, {len(found)} found"]
        return [line for i, (a, b) in enumerate(zip(recorded, found)) for line in differences(a, b, f"{path}[{i}]", subset)]
    if path.endswith(".runtime") and isinstance(found, str) and seconds_of(recorded) == seconds_of(found) is not None:
        return []
    same_type = type(recorded) is type(found) or {type(recorded), type(found)} == {int, float}
    return [] if same_type and recorded == found else [f"{path}: recorded {recorded!r}, found {found!r}"]


class Exchange:
    """One line of exchanges.jsonl. `counts`: how often each request has occurred so far."""

    def __init__(self, line: str, counts: collections.Counter):
        record = json.loads(line)
        self.request = record["request"]
        counts[self.request] += 1
        number = counts[self.request]
        self.name = self.request if number == 1 else f"{self.request} #{number}"
        self.body = record.get("raw_body", json.dumps(record["body"]) if "body" in record else None)
        self.status = record["status"]
        self.is_json = record["content_type"] == "application/json"
        self.response = record["response"]

    def put(self, connection: http.client.HTTPConnection):
        method, _, target = self.request.partition(" ")
        headers = {} if self.body is None else {"Content-Type": "application/json"}
        connection.request(method, PREFIX + target, body=self.body, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, answer.headers.get("Content-Type"), json.loads(text) if text else None

    def compare(self, status, content_type, found):
        if status != self.status:
            return [f"status {self.status} recorded, {status} found: {json.dumps(found)[:300]}"]
        if not self.is_json:
            return []  # 0.23 sent only the status
        if content_type != "application/json":
            return [f"content type {content_type}"]
        if self.request == "GET /version":
            # The build differs, and this server adds fields.
            recorded = {**self.response, "version": found["version"], "git_hash": found["git_hash"]}
            build = [] if found["version"].startswith("0.23.0 (") else [f"version {found['version']}"]
            return differences(recorded, found, subset=True) + build
        return differences(self.response, found, subset=status >= 400)


def judge(exchange, status, found, lines, expected) -> list[str]:
    """The errors of an answer that differs from the recorded one by `lines`."""
    wanted = expected["differences"].get(exchange.name)
    if wanted is None:
        return lines
    if not lines:
        return ["is answered as recorded: remove it from differences"]
    if status != wanted["status"]:
        return [f"status {status}, not {wanted['status']} as expected: {json.dumps(found)[:300]}"]
    return differences(wanted.get("response", {}), found, subset=True)


class Replay(E2ETest):
    maxDiff = None

    def test_answers_as_recorded(self):
        counts = collections.Counter()
        exchanges = [Exchange(line, counts) for line in EXCHANGES.read_text().splitlines()]
        expected = json.loads(EXPECTED.read_text())
        names = {exchange.name for exchange in exchanges}
        for listed in expected.values():
            self.assertEqual(set(listed) - names, set(), "no such exchange")
        connection = http.client.HTTPConnection("127.0.0.1", self.server().port, timeout=20)
        self.addCleanup(connection.close)
        problems = []
        for exchange in exchanges:
            status, content_type, found = exchange.put(connection)
            lines = judge(exchange, status, found, exchange.compare(status, content_type, found), expected)
            problems += [f"{exchange.name}: {line}" for line in lines]
        self.assertEqual(problems, [], "\n" + "\n".join(problems))
        differ = len(expected["differences"])
        print(f"{len(exchanges)} exchanges: {len(exchanges) - differ} as recorded, {differ} differ on purpose", file=sys.stderr)


if __name__ == "__main__":
    main()
