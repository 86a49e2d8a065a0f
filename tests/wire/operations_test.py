#!/usr/bin/env python3
"""The server has every operation of rest-api.md; docs/openapi.json describes all operations of the server and no
others."""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import ROOT, E2ETest, main  # noqa: E402

sys.path.insert(0, str(ROOT / "scripts"))
from make_openapi import OPERATION, facts  # noqa: E402

METHODS = {"get": "GET", "post": "POST", "put": "PUT", "del": "DELETE"}
SAMPLES = {"status": "ready", "user_name": "ann", "worker": "h1"}


class Operations(E2ETest):
    def test_all_of_0_23_are_there(self):
        recorded = [match.groups()[:2] for line in (HERE / "rest-api.md").read_text().splitlines()
                    if (match := OPERATION.fullmatch(line))]
        self.assertEqual(len(recorded), 122)
        server = self.server()
        missing = []
        for method, path in recorded:
            target = re.sub(r"\{(\w+)\}", lambda name: SAMPLES.get(name.group(1), "1"), path)
            status, answer = server.request(method, target)
            if status >= 500 or status == 405 or "there is nothing at" in str(answer):
                missing.append(f"{method} {path}: {status} {answer}")
        self.assertEqual(missing, [])
        self.assertEqual(server.request("PATCH", "/jobs/1")[0], 405)
        self.assertIn("there is nothing at", str(server.request("GET", "/jobs/1/nothing")[1]), "the check above cannot fail")

    def test_the_description_names_the_routes_and_no_others(self):
        text = (ROOT / "src" / "server" / "routes.cpp").read_text()
        routes = sorted((path, METHODS[method]) for method, path in re.findall(r'\{(get|post|put|del), "(/[^"]*)"', text))
        described = sorted((path, method) for method, path, _ in facts()[0])
        self.assertEqual(routes, described, "tests/wire/additions.md describes the operations that rest-api.md lacks")

    def test_the_description_is_what_its_facts_say(self):
        subprocess.run([sys.executable, ROOT / "scripts" / "make_openapi.py", "--check"], check=True)


if __name__ == "__main__":
    main()
