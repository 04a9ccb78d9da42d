"""The process that sends one message by Apprise, and answers how it went.

It is a process of its own, so that a delivery as a whole has one deadline: Apprise limits single
steps only, and nothing but the end of the process ends all of them. The address comes on standard
input, where no list of processes shows it. Apprise's log has addresses in it and is switched off;
what went wrong is taken from HTTP and SMTP instead.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec

from edge_vad.sinks.notify.services import REFUSED_PARAMETERS, SERVICES

if TYPE_CHECKING:
    from apprise import AppriseAttachment, NotifyBase

_MOST_MEMORY = 2**29
"""Bytes of addresses; a tenth is used, but an answer may be without end."""
_CONTENT_REFUSED = frozenset({400, 413, 415, 422})
"""Statuses of HTTP that may be due to what was sent, not to who sent it."""
_NAME = "edge-vad.jpg"


class SendRequest(msgspec.Struct, frozen=True):
    """What is to be sent.

    Attributes:
        address: Where to, in Apprise's words.
        timeout_s: How long it may take.
        title: First line.
        body: The rest; where it is empty, only the address is checked.
        picture: A JPEG file; None for none.
    """

    address: str
    timeout_s: float
    title: str = ""
    body: str = ""
    picture: bytes | None = None


class SendResult(msgspec.Struct, frozen=True):
    """How it went.

    Attributes:
        is_delivered: Whether the service took it, or the address is one.
        why: Why not, without any part of the address but a host.
        is_content_refused: Whether that may be due to what was sent.
    """

    is_delivered: bool
    why: str = ""
    is_content_refused: bool = False


class WrongAddress(Exception):
    """The address is none that messages may go to; the text repeats nothing of it."""


class _Failure:
    """What went wrong last."""

    why = "the service did not take it"
    is_content_refused = False

    def note(self, why: str, *, is_content_refused: bool = False) -> None:
        self.why, self.is_content_refused = why, is_content_refused


def main() -> None:
    """Read a request, run it, answer."""
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=SendRequest)
    answer = _silenced()
    signal.alarm(ceil(request.timeout_s) + 1)  # should whoever waits for it be killed
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    os.write(answer, msgspec.json.encode(run(request)))
    os._exit(0)  # without waiting for threads of a library


def _silenced() -> int:
    """Let nothing be printed or logged; returns what the answer is written to."""
    answer = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    logging.disable(logging.CRITICAL)
    return answer


def run(request: SendRequest) -> SendResult:
    """Check the address and, where there is something to say, send it."""
    try:
        service = _service(request.address)
    except WrongAddress as error:
        return SendResult(False, str(error))
    if not request.body:
        return SendResult(True)
    failure = _Failure()
    _watch_http(failure)
    _watch_mail(failure)
    if _send(service, request):
        return SendResult(True)
    return SendResult(False, failure.why, failure.is_content_refused)


def _service(address: str) -> NotifyBase:
    """The service that an address names.

    Raises:
        WrongAddress: It names none, or one that is not allowed.
    """
    from apprise import Apprise, AppriseAsset
    from apprise.plugins import url_to_dict

    parts = url_to_dict(address)  # type: ignore[no-untyped-call]
    scheme = str(parts["schema"]) if parts else ""
    if not parts or not scheme:
        raise WrongAddress(
            "Apprise knows no service of such an address, or something is missing in it"
        )
    if scheme not in SERVICES:
        raise WrongAddress(f"no messages may go to {scheme}://")
    if refused := REFUSED_PARAMETERS & {name.lower() for name in parts.get("qsd", ())}:
        raise WrongAddress(f"an address must not have {', '.join(sorted(refused))}=")
    asset = AppriseAsset(
        app_id="edge-vad",
        app_desc="edge-vad",
        app_url="",
        async_mode=False,
        http_redirects=False,
        image_url_mask="",  # or the phone would ask another server for a picture
        storage_mode="memory",
    )
    service = Apprise.instantiate(parts, asset=asset)
    if service is None:
        raise WrongAddress(f"something is missing in it, or wrong: see the form of {scheme}://")
    return service


def _send(service: NotifyBase, request: SendRequest) -> bool:
    from apprise import NotifyFormat, NotifyType

    try:
        return bool(
            service.notify(
                title=request.title,
                body=request.body,
                notify_type=NotifyType.WARNING,
                body_format=NotifyFormat.TEXT,
                attach=None if request.picture is None else _attachment(request.picture),
            )
        )
    except Exception:  # noqa: BLE001 - its text may hold the address
        return False


def _attachment(picture: bytes) -> AppriseAttachment:
    """A picture in memory, under a path, as some services of Apprise read paths only."""
    from apprise import AppriseAttachment
    from apprise.attachment.file import AttachFile

    handle = os.memfd_create(_NAME)
    with os.fdopen(os.dup(handle), "wb") as memory:
        memory.write(picture)
    path = f"/proc/self/fd/{handle}"
    file = AttachFile(path=path, name=_NAME, mimetype="image/jpeg")  # type: ignore[no-untyped-call]
    return AppriseAttachment(file)


def _watch_http(failure: _Failure) -> None:
    """Note what HTTP servers answer: Apprise says no more than that it failed."""
    from urllib.parse import urlsplit

    from requests.adapters import HTTPAdapter

    send: Callable[..., Any] = HTTPAdapter.send

    def noted(adapter: HTTPAdapter, request: Any, **options: Any) -> Any:
        host = urlsplit(request.url).hostname
        try:
            response = send(adapter, request, **options)
        except Exception as error:
            failure.note(f"{host} does not answer ({type(error).__name__})")
            raise
        status = response.status_code
        if not 200 <= status < 300:
            is_refused = status in _CONTENT_REFUSED
            failure.note(f"{host} answers with status {status}", is_content_refused=is_refused)
        return response

    HTTPAdapter.send = noted  # type: ignore[assignment, method-assign]


def _watch_mail(failure: _Failure) -> None:
    """Note where mail fails, and with which code of SMTP."""
    from smtplib import SMTP, SMTPRecipientsRefused, SMTPResponseException

    def watch(name: str, what: str) -> None:
        step: Callable[..., Any] = getattr(SMTP, name)

        def noted(*words: Any, **options: Any) -> Any:
            try:
                return step(*words, **options)
            except SMTPResponseException as error:
                is_refused = name == "sendmail" and error.smtp_code >= 500
                failure.note(f"{what} (code {error.smtp_code})", is_content_refused=is_refused)
                raise
            except SMTPRecipientsRefused:
                failure.note("the mail server refuses the recipient")
                raise
            except Exception as error:
                failure.note(f"{what} ({type(error).__name__})")
                raise

        setattr(SMTP, name, noted)

    watch("connect", "the mail server does not answer")
    watch("starttls", "the mail server does not agree on TLS")
    watch("login", "the mail server refuses the login")
    watch("sendmail", "the mail server does not take it")


if __name__ == "__main__":
    main()
