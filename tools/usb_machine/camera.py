"""A USB camera in software, plugged in while it runs: `python camera.py FOLDER [FORMAT…]`.

The kernel's `vhci_hcd` is given one end of a pair of sockets and speaks USB/IP on it; the other end
is the device. `uvcvideo` drives it as any webcam at high speed, with pictures by bulk transfers. It
needs root and no network, and begins with what `write_modes` wrote into FOLDER.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).parents[1]))

from usb_machine.modes import Descriptors, Mode, read_modes

_ATTACH = Path("/sys/devices/platform/vhci_hcd.0/attach")
_PORT, _DEVICE, _HIGH_SPEED = 0, 0x10002, 3
_UNLINK, _SUBMITTED, _UNLINKED = 2, 3, 4
_HEADER, _SUBMISSION = struct.Struct(">5I"), struct.Struct(">IiiiI8s")
_SUBMITTED_TAIL, _UNLINKED_TAIL = struct.Struct(">5i8x"), struct.Struct(">i24x")
_STALL, _CANCELLED = -32, -104
_SETUP, _PROBE = struct.Struct("<BBHHH"), struct.Struct("<HBBI5HII")
_PAYLOAD = 16384
"""Bytes of one transfer: the most that `uvcvideo` asks for at once of such an endpoint."""
_END_OF_HEADER, _LAST_OF_PICTURE = 0x80, 0x02


class Request(NamedTuple):
    """A transfer that waits for its answer."""

    number: int
    length: int


class Webcam:
    """Answers what the kernel asks, and sends pictures while it is asked for them."""

    def __init__(self, modes: list[Mode], wire: socket.socket) -> None:
        self._about, self._wire = Descriptors(modes), wire
        self._waiting: deque[Request] = deque()
        self._chosen = (1, 1)
        self._stop()

    def run(self) -> None:
        """Serve until it is unplugged."""
        while True:
            pause_s = max(0.0, self._due_s - time.monotonic()) if self._waiting else None
            if select.select([self._wire], [], [], pause_s)[0]:
                self._take()
            elif self._waiting:
                self._send(self._waiting.popleft(), next(self._payloads))

    def _take(self) -> None:
        command, number, _, is_in, endpoint = _HEADER.unpack(self._read(_HEADER.size))
        first, length, _, _, _, setup = _SUBMISSION.unpack(self._read(_SUBMISSION.size))
        if command == _UNLINK:
            self._unlink(number, first)
        else:
            self._submit(Request(number, length), bool(is_in), endpoint, setup)

    def _submit(self, request: Request, is_in: bool, endpoint: int, setup: bytes) -> None:
        if endpoint:
            self._waiting.append(request)
            return
        given = b"" if is_in else self._read(request.length)
        answer = self._control(_SETUP.unpack(setup), given)
        if answer is None:
            self._send(request, b"", _STALL)
        elif is_in:
            self._send(request, answer[: request.length])
        else:
            self._send(request, b"", length=len(given))

    def _control(self, setup: tuple[int, ...], given: bytes) -> bytes | None:
        """The answer to a request on endpoint 0; None where it is not known."""
        kind, asked, value, _, _ = setup
        if kind & 0x60 == 0x20:
            return self._of_video(asked, given)
        if (kind, asked) == (0x80, 6):
            return self._descriptor(value >> 8, value & 0xFF)
        if (kind, asked) == (0x02, 1):  # so uvcvideo ends the pictures of a bulk endpoint
            self._stop()
        return bytes(2) if kind & 0x80 else b""

    def _descriptor(self, kind: int, index: int) -> bytes | None:
        if kind == 3:
            texts = self._about.texts
            return texts[index] if index < len(texts) else None
        return {1: self._about.device, 2: self._about.configuration}.get(kind)

    def _of_video(self, asked: int, given: bytes) -> bytes:
        """What is to be sent is proposed, answered with what can be, and agreed on."""
        if asked == 1:
            self._chosen = self._about.numbers(*_PROBE.unpack(given[: _PROBE.size])[1:3])
            self._stop()
        if asked == 0x85:
            return struct.pack("<H", _PROBE.size)
        if asked == 0x86:
            return b"\3"
        mode = self._about.mode(*self._chosen)
        rest = (0, 0, 0, 0, 0, mode.most_bytes, _PAYLOAD)
        return _PROBE.pack(1, *self._chosen, mode.interval, *rest)

    def _stop(self) -> None:
        self._due_s = 0.0
        self._payloads = self._all_payloads(self._about.mode(*self._chosen))

    def _all_payloads(self, mode: Mode) -> Iterator[bytes]:
        """Pictures cut into payloads, spread over the time of each as a sensor reads them out.

        Those that nobody has asked for in time are left out.
        """
        begun_s, room = time.monotonic(), _PAYLOAD - 2
        number = sent = 0
        while True:
            picture = mode.pictures[number % len(mode.pictures)]
            begins = range(0, len(picture), room)
            for begin in begins:
                is_last = begin == begins[-1]
                flags = _END_OF_HEADER | _LAST_OF_PICTURE * is_last | sent & 1
                done = (begin // room + 1) / len(begins)
                self._due_s = begun_s + (number + done) / mode.fps
                yield bytes([2, flags]) + picture[begin : begin + room]
            number = max(number + 1, int((time.monotonic() - begun_s) * mode.fps))
            sent += 1

    def _unlink(self, number: int, waiting: int) -> None:
        kept = deque(each for each in self._waiting if each.number != waiting)
        status = _CANCELLED if len(kept) < len(self._waiting) else 0
        self._waiting = kept
        self._wire.sendall(_HEADER.pack(_UNLINKED, number, 0, 0, 0) + _UNLINKED_TAIL.pack(status))

    def _send(
        self, request: Request, data: bytes, status: int = 0, length: int | None = None
    ) -> None:
        tail = _SUBMITTED_TAIL.pack(status, len(data) if length is None else length, 0, 0, 0)
        self._wire.sendall(_HEADER.pack(_SUBMITTED, request.number, 0, 0, 0) + tail + data)

    def _read(self, length: int) -> bytes:
        got = b""
        while len(got) < length:
            more = self._wire.recv(length - len(got))
            if not more:
                raise ConnectionError("unplugged")
            got += more
        return got


def plug_in() -> socket.socket:
    """Give the kernel its end of the wire; closing the other one unplugs the camera."""
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        _ATTACH.write_text(f"{_PORT} {theirs.fileno()} {_DEVICE} {_HIGH_SPEED}")
    return ours


if __name__ == "__main__":
    told = read_modes(Path(sys.argv[1]))
    offered = [mode for mode in told if mode.format in (sys.argv[2:] or [mode.format])]
    Webcam(offered, plug_in()).run()
