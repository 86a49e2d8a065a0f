#!/usr/bin/env python3
"""The server is killed with SIGKILL during a run and started again on the same database: no acknowledged change is
lost, the runners continue without help, and the workflow completes."""
import collections

from harness import E2ETest, main, wait_until

STAGES, WIDTH = 4, 10


def staged_workflow(log) -> dict:
    """STAGES stages of WIDTH jobs, each depending on two of the previous stage. Jobs record in `log` that they ran."""
    jobs = []
    for stage in range(STAGES):
        for number in range(WIDTH):
            name = f"s{stage}_{number}"
            job = {"name": name, "command": f"sleep 0.1; echo {name} >>{log}"}
            if stage:
                job["depends_on"] = [f"s{stage - 1}_{number}", f"s{stage - 1}_{(number + 1) % WIDTH}"]
            jobs.append(job)
    return {"name": "staged", "jobs": jobs}


class ServerRestart(E2ETest):
    def test_the_run_survives_a_killed_server(self):
        server = self.server()
        workers = self.workers(3, server)
        log = self.dir / "ran"
        log.touch()
        workflow = server.create(staged_workflow(log))
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, "--poll-interval", "0.2", "--max-parallel-jobs", "2", check=True)

        for enough in (STAGES * WIDTH // 4, STAGES * WIDTH // 2):
            wait_until(lambda: len(server.results(workflow)) >= enough, what=f"{enough} results")
            acknowledged = {result["id"]: result for result in server.results(workflow)}
            ran_before = len(log.read_text().split())
            server.kill()
            # Running jobs continue without a server, and end although their results cannot be reported.
            wait_until(lambda: len(log.read_text().split()) > ran_before, what="a job to end while the server is away")
            server.start()
            kept = {result["id"]: result for result in server.results(workflow)}
            for number, result in acknowledged.items():
                self.assertEqual(kept.get(number), result)

        server.wait_complete(workflow)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})
        results = server.results(workflow)
        self.assertEqual({result["return_code"] for result in results}, {0})
        per_job = collections.Counter(result["job_id"] for result in results)
        self.assertEqual(len(per_job), STAGES * WIDTH)
        self.assertEqual(set(per_job.values()), {1}, "a job has more than one result")
        self.assertEqual(collections.Counter(log.read_text().split()).most_common(1)[0][1], 1, "a job ran twice")
        wait_until(lambda: not workers.processes(), what=f"the runners to leave: {workers.processes()}")

    def test_a_stopped_server_keeps_everything(self):
        server = self.server()
        workflow = server.create(staged_workflow(self.dir / "ran"))
        before = server.jobs(workflow)
        self.assertEqual(server.stop(), 0)
        server.start()
        self.assertEqual(server.jobs(workflow), before)


if __name__ == "__main__":
    main()
