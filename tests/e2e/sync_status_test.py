#!/usr/bin/env python3
"""torc workflows sync-status: jobs whose runner was killed, on a server that does not detect lost runners."""
import os
import signal

from harness import PLAIN, TORC, E2ETest, children_of, main, wait_until


class SyncStatus(E2ETest):
    def setUp(self):
        self.server = self.server(args=["--worker-timeout", "off"])
        self.go = self.dir / "go"
        self.workflow = self.server.create({"name": "w", "jobs": [
            {"name": name, "command": f"until [ -e {self.go} ]; do sleep 0.05; done"} for name in ("a", "b")]})
        self.server.torc("workflows", "init", self.workflow, "--no-prompts", check=True)

    def runner(self, jobs: int):
        guardian = self.start([TORC, "run", self.workflow, "--max-parallel-jobs", jobs], home=self.server.home,
                              env={"TORC_API_URL": self.server.url})
        return guardian

    def wait_running(self, count: int) -> None:
        wait_until(lambda: list(self.server.statuses(self.workflow).values()).count("running") == count,
                   what=f"{count} running jobs")

    def sync(self, *options):
        return self.server.json("workflows", "sync-status", self.workflow, *options)

    def test_only_jobs_of_a_dead_process(self):
        dead, alive = self.runner(1), self.runner(1)
        self.wait_running(2)
        mine = self.server.json("compute-nodes", "list", self.workflow)["compute_nodes"]
        runner = children_of(dead.pid)[0]
        node = next(node["id"] for node in mine if node["pid"] == runner)
        os.kill(runner, signal.SIGKILL)
        dead.wait(30)
        told = self.sync("--dry-run")
        self.assertEqual([job["compute_node_id"] for job in told["jobs"]], [node])
        counts = ("jobs_given_back", "compute_nodes_deactivated", "running_jobs_failed")
        self.assertEqual([told[name] for name in counts], [0, 0, 0])
        self.wait_running(2)  # Nothing was changed.
        done = self.sync()
        self.assertEqual((done["jobs_given_back"], done["compute_nodes_deactivated"]), (1, 1))
        self.assertIn("is no longer a process of this host", done["jobs"][0]["reason"])
        self.assertEqual(sorted(self.server.statuses(self.workflow).values()), ["ready", "running"])
        self.assertFalse(self.server.get(f"/compute_nodes/{node}")["is_active"])
        text = self.server.torc("workflows", "sync-status", self.workflow, check=True).stdout
        self.assertEqual(text, "No pending or running job has a runner that is known to have ended\n")
        self.go.touch()
        self.server.wait_complete(self.workflow)
        self.assertEqual(alive.wait(60), 0)
        self.assertEqual(sorted(result["attempt_id"] for result in self.server.results(self.workflow)), [1, 2])

    def test_jobs_of_an_inactive_node(self):
        guardian = self.runner(2)
        self.wait_running(2)
        os.kill(children_of(guardian.pid)[0], signal.SIGKILL)
        guardian.wait(30)
        node = self.server.get(f"/compute_nodes?workflow_id={self.workflow}")["items"][0]
        # On another host, whose processes cannot be checked; but the node is marked as inactive.
        status, _ = self.server.request("PUT", f"/compute_nodes/{node['id']}",
                                        {**node, "hostname": "elsewhere", "is_active": False})
        self.assertEqual(status, 200)
        text = self.server.torc("workflows", "sync-status", self.workflow, check=True).stdout
        self.assertIn("Job 1 (a) is requeued: compute node 1 on elsewhere (PID ", text)
        self.assertIn(") is not active", text)
        self.assertEqual(set(self.server.statuses(self.workflow).values()), {"ready"})

    def test_a_claim_without_compute_node(self):
        self.server.post(f"/workflows/{self.workflow}/claim_next_jobs?limit=1")
        done = self.sync()
        self.assertEqual([job["job_name"] for job in done["jobs"]], ["a"])
        self.assertEqual(done["jobs"][0]["status"], "pending")
        self.assertEqual(set(self.server.statuses(self.workflow).values()), {"ready"})

    def test_a_node_elsewhere_may_be_alive(self):
        node = self.server.post("/compute_nodes", {
            "workflow_id": self.workflow, "hostname": "elsewhere", "pid": 1, "start_time": "2026-01-02T03:04:05Z",
            "is_active": True, "num_cpus": 1, "memory_gb": 1, "num_gpus": 0, "num_nodes": 1,
            "compute_node_type": "local"})["id"]
        self.server.post(f"/workflows/{self.workflow}/claim_next_jobs?limit=1&compute_node_id={node}")
        self.assertEqual(self.sync()["jobs"], [])
        self.assertEqual(self.server.torc("workflows", "sync-status", 99).returncode, 1)


class SyncStatusOnPlainServer(SyncStatus):
    server_args = PLAIN


if __name__ == "__main__":
    main()
