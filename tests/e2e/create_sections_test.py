#!/usr/bin/env python3
"""What torc create stores on a real server for each section of a workflow file."""
import json

from harness import E2ETest, main

EVERYTHING = """\
name: everything
user: alice
project: energy
metadata: '{"a": 1}'
use_pending_failed: true
enable_ro_crate: true
compute_node_wait_for_new_jobs_seconds: 7
compute_node_ignore_workflow_completion: true
compute_node_wait_for_healthy_database_minutes: 3
execution_config:
  mode: direct
  termination_signal: SIGINT
  sigterm_lead_seconds: 5
  oom_exit_code: 9
  stdio: {mode: combined}
failure_handlers:
  - name: again
    rules:
      - {exit_codes: [1, 2], max_retries: 5}
      - {match_all_exit_codes: true, recovery_script: ./fix.sh}
files:
  - {name: in, path: in.txt}
  - {name: "out_{i}", path: "out_{i}.txt", parameters: {i: "1:2"}}
user_data:
  - {name: settings, data: {rate: 0.5, names: [a, null]}, is_ephemeral: true}
  - {name: "part_{i}", parameters: {i: "1:2"}}
jobs:
  - name: "work_{i}"
    command: "work {i}"
    failure_handler: again
    supports_termination: true
    stdio: {mode: none, delete_on_success: true}
    input_user_data: [settings]
    output_user_data: ["part_{i}"]
    input_files: [in]
    output_file_regexes: ["^out_{i}$"]
    parameters: {i: "1:2"}
  - {name: gather, command: gather, input_user_data_regexes: ["^part_"], input_file_regexes: ["^out_"]}
actions:
  - {trigger_type: on_workflow_start, action_type: run_commands, commands: [mkdir -p out, date]}
  - {trigger_type: on_workflow_complete, action_type: run_commands, commands: [date]}
  - {trigger_type: on_worker_start, action_type: run_commands, commands: [hostname], persistent: true}
  - {trigger_type: on_worker_complete, action_type: run_commands, commands: [hostname]}
  - {trigger_type: on_jobs_ready, action_type: run_commands, commands: [x], jobs: [gather]}
  - {trigger_type: on_jobs_complete, action_type: run_commands, commands: [y], job_name_regexes: ["^work_"]}
"""


