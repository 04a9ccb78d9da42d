"""Options and progress of commands that do work in bulk."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from edge_vad.bulk.estimate import Estimate, describe_duration
from edge_vad.bulk.jobs import Do, Job, Outcome, Pool, run_jobs
from edge_vad.bulk.processes import ProcessPool, usable_cores
from edge_vad.cli.console import warn
from edge_vad.cli.options import Function
from edge_vad.cli.signals import clear_interrupt, interrupt, stopped_by_signals
from edge_vad.cli.streams import print_stderr
from edge_vad.errors import Interrupted, NotAllDone
from edge_vad.guide.progress import ProgressLines, is_guided

_TELL_EVERY_S = 30.0
_RUNNING = "auto"


def bulk_options(function: Function) -> Function:
    """Add the options of who does the work."""
    options = (
        click.option(
            "--workers",
            type=click.IntRange(1, 4096),
            help="Processes side by side; by default one a core.",
        ),
        click.option(
            "--ray",
            metavar="[ADDRESS]",
            is_flag=False,
            flag_value=_RUNNING,
            help="Work on a Ray cluster: HOST:PORT, 'local', or without ADDRESS the one that this "
            "machine is a part of.",
        ),
        click.option(
            "--dry-run", is_flag=True, help="Say what would be done and how long it would take."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@contextmanager
def open_pool(
    make: Callable[[], Do[Any, Any]], ray: str | None, workers: int | None, threads: int
) -> Iterator[Pool]:
    """Open what does the work: processes of this machine, or actors of a cluster.

    Args:
        make: Makes, within a worker, what does a job.
        ray: Address of the cluster, if one is wanted.
        workers: How many; as many as there is room for when None.
        threads: CPU threads of each.

    Raises:
        Unavailable: Ray is not installed, or the cluster does not answer.
        WrongUse: The address is none.
    """
    if ray is None:
        yield ProcessPool(make, workers or max(1, usable_cores() // threads), threads)
        return
    from edge_vad.bulk.ray_cluster import RayPool, check_address

    with RayPool(make, check_address(ray), workers, threads) as pool:
        yield pool


def pool_size(ray: str | None, workers: int | None, threads: int) -> int:
    """How many would work side by side; nothing is done by them. See `open_pool`."""
    with open_pool(_no_work, ray, workers, threads) as pool:
        return pool.size


def _no_work() -> Do[Any, Any]:
    raise AssertionError("a pool whose size alone is asked for was given work")


def do_all(label: str, jobs: Sequence[Job[Any]], pool: Pool) -> list[Outcome[Any, Any]]:
    """Do all jobs, and tell on stderr how far it is and when it will end.

    Returns:
        The outcomes, in the order of the jobs.

    Raises:
        Interrupted: Ctrl-C was pressed, or another signal came that ends it.
    """
    clear_interrupt()
    outcomes: dict[str, Outcome[Any, Any]] = {}
    try:
        with stopped_by_signals(interrupt), _told(label, jobs) as tell:
            for outcome in run_jobs(jobs, pool):
                outcomes[outcome.job.name] = outcome
                tell(outcome)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {len(outcomes)} of {len(jobs)} are done and kept",
            "give the same command again to go on",
        ) from None
    return [outcomes[job.name] for job in jobs]


def demand_all_done(outcomes: Sequence[Outcome[Any, Any]], what: str) -> None:
    """See to it that all jobs were done.

    Args:
        outcomes: Of all of them.
        what: What one of them is, in words.

    Raises:
        NotAllDone: Some failed.
    """
    failed = [each for each in outcomes if each.failure]
    if failed:
        names = ", ".join(each.job.name for each in failed[:5])
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        raise NotAllDone(
            f"{len(failed)} of {len(outcomes)} {what} failed: {names}{more}",
            "mend what the warnings say, and give the same command again: what is done stays",
        )


@contextmanager
def _told(label: str, jobs: Sequence[Job[Any]]) -> Iterator[Callable[[Outcome[Any, Any]], None]]:
    estimate = Estimate(jobs)
    with ExitStack() as opened:
        show = _shown(label, len(jobs), opened)

        def tell(outcome: Outcome[Any, Any]) -> None:
            estimate.finish(outcome.job)
            if failure := outcome.failure:
                warn(f"{outcome.job.name}: {failure.what}: {failure.todo}")
            show(estimate)

        yield tell


def _shown(label: str, count: int, opened: ExitStack) -> Callable[[Estimate], None]:
    """What shows an estimate: a bar on a terminal, else a line now and then."""
    if is_guided():
        lines = ProgressLines(label, count)
        return lambda estimate: lines.at(estimate.count)
    if not sys.stderr.isatty():
        return _TimedLines(label, count).show
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[remark]}")
    bar = opened.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    task = bar.add_task(label, total=1.0, remark=f"0 of {count}")
    return lambda estimate: bar.update(
        task, completed=estimate.done, remark=_describe(estimate, count)
    )


class _TimedLines:
    def __init__(self, label: str, count: int) -> None:
        self._label, self._count = label, count
        self._due_s = time.monotonic() + _TELL_EVERY_S

    def show(self, estimate: Estimate) -> None:
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + _TELL_EVERY_S
            print_stderr(f"{self._label}: {_describe(estimate, self._count)}")


def _describe(estimate: Estimate, count: int) -> str:
    left_s = estimate.left_s()
    left = f", about {describe_duration(left_s)} left" if left_s is not None else ""
    return f"{estimate.count} of {count} done{left}"
