"""Engines, built by the real parser and builder of TensorRT-RTX, on a machine without a GPU."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge_vad import engine_file
from edge_vad.backends.tensorrt_library import Library, Messages
from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.engine_file import BatchProfile, EngineOptions
from edge_vad.errors import BadModel, CheckFailed, Unavailable, WrongUse
from edge_vad.scene_file import append_digest
from edge_vad_export.engines import EnginePlan, building, make_engine, plan_engine
from edge_vad_export.engines import plan as plan_module
from edge_vad_export.engines.layer_report import REST, summarise
from edge_vad_export.engines.progress import BuildProgress

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("rtx")


def plan_for(onnx: Path, **options: object) -> EnginePlan:
    return plan_engine(onnx, "rtx", compute_capability="8.9", options=EngineOptions(**options))


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_the_encoders_of_an_engine_compute_in_what_the_scene_says_and_the_rest_in_fp32(
    write: Write, precision: str
) -> None:
    made = make_engine(plan_for(write(precision)))
    layers = summarise(made.sidecar.layers)
    assert set(layers) == {"appearance_encoder", "motion_encoder", REST}
    for part in ("appearance_encoder", "motion_encoder"):
        assert layers[part].get(precision, 0) >= 3, layers
    assert set(layers[REST]) == {"fp32"}
    assert engine_file.read_sidecar(made.plan.path) == made.sidecar


def test_all_that_the_library_says_goes_through_one_logger(write: Write, rtx, caplog) -> None:
    """A process has one, the first: TensorRT warns of every other, and passes it over."""
    first = Messages(rtx)
    builder = rtx.api.Builder(first.logger)
    assert make_engine(plan_for(write("fp16"))).sidecar.layers
    assert "logger" not in caplog.text
    del builder


def test_an_fp32_graph_that_is_called_fp16_is_an_error(write: Write, precise) -> None:
    plan = plan_for(write("fp16", precise["fp32"]))
    with pytest.raises(CheckFailed, match="called fp16, and none of the 8 convolutions"):
        make_engine(plan)
    assert not plan.path.exists()


def test_an_energy_in_half_is_an_error(write: Write, precise) -> None:
    graph = onnx.ModelProto()
    graph.CopyFrom(precise["fp16"])
    (energy,) = (node for node in graph.graph.node if "joint_energy" in node.output)
    position = list(graph.graph.node).index(energy)
    between = energy.input[0]
    energy.input[0] = "rounded"
    for node in (
        helper.make_node("Cast", ["half"], ["rounded"], "back", to=TensorProto.FLOAT),
        helper.make_node("Cast", [between], ["half"], "there", to=TensorProto.FLOAT16),
    ):
        graph.graph.node.insert(position, node)
    plan = plan_for(write("fp16", graph))
    with pytest.raises(CheckFailed, match="outside the encoders would lose precision: there"):
        make_engine(plan)
    assert not plan.path.exists()


def test_a_node_that_the_parser_refuses_is_named(write: Write, precise) -> None:
    graph = onnx.ModelProto()
    graph.CopyFrom(precise["fp32"])
    (cast,) = (node for node in graph.graph.node if "frame" in node.input)
    cast.op_type, cast.name = "Relu", "scene.wrong"
    del cast.attribute[:]
    with pytest.raises(BadModel, match=r"the parser refuses .*: node scene\.wrong \(Relu\): "):
        make_engine(plan_for(write("fp32", graph)))


def test_an_operator_that_the_parser_does_not_know_is_named(write: Write, precise) -> None:
    graph = onnx.ModelProto()
    graph.CopyFrom(precise["fp32"])
    graph.graph.node[-1].op_type = "ConvInteger"
    with pytest.raises(BadModel, match=r"node \S+ \(ConvInteger\): "):
        make_engine(plan_for(write("fp32", graph)))


def test_a_missing_profile_is_an_error(write: Write, monkeypatch) -> None:
    monkeypatch.setattr(building, "_add_shapes", lambda *_: None)
    with pytest.raises(BadModel, match="profile"):
        make_engine(plan_for(write("fp32")))


def test_sizes_of_a_batch_that_fall_are_refused() -> None:
    with pytest.raises(ValueError, match="must not fall"):
        BatchProfile(4, 2, 8)


def test_a_range_of_batches_is_built(write: Write) -> None:
    plan = plan_for(write("fp16"), batch=BatchProfile(1, 4, 8))
    assert make_engine(plan).sidecar.options.batch == BatchProfile(1, 4, 8)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_a_build_and_leaves_nothing_not_even_a_thread(
    write: Write, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    cancel, cancelled = BuildProgress.cancel, threading.Semaphore(0)

    def cancel_and_tell(progress: BuildProgress) -> None:
        cancel(progress)
        cancelled.release()

    monkeypatch.setattr(BuildProgress, "cancel", cancel_and_tell)

    def interrupt(_share: float, phase: str) -> None:
        if len(told) < times:
            os.kill(os.getpid(), signal.SIGINT)
            assert cancelled.acquire(timeout=60)  # the main thread takes signals
        told.append(phase)

    plan = plan_for(write("fp32"))
    with pytest.raises(KeyboardInterrupt):
        make_engine(plan, interrupt)
    assert [each.name for each in plan.path.parent.iterdir()] == ["street.fp32.onnx"]
    assert len(told) < 20, "the build went on"
    assert not [each for each in threading.enumerate() if each.name.startswith("engine builder")]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_progress_rises_to_the_end(write: Write) -> None:
    shares: list[float] = []
    make_engine(plan_for(write("fp32")), lambda share, _phase: shares.append(share))
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.5 < 0.9 < shares[-1] <= 1


def test_an_engine_that_is_there_is_not_built_again(write: Write, monkeypatch) -> None:
    path = write("fp16")
    assert make_engine(plan_for(path)).missed == "there is none yet"
    monkeypatch.setattr(building, "build", None)
    assert make_engine(plan_for(path)).missed is None


def change_scene(path: Path, plan: EnginePlan) -> None:
    model = onnx.load(path)
    model.producer_version = "another"
    path.write_bytes(append_digest(model.SerializeToString()))


def cut_engine(path: Path, plan: EnginePlan) -> None:
    plan.path.write_bytes(plan.path.read_bytes()[:-1])


def lose_sidecar(path: Path, plan: EnginePlan) -> None:
    engine_file.sidecar_path(plan.path).unlink()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (change_scene, "street.fp32.onnx has changed since"),
        (cut_engine, "it is not the file that was built"),
        (lose_sidecar, "nothing is known of the engine"),
    ],
)
def test_what_changed_is_the_reason_to_build_again(write: Write, change, reason) -> None:
    path = write("fp32")
    first = plan_for(path)
    make_engine(first)
    change(path, first)
    again = make_engine(plan_for(path))
    assert reason in (again.missed or "")
    assert make_engine(plan_for(path)).missed is None


def test_other_options_are_a_reason_to_build_again(write: Write) -> None:
    path = write("fp32")
    make_engine(plan_for(path))
    assert make_engine(plan_for(path, tf32=True)).missed == "other options were chosen"


def test_another_version_is_a_reason_to_build_again(write: Write) -> None:
    plan = plan_for(write("fp32"))
    make_engine(plan)
    newer = plan.device.__class__(compute_capability="8.9", tensorrt_rtx="9.0")
    reason = replace(plan, device=newer).why_not_cached()
    assert reason == f"TensorRT-RTX was {plan.device.tensorrt_rtx} and is 9.0"


@pytest.mark.filterwarnings("ignore:.*Timing cache operations are no-ops:DeprecationWarning")
def test_timings_are_kept_for_the_next_build(
    write: Write, rtx: Library, monkeypatch, tmp_path: Path
) -> None:
    """The same calls as on TensorRT, made to the builder that is here."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    posing = replace(rtx, target="tensorrt")
    plan = plan_for(write("fp32"))
    said = [building.build(posing, plan, lambda _share, _phase: None).timings for _ in range(2)]
    assert said == ["new", "kept from earlier builds"]
    (kept,) = (tmp_path / "cache" / "edge-vad").iterdir()
    assert kept.name == f"tensorrt-{rtx.version}-rtx-sm89.timing"
    assert kept.stat().st_size > 0


def test_a_gpu_that_is_here_need_not_be_one_that_tensorrt_rtx_builds_for(
    write: Write, monkeypatch
) -> None:
    server = DeviceFingerprint(gpu="H100", compute_capability="9.0", tensorrt_rtx="1.7")
    monkeypatch.setattr(plan_module, "read_fingerprint", lambda: server)
    with pytest.raises(WrongUse, match="does not build for the compute capability 9") as error:
        plan_engine(write("fp32"), "rtx")
    assert "--target tensorrt" in error.value.todo
    assert not plan_engine(write("fp32"), "rtx", compute_capability="8.9").is_here


def test_tensorrt_itself_builds_for_no_gpu_that_is_elsewhere(write: Write) -> None:
    with pytest.raises(WrongUse, match="builds only for the GPU that it runs on"):
        plan_engine(write("fp32"), "tensorrt", compute_capability="8.9")


def test_without_a_gpu_one_must_be_named(write: Write) -> None:
    with pytest.raises(Unavailable, match="no GPU here") as error:
        plan_engine(write("fp32"), "rtx")
    assert "--compute-capability 8.9" in error.value.todo
