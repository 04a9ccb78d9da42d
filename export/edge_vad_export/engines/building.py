"""Builds an engine: the same calls for TensorRT 10.3 to 11 and for TensorRT-RTX."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from edge_vad.backends.tensorrt_library import Library, Messages, sizes_of
from edge_vad.device.tensorrt import TARGET_NAMES
from edge_vad.engine_file import BatchProfile, EngineLayer, device_name
from edge_vad.errors import BadModel, Unavailable
from edge_vad.onnx_file.pruning import needed_graph
from edge_vad.scene_model import SceneModel
from edge_vad_export.engines import layer_report, timing_cache
from edge_vad_export.engines.plan import EnginePlan
from edge_vad_export.engines.progress import BuildProgress, OnProgress, make_monitor
from edge_vad_export.engines.workspace import workspace_limit

if TYPE_CHECKING:
    import tensorrt as trt

_NICENESS = 10
_WRITE_AGAIN = "write it again with edge-vad export"


class Built(NamedTuple):
    """An engine that was built.

    Attributes:
        content: The engine, serialised.
        network: The layers of the network that was parsed.
        layers: The layers of the engine.
        timings: Whether there were timings of earlier builds; None where there is no such cache.
    """

    content: bytes
    network: list[layer_report.NetworkLayer]
    layers: list[EngineLayer]
    timings: str | None


def build(library: Library, plan: EnginePlan, on_progress: OnProgress) -> Built:
    """Build an engine in a thread of low priority, so that Ctrl-C ends it at its next step.

    Raises:
        BadModel: The parser or the builder refuses the scene model; names the node.
        Unavailable: No builder can be had here.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    progress = BuildProgress(on_progress)
    thread = ThreadPoolExecutor(1, "engine builder", initializer=_lower_priority)
    with _ctrl_c_cancels(progress), thread:
        try:
            built = thread.submit(_build, library, plan, progress)
            wait([built])
        except BaseException:
            progress.cancel()
            raise
    if progress.is_cancelled:
        raise KeyboardInterrupt
    return built.result()


@contextmanager
def _ctrl_c_cancels(progress: BuildProgress) -> Iterator[None]:
    """Let Ctrl-C end a build at its next step, however often it is pressed.

    As an exception it would leave the builder running in its thread, and native code that still
    runs when Python ends brings the process down. Who handles Ctrl-C otherwise keeps doing so; what
    that raises is raised once the build has ended.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, lambda _number, _frame: progress.cancel())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _build(library: Library, plan: EnginePlan, progress: BuildProgress) -> Built:
    if not TYPE_CHECKING:
        trt = library.api
    messages = Messages(library)
    try:
        builder = trt.Builder(messages.logger)
    except (TypeError, RuntimeError):  # the bindings' way to say that they got none
        raise Unavailable(
            f"no engine can be built here ({messages.last_error})",
            "see that the NVIDIA driver fits this TensorRT (nvidia-smi)",
        ) from None
    # Strongly typed: precision is what the ONNX graph says, in every version the same way.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    _parse(trt.OnnxParser(network, messages.logger), messages, plan.scene)
    config = _configure(library, builder, network, plan)
    config.progress_monitor = make_monitor(library, progress)
    timings, cache = None, None
    if library.target == "tensorrt":  # TensorRT-RTX times nothing while it builds
        cache = timing_cache.cache_path(library, device_name(plan.target, plan.device))
        timings = timing_cache.use_cache(config, cache)
    plan_bytes = builder.build_serialized_network(network, config)
    if plan_bytes is None:
        raise BadModel(
            f"{TARGET_NAMES[library.target]} builds no engine of {plan.scene.path}: "
            f"{messages.last_error}",
            "export the scene again; if it says memory, give a smaller --batch or --workspace-mib",
        )
    if cache:
        timing_cache.keep_cache(config, cache)
    content = bytes(memoryview(plan_bytes))
    layers = layer_report.parse_layers(messages.layers)
    if plan.is_here:
        layers = _inspect(library, messages, content)
    return Built(content, layer_report.read_network(network), layers, timings)


def _parse(parser: trt.OnnxParser, messages: Messages, scene: SceneModel) -> None:
    path = scene.path
    try:
        # Energies without a say would be computed at every frame.
        graph = needed_graph(path.read_bytes(), scene.card.outputs)
    except (OSError, ValueError) as error:
        raise BadModel(f"{path} cannot be read ({error})", _WRITE_AGAIN) from None
    if not parser.parse(graph):
        reason = _describe(parser, messages)
        raise BadModel(f"the parser refuses {path}: {reason}", _WRITE_AGAIN)


def _describe(parser: trt.OnnxParser, messages: Messages) -> str:
    """Name the node at which a parser gave up, and why."""
    if parser.num_errors == 0:
        return messages.last_error
    error = parser.get_error(0)
    reason = str(error.desc()).strip().split("\n")
    if not error.node_name():
        return reason[0]
    return f"node {error.node_name()} ({error.node_operator()}): {reason[min(1, len(reason) - 1)]}"


def _configure(
    library: Library,
    builder: trt.Builder,
    network: trt.INetworkDefinition,
    plan: EnginePlan,
) -> trt.IBuilderConfig:
    if not TYPE_CHECKING:
        trt = library.api
    config = builder.create_builder_config()
    limit = plan.options.workspace_mib
    size = limit * 2**20 if limit else workspace_limit(plan.device, plan.is_here)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, size)
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # names nodes in the inspector
    if not plan.options.tf32:
        config.clear_flag(trt.BuilderFlag.TF32)
    if library.target == "rtx":  # these calls are TensorRT-RTX's own
        capability = f"SM{(plan.device.compute_capability or '').replace('.', '')}"
        rtx: Any = config
        rtx.num_compute_capabilities = 1
        rtx.set_compute_capability(getattr(library.api.ComputeCapability, capability), 0)
    profile = builder.create_optimization_profile()
    for index in range(network.num_inputs):
        _add_shapes(library, profile, network.get_input(index), plan.options.batch)
    if config.add_optimization_profile(profile) < 0:
        raise BadModel(
            f"the batch sizes {plan.options.batch} do not fit {plan.scene.path}",
            "give other sizes with --batch, or export the scene again",
        )
    return config


def _add_shapes(
    library: Library,
    profile: trt.IOptimizationProfile,
    tensor: trt.ITensor,
    batch: BatchProfile,
) -> None:
    if not TYPE_CHECKING:
        trt = library.api
    rest = sizes_of(tensor.shape)[1:]
    sizes = (batch.smallest, batch.usual, batch.largest)
    profile.set_shape(tensor.name, *(trt.Dims([size, *rest]) for size in sizes))


def _inspect(library: Library, messages: Messages, content: bytes) -> list[EngineLayer]:
    if not TYPE_CHECKING:
        trt = library.api
    runtime = trt.Runtime(messages.logger)
    engine = runtime.deserialize_cuda_engine(content)
    if engine is None:
        raise BadModel(
            f"the engine that was built cannot be loaded ({messages.last_error})",
            "report this with the output of edge-vad doctor; nothing was written",
        )
    return layer_report.inspect(library, engine)


def _lower_priority() -> None:
    """Let everything else on the board go first; Linux takes this for one thread alone."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
