#!/usr/bin/env python3
"""Problems with the server and with commands that users of torc 0.23.0 reported, and tests that this program does not
have them. field_remote_test.py has those with ssh workers. Nothing is timed, because machines differ; the tests check
how the work is done.

| situation with 0.23.0 | test |
| --- | --- |
| 1,000 jobs of `true`, 16 at once, one runner | Speed.test_a_thousand_jobs_of_one_runner |
| claim, start, complete over REST | Speed.test_claim_start_complete_is_durable_when_answered |
| chains of 10 dependent jobs | Speed.test_chains_of_ten_dependent_jobs, ...in_one_run |
| `status` of a 100,000-job workflow | Speed.test_status_of_a_large_workflow |
| `PUT /user_data/{id}` with a number as data | Answers.test_user_data_with_a_number_as_data |
| `complete_job` with a wrong run id | Answers.test_complete_job_with_a_wrong_run_id |
| `submit` with USER unset | Answers.test_without_a_user_name, ...a_failed_submission_can_be_repeated |
| the server's default address | Answers.test_the_servers_default_address |
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import subprocess
import unittest

from counting_proxy import CountingProxy
from harness import PLAIN, TORC, E2ETest, clean_environment, main, run_torc, wait_until


def jobs(count: int, command="true", **options) -> dict:
    return {"name": "w", "jobs": [{"name": f"j{number}", "command": command, **options} for number in range(count)]}


class FieldTest(E2ETest):
    def proxy(self, server) -> CountingProxy:
        proxy = CountingProxy(server)
        self.addCleanup(proxy.close)
        return proxy

    def node(self, server, workflow) -> int:
        return server.post("/compute_nodes", {"workflow_id": workflow, "hostname": "h", "pid": 1, "num_cpus": 64,
                                              "start_time": "2026-01-01T00:00:00Z", "memory_gb": 64, "num_gpus": 0,
                                              "num_nodes": 1, "compute_node_type": "local", "is_active": True})["id"]

    def result(self, job, node, run=1) -> dict:
        return {"job_id": job["id"], "workflow_id": job["workflow_id"], "run_id": run, "compute_node_id": node,
                "return_code": 0, "exec_time_minutes": 0.1, "status": "completed", "completion_time": "2026-01-01T00:01:00Z"}

    def initialized(self, server, spec) -> int:
        workflow = server.create(spec)
        server.torc("workflows", "init", workflow, "--no-prompts", check=True)
        return workflow


class Speed(FieldTest):
    def test_a_thousand_jobs_of_one_runner(self):
        """0.23.0: 105 ms per job, most of it waiting for the next poll. Here the end of a job starts the next one, so
        that five minutes between polls cost nothing, and one request covers many jobs."""
        server = self.server()
        workflow = self.initialized(server, {**jobs(1000), "execution_config": {"stdio": {"mode": "none"}}})
        proxy = self.proxy(server)
        server.torc("run", workflow, "--max-parallel-jobs", "16", "--poll-interval", "300", env=proxy.env, check=True, timeout=100)
        seen = proxy.take()
        self.assertEqual(len(server.results(workflow)), 1000)
        self.assertLess(len(seen), 2000, "requests for 1,000 jobs")
        self.assertEqual([path for _, path, _ in seen if "/start_job/" in path], [], "a claim also starts the jobs")
        self.assertLess(sum(size for method, _, size in seen if method == "GET"), 20_000, "no listing of all jobs")

    def test_claim_start_complete_is_durable_when_answered(self):
        """0.23.0: 284 to 517 jobs/s. Here concurrent requests share one write to the disk, and each change is durable
        once it is answered: the server is killed right after the last answer."""
        server = self.server()
        workflow = self.initialized(server, jobs(160))
        node = self.node(server, workflow)

        def client(_):
            done = []
            for _ in range(10):
                job, = server.post(f"/workflows/{workflow}/claim_next_jobs?limit=1")["jobs"]
                self.assertEqual(server.request("PUT", f"/jobs/{job['id']}/start_job/1/{node}")[0], 200)
                status, _ = server.request("POST", f"/jobs/{job['id']}/complete_job/completed/1", self.result(job, node))
                self.assertEqual(status, 200)
                done.append(job["id"])
            return done

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answered = sum(pool.map(client, range(16)), [])
        server.restart()
        self.assertEqual(len(set(answered)), 160, "a job was claimed twice")
        self.assertEqual(sorted(result["job_id"] for result in server.results(workflow)), sorted(answered))
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})
        self.assertIn("[default: full]", server.torc("server", "run", "--help", check=True).stdout)

    def chain(self) -> dict:
        return {"name": "chain", "jobs": [{"name": f"j{number}", "command": "true",
                                           **({"depends_on": [f"j{number - 1}"]} if number else {})} for number in range(10)]}

    def test_chains_of_ten_dependent_jobs(self):
        """0.23.0: each link waits for a background pass, 60 s by default. Here the next job is ready before the
        completion is answered: the next request claims it, without waiting, whatever the interval is set to."""
        for name, plain in (("additions", ()), ("plain", PLAIN)):
            with self.subTest(name):
                server = self.server(name, args=[*plain, "--completion-check-interval-secs", "3600"])
                workflow = self.initialized(server, self.chain())
                node = self.node(server, workflow)
                for number in range(10):
                    job, = server.post(f"/workflows/{workflow}/claim_next_jobs?limit=5")["jobs"]
                    self.assertEqual(job["name"], f"j{number}")
                    server.request("PUT", f"/jobs/{job['id']}/start_job/1/{node}")
                    self.assertEqual(server.statuses(workflow).get(f"j{number + 1}", "blocked"), "blocked")
                    server.post(f"/jobs/{job['id']}/complete_job/completed/1", self.result(job, node))
                    self.assertEqual(server.statuses(workflow).get(f"j{number + 1}", "ready"), "ready")
                self.assertTrue(server.get(f"/workflows/{workflow}/is_complete")["is_complete"])

    def test_chains_of_ten_dependent_jobs_in_one_run(self):
        """A runner that polls only every five minutes runs the chain without waiting for a poll."""
        server = self.server()
        workflow = self.initialized(server, self.chain())
        server.torc("run", workflow, "--poll-interval", "300", check=True, timeout=60)
        self.assertEqual(set(server.statuses(workflow).values()), {"completed"})

    def test_status_of_a_large_workflow(self):
        """0.23.0: `status` fetches every job and every result. Here the server counts them; 20,000 jobs take the same
        requests as two."""
        server = self.server()
        proxy = self.proxy(server)
        fetched = {}
        for count in (2, 20_000):
            workflow = self.initialized(server, jobs(count))
            text = server.torc("status", workflow, env=proxy.env, check=True).stdout
            self.assertIn(f"total: {count}", text)
            fetched[count] = proxy.take()
            self.assertEqual(server.json("status", workflow, env=proxy.env)["total_jobs"], count)
            proxy.take()
        paths = {count: [re.sub(r"\d+$|\d+(?=/)", "N", path) for _, path, _ in seen] for count, seen in fetched.items()}
        self.assertEqual(paths[2], paths[20_000])
        self.assertLess(len(paths[2]), 6, paths[2])
        self.assertLess(sum(size for _, _, size in fetched[20_000]), 4096, fetched[20_000])
        self.assertEqual([path for path in paths[2] if path.endswith(("/jobs", "/results"))], [])


class Answers(FieldTest):
    def test_user_data_with_a_number_as_data(self):
        """0.23.0: the connection is dropped. Here: 200, or an error that names the fault; the connection stays open."""
        server = self.server()
        workflow = server.create(jobs(1))
        made = server.post("/user_data", {"workflow_id": workflow, "name": "d", "data": {"a": 1}})
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        self.addCleanup(connection.close)
        connection.connect()
        first = connection.sock
        for data in (7, 1.5, "text", [1, 2], True, None, {"b": 2}):
            with self.subTest(data=data):
                body = json.dumps({"workflow_id": workflow, "name": "d", "data": data})
                connection.request("PUT", f"/torc-service/v1/user_data/{made['id']}", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                document = json.loads(answer.read())
                self.assertIn(answer.status, (200, 400, 422), document)
                if answer.status == 200:
                    kept = server.get(f"/user_data/{made['id']}").get("data")
                    self.assertEqual(kept, document.get("data"))
                    if data is not None:
                        self.assertEqual(kept, data)
                else:
                    self.assertIn("data", json.dumps(document))
                self.assertIs(connection.sock, first, "the connection was not kept")

    def test_complete_job_with_a_wrong_run_id(self):
        """0.23.0: 500, but the result is stored. Here: 409 or 422, and nothing has changed."""
        server = self.server()
        workflow = self.initialized(server, jobs(2))
        node = self.node(server, workflow)
        job, = server.post(f"/workflows/{workflow}/claim_next_jobs?limit=1")["jobs"]
        server.request("PUT", f"/jobs/{job['id']}/start_job/1/{node}")
        before = server.jobs(workflow)
        for run in (0, 2, 99, -1):
            for in_body in (1, run):
                status, document = server.request("POST", f"/jobs/{job['id']}/complete_job/completed/{run}",
                                                  self.result(job, node, in_body))
                self.assertIn(status, (409, 422), document)
                self.assertIn("run", json.dumps(document).lower())
        self.assertEqual(server.results(workflow), [])
        self.assertEqual(server.jobs(workflow), before)
        status, _ = server.request("POST", f"/jobs/{job['id']}/complete_job/completed/1", self.result(job, node))
        self.assertEqual(status, 200)
        self.assertEqual(len(server.results(workflow)), 1)

    @unittest.skipIf(os.geteuid() != 0, "to be a user without a name needs root")
    def test_without_a_user_name(self):
        """0.23.0: "environment variable not found". Here torc looks up the user in the system. If that has no name
        either, the error says what to set; nothing is created, and the command can be repeated."""
        server = self.server()
        path = self.dir / "w.json"
        path.write_text(json.dumps(jobs(1)))
        home = self.dir / "nobody"
        home.mkdir()
        os.chown(home, 4242, 4242)
        self.dir.chmod(0o755)
        program = home / "torc"
        program.write_bytes(pathlib.Path(TORC).read_bytes())  # this user cannot access the build directory
        program.chmod(0o755)
        env = clean_environment(home, TORC_API_URL=server.url)
        for name in ("USER", "LOGNAME", "TORC_USERNAME"):
            env.pop(name, None)

        def create(**extra):
            process = self.start_as(4242, [program, "-f", "json", "create", path], {**env, **extra})
            return process.returncode, process.stdout, process.stderr

        status, _, error = create()
        self.assertEqual(status, 1)
        self.assertIn("set TORC_USERNAME", error)
        self.assertEqual(server.get("/workflows?limit=10")["items"], [])
        status, text, error = create(TORC_USERNAME="somebody")
        self.assertEqual(status, 0, error)
        self.assertEqual(server.get(f"/workflows/{json.loads(text)['workflow_id']}")["user"], "somebody")

    def start_as(self, user: int, command, env):
        return subprocess.run([*map(str, command)], user=user, group=user, extra_groups=[], env=env, cwd="/", text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)

    def test_a_failed_submission_can_be_repeated(self):
        """0.23.0: a second `submit` after one that failed reports success and submits nothing. Here `submit` reports
        both times that it is not available, and after a failed start on workers, repeating the command starts them."""
        server = self.server()
        workers = self.workers(1, server)
        workflow = server.create(jobs(3))
        for _ in range(2):
            submitted = server.torc("submit", workflow)
            self.assertNotEqual(submitted.returncode, 0)
            self.assertIn("'torc submit' is not available yet; 'torc run'", submitted.stderr)
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        workers.stop_host(0)
        for _ in range(2):
            self.assertEqual(server.torc("remote", "run", workflow).returncode, 1)
            self.assertEqual(set(server.statuses(workflow).values()), {"uninitialized"})
        workers.start_host(0)
        started = server.torc("remote", "run", workflow, "--wait", check=True)
        self.assertEqual(started.stdout.splitlines()[-1], "3 of 3 jobs completed")

    def listening(self, *options) -> tuple[set[str], str]:
        """The addresses (hexadecimal, as the kernel lists them) that a server listens on, and its standard error."""
        server = self.start([TORC, "server", "run", "--port", "0", "--database", self.dir / f"{len(options)}.db", *options])
        line = wait_until(lambda: re.search(r"TORC_SERVER_PORT=(\d+)\n", server.stdout_path.read_text()), what="it to listen")
        port = f"{int(line.group(1)):04X}"
        sockets = [row.split() for table in ("tcp", "tcp6") for row in
                   pathlib.Path(f"/proc/{server.pid}/net/{table}").read_text().splitlines()[1:]]
        found = {row[1].split(":")[0] for row in sockets if row[1].endswith(":" + port) and row[3] == "0A"}
        server.terminate()
        self.assertEqual(server.wait(20), 0)
        return found, server.stderr_path.read_text()

    def test_the_servers_default_address(self):
        """0.23.0: 0.0.0.0 without passwords. Here: only this machine, and a warning if it is opened to others."""
        warning = "everyone who can reach this address can run commands"
        addresses, said = self.listening()
        self.assertEqual(addresses, {"0100007F"})
        self.assertNotIn(warning, said)
        addresses, said = self.listening("--host", "0.0.0.0")
        self.assertEqual(addresses, {"00000000"})
        self.assertIn(warning, said)
        users = self.dir / "users"
        run_torc("server", "htpasswd", "--cost", "4", users, "alice", home=self.dir, stdin="secret-word\n", check=True)
        _, said = self.listening("--host", "0.0.0.0", "--auth-file", users, "--require-auth")
        self.assertNotIn(warning, said)


if __name__ == "__main__":
    main()
