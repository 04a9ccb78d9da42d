"""What is watched from now on, and how the loop's thread gets to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import NamedTuple

from edge_vad.alarms.decision import Decision
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.errors import Unavailable
from edge_vad.live.camera_pipeline import CameraPipeline
from edge_vad.scoring.scorer import Scorer

_PATIENCE_S = 10.0


class OtherDecision(NamedTuple):
    """A camera that goes on, and decides otherwise."""

    pipeline: CameraPipeline
    settings: DecisionSettings
    decision: Decision


@dataclass(frozen=True)
class SiteChange:
    """What is watched from now on.

    Attributes:
        pipelines: All cameras, in order; those that go on are the same objects as before.
        scorers: Of each scene model that they show.
        decisions: Cameras that go on, and decide otherwise.
        budget: False alarms that all together accept; None where nobody has said.
    """

    pipelines: Sequence[CameraPipeline]
    scorers: Sequence[Scorer]
    decisions: Sequence[OtherDecision] = ()
    budget: str | None = None


def one_by_one(
    before: Sequence[CameraPipeline], change: SiteChange
) -> Iterator[tuple[CameraPipeline | None, SiteChange]]:
    """A change in steps, each of which begins one camera anew; all else comes with the last.

    Args:
        before: What is watched before it.
        change: All of it.

    Yields:
        The camera that a step begins anew, None for the last; and the step.
    """
    watched = {pipeline.name: pipeline for pipeline in before}
    for pipeline in change.pipelines:
        if pipeline not in before:
            watched[pipeline.name] = pipeline
            yield pipeline, replace(change, pipelines=list(watched.values()), decisions=())
    yield None, change


class Requests:
    """What other threads ask of the loop's, which does it between two frames."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[tuple[Callable[[], None], Future[None]]] = SimpleQueue()

    def ask(self, work: Callable[[], None], wake: Callable[[], None]) -> None:
        """Ask for something, and wait until it is done.

        Raises:
            Unavailable: The loop does not do it.
        """
        done: Future[None] = Future()
        self._waiting.put((work, done))
        wake()
        wait([done], _PATIENCE_S)
        if done.cancel():  # nobody has begun
            raise Unavailable("the run does not take it over", "see whether it ends")
        done.result()

    def serve(self) -> None:
        """Do what was asked for; in the loop's thread."""
        try:
            while True:
                work, done = self._waiting.get_nowait()
                if not done.set_running_or_notify_cancel():
                    continue
                try:
                    done.set_result(work())
                except BaseException as error:  # noqa: BLE001 - it belongs to who asked
                    done.set_exception(error)
        except Empty:
            pass
