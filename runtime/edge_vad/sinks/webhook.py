"""Posts changes of events to an address, signed, at least once and in order."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import logging
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edge_vad.errors import BadInput
from edge_vad.events import ChangeKind, EventChange
from edge_vad.network.http_client import Target, post
from edge_vad.sinks.base import Sink, SinkHealth, Tally
from edge_vad.sinks.delivery import Message, NotDelivered, Outbox, QueuedMessage, Sender
from edge_vad.sinks.messages import encode, event_message, will_of
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.setting_types import check_url
from edge_vad.sinks.settings import WebhookSettings

_TRIED_AGAIN = frozenset({408, 425, 429})
"""Refusals that say no more than: later."""
_log = logging.getLogger(__name__)


class Webhook(Sink):
    """Posts a JSON document for every change of an event.

    Each request says `X-Edge-Vad-Event` (the event's id and the kind of change, the same when it
    is sent again) and, with a secret, `X-Edge-Vad-Timestamp` and `X-Edge-Vad-Signature`: `sha256=`
    and the HMAC-SHA-256, in hexadecimal, of the timestamp, a full stop and the body.

    Args:
        settings: Where to, and how.
        spool: The file in which changes wait while the other side is away.

    Raises:
        BadInput: The address or secret is not where it should be, or is none.
    """

    name = "webhook"

    def __init__(self, settings: WebhookSettings, spool: Path) -> None:
        self._settings = settings
        self._target = _Target(settings)
        secret = read_secret(settings.secret_env, settings.secret_file)
        self._secret = secret.encode() if secret else None
        self._refused = 0
        self._why = ""
        outbox = Outbox(spool, settings.spool_mb * 1_000_000)
        self._sender = Sender("webhook", outbox, self._deliver)

    def event(self, camera: str, change: EventChange) -> None:
        """Spool the change."""
        event, kind = change.event, change.kind
        will = (f"{event.id}/{ChangeKind.END.value}", encode(will_of(event)))
        if kind is ChangeKind.UPDATE and not self._settings.updates:
            return
        payload = encode(event_message(change))
        is_over = kind is ChangeKind.END
        number = "" if kind is not ChangeKind.UPDATE else f"/{event.end:.3f}"
        topic = f"{event.id}/{kind.value}{number}"
        needs_will = not is_over and change.position is None
        message = Message(topic, payload, event.id, will if needs_will else None, change.position)
        self._sender.send(message)

    def replay(self, camera: str, change: EventChange) -> None:
        """Spool the change, unless the spool has it."""
        self.event(camera, change)

    def unsaved(self) -> int:
        """Changes that are not in the spool yet."""
        return self._sender.unsaved()

    def tallies(self) -> Sequence[Tally]:
        """How many messages were taken, wait in the spool, and were lost or refused."""
        return (self._sender.tally(self._refused),)

    def health(self) -> SinkHealth:
        """Say whether the other side takes what it is sent, and how much waits."""
        sending = self._sender.health()
        why = "; ".join(each for each in (sending.why, self._why) if each)
        return SinkHealth(not why, why, sending.depth, sending.dropped + self._refused)

    def close(self, timeout_s: float) -> None:
        """Post what can be posted; the rest waits on disk for the next start."""
        self._sender.close(timeout_s)

    def _deliver(self, messages: list[QueuedMessage], stopping: threading.Event) -> int | None:
        seq, message = messages[0]
        headers = self._headers(message)
        try:
            status = self._target.post(message.payload, headers)
        except (OSError, http.client.HTTPException) as error:
            # Its text might name the address, which may hold a token.
            what = getattr(error, "strerror", None) or type(error).__name__
            raise NotDelivered(f"{self._target.host} does not answer ({what})") from None
        if status >= 500 or status < 200 or status in _TRIED_AGAIN:
            raise NotDelivered(f"{self._target.host} answers with status {status}")
        if not 200 <= status < 300:
            # It would say the same again, and what comes later must not wait for it.
            self._refused += 1
            self._why = f"{self._target.host} refused {self._refused}, last with status {status}"
            _log.warning("%s refused a change with status %d", self._target.host, status)
        else:
            self._why = ""
        return seq

    def _headers(self, message: Message) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "edge-vad",
            "X-Edge-Vad-Event": message.topic,
        }
        if self._secret:
            now = str(int(time.time()))
            signed = now.encode() + b"." + message.payload
            signature = hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
            headers["X-Edge-Vad-Timestamp"] = now
            headers["X-Edge-Vad-Signature"] = f"sha256={signature}"
        return headers


class _Target:
    """An address to post to.

    Attributes:
        host: Of the address; all that is ever told of it.
    """

    def __init__(self, settings: WebhookSettings) -> None:
        url = settings.url or read_secret(settings.url_env, settings.url_file) or ""
        try:
            check_url(url)
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadInput("the webhook's address is none", str(error)) from None
        self.host = parts.hostname or ""
        self._timeout_s = settings.timeout_s
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        context = _context(settings) if parts.scheme == "https" else None
        self._target = Target(self.host, port, context)

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """Post a document; returns the status.

        Raises:
            OSError: There is no answer in time.
            http.client.HTTPException: The answer is none.
        """
        return post(self._target, self._path, body, headers, self._timeout_s)


def _context(settings: WebhookSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise BadInput(
            f"the certificates in {settings.ca_file} cannot be used ({error.strerror or error})",
            "check ca_file",
        ) from None
