"""Does many jobs by a pool of workers, whatever becomes of single workers and jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from edge_vad.errors import EdgeVadError
from edge_vad.untrusted import shorten

MOST_TRIES = 3
"""So often a job may take its worker with it."""

Work = TypeVar("Work")
Result = TypeVar("Result")
Do = Callable[[Work], Result]
"""Does one job in a worker; may hold what all jobs of the worker share, such as a scene."""


class WorkerLost(Exception):
    """A worker was killed, or its machine went away."""


class Failure(msgspec.Struct, frozen=True):
    """Why a job could not be done.

    Attributes:
        what: What happened.
        todo: What to do about it.
        code: Kind of the error, see `EdgeVadError.code`.
    """

    what: str
    todo: str
    code: str = EdgeVadError.code


@dataclass(frozen=True)
class Job(Generic[Work]):
    """One thing to be done: plain data, which any worker can be given.

    Attributes:
        name: What people call it; unique.
        weight: Its share of the work, in any unit; 0 where that is not known.
        work: What a worker is given.
    """

    name: str
    weight: float
    work: Work


@dataclass(frozen=True)
class Outcome(Generic[Work, Result]):
    """A job that is over.

    Attributes:
        job: The job.
        result: What came of it; None where it failed.
        failure: Why it failed; None where it was done.
    """

    job: Job[Work]
    result: Result | None = None
    failure: Failure | None = None


class JobWorker(Protocol):
    """Does one job after the other."""

    def submit(self, work: Any) -> Future[Any]:
        """Begin a job; what comes of it is its result or a `Failure`, or it raises `WorkerLost`."""

    def close(self) -> None:
        """End the worker, whatever it does just now."""


class Pool(Protocol):
    """Where workers come from.

    Attributes:
        size: How many may work side by side.
    """

    size: int

    def start(self) -> JobWorker:
        """Start a worker; it may take a while until it takes its first job up."""


def run_jobs(jobs: Sequence[Job[Work]], pool: Pool) -> Iterator[Outcome[Work, Any]]:
    """Do all jobs, the largest first, so that no large one is left for the end.

    A job whose worker is lost is done again by another one, `MOST_TRIES` times in all; one that
    fails is told, and the others go on. Workers that are left without a job are closed.

    Yields:
        The outcomes, as they come.
    """
    run = _Run(jobs, pool)
    try:
        yield from run.outcomes()
    finally:
        run.close()


@dataclass(frozen=True)
class _Turn(Generic[Work]):
    worker: JobWorker
    job: Job[Work]
    tries: int


class _Run(Generic[Work]):
    """Jobs that wait, and workers that are at one."""

    def __init__(self, jobs: Sequence[Job[Work]], pool: Pool) -> None:
        self._pool = pool
        self._waiting = deque((job, 1) for job in sorted(jobs, key=lambda each: -each.weight))
        self._busy: dict[Future[Any], _Turn[Work]] = {}

    def outcomes(self) -> Iterator[Outcome[Work, Any]]:
        for _ in range(min(self._pool.size, len(self._waiting))):
            self._begin(self._pool.start())
        while self._busy:
            for future in wait(self._busy, return_when=FIRST_COMPLETED).done:
                outcome = self._end(future)
                if outcome is not None:
                    yield outcome

    def close(self) -> None:
        for turn in self._busy.values():
            turn.worker.close()

    def _begin(self, worker: JobWorker) -> None:
        job, tries = self._waiting.popleft()
        self._busy[worker.submit(job.work)] = _Turn(worker, job, tries)

    def _end(self, future: Future[Any]) -> Outcome[Work, Any] | None:
        """Take what came of a job, and give its worker the next one; None if it is done again."""
        turn = self._busy.pop(future)
        try:
            result = future.result()
        except WorkerLost as error:
            return self._lose(turn, str(error))
        if self._waiting:
            self._begin(turn.worker)
        else:
            turn.worker.close()
        if isinstance(result, Failure):
            return Outcome(turn.job, failure=result)
        return Outcome(turn.job, result)

    def _lose(self, turn: _Turn[Work], why: str) -> Outcome[Work, Any] | None:
        turn.worker.close()
        is_over = turn.tries >= MOST_TRIES
        if not is_over:
            self._waiting.appendleft((turn.job, turn.tries + 1))
        if self._waiting:
            self._begin(self._pool.start())
        if not is_over:
            return None
        what = f"{MOST_TRIES} workers were lost at it, one after the other"
        what += f" ({why})" if why else ""
        return Outcome(turn.job, failure=Failure(what, "see whether memory is short: --workers 1"))


def attempt(do: Do[Work, Result], work: Work) -> Result | Failure:
    """Do a job within a worker; what goes wrong with it becomes a `Failure`, and ends no worker."""
    try:
        return do(work)
    except EdgeVadError as error:
        return Failure(error.what, error.todo, error.code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return Failure(f"{where}{error.strerror or error}", "check the path and the disk")
    except MemoryError:
        return Failure("there is not enough memory", "let fewer workers work: --workers")
    except Exception as error:  # noqa: BLE001 - one job's bug is not to end a night's work
        what = f"{type(error).__name__}: {shorten(str(error))}"
        return Failure(what, "try it alone, and report it")
