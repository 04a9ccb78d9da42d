"""Runs scene models on ONNX Runtime."""

from __future__ import annotations

import contextlib
import io
import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edge_vad.backends.base import AnyInput, Backend, CameraInput, ModelOutput, with_motion
from edge_vad.backends.bound_session import BoundSession
from edge_vad.backends.bound_states import BoundStates
from edge_vad.backends.bounds import LONGEST_RUN_S, RunDeadline, bound_memory
from edge_vad.backends.camera_states import CameraStates
from edge_vad.backends.engine_cache import engine_cache
from edge_vad.backends.native_output import capture_stderr
from edge_vad.backends.providers import CPU, CUDA, PROVIDERS, TENSORRT, Provider, provider_options
from edge_vad.backends.threads import default_threads
from edge_vad.errors import BadModel, Unavailable, WrongUse
from edge_vad.onnx_file.pruning import needed_graph
from edge_vad.scene_model import SceneModel
from edge_vad.untrusted import shorten

try:
    import onnxruntime as ort
except ModuleNotFoundError as error:
    raise Unavailable("ONNX Runtime is not installed", PROVIDERS["onnxruntime"].mend) from error
except ImportError as error:
    raise Unavailable(
        f"ONNX Runtime is installed, but cannot be loaded ({error})",
        "install onnxruntime anew, in a version for this Python and this processor",
    ) from error

VERSION = str(ort.__version__)

_LOG = logging.getLogger("edge_vad.backends")
_MODEL_ERRORS = {"InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NoModel", "NotImplemented"}
_ERRORS_ONLY = 3
_MOST_PIXELS = 2**24
"""In a batch on a CPU, at most: they take about 30 bytes each, and there is a limit of memory."""
_MOTION_COSTS = 32
"""Times as much as the rest of a graph, about, that motion inside takes."""
_CANNOT_RECORD = "graph capture"
"""In what ONNX Runtime says of a session that it cannot record."""


