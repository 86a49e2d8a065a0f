"""Calls every operation of the Python client, which must be installed. The argument is the server's URL.

The client checks the type of every field that it receives (pydantic, strict) and raises an exception if one is wrong.
"""
import datetime
import sys

from torc.api import create_jobs, iter_documents, make_api
from torc.openapi_client import models as m
from torc.openapi_client.rest import ApiException

NOW = datetime.datetime.now(datetime.timezone.utc).isoformat()


class Recorder:
    """The client's API, recording the methods called."""

    def __init__(self, api):
        self.api, self.called = api, set()

    def __getattr__(self, name):
        operation = getattr(self.api, name)

        def call(*args, **kwargs):
            self.called.add(name)
            return operation(*args, **kwargs)

        return call

    def operations(self) -> set[str]:
        names = {name for api in self.api._apis for name in dir(api)}
        return {name for name in names if f"{name}_with_http_info" in names}


def refused(status: int, operation, *args, **kwargs) -> None:
    try:
        operation(*args, **kwargs)
    except ApiException as error:
        assert error.status == status, f"{error.status}, not {status}: {error.body}"
        assert '"message"' in error.body, error.body
    else:
        raise AssertionError(f"{operation} was not refused")


def check_system(api) -> None:
    assert api.ping().status == "ok"
    assert api.get_version().version.startswith("0.23.0")
    refused(422, api.reload_auth)


def check_access(api, workflow: int) -> None:
    group = api.create_access_group(m.AccessGroupModel(name="team", description="d"))
    assert api.get_access_group(group.id).name == "team"
    assert group in api.list_access_groups().items
    member = api.add_user_to_group(group.id, m.UserGroupMembershipModel(group_id=group.id, user_name="ann", role="member"))
    assert member.user_name == "ann"
    assert [g.user_name for g in api.list_group_members(group.id).items] == ["ann"]
    assert [g.id for g in api.list_user_groups("ann").items] == [group.id]
    assert api.add_workflow_to_group(workflow, group.id).group_id == group.id
    assert [g.id for g in api.list_workflow_groups(workflow).items] == [group.id]
    assert api.check_workflow_access(workflow, "ann").has_access
    api.remove_workflow_from_group(workflow, group.id)
    api.remove_user_from_group(group.id, "ann")
    assert api.delete_access_group(group.id).id == group.id


def check_schedulers(api, workflow: int) -> None:
    slurm = api.create_slurm_scheduler(m.SlurmSchedulerModel(workflow_id=workflow, name="s", account="a", nodes=2,
                                                             walltime="01:00:00"))
    slurm.nodes = 3
    assert api.update_slurm_scheduler(slurm.id, slurm).nodes == 3
    assert api.get_slurm_scheduler(slurm.id) == api.list_slurm_schedulers(workflow).items[0]
    scheduled = api.create_scheduled_compute_node(m.ScheduledComputeNodesModel(
        workflow_id=workflow, scheduler_id=17, scheduler_config_id=slurm.id, scheduler_type="slurm", status="pending"))
    scheduled.status = "active"
    assert api.update_scheduled_compute_node(scheduled.id, scheduled).status == "active"
    assert api.get_scheduled_compute_node(scheduled.id) == api.list_scheduled_compute_nodes(workflow).items[0]
    api.delete_scheduled_compute_node(scheduled.id)
    assert api.delete_scheduled_compute_nodes(workflow).count == 0
    api.delete_slurm_scheduler(slurm.id)
    assert api.delete_slurm_schedulers(workflow).count == 0
    local = api.create_local_scheduler(m.LocalSchedulerModel(workflow_id=workflow, name="l", memory="4g", num_cpus=2))
    local.num_cpus = 4
    assert api.update_local_scheduler(local.id, local).num_cpus == 4
    assert api.get_local_scheduler(local.id) == api.list_local_schedulers(workflow).items[0]
    api.delete_local_scheduler(local.id)
    assert api.delete_local_schedulers(workflow).count == 0


