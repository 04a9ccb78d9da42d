"""Requests that are rejected, and with which HTTP status."""

from __future__ import annotations

from typing import ClassVar

from edge_vad.errors import EdgeVadError


class HttpError(EdgeVadError):
    """Something that this caller may not do.

    Attributes:
        status: What HTTP calls it.
    """

    code = "refused-request"
    status: ClassVar[int] = 403


class TokenMissing(HttpError):
    """Somebody who has not logged in."""

    status = 401

    def __init__(self) -> None:
        super().__init__("a token is asked for here", "log in, or send Authorization: Bearer")


class TokenWrong(HttpError):
    """Somebody who does not know the token."""

    status = 401

    def __init__(self) -> None:
        super().__init__("the token is wrong", "look it up where edge-vad was given it")


class MayOnlyLook(HttpError):
    """Somebody who may look, and wants to change something."""

    def __init__(self) -> None:
        super().__init__("this needs the token for changes", "log in with that")


class MayNotDeploy(HttpError):
    """Somebody who may not roll out scenes."""

    def __init__(self) -> None:
        super().__init__("this needs the token of those who roll out scenes", "send that one")


class Conflict(HttpError):
    """A change of what is another thing by now."""

    status = 412


class ConditionMissing(HttpError):
    """A change that does not say of what."""

    status = 428

    def __init__(self) -> None:
        super().__init__("the change does not say of what", "send If-Match with the ETag you have")


class TooManyTries(HttpError):
    """Somebody who has guessed too often.

    Attributes:
        wait_s: Seconds after which it may be tried again.
    """

    status = 429

    def __init__(self, wait_s: float) -> None:
        super().__init__("too many wrong tokens", f"try again in {wait_s:.0f} s")
        self.wait_s = wait_s


class UnknownHost(HttpError):
    """The server was called by a name that is not its own, as in DNS rebinding."""

    status = 421

    def __init__(self) -> None:
        super().__init__(
            "what is here does not go by that name",
            "call it by its address, or add the name to hosts in [sinks.page] or [sinks.metrics]",
        )


class ForeignOrigin(HttpError):
    """Another site's page asked for something."""

    def __init__(self) -> None:
        super().__init__("another site asked for this", "open the page itself")


class NotFound(HttpError):
    """There is no such thing, or no longer."""

    status = 404


class TooLarge(HttpError):
    """A body that is longer than any that makes sense."""

    status = 413


class HeadTooLarge(HttpError):
    """An address and headers that are longer than any that make sense."""

    status = 431

    def __init__(self) -> None:
        super().__init__("the address and headers are too long", "send fewer, and smaller cookies")
