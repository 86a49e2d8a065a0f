#!/usr/bin/env python3
"""Thousands of jobs on several runners, one of which is killed every second: each job runs exactly once. To run it with
100,000 jobs, call bench/lost_runners.py directly."""
import os
import subprocess
import sys

from harness import ROOT, TORC, E2ETest, main


class LostMany(E2ETest):
    def test_every_job_exactly_once(self):
        command = [sys.executable, ROOT / "bench" / "lost_runners.py", "--torc", TORC, "--jobs", "3000",
                   "--runners", "4", "--kill-every", "1", "--worker-timeout", "2", "--command", "sleep 0.02", "--limit", "240"]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=280, check=False,
                                env={**os.environ, "TMPDIR": str(self.dir)})
        print("\n" + result.stdout, flush=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("every job exactly once", result.stdout)


if __name__ == "__main__":
    main()
