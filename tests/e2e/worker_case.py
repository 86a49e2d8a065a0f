"""A test case with ssh workers that have not been started."""
from harness import E2ETest


class WorkerCase(E2ETest):
    def set_up_workers(self, count=3, jobs=1, **options):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv, **options)
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": f"j{i}", "command": "true"} for i in range(jobs)]})
        self.srv.torc("remote", "add-workers", self.wf, "--skip-ssh-check", *self.ws.names, check=True)
        return self.srv, self.ws

    def fails(self, *args, status=1, **options):
        result = self.srv.torc("remote", *args, **options)
        self.assertEqual(result.returncode, status, f"{args}\n{result.stdout}\n{result.stderr}")
        return result

    def nothing_started(self):
        self.assertEqual(self.srv.get(f"/compute_nodes?workflow_id={self.wf}")["items"], [])
        self.assertEqual(self.srv.statuses(self.wf), {"j0": "uninitialized"})
        for host in self.ws.hosts:
            self.assertFalse((host.home / "torc_output").exists())
