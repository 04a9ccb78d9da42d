"""Makes scene models with something wrong in them, for `hostile.py`."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from hostile_files import NUMBERS, Case, changed_json, frames, mutated, small_scene
from onnx import helper, numpy_helper

from edge_vad import scene_file

Random = random.Random
_WHOLE = [each for each in NUMBERS if isinstance(each, int)]


def scene(dice: Random, canary: Path) -> Case:
    """A scene model with something wrong in it, most often with a digest that fits."""
    made = dice.choice([_flipped, _sealed, _sealed, _card, _graph, _graph, _graph])
    content = made(dice, canary)
    words = ["score", "scene.onnx", "clip?fps=8", "--out", "out", "--json"]
    return Case(made.__name__.strip("_"), words, {"scene.onnx": content, **frames()})


def _flipped(dice: Random, canary: Path) -> bytes:
    return mutated(dice, small_scene())


def _sealed(dice: Random, canary: Path) -> bytes:
    return scene_file.append_digest(mutated(dice, small_scene()))


def _model() -> Any:
    return onnx.load_from_string(small_scene())


def _written(model: Any) -> bytes:
    content: bytes = model.SerializeToString()
    return scene_file.append_digest(content)


def _card(dice: Random, canary: Path) -> bytes:
    model = _model()
    pair = model.metadata_props[0]
    for _ in range(dice.choice([1, 1, 2, 5])):
        pair.value = changed_json(dice, pair.value)
    return _written(model)


def _graph(dice: Random, canary: Path) -> bytes:
    """With a graph that says something else."""
    model = _model()
    for _ in range(dice.choice([1, 1, 2, 4])):
        dice.choice(_CHANGES)(dice, model.graph, canary)
    return _written(model)


def _operator(dice: Random, graph: Any, canary: Path) -> None:
    known = sorted(each.name for each in onnx.defs.get_all_schemas() if not each.domain)
    dice.choice(graph.node).op_type = dice.choice(known)


def _attribute(dice: Random, graph: Any, canary: Path) -> None:
    nodes = [node for node in graph.node if node.attribute]
    attribute = dice.choice(dice.choice(nodes).attribute)
    attribute.i = dice.choice(_WHOLE)
    attribute.ints[:] = [dice.choice(_WHOLE) for _ in attribute.ints]


def _wiring(dice: Random, graph: Any, canary: Path) -> None:
    node, other = (dice.choice(graph.node) for _ in range(2))
    node.input[dice.randrange(len(node.input))] = dice.choice([*other.output, "frame", ""])


def _weights(dice: Random, graph: Any, canary: Path) -> None:
    # Not those that another change has emptied, or called something else.
    tensor = dice.choice([each for each in graph.initializer if _is_whole(each)])
    wild = [np.nan, np.inf, -np.inf, 1e38, -1e38, 0.0, 1e-45]
    if tensor.data_type == 1:
        values = np.frombuffer(tensor.raw_data, np.float32).copy()
        values[dice.randrange(len(values))] = dice.choice(wild)
    else:
        values = np.frombuffer(tensor.raw_data, np.int64).copy()
        values[dice.randrange(len(values))] = dice.choice(_WHOLE)
    tensor.raw_data = values.tobytes()


def _is_whole(tensor: Any) -> bool:
    size = {1: 4, 7: 8}.get(tensor.data_type)
    return bool(size and tensor.raw_data) and len(tensor.raw_data) % size == 0


def _sides(dice: Random, graph: Any, canary: Path) -> None:
    tensor = dice.choice(graph.initializer)
    if tensor.dims:
        tensor.dims[dice.randrange(len(tensor.dims))] = dice.choice(_WHOLE)
    tensor.data_type = dice.choice([tensor.data_type, *range(25)])


def _elsewhere(dice: Random, graph: Any, canary: Path) -> None:
    tensor = dice.choice(graph.initializer)
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    where = dice.choice([str(canary), f"../canary/{canary.name}", "clip/0.png"])
    tensor.external_data.add(key="location", value=where)


def _growing(dice: Random, graph: Any, canary: Path) -> None:
    """Puts what takes memory or time before the graph."""
    side = dice.choice([10, 1000, 5000, 30_000, 10**6, 2**40])
    graph.initializer.append(numpy_helper.from_array(np.array([side, side], np.int64), "many"))
    graph.initializer.append(numpy_helper.from_array(np.float32(1), "one"))
    operator = dice.choice(["Expand", "ConstantOfShape", "Tile"])
    inputs = {"ConstantOfShape": ["many"], "Expand": ["one", "many"], "Tile": ["plane", "many"]}
    nodes = [
        helper.make_node("Unsqueeze", ["one", "cells"], ["plane_"]),
        helper.make_node("Squeeze", ["plane_", "cells"], ["flat"]),
        helper.make_node("Unsqueeze", ["flat", "cells"], ["plane__"]),
        helper.make_node("ReduceMax", ["plane__", "component"], ["plane"], keepdims=0),
        helper.make_node(operator, inputs[operator], ["big0"]),
    ]
    count = dice.choice([0, 1, 30, 300])
    nodes += [
        helper.make_node("MatMul", [f"big{n}", "big0"], [f"big{n + 1}"]) for n in range(count)
    ]
    nodes.append(helper.make_node("ReduceMax", [f"big{count}"], ["top"], keepdims=0))
    kept = list(graph.node)
    kept[0].output[0] = "frame_float_"
    nodes += [kept[0], helper.make_node("Add", ["frame_float_", "top"], ["frame_float"])]
    del graph.node[:]
    graph.node.extend([*nodes, *kept[1:]])


def _reshaping(dice: Random, graph: Any, canary: Path) -> None:
    """Gives a node a tensor of other sides."""
    place = dice.randrange(len(graph.node))
    sides = [dice.choice([-1, 0, 1, 1, 2, 4, 32]) for _ in range(dice.randrange(7))]
    graph.initializer.append(numpy_helper.from_array(np.array(sides, np.int64), "other_sides"))
    taken = graph.node[place].input[0]
    graph.node[place].input[0] = "of_other_sides"
    node = helper.make_node("Reshape", [taken, "other_sides"], ["of_other_sides"])
    graph.node.insert(place, node)


_CHANGES = [
    _reshaping,
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