def check_small_records(api, workflow: int) -> None:
    event = api.create_event(m.EventModel(workflow_id=workflow, timestamp=1, data={"category": "mine", "n": [1, None]}))
    assert api.get_event(event.id).data == event.data
    api.update_event(event.id, {"workflow_id": workflow, "timestamp": 1, "data": {"category": "mine", "n": 2}})
    assert [e.id for e in api.list_events(workflow, category="mine").items] == [event.id]
    api.delete_event(event.id)
    api.delete_events(workflow)
    handler = api.create_failure_handler(m.FailureHandlerModel(workflow_id=workflow, name="h", rules="[]"))
    assert api.get_failure_handler(handler.id) == api.list_failure_handlers(workflow).items[0]
    api.delete_failure_handler(handler.id)
    entity = api.create_ro_crate_entity(m.RoCrateEntityModel(workflow_id=workflow, entity_id="#e", entity_type="File",
                                                             metadata="{}"))
    entity.metadata = '{"a": 1}'
    assert api.update_ro_crate_entity(entity.id, entity).metadata == entity.metadata
    assert api.get_ro_crate_entity(entity.id) == api.list_ro_crate_entities(workflow).items[0]
    api.delete_ro_crate_entity(entity.id)
    assert api.delete_ro_crate_entities(workflow).deleted_count == 0
    assert [w.worker for w in api.create_remote_workers(workflow, ["ann@h1:2222", "h2"])] == ["ann@h1:2222", "h2"]
    api.delete_remote_worker(workflow, "ann@h1:2222")
    assert [w.worker for w in api.list_remote_workers(workflow)] == ["h2"]
    action = api.create_workflow_action(workflow, m.WorkflowActionModel(
        workflow_id=workflow, action_type="run_commands", action_config={"commands": ["true"]},
        trigger_type="on_workflow_start"))
    assert [a.id for a in api.get_workflow_actions(workflow)] == [action.id]
    api.get_pending_actions(workflow, trigger_type=["on_workflow_start"])
    assert api.claim_action(workflow, action.id, m.ClaimActionRequest()).success


def create_the_jobs(api, workflow: int) -> list:
    """Four jobs: two that write, one that reads what they wrote, one that waits for it."""
    needs = api.create_resource_requirements(m.ResourceRequirementsModel(
        workflow_id=workflow, name="small", num_cpus=1, memory="100m", runtime="PT5M"))
    needs.memory = "200m"
    assert api.update_resource_requirements(needs.id, needs).memory == "200m"
    assert api.get_resource_requirements(needs.id) in api.list_resource_requirements(workflow).items
    given = api.create_file(m.FileModel(workflow_id=workflow, name="in", path="/data/in", st_mtime=1.5))
    given.path = "/data/in2"
    assert api.update_file(given.id, given).path == "/data/in2"
    made = api.create_file(m.FileModel(workflow_id=workflow, name="out", path="/data/out"))
    assert api.get_file(made.id) in api.list_files(workflow).items
    data = api.create_user_data(m.UserDataModel(workflow_id=workflow, name="u", data={"x": 1}))
    data.data = {"x": [1.5, "é"]}
    assert api.update_user_data(data.id, data).data == data.data
    assert api.get_user_data(data.id) == api.list_user_data(workflow).items[0]
    first = create_jobs(api, [m.JobModel(workflow_id=workflow, name="a", command="true", output_file_ids=[made.id],
                                         input_file_ids=[given.id], resource_requirements_id=needs.id, priority=2),
                              m.JobModel(workflow_id=workflow, name="b", command="true", input_user_data_ids=[data.id])])
    third = api.create_job(m.JobModel(workflow_id=workflow, name="c", command="true", input_file_ids=[made.id]))
    fourth = api.create_job(m.JobModel(workflow_id=workflow, name="d", command="true", depends_on_job_ids=[third.id]))
    fourth.command = "echo d"
    assert api.update_job(fourth.id, fourth).command == "echo d"
    return [*first, third, fourth]


def run_the_jobs(api, workflow: int) -> None:
    run_id = api.get_workflow_status(workflow).run_id + 1
    api.update_workflow_status(workflow, m.WorkflowStatusModel(run_id=run_id, is_canceled=False))
    assert api.is_workflow_uninitialized(workflow).is_uninitialized
    api.initialize_jobs(workflow)
    assert api.get_ready_job_requirements(workflow).num_jobs == 2
    free = {"num_cpus": 8, "memory_gb": 16.0, "num_gpus": 0, "num_nodes": 1}
    node = api.create_compute_node(m.ComputeNodeModel(workflow_id=workflow, hostname="h", pid=1, start_time=NOW,
                                                      compute_node_type="local", is_active=True, **free))
    by_resources, order = True, []
    while not api.is_workflow_complete(workflow).is_complete:
        if by_resources:
            jobs = api.claim_jobs_based_on_resources(workflow, 2, m.ComputeNodesResources(**free)).jobs
        else:
            jobs = api.claim_next_jobs(workflow, limit=2).jobs
        by_resources = not by_resources
        assert jobs, "nothing to claim though the workflow is not complete"
        for job in jobs:
            assert job.status == m.JobStatus.PENDING, job
            assert api.start_job(job.id, run_id, node.id).status == m.JobStatus.RUNNING
            if job.name == "b" and job.attempt_id in (None, 1):
                api.complete_job(job.id, m.JobStatus.FAILED, run_id, result_of(job, run_id, node.id, m.JobStatus.FAILED))
                assert api.retry_job(job.id, run_id, 1).status == m.JobStatus.READY
                continue
            assert api.complete_job(job.id, m.JobStatus.COMPLETED, run_id,
                                    result_of(job, run_id, node.id, m.JobStatus.COMPLETED)).status == m.JobStatus.COMPLETED
            order.append(job.name)
            refused(422, api.complete_job, job.id, m.JobStatus.COMPLETED, run_id,
                    result_of(job, run_id, node.id, m.JobStatus.COMPLETED))
    assert sorted(order) == ["a", "b", "c", "d"] and order.index("a") < order.index("c") < order.index("d"), order
    node.is_active = False
    assert api.update_compute_node(node.id, node).is_active is False
    assert api.get_compute_node(node.id) == api.list_compute_nodes(workflow).items[0]


