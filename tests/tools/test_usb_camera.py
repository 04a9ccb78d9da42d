"""The simulated USB camera, asked as the kernel asks it: by USB/IP on a pair of sockets."""

from __future__ import annotations

import socket
import stat
import struct
import threading
from contextlib import suppress

import pytest
from usb_machine.camera import Webcam
from usb_machine.initramfs import initramfs
from usb_machine.kernel import Modules, bare_kernel
from usb_machine.modes import Descriptors, Mode, read_modes, write_modes

MODES = [
    Mode("MJPG", 640, 480, 50, [b"\xff\xd8" + bytes([number]) * 40_000 for number in range(3)]),
    Mode("MJPG", 320, 240, 2, [b"\xff\xd8small"]),
    Mode("YUYV", 320, 240, 50, [bytes([number]) * 320 * 240 * 2 for number in range(3)]),
]
PROBE = struct.Struct("<HBBI5HII")


class Kernel:
    """The other end of the camera's wire."""

    def __init__(self, wire):
        self._wire, self._number = wire, 0

    def send(self, *, endpoint=0, is_in=True, length=0, setup=bytes(8), data=b""):
        """Ask for a transfer, and say its number."""
        self._number += 1
        head = struct.pack(">5I", 1, self._number, 0x10002, is_in, endpoint)
        self._wire.sendall(head + struct.pack(">IiiiI8s", 0, length, 0, 0, 0, setup) + data)
        return self._number

    def cancel(self, number):
        """Take a transfer back, and say what becomes of it."""
        self._number += 1
        head = struct.pack(">5I", 2, self._number, 0x10002, 0, 0)
        self._wire.sendall(head + struct.pack(">I24x", number))
        kind = self._read_kind()
        while kind == 3:  # what was under way arrives before
            _, length, *_ = struct.unpack(">5i8x", self._read(28))
            self._read(length)
            kind = self._read_kind()
        assert kind == 4
        return struct.unpack(">i24x", self._read(28))[0]

    def answer(self, *, is_in=True):
        """The number of the transfer that ends next, its status, and its bytes."""
        kind, number, *_ = struct.unpack(">5I", self._read(20))
        assert kind == 3
        status, length, *_ = struct.unpack(">5i8x", self._read(28))
        return number, status, self._read(length) if is_in else b""

    def control(self, kind, asked, value=0, index=0, *, length=255, data=b""):
        """Status and bytes of a control transfer."""
        is_in = bool(kind & 0x80)
        length = length if is_in else len(data)
        setup = struct.pack("<BBHHH", kind, asked, value, index, length)
        number = self.send(is_in=is_in, length=length, setup=setup, data=data)
        told, status, answer = self.answer(is_in=is_in)
        assert told == number
        return status, answer

    def choose(self, format_number, frame_number):
        """Propose, look at what is answered, and agree."""
        proposal = PROBE.pack(0, format_number, frame_number, *[0] * 8)
        assert self.control(0x21, 0x01, 0x100, 1, data=proposal)[0] == 0
        answer = self.control(0xA1, 0x81, 0x100, 1)[1]
        assert self.control(0x21, 0x01, 0x200, 1, data=answer)[0] == 0
        return PROBE.unpack(answer)

    def picture(self):
        """The payloads up to the end of a picture, and the bit that toggles with each."""
        picture, bits = b"", set()
        while True:
            self.send(endpoint=1, length=16384)
            payload = self.answer()[2]
            assert payload[0] == 2
            picture += payload[2:]
            bits.add(payload[1] & 1)
            if payload[1] & 2:
                return picture, bits

    def _read_kind(self):
        return struct.unpack(">5I", self._read(20))[0]

    def _read(self, length):
        got = b""
        while len(got) < length:
            got += self._wire.recv(length - len(got))
        return got


@pytest.fixture
def kernel():
    ours, theirs = socket.socketpair()
    ours.settimeout(60)

    def serve():
        with theirs, suppress(ConnectionError):
            Webcam(MODES, theirs).run()

    thread = threading.Thread(target=serve)
    thread.start()
    yield Kernel(ours)
    ours.close()
    thread.join()


def parts(descriptors):
    """Each descriptor of several."""
    while descriptors:
        yield descriptors[: descriptors[0]]
        descriptors = descriptors[descriptors[0] :]


