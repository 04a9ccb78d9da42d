"""Makes site files, videos and pictures with something wrong in them, for `hostile.py`."""

from __future__ import annotations

import json
import random
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge_vad.cli import main as edge_vad_main
from edge_vad.selftest.small_scene import write_small_scene

SECRET = "hunter2-correct-horse"  # noqa: S105 - nobody's
FRAMES = 2
NUMBERS = [-(2**63), -1, 0, 1, 2, 255, 4096, 2**31 - 1, 2**31, 2**62, 1e-300, 1e18, 1e300, 0.5]
Random = random.Random


@dataclass
class Case:
    """A case.

    Attributes:
        what: What is wrong with it, in a few words.
        words: The command line; nothing where `runs` stands for it.
        files: Name to content, in the folder of the case.
        runs: What is done instead of the command.
    """

    what: str
    words: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    runs: Callable[[], int] | None = None

    def write(self, folder: Path) -> None:
        """Put its files into a folder."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(content)

    def run(self) -> int:
        """Run it, in the folder."""
        if self.runs:
            return self.runs()
        sys.argv = ["edge-vad", *self.words]
        edge_vad_main()
        return 0


def mutated(dice: Random, content: bytes, times: int | None = None) -> bytes:
    """The content with a few of its bytes changed, taken out, doubled or cut off."""
    data = bytearray(content)
    for _ in range(times or dice.choice([1, 1, 1, 2, 3, 8])):
        if data:
            at = dice.randrange(len(data))
            length = min(dice.choice([1, 2, 4, 8, 64]), len(data) - at)
            dice.choice(_MUTATIONS)(dice, data, at, at + length)
    return bytes(data)


def _flip(dice: Random, data: bytearray, at: int, end: int) -> None:
    data[at] ^= 1 << dice.randrange(8)


def _overwrite(dice: Random, data: bytearray, at: int, end: int) -> None:
    data[at:end] = dice.randbytes(end - at)


def _fill(dice: Random, data: bytearray, at: int, end: int) -> None:
    data[at:end] = dice.choice([b"\xff", b"\0", b"\x7f"]) * (end - at)


def _double(dice: Random, data: bytearray, at: int, end: int) -> None:
    data[at:at] = data[at:end] * dice.choice([1, 2, 100])


def _drop(dice: Random, data: bytearray, at: int, end: int) -> None:
    del data[at : end if dice.random() < 0.7 else len(data)]


_MUTATIONS = [_flip, _flip, _flip, _overwrite, _fill, _double, _drop]


@cache
def small_scene() -> bytes:
    """The scene model of the selftest."""
    with tempfile.TemporaryDirectory() as folder:
        return write_small_scene(Path(folder) / "scene.onnx").read_bytes()


@cache
def frames() -> dict[str, bytes]:
    """A folder of frames for it."""
    noise = np.random.default_rng(0).integers(0, 255, (96, 160, 3), np.uint8)
    pictures = [noise[:, 2 * n : 2 * n + 128] for n in range(FRAMES)]
    return {f"clip/{n}.png": encoded(".png", each) for n, each in enumerate(pictures)}


def encoded(suffix: str, picture: np.ndarray) -> bytes:
    """A picture as a file."""
    return cv2.imencode(suffix, picture)[1].tobytes()


def changed_json(dice: Random, text: str) -> str:
    """The document with a value of it, somewhere, changed."""
    document = json.loads(text)
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = dice.choice(keys)
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner) or dice.random() < 0.1:
            break
        place = inner
    wild = [*NUMBERS, None, "", "x" * 100_000, [], {}, [[]] * 1000, True]
    place[key] = dice.choice(wild)
    return json.dumps(document)


# Site files -----------------------------------------------------------------------------------

_SITE = f"""
backend = "onnxruntime"

[[cameras]]
name = "gate"
source = "rtsp://admin:{SECRET}@127.0.0.1/live"
scene = "scene.onnx"
fps = 8

[cameras.decision]
false_alarms = "1/day"
quiet_s = 2.0
ignore = [[[0, 0], [10, 0], [10, 10]]]

[[cameras]]
name = "yard"
source_file = "source"
scene = "scene.onnx"

[sinks]
folder = "watched"

[sinks.jsonl]