def result_of(job, run_id: int, node: int, status):
    return m.ResultModel(job_id=job.id, workflow_id=job.workflow_id, run_id=run_id, compute_node_id=node, status=status,
                         return_code=0 if status == m.JobStatus.COMPLETED else 1, exec_time_minutes=0.5,
                         completion_time=NOW, peak_memory_bytes=2**40, avg_cpu_percent=99.5)


def check_what_ran(api, workflow: int, jobs: list) -> None:
    by_name = {job.name: job for job in iter_documents(api.list_jobs, workflow, limit=2)}
    by_name |= {job.name: job for job in iter_documents(api.list_jobs, workflow, offset=2, include_relationships=True)}
    assert {name: job.status for name, job in by_name.items()} == dict.fromkeys("abcd", m.JobStatus.COMPLETED)
    assert api.get_job(jobs[3].id).depends_on_job_ids == [jobs[2].id]
    assert sorted(api.list_job_ids(workflow).job_ids) == sorted(job.id for job in jobs)
    assert api.list_job_dependencies(workflow).total_count == 2
    assert api.list_job_file_relationships(workflow).total_count >= 2
    assert api.list_job_user_data_relationships(workflow).total_count == 1
    assert len(api.list_required_existing_files(workflow).files) == 1
    assert api.list_missing_user_data(workflow).user_data == []
    assert api.process_changed_job_inputs(workflow, dry_run=True).reinitialized_jobs == []
    results = api.list_results(workflow, all_runs=True).items
    assert sorted(result.return_code for result in results) == [0, 0, 0, 0, 1], results
    assert api.get_result(results[0].id) == results[0]
    results[0].return_code = 7
    assert api.update_result(results[0].id, results[0]).return_code == 7
    stats = api.create_slurm_stats(m.SlurmStatsModel(workflow_id=workflow, job_id=jobs[0].id, run_id=1, attempt_id=1,
                                                     slurm_job_id="1", ave_cpu_seconds=1.5))
    assert api.list_slurm_stats(workflow).items == [stats]


def delete_everything(api, workflow: int, jobs: list) -> None:
    results = api.list_results(workflow, all_runs=True).items
    api.delete_result(results[0].id)
    extra = results[0]
    extra.id = None
    api.create_result(extra)
    api.delete_results(workflow)
    assert api.reset_job_status(workflow).updated_count == 4
    api.manage_status_change(jobs[0].id, m.JobStatus.READY, api.get_workflow_status(workflow).run_id)
    api.cancel_workflow(workflow)
    assert api.get_workflow_status(workflow).is_canceled
    api.reset_workflow_status(workflow, force=True)
    api.delete_compute_node(api.list_compute_nodes(workflow).items[0].id)
    assert api.delete_compute_nodes(workflow).count == 0
    api.delete_job(jobs[3].id)
    assert api.delete_jobs(workflow).count == 3
    needs = [r for r in api.list_resource_requirements(workflow).items if r.name == "small"]
    api.delete_resource_requirement(needs[0].id)
    api.delete_resource_requirements(workflow)
    api.delete_file(api.list_files(workflow).items[0].id)
    assert api.delete_files(workflow).count == 1
    api.delete_user_data(api.list_user_data(workflow).items[0].id)
    api.delete_all_user_data(workflow)
    assert api.delete_workflow(workflow).id == workflow
    refused(404, api.get_workflow, workflow)


def main() -> None:
    api = Recorder(make_api(sys.argv[1]))
    check_system(api)
    workflow = api.create_workflow(m.WorkflowModel(name="w", user="ann", description="é", metadata='{"k": 1}')).id
    changed = api.get_workflow(workflow)
    changed.description = "changed"
    assert api.update_workflow(workflow, changed).description == "changed"
    assert [w.id for w in api.list_workflows(user="ann").items] == [workflow]
    check_access(api, workflow)
    check_schedulers(api, workflow)
    check_small_records(api, workflow)
    jobs = create_the_jobs(api, workflow)
    run_the_jobs(api, workflow)
    check_what_ran(api, workflow, jobs)
    delete_everything(api, workflow, jobs)
    missing = api.operations() - api.called
    assert not missing, f"not called: {sorted(missing)}"
    print(f"{len(api.called)} operations of the Python client called")


if __name__ == "__main__":
    main()
