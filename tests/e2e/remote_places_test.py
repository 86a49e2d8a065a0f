#!/usr/bin/env python3
"""Where workers keep their files: odd directories, shared home directories, two ports of one host, output of another
server."""
from harness import E2ETest, main, processes_below, wait_until


class Places(E2ETest):
    def set_up_workers(self, count=3, **options):
        server = self.server()
        return server, self.workers(count, server, **options)

    def runners(self) -> dict[int, str]:
        return {pid: line for pid, line in processes_below(self.dir / "workers").items() if " run " in f" {line} "}

    def test_an_output_directory_with_spaces_and_quotes(self):
        server, workers = self.set_up_workers(2)
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": "echo hello"} for i in range(4)]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        directory = "it's a \"dir\"; touch evil $(touch evil) `touch evil`"
        server.torc("remote", "run", workflow, "-o", directory, "--poll-interval", "0.2", check=True)
        server.wait_complete(workflow)
        for host in workers.hosts:
            self.assertTrue((host.home / directory).is_dir())
            self.assertFalse((host.home / "evil").exists())
        # Neither command needs the output directory as an option.
        self.assertEqual(server.json("remote", "status", workflow)["ok"], 2)
        server.torc("remote", "stop", workflow, check=True)
        wait_until(lambda: not self.runners(), what="the runners to leave")
        server.torc("remote", "collect-logs", workflow, "--delete", "-l", self.dir / "lo gs", check=True)
        self.assertEqual(len(list((self.dir / "lo gs").glob("*.tar.gz"))), 2)
        for host in workers.hosts:
            self.assertFalse((host.home / directory).exists())

    def test_two_workers_that_share_a_home(self):
        server, workers = self.set_up_workers(2, shared_home=True)
        self.two_workers_in_one_place(server, workers)

    def test_two_ports_of_one_host(self):
        server, workers = self.set_up_workers(2, same_address=True, shared_home=True)
        self.two_workers_in_one_place(server, workers, whole_names=True)

    def two_workers_in_one_place(self, server, workers, whole_names=False):
        command = f"until [ -e {self.dir}/go ]; do sleep 0.05; done"
        workflow = server.create({"name": "w", "jobs": [{"name": f"j{i}", "command": command} for i in range(8)]})
        for name in workers.names:
            server.torc("remote", "add-workers", workflow, name, check=True)
        result = server.torc("remote", "run", workflow, "--poll-interval", "0.2", "--max-parallel-jobs", "1", check=True)
        for name in workers.names:
            self.assertIn(f"  [OK] {name}: Started", result.stdout)
        rows = server.json("remote", "status", workflow)["workers"]
        self.assertEqual(len({row["pid"] for row in rows if row["state"] == "running"}), 2)
        (self.dir / "go").touch()
        server.wait_complete(workflow)
        self.assertEqual(len(server.results(workflow)), 8)
        logs = sorted(path.name for path in (workers.hosts[0].home / "torc_output").glob("torc_worker_*.log"))
        self.assertEqual(len(logs), 2, logs)
        wait_until(lambda: not self.runners(), what="the runners to leave")
        collected = server.json("remote", "collect-logs", workflow, "--delete", "-l", self.dir / "logs")
        self.assertEqual(collected["ok"], 2)
        self.assertEqual(len({row["file"] for row in collected["workers"]}), 2)
        self.assertFalse((workers.hosts[0].home / "torc_output").exists())

    def test_another_servers_output_is_not_mixed_in(self):
        server, workers = self.set_up_workers(1)
        other = self.server("other")
        other.env.update(workers.env)
        for each in (server, other):
            workflow = each.create({"name": "w", "jobs": [{"name": "j", "command": "true"}]})
            each.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, check=True)
        server.wait_complete(workflow)
        wait_until(lambda: not self.runners(), what="the runner to leave")
        result = other.torc("remote", "run", workflow)
        self.assertEqual(result.returncode, 1)
        self.assertIn("'torc_output' contains output of workflow 1 of another server", result.stderr)
        self.assertIn("-o", result.stderr)
        other.torc("remote", "run", workflow, "-o", "elsewhere", check=True)
        other.wait_complete(workflow)


if __name__ == "__main__":
    main()
