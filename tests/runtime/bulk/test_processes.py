from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import bulk_work

from edge_vad.bulk.jobs import Job, run_jobs
from edge_vad.bulk.processes import ProcessPool, ProcessWorker


def done(make, works, size=2):
    jobs = [Job(str(work), 1.0, work) for work in works]
    return {each.job.work: each for each in run_jobs(jobs, ProcessPool(make, size, 1))}


def is_running(pid):
    """Whether there is such a process; one that has ended and waits for its parent is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_end(pid):
    until = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(pid)


def test_jobs_are_done_in_other_processes_and_errors_become_failures():
    outcomes = done(bulk_work.make_square, [2, 3, 13, 14, 4])
    assert [outcomes[each].result for each in (2, 3, 4)] == [4, 9, 16]
    assert (outcomes[13].failure.what, outcomes[13].failure.code) == (
        "13 is no number",
        "bad-input",
    )
    assert outcomes[14].failure.what == "RuntimeError: a bug"


def test_the_job_of_a_killed_process_is_done_by_another_one(tmp_path):
    make = partial(bulk_work.make_deadly_once, tmp_path, bulk_work.make_square)
    outcomes = done(make, [2, 3, 4])
    assert (tmp_path / "killed").exists()
    assert {work: each.result for work, each in outcomes.items()} == {2: 4, 3: 9, 4: 16}


def test_a_job_that_kills_its_process_fails_alone():
    outcomes = done(bulk_work.make_deadly, [0, 1], size=1)
    assert outcomes[0].failure is None
    assert "3 workers were lost" in outcomes[1].failure.what


def test_a_worker_that_is_closed_has_ended():
    worker = ProcessWorker(bulk_work.make_pid, 1)
    pid = worker.submit(None).result(60)
    assert pid == worker.pid != os.getpid()
    worker.close()
    wait_for_end(pid)


def test_a_worker_ends_with_the_process_that_started_it(tmp_path):
    code = (
        "import sys, time, bulk_work\n"
        "from edge_vad.bulk.processes import ProcessWorker\n"
        "if __name__ == '__main__':\n"
        "    print(ProcessWorker(bulk_work.make_pid, 1).submit(None).result(), flush=True)\n"
        "    time.sleep(600)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(signal.SIGKILL)
    wait_for_end(pid)
