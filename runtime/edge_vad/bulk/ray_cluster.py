"""Workers that are actors of a Ray cluster."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from edge_vad.bulk.jobs import Do, WorkerLost, attempt
from edge_vad.bulk.settling import settle
from edge_vad.errors import Unavailable, WrongUse
from edge_vad.files.closing import Closing
from edge_vad.untrusted import shorten

LOCAL = "local"
"""The address of a cluster that is started on this machine, and ends with the command."""
RUNNING = "auto"
"""The address of the cluster that this machine is a part of."""
_ADDRESS = re.compile(r"(ray://)?[^/\s:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""No reports of usage; a token for every call; and actors see the GPUs of their machine."""
_LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0 it keeps a cluster of one machine to 127.0.0.1, on Linux, too; or Ray listens to all."""


def check_address(text: str) -> str:
    """Tell an address of a cluster from a source that follows `--ray`.

    Raises:
        WrongUse: It is none.
    """
    if text in (LOCAL, RUNNING) or _ADDRESS.fullmatch(text):
        return text
    raise WrongUse(
        f"{shorten(text)!r} is no address of a Ray cluster",
        "write --ray=HOST:PORT, --ray=local, or put --ray at the end for the cluster of this "
        "machine",
    )


class RayPool(Closing):
    """Starts workers that are actors.

    Args:
        make: See `edge_vad.bulk.processes.ProcessPool`.
        address: `HOST:PORT`, `local` or `auto`.
        size: How many work side by side; as many as the cluster has room for when None.
        threads: CPU threads of each.

    Attributes:
        size: How many work side by side.

    Raises:
        Unavailable: Ray is not installed, or the cluster does not answer.
    """

    def __init__(
        self, make: Callable[[], Do[Any, Any]], address: str, size: int | None, threads: int
    ) -> None:
        self._ray = _connected(address, (size or 0) * threads)
        self._make, self._threads = make, threads
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        self.size = size or max(1, cores // threads)
        # A killed actor is not started again by Ray: its job is counted, and given to another one.
        self._actor = self._ray.remote(num_cpus=threads, max_restarts=0, max_task_retries=0)(_Actor)

    def start(self) -> RayWorker:
        """Start an actor; where there is no room for it, it waits."""
        return RayWorker(self._ray, self._actor.remote(self._make, self._threads))

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._ray.shutdown()


class RayWorker:
    """An actor that does one job after the other.

    Args:
        ray: The package.
        actor: Handle of the actor.
    """

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    def submit(self, work: Any) -> Future[Any]:
        """See `edge_vad.bulk.jobs.JobWorker`."""
        answer: Future[Any] = Future()

        def pass_on(done: Future[Any]) -> None:
            try:
                answer.set_result(done.result())
            except Exception as error:  # noqa: BLE001 - whatever goes wrong in a job is a `Failure`
                answer.set_exception(WorkerLost(shorten(str(error))))

        self._actor.do.remote(work).future().add_done_callback(pass_on)
        return answer

    def close(self) -> None:
        """End the actor."""
        self._ray.kill(self._actor, no_restart=True)


class _Actor:
    """What an actor is made of."""

    def __init__(self, make: Callable[[], Do[Any, Any]], threads: int) -> None:
        settle(threads)
        self._do = make()

    def do(self, work: Any) -> Any:
        return attempt(self._do, work)


def _connected(address: str, cores: int) -> Any:
    """The package Ray, connected to a cluster.

    Raises:
        Unavailable: It is not installed, or the cluster does not answer.
    """
    settings = dict(_SETTINGS)
    if address == LOCAL:
        settings |= {_LOOPBACK: "0", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ModuleNotFoundError:
        raise Unavailable(
            "a cluster needs the package 'ray', which is not installed",
            "run pip install 'edge-vad[ray]', here and on all machines of the cluster",
        ) from None
    where: dict[str, Any] = {"address": address}
    if address == LOCAL:
        where |= {"include_dashboard": False, "num_cpus": cores or None}
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
    except Exception as error:  # noqa: BLE001 - they share no base class
        raise Unavailable(
            f"the Ray cluster does not answer ({shorten(str(error))})",
            "see that it runs and that this machine has its token: docs/howto/archives.md",
        ) from None
    return ray
