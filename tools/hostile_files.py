"""Makes the hostile files of `hostile.py`: good ones, with something wrong in them."""

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

from edge_vad import cpu_variant, scene_file
from edge_vad.cli import main as edge_vad_main
from edge_vad.protobuf import block
from edge_vad.selftest.small_scene import write_small_scene

SECRET = "hunter2-correct-horse"  # noqa: S105 - nobody's
FRAMES = 4
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


def maker(kind: str) -> Callable[[Random, Path], Case]:
    """What makes the cases of a kind; all that is loaded once is loaded here, before any fork."""
    import edge_vad.backends.onnxruntime
    import edge_vad.cli.config
    import edge_vad.cli.score
    import edge_vad.sources.folder
    import edge_vad.sources.video  # noqa: F401

    makers = {"scenes": scene, "checkpoints": checkpoint, "sites": site, "media": medium}
    if kind == "checkpoints":
        trained()
    return makers[kind]


def mutated(random: Random, content: bytes, times: int | None = None) -> bytes:
    """The content with a few of its bytes changed, taken out, doubled, moved or cut off."""
    data = bytearray(content)
    for _ in range(times or random.choice([1, 1, 1, 2, 3, 8])):
        if not data:
            break
        at = random.randrange(len(data))
        length = min(random.choice([1, 2, 4, 8, 64]), len(data) - at)
        change = random.randrange(8)
        if change < 3:
            data[at] ^= 1 << random.randrange(8)
        elif change == 3:
            data[at : at + length] = random.randbytes(length)
        elif change == 4:
            data[at : at + length] = random.choice([b"\xff", b"\0", b"\x7f"]) * length
        elif change == 5:
            del data[at : at + length]
        elif change == 6:
            data[at:at] = data[at : at + length] * random.choice([1, 2, 100])
        elif random.random() < 0.3:
            del data[at:]
    return bytes(data)


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


def changed_json(random: Random, text: str) -> str:
    """The document with a value of it, somewhere, changed."""
    document = json.loads(text)
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = random.choice(keys)
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner) or random.random() < 0.1:
            break
        place = inner
    wild = [*NUMBERS, None, "", "x" * 100_000, [], {}, [[]] * 1000, True]
    place[key] = random.choice(wild)
    return json.dumps(document)


# Scene models ---------------------------------------------------------------------------------


def scene(random: Random, canary: Path) -> Case:
    """A scene model with something wrong in it, most often with a digest that fits."""
    made = random.choice([_flipped, _sealed, _sealed, _card, _graph, _graph, _graph, _variant])
    content = made(random, canary)
    words = ["score", "scene.onnx", "clip", "--out", "out", "--json"]
    return Case(made.__name__.strip("_"), words, {"scene.onnx": content, **frames()})


def _flipped(random: Random, canary: Path) -> bytes:
    return mutated(random, small_scene())


def _sealed(random: Random, canary: Path) -> bytes:
    return scene_file.seal(mutated(random, small_scene()))


def _model() -> Any:
    import onnx

    return onnx.load_from_string(small_scene())


def _written(model: Any) -> bytes:
    content: bytes = model.SerializeToString()
    return scene_file.seal(content)


def _card(random: Random, canary: Path) -> bytes:
    model = _model()
    pair = model.metadata_props[0]
    for _ in range(random.choice([1, 1, 2, 5])):
        pair.value = changed_json(random, pair.value)
    return _written(model)


def _variant(random: Random, canary: Path) -> bytes:
    """With nodes for CPUs that are mutated, or stand in for others."""
    model = _model()
    graph = model.graph
    taken = random.choice(list(graph.node))
    part = block(1, taken.SerializeToString())
    part += block(5, random.choice(list(graph.initializer)).SerializeToString())
    held = cpu_variant.encode(mutated(random, part) if random.random() < 0.8 else part)
    del model.metadata_props[-1]
    model.metadata_props.add(key=cpu_variant.KEY, value=held)
    return _written(model)


def _graph(random: Random, canary: Path) -> bytes:
    """With a graph that says something else."""
    model = _model()
    for _ in range(random.choice([1, 1, 2, 4])):
        random.choice(_CHANGES)(random, model.graph, canary)
    return _written(model)


def _operator(random: Random, graph: Any, canary: Path) -> None:
    import onnx

    known = sorted(each.name for each in onnx.defs.get_all_schemas() if not each.domain)
    random.choice(graph.node).op_type = random.choice(known)