def test_the_lengths_that_are_told_are_those_of_what_is_told(kernel):
    status, told = kernel.control(0x80, 6, 0x200, length=4096)
    each = list(parts(told))
    assert status == 0
    assert struct.unpack_from("<H", told, 2)[0] == len(told) == sum(map(len, each))
    (control,) = [
        n for n, part in enumerate(each) if part[1:3] == b"\x24\x01" and part[3:5] == b"\0\1"
    ]
    (streams,) = [n for n, part in enumerate(each) if part[1:3] == b"\x24\x01" and n != control]
    ends = [n for n, part in enumerate(each) if part[1] in (4, 5)]
    for begin in (control, streams):
        place = 5 if begin == control else 4
        end = min(n for n in ends if n > begin)
        length = struct.unpack_from("<H", each[begin], place)[0]
        assert length == sum(map(len, each[begin:end]))


def test_every_size_is_told_with_its_rate():
    told = list(parts(Descriptors(MODES).configuration))
    sizes = [
        struct.unpack_from("<HH", part, 5)
        for part in told
        if part[1:3] in (b"\x24\x05", b"\x24\x07")
    ]
    rates = [
        struct.unpack_from("<I", part, 21)[0]
        for part in told
        if part[1:3] in (b"\x24\x05", b"\x24\x07")
    ]
    assert sizes == [(640, 480), (320, 240), (320, 240)]
    assert rates == [200_000, 5_000_000, 200_000]


@pytest.mark.parametrize(
    ("format_number", "frame_number", "mode"), [(1, 1, 0), (1, 2, 1), (2, 1, 2)]
)
def test_pictures_arrive_whole_in_the_mode_that_was_agreed_on(
    kernel, format_number, frame_number, mode
):
    chosen = kernel.choose(format_number, frame_number)
    assert chosen[1:3] == (format_number, frame_number)
    first, second = kernel.picture(), kernel.picture()
    assert first[0] in MODES[mode].pictures
    assert second[0] in MODES[mode].pictures
    assert (first[1], second[1]) == ({0}, {1})


def test_what_is_not_there_is_answered_with_what_is(kernel):
    assert kernel.choose(7, 9)[1:3] == (2, 1)


def test_an_unknown_descriptor_is_refused(kernel):
    assert kernel.control(0x80, 6, 0x600)[0] == -32


def test_a_transfer_is_taken_back_once(kernel):
    kernel.choose(1, 2)  # two a second, so that most of these wait for long
    numbers = [kernel.send(endpoint=1, length=16384) for _ in range(200)]
    assert kernel.cancel(numbers[-1]) == -104
    assert kernel.cancel(numbers[-1]) == 0


def test_modes_are_read_as_they_were_written(tmp_path):
    write_modes(tmp_path, MODES)
    assert read_modes(tmp_path) == MODES


def test_modules_come_after_what_they_need(tmp_path):
    for name, needs in {"a-b": "c,d", "c": "d", "d": ""}.items():
        (tmp_path / f"{name}.ko").write_bytes(b"license=GPL\0depends=" + needs.encode() + b"\0")
    assert list(Modules(tmp_path).in_order("a_b", "built_in", "d")) == ["d", "c", "a_b"]


def test_a_kernel_that_is_packed_otherwise_is_left_as_it_is():
    image = bytes(2048)
    assert bare_kernel(image) is image


def test_the_archive_holds_programs_and_modules_at_whole_words(tmp_path):
    (tmp_path / "busybox").write_bytes(b"program")
    archive = initramfs(tmp_path / "busybox", {"one": b"first", "two": b"second!"})
    found, place, name = {}, 0, ""
    while name != "TRAILER!!!":
        assert archive[place : place + 6] == b"070701"
        fields = [int(archive[place + 6 + 8 * n : place + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = archive[place + 110 : place + 109 + length].decode()
        begin = -(-(place + 110 + length) // 4) * 4
        found[name] = (mode, archive[begin : begin + size])
        place = -(-(begin + size) // 4) * 4
    assert place == len(archive)
    assert found["bin/busybox"] == (stat.S_IFREG | 0o755, b"program")
    assert found["modules/01-two.ko"][1] == b"second!"
    assert list(found).index("modules/00-one.ko") < list(found).index("modules/01-two.ko")