class OnnxRuntimeBackend(Backend):
    """A scene model on one of ONNX Runtime's execution providers.

    On a GPU the inputs and outputs are bound to memory that is allocated once, and with motion
    inside the state of cameras stays there.

    Args:
        model: The scene model.
        threads: CPU threads; `default_threads` when None.
        backend: One of `PROVIDERS`.

    Raises:
        Unavailable: The provider is not in this ONNX Runtime, or does not load.
        BadModel: ONNX Runtime refuses the graph, or it contradicts the metadata.
    """

    def __init__(
        self, model: SceneModel, threads: int | None = None, backend: str = "onnxruntime"
    ) -> None:
        self._provider = PROVIDERS[backend]
        self.name, self.device = backend, self._provider.memory
        self.motion_inside = model.card.motion_inside is not None
        self._states = CameraStates(model.card.state)
        self._outputs = model.card.outputs
        self._path, graph = model.path, _what_it_computes(self._provider, model)
        self._session: Any = self._open(graph, threads or default_threads(model.card), model.path)
        self._check_graph(model)
        if self._provider.memory == "cpu":
            pixels = model.card.height * model.card.width
            pixels *= _MOTION_COSTS if self.motion_inside else 1
            if camera := model.card.camera:
                pixels += camera.height * camera.width
            self.largest_batch = max(1, _MOST_PIXELS // pixels)
        self._bound: BoundSession | None = None
        self._deadline = RunDeadline(ort)
        weakref.finalize(self, self._deadline.close)
        if self._provider.memory != "cpu":
            with self._device_errors():
                self._bound = self._bind(model)
                self._bound.warm_up()

    def infer(self, inputs: AnyInput) -> ModelOutput:
        """Score a batch; see `Backend.infer`.

        Raises:
            Unavailable: The device failed.
            BadModel: The graph failed, or took too long.
            WrongUse: The backend was closed.
        """
        if self._session is None:
            raise WrongUse("the backend was closed", "load it again")
        if self._bound:
            with self._device_errors():
                return self._bound.run(
                    inputs if self.motion_inside else with_motion(inputs), self.on_stage
                )
        maps = run_with_state(self._run, inputs, self._states)
        self.on_stage("compute")
        return maps

    def _bind(self, model: SceneModel) -> BoundSession:
        def open_beside(graph: bytes) -> Any:  # TensorRT would build it anew for every size
            return open_session(PROVIDERS["onnxruntime-cuda"], graph, name="the graph of states")

        memory, state = self._provider.memory, model.card.state
        states = BoundStates(ort, memory, state, open_beside) if state else None
        return BoundSession(ort, self._session, memory, states)

    def _run(self, tensors: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        with bounded_run(self._deadline, self._path):
            given: list[NDArray[Any]] = self._session.run(
                self._outputs, tensors, self._deadline.options
            )
        if any(each.shape[:1] != tensors["frame"].shape[:1] for each in given):
            raise BadModel(
                f"{self._path} does not give one result for each frame",
                "write it again with edge-vad export",
            )
        return given

    def close(self) -> None:
        """Give back the device's memory; harmless when called twice."""
        if self._bound:
            self._bound.close()
        self._deadline.close()
        self._session = None

    def _open(self, graph: Path | bytes, threads: int, path: Path) -> Any:
        """Open a session, on CUDA with its work recorded once, which halves a frame's time.

        Loops, as motion inside has them, cannot be recorded.
        """
        if self._provider.wanted == (CUDA,) and not self.motion_inside:
            try:
                return open_session(self._provider, graph, threads, path, records=True)
            except Unavailable as error:
                if _CANNOT_RECORD not in error.what:
                    raise
                _LOG.info("%s cannot be recorded: every operator is launched by itself", path)
        return open_session(self._provider, graph, threads, path)

    @contextlib.contextmanager
    def _device_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors share no base class
            raise Unavailable(
                f"{self._provider.title} failed at a frame ({_first_line(error)})",
                "see that the device works (nvidia-smi) and that memory is free",
            ) from None

    def _check_graph(self, model: SceneModel) -> None:
        card = model.card
        inputs = {node.name: node.shape[1:] for node in self._session.get_inputs()}
        outputs = {node.name: node.shape[1:] for node in self._session.get_outputs()}
        agrees = (
            inputs == {name: list(shape) for name, shape in card.inputs.items()}
            and all(outputs.get(each.output) == list(each.shape) for each in card.state)
            and outputs.get("anomaly_map") == [card.grid.rows, card.grid.columns]
            and outputs.get("score") == []
        )
        if not agrees:
            raise BadModel(
                f"the graph in {model.path} does not fit its metadata",
                "write it again with edge-vad export",
            )


def run_with_state(
    run: Callable[[dict[str, NDArray[Any]]], Sequence[NDArray[Any]]],
    inputs: AnyInput,
    states: CameraStates,
) -> ModelOutput:
    """Run a graph, with the state of its cameras where it has motion inside.

    Args:
        run: From the graph's inputs by name to its outputs, those of the state last.
        inputs: The batch.
        states: Of the cameras; changed.
    """
    if not isinstance(inputs, CameraInput):
        return ModelOutput(*run(inputs.tensors))
    given = run(inputs.tensors | states.inputs(inputs.cameras))
    states.keep(inputs.cameras, given[len(ModelOutput._fields) :])
    return ModelOutput(*given[: len(ModelOutput._fields)])


@contextlib.contextmanager
def bounded_run(deadline: RunDeadline, path: Path) -> Iterator[None]:
    """Run a session on the CPU, with the options of the deadline, for no longer than that.

    Args:
        deadline: Ends it.
        path: The scene model, which errors name.

    Raises:
        BadModel: The graph failed, or took too long.
    """
    try:
        with deadline:
            yield
    except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors share no base class
        late = f"it took more than {LONGEST_RUN_S:.0f} s"
        raise BadModel(
            f"the graph in {path} failed at a frame "
            f"({late if deadline.passed else _first_line(error)})",
            "write it again with edge-vad export, or train the scene again",
        ) from None


def open_session(
    provider: Provider,
    graph: Path | bytes,
    threads: int = 1,
    name: str | Path = "the graph",
    *,
    records: bool = False,
) -> Any:
    """Open a session that runs on a provider, or on none at all.

    ONNX Runtime goes on with the CPU when a provider cannot be had, at loading as at running; both
    are turned off here, and what the session says it has is compared with what was asked.

    Args:
        provider: What to run on.
        graph: The ONNX file, or its content.
        threads: CPU threads.
        name: What errors call it.
        records: Whether CUDA records all its work once and replays it; it can where every node
            runs there.

    Raises:
        Unavailable: The provider is not in this ONNX Runtime, or does not load.
        BadModel: ONNX Runtime refuses the graph.
    """
    absent = [name for name in provider.wanted if name not in ort.get_available_providers()]
    if absent:
        raise Unavailable(
            f"this ONNX Runtime ({VERSION}) was built without {absent[0]}", provider.mend
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait by spinning take twice the CPU time a frame, and take it from optical flow.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    engines = engine_cache(graph) if TENSORRT in provider.wanted else None
    wanted = [
        (each, provider_options(each, threads, engines, records=records))
        for each in provider.wanted
    ]
    if provider.memory == "cuda":
        _preload_cuda()
    without = bound_memory(ort, options) if provider.wanted == (CPU,) else []
    source = graph if isinstance(graph, bytes) else str(graph)
    try:
        with capture_stderr() as captured:
            session = ort.InferenceSession(
                source, options, providers=wanted, enable_fallback=0, disabled_optimizers=without
            )
    except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors share no base class
        raise _refusal(provider, name, error) from None
    _LOG.debug(captured.text)
    lost = [name for name in provider.wanted if name not in session.get_providers()]
    if lost:
        reason = f" ({captured.reason})" if captured.reason else ""
        raise Unavailable(
            f"{lost[0]} is in this ONNX Runtime ({VERSION}), but does not load{reason}",
            provider.load_mend,
        )
    return session


def _what_it_computes(provider: Provider, model: SceneModel) -> bytes | Path:
    """A graph without the energies that have no weight.

    Raises:
        BadModel: The file has changed since it was checked.
    """
    content = model.content()
    if TENSORRT in provider.wanted:
        return model.path  # its engines are kept by the file
    return needed_graph(content, model.card.outputs)


def _preload_cuda() -> None:
    """Let ONNX Runtime find the CUDA and cuDNN that pip installed; it tells failures on stdout."""
    preload = getattr(ort, "preload_dlls", None)
    if preload:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            preload()
        if said.getvalue():
            _LOG.debug(said.getvalue().strip())


def _refusal(provider: Provider, name: str | Path, error: Exception) -> BadModel | Unavailable:
    """Whether the graph or the device is to blame."""
    reason = _first_line(error)
    if provider.backend == "onnxruntime" or type(error).__name__ in _MODEL_ERRORS:
        return BadModel(
            f"ONNX Runtime cannot load {name} ({reason})", "write it again with edge-vad export"
        )
    return Unavailable(f"{provider.title} cannot be started ({reason})", provider.load_mend)


def _first_line(error: Exception) -> str:
    return shorten(str(error).strip().split("\n", 1)[0])
