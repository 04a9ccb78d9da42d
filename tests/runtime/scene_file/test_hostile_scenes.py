"""A scene model holds what the exporter writes, or it is refused before anything runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

import edge_vad
from edge_vad import scene_file
from edge_vad.backends import load_backend
from edge_vad.backends.base import ModelInput
from edge_vad.errors import BadModel
from edge_vad.onnx_file.wire import block, number
from edge_vad.scene_file import parsing
from edge_vad.scene_file.operators import ALLOWED
from edge_vad.scene_model import SceneModel

Change = Callable[[onnx.ModelProto], None]


@pytest.fixture
def changed(make: SimpleNamespace, tmp_path: Path) -> Callable[[Change], Path]:
    """Writes a scene whose graph was changed, with a digest that fits."""

    def write(change: Change) -> Path:
        path = make.scene(tmp_path / "scene.onnx", make.card())
        model = onnx.load_from_string(path.read_bytes())
        del model.metadata_props[-1]
        change(model)
        path.write_bytes(scene_file.append_digest(model.SerializeToString()))
        return path

    return write


def before(*nodes: onnx.NodeProto) -> Change:
    """Puts nodes before all others."""

    def change(model: onnx.ModelProto) -> None:
        kept = list(model.graph.node)
        del model.graph.node[:]
        model.graph.node.extend([*nodes, *kept])

    return change


def weights(**changes: object) -> Change:
    """Adds weights, and sets fields of them."""

    def change(model: onnx.ModelProto) -> None:
        tensor = numpy_helper.from_array(np.ones(4, np.float32), "more")
        for name, value in changes.items():
            if isinstance(value, list):
                del getattr(tensor, name)[:]
                getattr(tensor, name).extend(value)
            else:
                setattr(tensor, name, value)
        model.graph.initializer.append(tensor)

    return change


def elsewhere(location: str) -> Change:
    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer.add(name="more", data_type=1, dims=[4])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    return change


def body(*nodes: onnx.NodeProto) -> onnx.GraphProto:
    nodes = nodes or (helper.make_node("Identity", ["row"], ["kept"]),)
    row = helper.make_tensor_value_info("row", TensorProto.FLOAT, [4])
    kept = helper.make_tensor_value_info("kept", TensorProto.FLOAT, [4])
    return helper.make_graph(list(nodes), "body", [row], [kept])


def scan(steps: int, inner: onnx.GraphProto | None = None) -> Change:
    def change(model: onnx.ModelProto) -> None:
        rows = numpy_helper.from_array(np.ones((steps, 4), np.float32), "rows")
        model.graph.initializer.append(rows)
        node = helper.make_node(
            "Scan", ["rows"], ["scanned"], body=inner or body(), num_scan_inputs=1
        )
        before(node)(model)

    return change


def scan_of_unknown_length(model: onnx.ModelProto) -> None:
    before(
        helper.make_node("NonZero", ["motion"], ["places"]),
        helper.make_node("Cast", ["places"], ["rows"], to=1),
        helper.make_node("Scan", ["rows"], ["scanned"], body=body(), num_scan_inputs=1),
    )(model)


def nested(depth: int) -> onnx.GraphProto:
    inner = body()
    for _ in range(depth):
        inner = body(
            helper.make_node("If", ["row"], ["kept"], then_branch=inner, else_branch=body())
        )
    return inner


def divided(operator: str, divisor: list[int] | None) -> Change:
    """Divides whole numbers, by weights or by what is computed."""

    def change(model: onnx.ModelProto) -> None:
        sides = helper.make_node("Shape", ["motion"], ["sides"])
        by = helper.make_node("Sub", ["sides", "sides"], ["by"])
        if divisor:
            model.graph.initializer.append(numpy_helper.from_array(np.array(divisor), "by"))
        quotient = helper.make_node(operator, ["sides", "by"], ["quotient"])
        before(sides, *([] if divisor else [by]), quotient)(model)

    return change


def conv(**attributes: object) -> Change:
    def change(model: onnx.ModelProto) -> None:
        kernel = numpy_helper.from_array(np.ones((4, 4, 1, 1), np.float32), "kernel")
        model.graph.initializer.append(kernel)
        before(helper.make_node("Conv", ["motion", "kernel"], ["x"], **attributes))(model)

    return change


def folded(*making: onnx.NodeProto, sides: tuple[int, ...] = (4, 4, 1, 1)) -> Change:
    """Folds what is made of the motion with weights of these sides."""

    def change(model: onnx.ModelProto) -> None:
        kernel = numpy_helper.from_array(np.ones(sides, np.float32), "kernel")
        axis = numpy_helper.from_array(np.array([1]), "axis")
        model.graph.initializer.extend([kernel, axis])
        taken = making[-1].output[0] if making else "motion"
        before(*making, helper.make_node("Conv", [taken, "kernel"], ["x"]))(model)

    return change


def reshaped(sides: list[int] | None) -> Change:
    """Folds the motion in other sides; where these are None, they are computed."""

    def change(model: onnx.ModelProto) -> None:
        making = [helper.make_node("Reshape", ["motion", "wanted"], ["reshaped"])]
        if sides is None:
            making.insert(0, helper.make_node("Shape", ["motion"], ["wanted"]))
        else:
            wanted = numpy_helper.from_array(np.array(sides, np.int64), "wanted")
            model.graph.initializer.append(wanted)
        folded(*making)(model)

    return change


def folded_product(model: onnx.ModelProto) -> None:
    row = numpy_helper.from_array(np.ones(32, np.float32), "row")
    model.graph.initializer.append(row)
    folded(helper.make_node("MatMul", ["motion", "row"], ["product"]))(model)


def folded_twice(model: onnx.ModelProto) -> None:
    axes = numpy_helper.from_array(np.array([1, 1]), "axes")
    model.graph.initializer.append(axes)
    fewer = helper.make_node("ReduceMax", ["motion", "axes"], ["fewer"], keepdims=0)
    folded(fewer, sides=(4, 4))(model)


def folded_by_computed(model: onnx.ModelProto) -> None:
    sides = numpy_helper.from_array(np.array([4, 4, 1, 1], np.int64), "wanted")
    model.graph.initializer.append(sides)
    made = helper.make_node("ConstantOfShape", ["wanted"], ["computed"])
    before(made, helper.make_node("Conv", ["motion", "computed"], ["x"]))(model)


def highest(*making: onnx.NodeProto, count: int = 3) -> Change:
    """Takes the highest of what is made of the motion."""

    def change(model: onnx.ModelProto) -> None:
        numbers = {"none": [0], "one": [1], "row": [1, -1], "few": [2], "count": [count]}
        for name, each in numbers.items():
            held = numpy_helper.from_array(np.array(each, np.int64), name)
            model.graph.initializer.append(held)
        taken = making[-1].output[0] if making else "motion"
        before(*making, helper.make_node("TopK", [taken, "count"], ["x", "places"]))(model)

    return change


EMPTIED = {
    "a side that is cut away": [helper.make_node("Slice", ["motion", "one", "one", "few"], ["y"])],
    "a batch that is cut away": [
        helper.make_node("Slice", ["motion", "none", "none", "none"], ["y"]),
        helper.make_node("Relu", ["y"], ["z"]),
    ],
    "nobody knows what": [
        helper.make_node("NonZero", ["motion"], ["y"]),
    ],
    "nothing that is picked": [
        helper.make_node("Cast", ["motion"], ["places"], to=7),
        helper.make_node("Slice", ["places", "one", "one", "few"], ["none_of"]),
        helper.make_node("GatherElements", ["motion", "none_of"], ["y"], axis=2),
    ],
    "a reshaped nothing": [
        helper.make_node("Slice", ["motion", "one", "one", "few"], ["y"]),
        helper.make_node("Reshape", ["y", "row"], ["z"], allowzero=1),
    ],
}
"""What is made of the motion, and may hold nothing."""


HIGHEST = [
    helper.make_node("ArgMax", ["motion"], ["place"], axis=1, keepdims=0),
    helper.make_node("Cast", ["place"], ["number"], to=1),
    helper.make_node("Unsqueeze", ["number", "axis"], ["highest"]),
]
MAXIMUM = helper.make_node("ReduceMax", ["motion", "axis"], ["maximum"], keepdims=0)
RESTORED = helper.make_node("Unsqueeze", ["maximum", "axis"], ["restored"])
KEPT = helper.make_node("ReduceMax", ["motion", "axis"], ["maximum"], keepdims=1)


CONVOLVED = [[MAXIMUM, RESTORED], [KEPT], HIGHEST]


def in_attribute(model: onnx.ModelProto) -> None:
    tensor = TensorProto(name="more", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/hostname")
    before(helper.make_node("Constant", [], ["more"], value=tensor))(model)


def with_function(model: onnx.ModelProto) -> None:
    model.functions.add(name="mine", domain="mine")


def with_sequence(model: onnx.ModelProto) -> None:
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [4]))
    model.graph.value_info.append(helper.make_value_info("sequence", kind))


def with_texts(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(helper.make_tensor("texts", TensorProto.STRING, [1], [b"x"]))


def with_sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().dims.append(4)


def of_another_domain(model: onnx.ModelProto) -> None:
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


HOSTILE = {
    "weights in another file": elsewhere("/etc/hostname"),
    "weights in a file beside it": elsewhere("weights.bin"),
    "weights in another file by an attribute": in_attribute,
    "an endless Loop": before(helper.make_node("Loop", ["", ""], ["x"], body=body())),
    "an If": before(helper.make_node("If", ["c"], ["x"], then_branch=body(), else_branch=body())),
    "twenty nested Ifs": before(
        helper.make_node("If", ["c"], ["x"], then_branch=nested(20), else_branch=body())
    ),
    "a Loop in a Scan": scan(4, body(helper.make_node("Loop", ["", ""], ["kept"], body=body()))),
    "a Scan in a Scan": scan(
        4, body(helper.make_node("Scan", ["row"], ["kept"], body=body(), num_scan_inputs=1))
    ),
    "a Scan of many steps": scan(5000),
    "a Scan of no steps": scan(0),
    "a Scan of unknown length": scan_of_unknown_length,
    "a Scan over nothing": before(helper.make_node("Scan", ["motion"], ["x"], body=body())),
    "a body that is no Scan's": before(helper.make_node("Relu", ["motion"], ["x"], body=body())),
    "random numbers": before(helper.make_node("RandomNormal", [], ["x"], shape=[4])),
    "a sequence": before(helper.make_node("SequenceConstruct", ["motion"], ["x"])),
    "a sequence's type": with_sequence,
    "an optional": before(helper.make_node("Optional", ["motion"], ["x"])),
    "a text": before(helper.make_node("Constant", [], ["x"], value_string=b"text")),
    "a cast to text": before(helper.make_node("Cast", ["motion"], ["x"], to=8)),
    "weights that are texts": with_texts,
    "an operator of another domain": before(
        helper.make_node("Relu", ["motion"], ["x"], domain="com.microsoft")
    ),
    "another domain": of_another_domain,
    "an unknown operator": before(helper.make_node("ReadFile", ["motion"], ["x"])),
    "an input that is left out": before(helper.make_node("Max", ["motion", ""], ["x"])),
    "a first input that is left out": before(helper.make_node("Clip", ["", "motion"], ["x"])),
    "a division of whole numbers by what is computed": divided("Div", None),
    "a rest of a division by what is computed": divided("Mod", None),
    "a division by zero": divided("Div", [1, 2, 0, 1]),
    "strides of zero": conv(strides=[0, 1]),
    "dilations of less": conv(dilations=[1, -1]),
    "groups of none": conv(group=0),
    "weights of a convolution that have three sides": folded(sides=(4, 3, 1)),
    "a convolution of three sides": folded(MAXIMUM),
    "a convolution of three sides by others": folded(
        MAXIMUM, helper.make_node("Neg", ["maximum"], ["less"])
    ),
    "a convolution of five sides": folded(helper.make_node("Unsqueeze", ["motion", "axis"], ["y"])),
    "a convolution of what is reshaped to three sides": reshaped([1, 4, -1]),
    "a convolution of what is reshaped to five sides": reshaped([1, 1, 4, 24, 32]),
    "a convolution of what is reshaped to nobody knows what": reshaped(None),
    "a convolution of which nobody knows the sides": folded(
        helper.make_node("NonZero", ["motion"], ["places"]),
        helper.make_node("Cast", ["places"], ["numbers"], to=1),
    ),
    "a convolution whose weights are computed": folded_by_computed,
    "a convolution with weights of no channels": folded(sides=(4, 0, 1, 1)),
    "a convolution of a product with a row": folded_product,
    "a convolution of what lost two sides, or one twice": folded_twice,
    "a function": with_function,
    "sparse weights": with_sparse,
    "weights of a negative size": weights(dims=[-4]),
    "weights of a huge size": weights(dims=[2**40, 2**40]),
    "weights of more than they hold": weights(dims=[5]),
    "weights of an unknown type": weights(data_type=77),
    "weights of too many sides": weights(dims=[1] * 9),
    "many nodes": before(*[helper.make_node("Relu", ["motion"], [f"x{n}"]) for n in range(10_001)]),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_no_scene_model_holds_is_refused_before_it_runs(
    hostile: str, changed: Callable[[Change], Path]
) -> None:
    path = changed(HOSTILE[hostile])
    with pytest.raises(BadModel, match="no scene model to rely on") as refused:
        edge_vad.load(path)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("emptied", EMPTIED)
def test_the_highest_of_nothing_is_refused_as_it_would_end_the_process(
    emptied: str, changed: Callable[[Change], Path]
) -> None:
    with pytest.raises(BadModel, match="may take a tensor that is empty"):
        edge_vad.load(changed(highest(*EMPTIED[emptied])))


def test_the_highest_of_what_holds_something_is_taken(changed: Callable[[Change], Path]) -> None:
    kept = helper.make_node("Slice", ["motion", "one", "few", "few"], ["y"])
    flat = helper.make_node("Reshape", ["y", "row"], ["z"])
    edge_vad.load(changed(highest())).close()
    edge_vad.load(changed(highest(kept, flat))).close()


def test_what_is_picked_is_as_much_as_its_places_whatever_it_is_picked_from(
    changed: Callable[[Change], Path],
) -> None:
    unknown = [
        helper.make_node("Shape", ["motion"], ["wanted"]),
        helper.make_node("Reshape", ["motion", "wanted"], ["unknown"]),
    ]
    places = [
        helper.make_node("Sub", ["motion", "motion"], ["zeros"]),
        helper.make_node("Cast", ["zeros"], ["places"], to=7),
    ]
    picked = helper.make_node("GatherElements", ["unknown", "places"], ["y"], axis=2)
    edge_vad.load(changed(highest(*unknown, *places, picked))).close()
    with pytest.raises(BadModel, match="may take a tensor that is empty"):
        edge_vad.load(changed(highest(*unknown)))


@pytest.mark.parametrize(
    "operator", ["ConvTranspose", "InstanceNormalization", "LpNormalization", "ScatterND"]
)
def test_operators_that_end_the_process_over_an_empty_tensor_are_refused(
    operator: str, changed: Callable[[Change], Path]
) -> None:
    with pytest.raises(BadModel, match="is none that scene models may use"):
        edge_vad.load(changed(before(helper.make_node(operator, ["motion"], ["x"]))))


def test_a_scan_of_a_bounded_length_is_taken(changed: Callable[[Change], Path]) -> None:
    SceneModel.read(changed(scan(100)))
    edge_vad.load(changed(scan(4))).close()


def test_a_convolution_of_what_is_reshaped_to_four_sides_is_taken(
    changed: Callable[[Change], Path],
) -> None:
    edge_vad.load(changed(reshaped([0, 4, -1, 1]))).close()


@pytest.mark.parametrize("making", CONVOLVED, ids=["restored", "kept", "chosen"])
def test_a_convolution_of_as_many_sides_as_its_weights_is_taken(
    making: list[onnx.NodeProto], changed: Callable[[Change], Path]
) -> None:
    edge_vad.load(changed(folded(*making, sides=(4, 1, 1, 1)))).close()


def test_whole_numbers_may_be_divided_by_weights(changed: Callable[[Change], Path]) -> None:
    edge_vad.load(changed(divided("Div", [1, 2, 3, 256]))).close()


def test_every_operator_that_is_allowed_makes_tensors_of_tensors() -> None:
    known = {each.name: each for each in onnx.defs.get_all_schemas() if not each.domain}
    unknown = ALLOWED - known.keys()
    assert not unknown or onnx.defs.onnx_opset_version() < 24  # which brings Swish
    for name in ALLOWED - unknown - {"Identity"}:
        types = {kind for each in known[name].outputs for kind in each.types}
        assert not any("seq(" in kind or "optional(" in kind for kind in types), name
    for name in ALLOWED - unknown - {"Scan"}:
        kinds = {each.type for each in known[name].attributes.values()}
        assert onnx.defs.OpSchema.AttrType.GRAPH not in kinds, name
    forbidden = (
        "Random",
        "Sequence",
        "Optional",
        "String",
        "Loop",
        "If",
        "Multinomial",
        "Bernoulli",
    )
    assert not any(name.startswith(forbidden) for name in ALLOWED)


def test_a_second_graph_is_refused(make: SimpleNamespace, tmp_path: Path) -> None:
    path = make.scene(tmp_path / "scene.onnx", make.card())
    path.write_bytes(scene_file.append_digest(path.read_bytes() + block(7, block(2, b"another"))))
    with pytest.raises(BadModel, match="rely on"):
        SceneModel.read(path)


def test_a_file_beyond_all_sizes_is_not_read(
    make: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make.scene(tmp_path / "scene.onnx", make.card())
    with path.open("ab") as file:
        file.truncate(scene_file.LARGEST_FILE + 1)
    with pytest.raises(BadModel, match="larger than 128 MB"):
        SceneModel.read(path)


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/random", "/dev/tty", "/proc", "a\0b"])
def test_what_is_no_plain_file_is_refused(place: str) -> None:
    with pytest.raises(BadModel, match="cannot be read"):
        SceneModel.read(place)


def test_a_message_of_endless_fields_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    many = block(7, number(1, 0) * 10)
    monkeypatch.setattr(parsing, "_MOST_FIELDS", 5)
    node = block(1, b"")
    with pytest.raises(ValueError, match="too much"):
        parsing.parse(block(7, node * 10))
    with pytest.raises(ValueError, match="no ONNX file"):
        parsing.parse(many)


@given(data=st.data())
def test_one_bit_that_flipped_is_noticed(
    data: st.DataObject, sealed: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    content = bytearray(sealed)
    content[place // 8] ^= 1 << place % 8
    path = tmp_path_factory.mktemp("flipped") / "scene.onnx"
    path.write_bytes(content)
    with pytest.raises(BadModel):
        SceneModel.read(path)


@pytest.fixture(scope="session")
def sealed(make: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = make.scene(tmp_path_factory.mktemp("sealed") / "scene.onnx", make.card())
    return path.read_bytes()


def test_a_scene_without_a_digest_is_refused_with_the_command_that_writes_it(
    make: SimpleNamespace, tmp_path: Path
) -> None:
    path = make.scene(tmp_path / "scene.onnx", make.card())
    model = onnx.load(str(path))
    del model.metadata_props[-1]
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadModel, match=r"no digest.*edge-vad export .* --out .*scene\.onnx"):
        SceneModel.read(path)


def test_a_digest_is_renewed_and_not_heaped_up(sealed: bytes) -> None:
    assert scene_file.append_digest(sealed) == sealed


def test_a_scene_that_changes_while_it_is_loaded_is_refused(
    make: SimpleNamespace, tmp_path: Path
) -> None:
    path = make.scene(tmp_path / "scene.onnx", make.card())
    model = SceneModel.read(path)
    make.scene(path, make.card(fps=7.0))
    with pytest.raises(BadModel, match="has changed"):
        load_backend(model)


def frame_of(model: SceneModel) -> ModelInput:
    card = model.card
    frame = np.zeros((1, card.height, card.width, 3), np.uint8)
    return ModelInput(frame, np.ones((1, *card.motion_shape), np.float32))


def too_much(model: onnx.ModelProto) -> None:
    shape = numpy_helper.from_array(np.array([40_000, 40_000], np.int64), "shape")
    one = numpy_helper.from_array(np.float32(1.0), "one")
    model.graph.initializer.extend([shape, one])
    huge = helper.make_node("Expand", ["one", "shape"], ["huge"])
    summed = helper.make_node("ReduceMax", ["huge"], ["most"], keepdims=0)
    grown = helper.make_node("Mul", ["motion", "most"], ["grown"])
    before(huge, summed, grown)(model)
    model.graph.node[3].input[0] = "grown"


def impossible(model: onnx.ModelProto) -> None:
    places = helper.make_node("NonZero", ["motion"], ["places"])
    sides = numpy_helper.from_array(np.array([1, 4, 24, 32, 7], np.int64), "sides")
    model.graph.initializer.append(sides)
    cast = helper.make_node("Cast", ["places"], ["numbers"], to=1)
    shaped = helper.make_node("Reshape", ["numbers", "sides"], ["shaped"])
    most = helper.make_node("ReduceMax", ["shaped"], ["most"], keepdims=0)
    grown = helper.make_node("Mul", ["motion", "most"], ["grown"])
    before(places, cast, shaped, most, grown)(model)
    model.graph.node[5].input[0] = "grown"


@pytest.mark.parametrize("change", [too_much, impossible])
def test_a_node_that_fails_at_a_frame_is_told_in_words(
    change: Change, changed: Callable[[Change], Path]
) -> None:
    model = SceneModel.read(changed(change))
    with pytest.raises(BadModel, match=r"failed at a frame|cannot load"):
        load_backend(model).infer(frame_of(model))


def test_a_run_that_takes_too_long_is_ended(
    changed: Callable[[Change], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_vad.backends import bounds, onnxruntime

    monkeypatch.setattr(
        onnxruntime, "RunDeadline", lambda ort: bounds.RunDeadline(ort, seconds=0.2)
    )

    def slow(model: onnx.ModelProto) -> None:
        shape = numpy_helper.from_array(np.array([700, 700], np.int64), "shape")
        model.graph.initializer.append(shape)
        most = helper.make_node("ReduceMax", ["motion"], ["most"], keepdims=0)
        nodes = [most, helper.make_node("Expand", ["most", "shape"], ["m0"])]
        nodes += [helper.make_node("MatMul", [f"m{n}", "m0"], [f"m{n + 1}"]) for n in range(3000)]
        nodes.append(helper.make_node("ReduceMin", ["m3000"], ["least"], keepdims=0))
        nodes.append(helper.make_node("Mul", ["motion", "least"], ["grown"]))
        count = len(nodes)
        before(*nodes)(model)
        model.graph.node[count].input[0] = "grown"

    model = SceneModel.read(changed(slow))
    backend = load_backend(model)
    with pytest.raises(BadModel, match="took more than"):
        backend.infer(frame_of(model))


def test_numbers_that_cannot_be_computed_with_are_refused(
    make: SimpleNamespace, tmp_path: Path
) -> None:
    text = make.card().encode().replace('"scales":[1.0]', '"scales":[1e18]', 1)
    with pytest.raises(BadModel, match="beyond all bounds"):
        SceneModel.read(make.scene(tmp_path / "scene.onnx", make.card(), text))
