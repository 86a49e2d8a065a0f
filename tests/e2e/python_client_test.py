#!/usr/bin/env python3
"""The published Python client for torc 0.23 works with this server: python_client_steps.py calls each of its
operations, and the client raises an error if it cannot parse an answer."""
import pathlib
import subprocess

from harness import CannotRun, E2ETest, clean_environment, main
from python_packages import python_with

STEPS = pathlib.Path(__file__).resolve().with_name("python_client_steps.py")


class PythonClient(E2ETest):
    def test_every_operation(self):
        try:
            python = python_with("torc-client", "torc-client==0.22.2")
        except CannotRun as error:
            self.skipTest(str(error))
        server = self.server()
        result = subprocess.run([python, STEPS, server.url], env=clean_environment(self.dir), stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        print(result.stdout, end="", flush=True)
        # The client has also deleted everything it created.
        self.assertEqual(server.get("/workflows")["items"], [])


if __name__ == "__main__":
    main()
