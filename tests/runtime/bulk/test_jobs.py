from __future__ import annotations

from concurrent.futures import Future

import pytest

from edge_vad.bulk.estimate import Estimate, describe_duration
from edge_vad.bulk.jobs import MOST_TRIES, Failure, Job, WorkerLost, run_jobs


class Pool:
    """Workers of this process, which answer at once with what is foreseen for a job."""

    def __init__(self, size, foreseen):
        self.size, self.open, self.begun = size, 0, []
        self._foreseen = {work: list(answers) for work, answers in foreseen.items()}

    def start(self):
        self.open += 1
        return Worker(self)

    def answer(self, work):
        self.begun.append(work)
        answers = self._foreseen.get(work) or [work]
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Worker:
    def __init__(self, pool):
        self._pool, self._open = pool, True

    def submit(self, work):
        assert self._open
        future, answer = Future(), self._pool.answer(work)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        elif answer != "never":
            future.set_result(answer)
        return future

    def close(self):
        assert self._open
        self._open = False
        self._pool.open -= 1


def jobs(*weights):
    return [Job(f"job {number}", weight, number) for number, weight in enumerate(weights)]


def done(pool, *weights):
    return {each.job.work: each for each in run_jobs(jobs(*weights), pool)}


@pytest.mark.parametrize("size", [1, 3, 10])
def test_all_jobs_are_done_and_all_workers_are_closed(size):
    pool = Pool(size, {})
    outcomes = done(pool, *[1] * 7)
    assert {work: each.result for work, each in outcomes.items()} == {n: n for n in range(7)}
    assert pool.open == 0


def test_the_largest_job_is_begun_first():
    pool = Pool(1, {})
    done(pool, 1, 5, 3)
    assert pool.begun == [1, 2, 0]


def test_a_failure_is_told_and_the_rest_goes_on():
    failure = Failure("it is broken", "mend it")
    outcomes = done(Pool(2, {1: [failure]}), 1, 1, 1)
    assert outcomes[1].failure == failure
    assert (outcomes[0].result, outcomes[2].result) == (0, 2)


def test_the_job_of_a_lost_worker_is_done_by_another_one():
    pool = Pool(2, {1: [WorkerLost(), 1]})
    outcomes = done(pool, 1, 1, 1)
    assert outcomes[1].result == 1
    assert pool.open == 0


def test_a_job_that_takes_every_worker_with_it_fails_and_the_rest_goes_on():
    pool = Pool(1, {1: [WorkerLost("it was killed")]})
    outcomes = done(pool, 1, 9, 1)
    assert pool.begun.count(1) == MOST_TRIES
    assert "3 workers were lost at it" in outcomes[1].failure.what
    assert "(it was killed)" in outcomes[1].failure.what
    assert outcomes[0].failure is outcomes[2].failure is None


def test_workers_are_closed_when_nobody_waits_for_the_rest():
    pool = Pool(2, {1: ["never"]})
    run = run_jobs(jobs(1, 1, 1), pool)
    next(run)
    run.close()
    assert pool.open == 0


def test_the_end_is_estimated_by_the_weights_of_the_jobs():
    now = [0.0]
    planned = jobs(30, 10)
    estimate = Estimate(planned, lambda: now[0])
    assert estimate.left_s() is None
    now[0] = 60.0
    estimate.finish(planned[0])
    assert estimate.left_s() == pytest.approx(20)
    estimate.finish(planned[1])
    assert estimate.left_s() == pytest.approx(0, abs=1e-9)


def test_jobs_count_alike_where_a_weight_is_not_known():
    now = [0.0]
    planned = jobs(30, 0)
    estimate = Estimate(planned, lambda: now[0])
    now[0] = 60.0
    estimate.finish(planned[0])
    assert estimate.left_s() == pytest.approx(60)


@pytest.mark.parametrize(("seconds", "words"), [(8.2, "8 s"), (200, "3 min"), (4e4, "11.1 h")])
def test_a_duration_is_told_in_words(seconds, words):
    assert describe_duration(seconds) == words