def _attribute(random: Random, graph: Any, canary: Path) -> None:
    nodes = [node for node in graph.node if node.attribute]
    attribute = random.choice(random.choice(nodes).attribute)
    whole = [each for each in NUMBERS if isinstance(each, int)]
    attribute.i = random.choice(whole)
    attribute.ints[:] = [random.choice(whole) for _ in attribute.ints]


def _wiring(random: Random, graph: Any, canary: Path) -> None:
    node, other = (random.choice(graph.node) for _ in range(2))
    node.input[random.randrange(len(node.input))] = random.choice([*other.output, "frame", ""])


def _weights(random: Random, graph: Any, canary: Path) -> None:
    tensor = random.choice(graph.initializer)
    wild = [np.nan, np.inf, -np.inf, 1e38, -1e38, 0.0, 1e-45]
    if tensor.data_type == 1:
        values = np.frombuffer(tensor.raw_data, np.float32).copy()
        values[random.randrange(len(values))] = random.choice(wild)
    else:
        values = np.frombuffer(tensor.raw_data, np.int64).copy()
        whole = [each for each in NUMBERS if isinstance(each, int)]
        values[random.randrange(len(values))] = random.choice(whole)
    tensor.raw_data = values.tobytes()


def _sides(random: Random, graph: Any, canary: Path) -> None:
    tensor = random.choice(graph.initializer)
    whole = [each for each in NUMBERS if isinstance(each, int)]
    if tensor.dims:
        tensor.dims[random.randrange(len(tensor.dims))] = random.choice(whole)
    tensor.data_type = random.choice([tensor.data_type, *range(25)])


def _elsewhere(random: Random, graph: Any, canary: Path) -> None:
    tensor = random.choice(graph.initializer)
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    where = random.choice([str(canary), f"../canary/{canary.name}", "clip/0.png"])
    tensor.external_data.add(key="location", value=where)


def _growing(random: Random, graph: Any, canary: Path) -> None:
    """Puts what takes memory or time before the graph."""
    from onnx import helper, numpy_helper

    side = random.choice([10, 1000, 5000, 30_000, 10**6, 2**40])
    graph.initializer.append(numpy_helper.from_array(np.array([side, side], np.int64), "many"))
    graph.initializer.append(numpy_helper.from_array(np.float32(1), "one"))
    operator = random.choice(["Expand", "ConstantOfShape", "Tile"])
    inputs = {"ConstantOfShape": ["many"], "Expand": ["one", "many"], "Tile": ["plane", "many"]}
    nodes = [
        helper.make_node("Unsqueeze", ["one", "cells"], ["plane_"]),
        helper.make_node("Squeeze", ["plane_", "cells"], ["flat"]),
        helper.make_node("Unsqueeze", ["flat", "cells"], ["plane__"]),
        helper.make_node("ReduceMax", ["plane__", "component"], ["plane"], keepdims=0),
        helper.make_node(operator, inputs[operator], ["big0"]),
    ]
    count = random.choice([0, 1, 30, 300])
    nodes += [
        helper.make_node("MatMul", [f"big{n}", "big0"], [f"big{n + 1}"]) for n in range(count)
    ]
    nodes.append(helper.make_node("ReduceMax", [f"big{count}"], ["top"], keepdims=0))
    kept = list(graph.node)
    kept[0].output[0] = "frame_float_"
    nodes += [kept[0], helper.make_node("Add", ["frame_float_", "top"], ["frame_float"])]
    del graph.node[:]
    graph.node.extend([*nodes, *kept[1:]])


_CHANGES = [
    _operator,
    _attribute,
    _attribute,
    _wiring,
    _weights,
    _weights,
    _sides,
    _elsewhere,
    _growing,
]


# Trained scenes -------------------------------------------------------------------------------


@cache
def trained() -> bytes:
    """A scene that was trained for a moment."""
    from contextlib import contextmanager

    from lightning_fabric import Fabric

    from edge_vad_train.datasets import open_dataset
    from edge_vad_train.settings import TrainSettings
    from edge_vad_train.training import train_scene

    class Silence:
        @contextmanager
        def stage(self, label, length):
            yield lambda count, remark: None

        def warn(self, text: str) -> None: ...

    settings = TrainSettings(steps=10, latent=3, components=3, patches=600, cells=2000)
    clips = open_dataset("test://street?seed=1&frames=120&size=128x96", "video").train
    with tempfile.TemporaryDirectory() as folder:
        fabric = Fabric(accelerator="cpu", devices=1)
        train_scene(clips, Path(folder), settings, fabric, Silence())
        return (Path(folder) / "scene.safetensors").read_bytes()


