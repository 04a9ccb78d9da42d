"""Rolls scenes out to many boxes; one that fails does not keep them from the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec

from edge_vad.errors import EdgeVadError
from edge_vad.push.client import BoxProblem, Problem, PushClient
from edge_vad.push.folder import SignedPush
from edge_vad.sinks.pushes import LatestPush, PushStatus
from edge_vad.site.boxes import SiteBox

Outcome = Literal["taken over", "would be pushed", "refused", "rolled back", "unknown"]
_ASK_EVERY_S = 0.5
_UNKNOWN = "push-unknown"
"""Code of what leaves open whether the box took the push over."""
_NOT_ANSWERING = Problem(
    "the box did not say in time what became of the push",
    "edge-vad site push --dry-run asks which push holds; see the box's log",
    _UNKNOWN,
)
_RESTARTED = Problem(
    "the box was started anew, or pushed to by others, and does not hold this push",
    "push again",
    _UNKNOWN,
)
_INTERRUPTED = Problem(
    "interrupted", "edge-vad site push --dry-run asks which push holds", _UNKNOWN
)


class BoxOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a push at a box.

    Attributes:
        box: Its name.
        outcome: What became of it.
        serial: Of the push that holds there now; None where the box did not tell.
        files: Files that it wanted.
        size: Bytes of these.
        cameras: Cameras that watch by it.
        seconds: How long it took.
        error: What happened, where it was not taken over.
        todo: What to do about that.
        code: Its kind.
    """

    box: str
    outcome: Outcome
    serial: int | None = None
    files: int = 0
    size: int = 0
    cameras: int = 0
    seconds: float = 0.0
    error: str = ""
    todo: str = ""
    code: str = ""

    @property
    def is_good(self) -> bool:
        """Whether all is as it should be."""
        return self.outcome in ("taken over", "would be pushed")


class Rollout:
    """Rolls out to boxes.

    Args:
        on_stage: Told the name of a box, and how far it is.
        timeout_s: How long a box may take, from the upload's end until it watches by the push.
        answer_s: How long it may take to answer anything.
        dry_run: Whether boxes are only asked what they watch by.
    """

    def __init__(
        self,
        on_stage: Callable[[str, str], None],
        timeout_s: float,
        answer_s: float = 30.0,
        *,
        dry_run: bool = False,
    ) -> None:
        self._on_stage, self._timeout_s, self._answer_s = on_stage, timeout_s, answer_s
        self._dry_run, self._is_over = dry_run, threading.Event()

    def run(
        self, boxes: Sequence[SiteBox], push_for: Callable[[SiteBox], SignedPush], at_once: int
    ) -> list[BoxOutcome]:
        """Push to all boxes.

        Args:
            boxes: Which.
            push_for: Makes the push of a box.
            at_once: Boxes at a time.

        Returns:
            What became of it, in their order.
        """
        with ThreadPoolExecutor(at_once) as pool:
            try:
                return list(pool.map(lambda box: self._timed(box, push_for), boxes))
            except BaseException:  # as Ctrl-C: what is under way is not waited for
                self._is_over.set()
                raise

    def _timed(self, box: SiteBox, push_for: Callable[[SiteBox], SignedPush]) -> BoxOutcome:
        began = time.monotonic()
        try:
            outcome = self._pushed(box, push_for(box))
        except BoxProblem as error:
            outcome = _failed(box, error.problem)
        except EdgeVadError as error:
            outcome = _failed(box, BoxProblem.of(error).problem)
        except OSError as error:
            why = error.strerror or type(error).__name__
            problem = Problem(f"its scenes cannot be read ({why})", "check the folder", "bad-input")
            outcome = _failed(box, problem)
        except Exception as error:  # noqa: BLE001 - the other boxes go on; its text may hold a token
            what = f"it could not be pushed to ({type(error).__name__})"
            outcome = _failed(box, Problem(what, "try it alone, and report it", "failed"))
        self._on_stage(box.name, outcome.outcome)
        return msgspec.structs.replace(outcome, seconds=round(time.monotonic() - began, 1))

    def _pushed(self, box: SiteBox, push: SignedPush) -> BoxOutcome:
        client = PushClient(box, self._answer_s)
        if self._dry_run:
            return _foreseen(box, push, client.status())
        wanted = client.offer(push.content, push.signature)
        named = {file.name: file for file in push.manifest.files}
        if wanted.serial != push.manifest.serial or not named.keys() >= set(wanted.files):
            raise BoxProblem(Problem("the box wants another push", "see its log", _UNKNOWN))
        size = sum(named[name].size for name in wanted.files)
        paths = [push.folder / name for name in wanted.files]
        self._on_stage(box.name, f"uploading {size / 1e6:.1f} MB")
        client.upload(wanted.serial, paths, size, self._demand_wanted)
        latest, holds = self._awaited(box, client, push.manifest.serial)
        outcome: Outcome = "rolled back" if latest.stage == "rolled back" else "refused"
        return BoxOutcome(
            box=box.name,
            outcome="taken over" if latest.stage == "taken over" else outcome,
            serial=holds,
            files=len(paths),
            size=size,
            cameras=latest.cameras,
            error=latest.error,
            todo=latest.todo,
            code=latest.code,
        )

    def _awaited(self, box: SiteBox, client: PushClient, serial: int) -> tuple[LatestPush, int]:
        """Wait until the box has tried the push, and watches by it or refused it."""
        until, told = time.monotonic() + self._timeout_s, ""
        while time.monotonic() < until:
            status = client.status()
            latest = status.latest
            if latest is None or latest.serial != serial:  # started anew, or pushed to by others
                if status.serial != serial:
                    raise BoxProblem(_RESTARTED)
                return LatestPush(serial, "taken over", ""), serial
            if latest.stage not in ("receiving", "checking", "taking over"):
                return latest, status.serial
            if latest.stage != told:
                told = latest.stage
                self._on_stage(box.name, told)
            self._is_over.wait(_ASK_EVERY_S)
            self._demand_wanted()
        raise BoxProblem(_NOT_ANSWERING)

    def _demand_wanted(self, sent: int = 0) -> None:  # noqa: ARG002
        if self._is_over.is_set():
            raise BoxProblem(_INTERRUPTED)


def _foreseen(box: SiteBox, push: SignedPush, status: PushStatus) -> BoxOutcome:
    """What would become of a push, as far as the box tells."""
    manifest, problem = push.manifest, Problem("", "", "")
    if status.site != manifest.site:
        mend = "give it that name in the file of boxes"
        problem = Problem(f"the box is of the site {status.site}", mend, "push-refused")
    elif manifest.serial <= status.serial:
        what = f"push {status.serial} holds, which is not older"
        problem = Problem(what, "leave out --serial", "push-older")
    return BoxOutcome(
        box=box.name,
        outcome="refused" if problem.code else "would be pushed",
        serial=status.serial,
        files=len(manifest.files),
        size=manifest.size,
        error=problem.error,
        todo=problem.todo,
        code=problem.code,
    )


def _failed(box: SiteBox, problem: Problem) -> BoxOutcome:
    is_known = problem.code.startswith("push-") and problem.code != _UNKNOWN
    outcome: Outcome = "refused" if is_known else "unknown"
    return BoxOutcome(box=box.name, outcome=outcome, **problem._asdict())
