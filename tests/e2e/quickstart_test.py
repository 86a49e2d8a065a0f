#!/usr/bin/env python3
"""The demo of the README: it shows a complete run, and leaves nothing behind, also when interrupted."""
import os
import re
import signal
import subprocess

from harness import ROOT, TORC, E2ETest, clean_environment, main, processes_below, wait_until


class Quickstart(E2ETest):
    def begin(self, *args):
        self.temporary = self.dir / "tmp"
        self.temporary.mkdir()
        self.output = self.dir / "output"
        environment = clean_environment(self.dir / "home", TORC_BIN=TORC, TMPDIR=self.temporary)
        (self.dir / "home").mkdir()
        with open(self.output, "wb") as output:
            process = subprocess.Popen([ROOT / "scripts" / "quickstart.sh", *args], stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def check_nothing_left(self):
        self.assertEqual(os.listdir(self.temporary), [], self.text())
        self.assertEqual(processes_below(self.temporary), {}, self.text())
        self.assertEqual(os.listdir(self.dir / "home"), [], "something was written to the home directory")

    def test_shows_a_complete_run(self):
        process = self.begin(self.dir / "logs")
        self.assertEqual(process.wait(100), 0, self.text())
        ran = re.findall(r"^  (\S+): (\d+) jobs:((?: \S+|\n    \S+)*)$", self.text(), re.MULTILINE)
        self.assertEqual({worker for worker, _, _ in ran}, {"127.0.0.2", "127.0.0.3", "127.0.0.4"}, self.text())
        names = [name.strip(",") for _, _, jobs in ran for name in jobs.split()]
        self.assertEqual(len(names), 41, ran)
        self.assertEqual(len(names), len(set(names)), "a job ran twice")
        self.assertEqual(len(list((self.dir / "logs").glob("*.tar.gz"))), 3, self.text())
        self.check_nothing_left()

    def test_cleans_up_after_control_c(self):
        process = self.begin()
        wait_until(lambda: "Starting workers" in self.text() or process.poll() is not None, 60)
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.wait(30), 130, self.text())
        self.check_nothing_left()

    def test_cleans_up_after_being_terminated(self):
        process = self.begin()
        wait_until(lambda: "remote add-workers" in self.text() or process.poll() is not None, 60)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 143, self.text())
        self.check_nothing_left()


if __name__ == "__main__":
    main()
