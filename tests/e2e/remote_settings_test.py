#!/usr/bin/env python3
"""Worker files with ranges, settings and groups: each worker starts with its own settings, and its jobs see them."""
from harness import PLAIN, E2ETest, main, processes_below, wait_until


class Settings(E2ETest):
    def set_up_workers(self, count=2):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        self.wf = self.srv.create({"name": "w", "jobs": [
            {"name": f"j{i}", "command": "echo \"$COLOUR/$state/$0\" >>$HOME/seen; sleep 0.3"} for i in range(8)]})
        return self.srv, self.ws

    def worker_file(self, text):
        file = self.dir / "workers.txt"
        file.write_text(text)
        return file

    def runners(self):
        return [line for line in processes_below(self.dir / "workers").values() if " run " in f" {line} "]

    def nodes(self):
        nodes = self.srv.get(f"/compute_nodes?workflow_id={self.wf}")["items"]
        return {node["scheduler"]["worker"]: node for node in nodes}

    def test_two_workers_with_different_settings(self):
        server, workers = self.set_up_workers()
        one, two = workers.names
        file = self.worker_file(f"@small cpus=1\n{one} memory=1536m dir=out/one env:COLOUR='dark red' env:state=odd\n"
                                f"@big\n{two} cpus=3 gpus=2 max-jobs=2 shell=/bin/sh env:COLOUR=blue\n")
        server.torc("remote", "add-workers-from-file", file, self.wf, check=True)
        listed = server.torc("remote", "list-workers", self.wf, check=True).stdout.splitlines()
        self.assertEqual(listed[1:], [f"  {one}  @small cpus=1 memory=1.5g dir=out/one env:COLOUR env:state",
                                      f"  {two}  @big cpus=3 gpus=2 max-jobs=2 shell=/bin/sh env:COLOUR"])
        rows = server.json("remote", "list-workers", self.wf)["workers"]
        self.assertEqual(rows[1]["settings"],
                         {"cpus": 3, "gpus": 2, "max_jobs": 2, "shell": "/bin/sh", "env": {"COLOUR": "blue"}, "groups": ["big"]})
        plain = server.get(f"/workflows/{self.wf}/remote_workers")
        self.assertEqual([row["worker"] for row in plain], [one, two])
        started = server.torc("remote", "run", self.wf, "--poll-interval", "0.2", check=True)
        self.assertIn("Started 2/2 workers", started.stdout)
        server.wait_complete(self.wf)
        nodes = self.nodes()
        self.assertEqual((nodes[one]["num_cpus"], nodes[one]["memory_gb"]), (1, 1.5))
        self.assertEqual((nodes[two]["num_cpus"], nodes[two]["num_gpus"]), (3, 2))
        self.assertEqual(set((workers.hosts[0].home / "seen").read_text().splitlines()), {"dark red/odd/bash"})
        self.assertEqual(set((workers.hosts[1].home / "seen").read_text().splitlines()), {"blue///bin/sh"})
        self.assertTrue((workers.hosts[0].home / "out/one/job_stdio").is_dir())
        self.assertTrue((workers.hosts[1].home / "torc_output/job_stdio").is_dir())
        wait_until(lambda: not self.runners(), what="the runners to leave")
        collected = server.torc("remote", "collect-logs", self.wf, "--host", "@small", check=True)
        self.assertIn("1/1 workers", collected.stdout)

    def test_the_command_line_overrides_the_file(self):
        server, workers = self.set_up_workers()
        first = workers.names[0].rsplit(".", 1)[0]
        file = self.worker_file(f"{first}.[2-3] cpus=7 memory=1g dir=own # both\n")
        server.torc("remote", "run", self.wf, "--workers", file, "-x", workers.names[1], "--num-cpus", "2", "-o", "given",
                    check=True)
        server.wait_complete(self.wf)
        self.assertEqual({name: (node["num_cpus"], node["memory_gb"]) for name, node in self.nodes().items()},
                         {workers.names[0]: (2, 1)})
        self.assertTrue((workers.hosts[0].home / "given/job_stdio").is_dir())
        rows = server.json("remote", "list-workers", self.wf)["workers"]
        self.assertEqual([row["worker"] for row in rows], workers.names[:1])

    def test_errors_in_a_file(self):
        server, workers = self.set_up_workers(1)
        for text, message in (("ws[1-2\n", ":1: Unclosed bracket"), ("\nws1 dir=/\n", ": ws1: "),
                              ("ws1 env:TORC_X=1\n", ":1: 'env:TORC_X'"),
                              ("ws[1-20000]\n", ":1: More than 10000 workers")):
            file = self.worker_file(text)
            for words in (("add-workers-from-file", file, self.wf), ("run", self.wf, "--workers", file)):
                result = server.torc("remote", *words)
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"Error parsing worker file: {file}{message}", result.stderr)
        file = self.worker_file(workers.names[0] + "\n")
        result = server.torc("remote", "add-workers-from-file", file, self.wf, "-x", "@gpu")
        self.assertIn("--exclude @gpu: none of the 1 workers", result.stderr)
        result = server.torc("remote", "add-workers-from-file", file, self.wf, "-x", "127*")
        self.assertIn("leaves none of the workers", result.stderr)
        self.assertEqual(server.torc("remote", "run", self.wf, "-x", "a").returncode, 2)
        self.assertEqual(server.json("remote", "list-workers", self.wf)["total"], 0)

    def test_a_warning_if_the_server_stores_only_addresses(self):
        lost = "This server stores only the addresses of workers, not the settings in the worker file"
        self.srv = server = self.server(args=PLAIN)
        workers = self.workers(2, server)
        self.wf = server.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
        one, two = workers.names
        plain, own = self.dir / "plain.txt", self.worker_file(f"{two} cpus=1 env:COLOUR=blue\n")
        plain.write_text(one + "\n")
        result = server.torc("remote", "add-workers-from-file", plain, self.wf, check=True)
        self.assertEqual(result.stderr, "", "a warning although there are no settings")
        result = server.torc("remote", "add-workers-from-file", own, self.wf, check=True)
        self.assertEqual(result.stderr, lost + "\n")
        self.assertIn(f"Added 1 worker(s) to workflow {self.wf}", result.stdout)
        for shown in server.json("remote", "list-workers", self.wf)["workers"]:
            self.assertFalse(shown.get("settings"), shown)
        self.assertEqual([row["worker"] for row in server.get(f"/workflows/{self.wf}/remote_workers")], [one, two])
        # A start by the same command uses the settings nevertheless, once.
        server.torc("remote", "remove-worker", two, self.wf, check=True)
        result = server.torc("remote", "run", self.wf, "--workers", own, "--poll-interval", "0.2", check=True)
        self.assertIn(lost + "; they apply to this start only\n", result.stderr)
        server.wait_complete(self.wf)
        self.assertEqual(self.nodes()[two]["num_cpus"], 1)
        wait_until(lambda: not self.runners(), what="the runners to leave")


if __name__ == "__main__":
    main()