class CreateSections(E2ETest):
    def setUp(self):
        self.daemon = self.server()

    def create(self, text):
        path = self.dir / "wf.yaml"
        path.write_text(text)
        return self.daemon.create(path)

    def items(self, path):
        return self.daemon.get(path)["items"]

    def ids(self, path):
        return {item["name"]: item["id"] for item in self.items(path)}

    def test_settings_of_the_workflow(self):
        workflow = self.daemon.get(f"/workflows/{self.create(EVERYTHING)}")
        wanted = {"project": "energy", "metadata": '{"a": 1}', "use_pending_failed": True, "enable_ro_crate": True,
                  "compute_node_wait_for_new_jobs_seconds": 7, "compute_node_ignore_workflow_completion": True,
                  "compute_node_wait_for_healthy_database_minutes": 3}
        self.assertEqual({key: workflow.get(key) for key in wanted}, wanted)

    def test_execution_config(self):
        workflow = self.daemon.get(f"/workflows/{self.create(EVERYTHING)}")
        overrides = {"mode": "none", "delete_on_success": True}
        self.assertEqual(json.loads(workflow["execution_config"]),
                         {"mode": "direct", "termination_signal": "SIGINT", "sigterm_lead_seconds": 5, "oom_exit_code": 9,
                          "stdio": {"mode": "combined"},
                          "job_stdio_overrides": {"work_1": overrides, "work_2": overrides}})
        plain = self.daemon.get(f"/workflows/{self.create('name: p' + chr(10) + 'jobs: []')}")
        self.assertIsNone(plain.get("execution_config"))

    def test_failure_handlers(self):
        workflow = self.create(EVERYTHING)
        (handler,) = self.items(f"/workflows/{workflow}/failure_handlers")
        self.assertEqual(handler["name"], "again")
        self.assertEqual(json.loads(handler["rules"]),
                         [{"exit_codes": [1, 2], "max_retries": 5},
                          {"match_all_exit_codes": True, "recovery_script": "./fix.sh", "max_retries": 3}])
        jobs = {job["name"]: job.get("failure_handler_id") for job in self.daemon.jobs(workflow)}
        self.assertEqual(jobs, {"work_1": handler["id"], "work_2": handler["id"], "gather": 0})

    def test_user_data_and_files(self):
        workflow = self.create(EVERYTHING)
        records = {record["name"]: record for record in self.items(f"/user_data?workflow_id={workflow}")}
        self.assertEqual(set(records), {"settings", "part_1", "part_2"})
        self.assertEqual(records["settings"]["data"], {"rate": 0.5, "names": ["a", None]})
        self.assertTrue(records["settings"]["is_ephemeral"])
        self.assertFalse(records["part_1"]["is_ephemeral"])
        self.assertIsNone(records["part_1"].get("data"))

        data = {name: record["id"] for name, record in records.items()}
        files = self.ids(f"/files?workflow_id={workflow}")
        jobs = {job["name"]: job
                for job in self.items(f"/jobs?workflow_id={workflow}&include_relationships=true")}
        self.assertEqual(jobs["work_2"]["input_user_data_ids"], [data["settings"]])
        self.assertEqual(jobs["work_2"]["output_user_data_ids"], [data["part_2"]])
        self.assertEqual(jobs["work_2"]["output_file_ids"], [files["out_2"]])
        self.assertEqual(sorted(jobs["gather"]["input_user_data_ids"]), [data["part_1"], data["part_2"]])
        self.assertEqual(sorted(jobs["gather"]["input_file_ids"]), [files["out_1"], files["out_2"]])
        self.assertTrue(jobs["work_1"]["supports_termination"])

    def test_jobs_wait_for_user_data(self):
        workflow = self.create("name: p\nuser_data: [{name: u}]\njobs:\n"
                               "  - {name: reads, command: 'true', input_user_data: [u]}\n"
                               "  - {name: writes, command: 'true', output_user_data: [u]}\n")
        self.daemon.torc("workflows", "init", workflow, check=True)
        self.assertEqual(self.daemon.statuses(workflow), {"reads": "blocked", "writes": "ready"})

    def test_actions(self):
        workflow = self.create(EVERYTHING)
        jobs = self.ids(f"/jobs?workflow_id={workflow}")
        actions = self.daemon.get(f"/workflows/{workflow}/actions")
        self.assertEqual({action["action_type"] for action in actions}, {"run_commands"})
        found = [(action["trigger_type"], action["action_config"]["commands"], action["persistent"],
                  action.get("job_ids") or []) for action in sorted(actions, key=lambda action: action["id"])]
        self.assertEqual(found, [("on_workflow_start", ["mkdir -p out", "date"], False, []),
                                 ("on_workflow_complete", ["date"], False, []),
                                 ("on_worker_start", ["hostname"], True, []),
                                 ("on_worker_complete", ["hostname"], False, []),
                                 ("on_jobs_ready", ["x"], False, [jobs["gather"]]),
                                 ("on_jobs_complete", ["y"], False, sorted([jobs["work_1"], jobs["work_2"]]))])
        self.daemon.torc("workflows", "init", workflow, "--force", check=True)
        pending = self.daemon.get(f"/workflows/{workflow}/actions/pending?trigger_type=on_workflow_start")
        self.assertEqual([action["trigger_type"] for action in pending], ["on_workflow_start"])

    def test_run_creates_them_too(self):
        path = self.dir / "wf.yaml"
        path.write_text("name: p\n"
                        "failure_handlers: [{name: h, rules: [{exit_codes: [1]}]}]\n"
                        "user_data: [{name: u, data: 1}]\n"
                        "jobs: [{name: a, command: 'true', failure_handler: h, input_user_data: [u], stdio: {mode: none}}]\n"
                        "actions: [{trigger_type: on_workflow_complete, action_type: run_commands, commands: [date]}]\n")
        self.daemon.torc("run", path, check=True)
        self.assertEqual(self.daemon.statuses(1), {"a": "completed"})
        self.assertEqual(self.daemon.jobs(1)[0]["failure_handler_id"], self.ids("/workflows/1/failure_handlers")["h"])
        self.assertEqual(self.ids("/user_data?workflow_id=1").keys(), {"u"})
        self.assertEqual(len(self.daemon.get("/workflows/1/actions")), 1)
        self.assertEqual(json.loads(self.daemon.get("/workflows/1")["execution_config"]),
                         {"mode": "direct", "job_stdio_overrides": {"a": {"mode": "none"}}})

    def test_dry_run_counts_them(self):
        path = self.dir / "wf.yaml"
        path.write_text(EVERYTHING)
        summary = self.daemon.json("create", "--dry-run", path)["summary"]
        self.assertEqual([summary[key] for key in ("job_count", "file_count", "user_data_count", "action_count")],
                         [3, 3, 3, 6])
        text = self.daemon.torc("create", "--dry-run", path, check=True).stdout
        for line in ("  User data records: 3\n", "  Failure handlers: 1\n", "  Actions: 6\n"):
            self.assertIn(line, text)

    def test_settings_that_need_slurm_are_refused_by_name(self):
        for section, name in (("slurm_schedulers: []", "slurm_schedulers"), ("slurm_defaults: {}", "slurm_defaults"),
                              ("execution_config: {srun_mpi: none}", "srun_mpi"),
                              ("execution_config: {mode: slurm}", "slurm"),
                              ("actions: [{trigger_type: on_workflow_start, action_type: schedule_nodes}]",
                               "schedule_nodes")):
            path = self.dir / "wf.yaml"
            path.write_text(f"name: p\njobs: []\n{section}\n")
            result = self.daemon.torc("create", path)
            self.assertEqual(result.returncode, 1, section)
            self.assertRegex(result.stderr, f"wf.yaml:3: .*{name}.* is not supported yet")
        self.assertEqual(self.items("/workflows"), [])


if __name__ == "__main__":
    main()