[sinks.mqtt]
host = "127.0.0.1"
username = "gate"
password_file = "secret"
"""
_VALUES = [
    *(
        "1",
        "-1",
        "1e400",
        "nan",
        "inf",
        "true",
        '""',
        "[]",
        "{}",
        "9" * 5000,
        "1979-05-27",
        "0x" + "f" * 999,
    ),
    *(f'"{SECRET}"', f'"rtsp:/127.0.0.1/x?token={SECRET}"', f'"rtsp//admin:{SECRET}@127.0.0.1/x"'),
    *(
        '"/dev/zero"',
        '"/dev/stdin"',
        '"/proc/self/mem"',
        '"\\u0000"',
        '"' + "a" * 5000 + '"',
        '"scene.onnx"',
    ),
    *(
        '"' + "../" * 2000 + '"',
        "'''\n\n'''",
        "[[[[]]]]",
        "{a.b.c = 1}",
        '"0"',
        '"1/0day"',
        '"clip"',
    ),
    *("[" * 5000, "{a=" * 5000, '"test://street?seed=1&frames=1e9"', f'"test://{SECRET}"'),
]
_KEYS = ["fps", "x", "password", "timeout_s", '""']
_SOURCES = [
    *(
        SECRET,
        f"rtsp:/127.0.0.1/x?token={SECRET}",
        f"rtsp://a:{SECRET}@[127.0.0.1/",
        f"/dev/video0?{SECRET}",
    ),
    *(
        f"test://street?{SECRET}",
        f"-----BEGIN-----\n{SECRET}\n",
        "",
        "\0" + SECRET,
        SECRET * 1000,
        f"{SECRET}:0-5",
    ),
    *(
        f"clip:{SECRET}",
        f"csi://{SECRET}",
        f"http://{SECRET}@127.0.0.1:99999/",
        "rtsp://127.0.0.1/live",
    ),
]


def site(dice: Random, canary: Path) -> Case:
    """A site file with something wrong in it, or a source that is none."""
    text = _SITE
    for _ in range(dice.choice([0, 1, 1, 1, 2, 4])):
        lines = text.splitlines()
        at = dice.randrange(len(lines))
        name = lines[at].partition(" = ")[0]
        long = "a" + dice.choice([".a", ". a", '."a"']) * dice.choice([50, 5000, 100_000])
        lines[at] = dice.choice(
            [
                f"{name} = {dice.choice(_VALUES)}",
                f"{lines[at]}\n{dice.choice(_KEYS)} = 1",
                f"{long} = 1",
                f"[{long}]",
                lines[at] + " " * dice.choice([1, 900_000]),
                "",
            ]
        )
        text = "\n".join(lines)
    content = text.encode()
    if dice.random() < 0.3:
        content = mutated(dice, content)
    wrong = dice.choice(_SOURCES).encode() if dice.random() < 0.7 else dice.randbytes(50)
    source = b"rtsp://127.0.0.1/live" if dice.random() < 0.5 else wrong
    files = {"site.toml": content, "source": source, "secret": SECRET.encode()}
    words = ["config", "check", "site.toml", *(["--json"] if dice.random() < 0.5 else [])]
    return Case("site", words, {"scene.onnx": small_scene(), **files, **frames()})


# Videos and pictures --------------------------------------------------------------------------


@cache
def videos() -> dict[str, bytes]:
    """Videos of the frames, in several forms."""
    pictures = [cv2.imdecode(np.frombuffer(each, np.uint8), 1) for each in frames().values()]
    found = {}
    forms = {"a.avi": "MJPG", "b.mp4": "mp4v", "c.mkv": "MJPG", "d.avi": "XVID", "e.mov": "mp4v"}
    with tempfile.TemporaryDirectory() as folder:
        for name, codec in forms.items():
            path = str(Path(folder) / name)
            writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*codec), 10.0, (128, 96))
            for picture in pictures * 10:
                writer.write(picture)
            writer.release()
            found[name] = Path(path).read_bytes()
    return {name: content for name, content in found.items() if content}


def medium(dice: Random, canary: Path) -> Case:
    """A video or a folder of pictures with something wrong in it."""
    words = ["score", "scene.onnx", "", "--out", "out", "--json"]
    if dice.random() < 0.5:
        name = dice.choice(sorted(videos()))
        words[2] = name
        content = mutated(dice, videos()[name], dice.choice([1, 4, 30]))
        return Case(name, words, {"scene.onnx": small_scene(), name: content})
    words[2] = "clip?fps=8"
    files = dict(frames())
    suffix = dice.choice([".png", ".jpg", ".bmp", ".tif"])
    good = encoded(suffix, cv2.imdecode(np.frombuffer(files["clip/0.png"], np.uint8), 1))
    for number in range(dice.choice([1, 2])):
        del files[f"clip/{number}.png"]
        wrong = _with_sides(dice, suffix, good) if dice.random() < 0.4 else mutated(dice, good)
        files[f"clip/{number}{suffix}"] = wrong
    return Case(suffix, words, {"scene.onnx": small_scene(), **files})


def _with_sides(dice: Random, suffix: str, good: bytes) -> bytes:
    """A picture whose header says that it is of another size."""
    wide, high = (dice.choice([0, 1, 97, 5000, 30_000, 65_535, 2**31 - 1]) for _ in range(2))
    data = bytearray(good)
    if suffix == ".png":
        data[16:24] = struct.pack(">II", wide, high)
    elif suffix == ".bmp":
        data[18:26] = struct.pack("<ii", wide, high)
    elif suffix == ".jpg":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", high % 65536, wide % 65536)
    else:
        start = struct.unpack_from("<I", data, 4)[0]
        for entry in range(
            start + 2, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], 12
        ):
            if struct.unpack_from("<H", data, entry)[0] in (256, 257, 278):
                data[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, dice.choice([wide, high]))
    return bytes(data)