def checkpoint(random: Random, canary: Path) -> Case:
    """A trained scene with something wrong in it."""
    content = trained()
    length = struct.unpack("<Q", content[:8])[0]
    header, weights = content[8 : 8 + length], content[8 + length :]
    what = random.choice(["bytes", "header", "card", "design", "shapes"])
    if what == "bytes":
        content = mutated(random, content)
    else:
        if what == "header":
            header = mutated(random, header)
        else:
            document = json.loads(header)
            part = document["__metadata__"]
            if what == "shapes":
                tensor = document[random.choice([name for name in document if "." in name])]
                key = random.choice(["shape", "data_offsets", "dtype"])
                wild = [[], [2**62, 2**62], [-1], [0], "F64", "U8", "BOOL", [1] * 99]
                tensor[key] = random.choice(wild)
            else:
                for _ in range(random.choice([1, 1, 2, 4])):
                    part[what] = changed_json(random, part[what])
            header = json.dumps(document).encode()
        content = struct.pack("<Q", len(header)) + header + weights
    return Case(what, files={"scene.safetensors": content}, runs=_load)


def _load() -> int:
    from edge_vad.cli import fail
    from edge_vad.errors import EdgeVadError
    from edge_vad_train.checkpoint import load_trained

    try:
        load_trained(Path())
    except EdgeVadError as error:
        fail(error.what, error.todo)
        return error.exit_code
    return 0


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


def site(random: Random, canary: Path) -> Case:
    """A site file with something wrong in it, or a source that is none."""
    text = _SITE
    for _ in range(random.choice([0, 1, 1, 1, 2, 4])):
        lines = text.splitlines()
        at = random.randrange(len(lines))
        name = lines[at].partition(" = ")[0]
        long = "a" + random.choice([".a", ". a", '."a"']) * random.choice([50, 5000, 100_000])
        lines[at] = random.choice(
            [
                f"{name} = {random.choice(_VALUES)}",
                f"{lines[at]}\n{random.choice(_KEYS)} = 1",
                f"{long} = 1",
                f"[{long}]",
                lines[at] + " " * random.choice([1, 900_000]),
                "",
            ]
        )
        text = "\n".join(lines)
    content = text.encode()
    if random.random() < 0.3:
        content = mutated(random, content)
    source = random.choice(_SOURCES).encode() if random.random() < 0.7 else random.randbytes(50)
    files = {"site.toml": content, "source": source, "secret": SECRET.encode()}
    words = ["config", "check", "site.toml", *(["--json"] if random.random() < 0.5 else [])]
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
            for picture in pictures * 5:
                writer.write(picture)
            writer.release()
            found[name] = Path(path).read_bytes()
    return {name: content for name, content in found.items() if content}


def medium(random: Random, canary: Path) -> Case:
    """A video or a folder of pictures with something wrong in it."""
    words = ["score", "scene.onnx", "", "--out", "out", "--json"]
    if random.random() < 0.5:
        name = random.choice(sorted(videos()))
        words[2] = name
        content = mutated(random, videos()[name], random.choice([1, 4, 30]))
        return Case(name, words, {"scene.onnx": small_scene(), name: content})
    words[2] = "clip"
    files = dict(frames())
    suffix = random.choice([".png", ".jpg", ".bmp", ".tif"])
    good = encoded(suffix, cv2.imdecode(np.frombuffer(files["clip/0.png"], np.uint8), 1))
    for number in range(random.choice([1, 2, 4])):
        del files[f"clip/{number}.png"]
        wrong = (
            _with_sides(random, suffix, good) if random.random() < 0.4 else mutated(random, good)
        )
        files[f"clip/{number}{suffix}"] = wrong
    return Case(suffix, words, {"scene.onnx": small_scene(), **files})


def _with_sides(random: Random, suffix: str, good: bytes) -> bytes:
    """A picture whose header says that it is of another size."""
    wide, high = (random.choice([0, 1, 97, 5000, 30_000, 65_535, 2**31 - 1]) for _ in range(2))
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
                data[entry + 2 : entry + 12] = struct.pack(
                    "<HII", 4, 1, random.choice([wide, high])
                )
    return bytes(data)
