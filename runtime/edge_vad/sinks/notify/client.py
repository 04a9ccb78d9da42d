"""Has messages sent by a process of its own, with one deadline for all that happens."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from typing import BinaryIO

import msgspec

from edge_vad.errors import BadInput, Unavailable
from edge_vad.network.deadline import Deadline
from edge_vad.sinks.delivery import NotDelivered
from edge_vad.sinks.notify import apprise_process
from edge_vad.sinks.notify.apprise_process import SendRequest, SendResult
from edge_vad.sinks.notify.text import Text
from edge_vad.untrusted import shorten

_LONGEST_ADDRESS = 4096
_STEP_S = 0.1
_CHECK_S = 30.0
_KEPT = """
LANG LANGUAGE LC_ALL LC_CTYPE LD_LIBRARY_PATH PATH TZ TZDIR
ALL_PROXY HTTPS_PROXY HTTP_PROXY NO_PROXY all_proxy http_proxy https_proxy no_proxy
CURL_CA_BUNDLE REQUESTS_CA_BUNDLE SSL_CERT_DIR SSL_CERT_FILE
"""
"""Environment variables that the process gets; others may hold secrets."""


class AppriseClient:
    """Sends messages to one address.

    Args:
        address: In Apprise's words.
        timeout_s: How long a delivery may take, from the start of the process to the answer.

    Raises:
        BadInput: It is none that messages may go to; nothing of it is repeated.
        Unavailable: Apprise is not installed, or does not run.
    """

    def __init__(self, address: str, timeout_s: float) -> None:
        if find_spec("apprise") is None:
            raise Unavailable(
                "Apprise is not installed",
                "run pip install 'edge-vad[notify]', or leave out [[sinks.notify]]",
            )
        self._address, self._timeout_s = address, timeout_s
        if not address.isprintable() or " " in address or len(address) > _LONGEST_ADDRESS:
            raise _wrong("it is not one line without spaces")
        try:
            result = self._sent(SendRequest(address, _CHECK_S), threading.Event())
        except NotDelivered as error:
            raise Unavailable(
                f"Apprise does not run ({error})", "run pip install 'edge-vad[notify]' again"
            ) from None
        if not result.is_delivered:
            raise _wrong(result.why)

    def send(self, text: Text, picture: bytes | None, stopping: threading.Event) -> None:
        """Send a message; where it is refused with its picture, without.

        Raises:
            NotDelivered: It did not arrive, or not in time.
        """
        request = SendRequest(self._address, self._timeout_s, text.title, text.body, picture)
        result = self._sent(request, stopping)
        if result.is_content_refused and picture is not None:
            result = self._sent(msgspec.structs.replace(request, picture=None), stopping)
        if not result.is_delivered:
            raise NotDelivered(result.why)

    def _sent(self, request: SendRequest, stopping: threading.Event) -> SendResult:
        """What the service said.

        Raises:
            NotDelivered: It said nothing in time.
        """
        deadline = Deadline(request.timeout_s)
        # A file in memory, as a pipe takes no picture before somebody reads it.
        with os.fdopen(os.memfd_create("request"), "w+b") as memory:
            memory.write(msgspec.json.encode(request))
            memory.seek(0)
            answer = _run(memory, deadline, stopping)
        try:
            result = msgspec.json.decode(answer, type=SendResult)
        except ValueError:
            raise NotDelivered("the process that sends it has failed") from None
        return msgspec.structs.replace(result, why=shorten(result.why))


def _run(request: BinaryIO, deadline: Deadline, stopping: threading.Event) -> bytes:
    """What the process answers to a request.

    Raises:
        NotDelivered: Nothing in time, or nothing is waited for any more.
    """
    with subprocess.Popen(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-m", apprise_process.__name__],
        stdin=request,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for us, and ends it in order
    ) as process:
        try:
            answer = None
            while answer is None and not stopping.is_set():
                answer = _answer(process, deadline)
        finally:
            process.kill()
    if answer is None:
        raise NotDelivered("the run ends before it is delivered")
    return answer


def _answer(process: subprocess.Popen[bytes], deadline: Deadline) -> bytes | None:
    """What the process answers; None where it has not yet.

    Raises:
        NotDelivered: The deadline is over.
    """
    try:
        return process.communicate(timeout=min(_STEP_S, deadline.left_s()))[0]
    except subprocess.TimeoutExpired:
        return None
    except TimeoutError as error:
        raise NotDelivered(str(error.strerror)) from None


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT.split()}
    # The same packages as here; and no passwords from ~/.netrc for hosts that happen to be in it.
    paths = (os.path.abspath(path) for path in sys.path)  # noqa: PTH100 - some may be gone
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "NETRC": os.devnull}


def _wrong(why: str) -> BadInput:
    return BadInput(
        f"the address is none that messages may go to: {why}",
        "docs/events_to_people.md has addresses for ntfy, Telegram and mail",
    )
