"""What the page needs to know of scenes that are rolled out to this machine, and their errors."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

import msgspec

from edge_vad.errors import EdgeVadError

Stage = Literal["receiving", "checking", "taking over", "taken over", "refused", "rolled back"]
MOST_FILES = 256
"""Files of a push, at most."""


class PushRefused(EdgeVadError):
    """A push that this machine does not take.

    Attributes:
        status: What HTTP calls it.
    """

    code = "push-refused"
    exit_code = 3
    status: ClassVar[int] = 400


class UnknownKey(PushRefused):
    """A signature of nobody whom this machine knows."""

    code = "push-unknown-key"
    status = 403


class AlteredPush(PushRefused):
    """Files that are not what was signed."""

    code = "push-altered"


class OlderPush(PushRefused):
    """A push that is older than one that was taken over, or has expired."""

    code = "push-older"
    status = 409


class PushBusy(PushRefused):
    """Another push is under way."""

    code = "push-busy"
    status = 409


class IncompletePush(PushRefused):
    """An upload that ended too early."""

    code = "push-incomplete"


class FailedTrial(PushRefused):
    """Scenes that cannot be relied on, on this machine."""

    code = "push-selftest"


class PushOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A push that is offered.

    Attributes:
        manifest: A JSON document, exactly as it was signed.
        signature: Ed25519's, base64.
    """

    manifest: str
    signature: str


class WantedFiles(msgspec.Struct, frozen=True):
    """What is to be uploaded of a push: the files that this machine does not have.

    Attributes:
        serial: Of the push.
        files: Names, in the order in which they are to come.
        size: Bytes of all of them together.
    """

    serial: int
    files: tuple[str, ...]
    size: int


class LatestPush(msgspec.Struct, frozen=True):
    """What became of the push that came last.

    Attributes:
        serial: Of the push.
        stage: How far it is, or what became of it.
        key: Whose it is, as the file of keys calls it.
        done: Cameras that watch by it.
        cameras: Cameras that are to.
        error: What happened, where it was refused or rolled back.
        todo: What to do about that.
        code: Its kind.
    """

    serial: int
    stage: Stage
    key: str
    done: int = 0
    cameras: int = 0
    error: str = ""
    todo: str = ""
    code: str = ""


class PushStatus(msgspec.Struct, frozen=True):
    """What this machine watches by.

    Attributes:
        site: Its name, for which pushes are to be signed.
        serial: Of the push that holds; 0 where none does.
        kept: Of the one before it, which `edge-vad site rollback` takes; None where none is kept.
        latest: What became of the push that came last, since this run began.
    """

    site: str
    serial: int
    kept: int | None
    latest: LatestPush | None


class Upload(Protocol):
    """Files of a push that arrive."""

    @property
    def size(self) -> int:
        """Bytes that are to come."""

    def take(self, chunk: bytes) -> None:
        """Take the next bytes, whatever files they are of.

        Raises:
            PushRefused: They are more than were signed, or others; nothing of the push stays.
        """

    def finish(self) -> None:
        """All has come; it is checked now, and taken over, in a thread of its own.

        Raises:
            PushRefused: It is not all.
        """

    def close(self) -> None:
        """Delete what is unfinished; harmless after the end."""


class PushDesk(Protocol):
    """Who takes pushes, from any thread."""

    def status(self) -> PushStatus:
        """What this machine watches by."""

    def offer(self, manifest: bytes, signature: bytes) -> WantedFiles:
        """Look at what is offered; whether it may be uploaded.

        Raises:
            PushRefused: It may not.
        """

    def upload(self, serial: int) -> Upload:
        """Take the files of a push that was offered; to be closed.

        Raises:
            PushRefused: It was not offered, or too long ago.
        """
