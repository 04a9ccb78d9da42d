"""A server that speaks Triton's protocol in this process, and scores by ONNX Runtime.

It refuses what Triton refuses: other models and versions, sequences that nobody began, memory that
was not registered. What `tools/check_triton.py` tries on a real one, it is quick enough for.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import shared_memory
from typing import Any

import grpc
import numpy as np
from tritonclient.grpc import model_config_pb2, service_pb2, service_pb2_grpc

from edge_vad.backends import CameraHandle, CameraInput, ModelInput, load_backend
from edge_vad.backends.triton.naming import model_name, version_of
from edge_vad.scene_model import SceneModel

_TYPES = {"UINT8": np.uint8, "FP32": np.float32, "BOOL": np.bool_}
_KINDS = {"frame": "UINT8", "reset": "BOOL", "motion_known": "BOOL"}


class FakeTriton(service_pb2_grpc.GRPCInferenceServiceServicer):
    """Serves a scene model on a port of this machine.

    Args:
        model: The scene model.
        port: The port; a free one when 0.
        credentials: Of TLS; none without.

    Attributes:
        port: The port.
        version: That it says it has.
        scored: Requests that it answered.
        failing: Status of the next answers, as long as there are any.
        allowed: Requests that are answered before it is away; None is any number.
        hold: Requests wait for it.
        most_frames: Of a batch.
        sees_memory: Whether it finds memory that is registered.
    """

    def __init__(
        self, model: SceneModel, port: int = 0, credentials: grpc.ServerCredentials | None = None
    ) -> None:
        self.name, self.version = model_name(model.path), str(version_of(model.sha256))
        self.card, self._backend = model.card, load_backend(model, threads=1)
        self.scored, self.most_frames, self.sees_memory = 0, 8, True
        self.failing: list[grpc.StatusCode] = []
        self.allowed: int | None = None
        self.hold = threading.Event()
        self.hold.set()
        self.sequences: dict[int, CameraHandle] = {}
        self.regions: dict[str, shared_memory.SharedMemory] = {}
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(4))
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(self, self._server)
        where = f"127.0.0.1:{port}"
        self.port = (
            self._server.add_secure_port(where, credentials)
            if credentials
            else self._server.add_insecure_port(where)
        )
        self._server.start()

    @property
    def shapes(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """Inputs and outputs as clients see them, by name."""
        card = self.card
        state = {each.input for each in card.state}
        taken = {name: shape or (1,) for name, shape in card.inputs.items() if name not in state}
        given: dict[str, tuple[int, ...]] = {
            "anomaly_map": (card.grid.rows, card.grid.columns),
            "score": (1,),
        }
        known: dict[str, tuple[int, ...]] = {"motion_known": (1,)} if card.motion_inside else {}
        return {"inputs": taken, "outputs": given | known}

    def ModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._demand(request.name, request.version, context)
        told = service_pb2.ModelMetadataResponse(name=self.name, versions=[self.version])
        for side, shapes in self.shapes.items():
            for name, shape in shapes.items():
                datatype = _KINDS.get(name, "FP32")
                getattr(told, side).add(name=name, datatype=datatype, shape=(-1, *shape))
        return told

    def ModelConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self._demand(request.name, request.version, context)
        config = model_config_pb2.ModelConfig(name=self.name, max_batch_size=self.most_frames)
        return service_pb2.ModelConfigResponse(config=config)

    def SystemSharedMemoryRegister(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if not self.sees_memory:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Unable to open shared memory region")
        self.regions[request.name] = shared_memory.SharedMemory(request.key)
        return service_pb2.SystemSharedMemoryRegisterResponse()

    def SystemSharedMemoryUnregister(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if region := self.regions.pop(request.name, None):
            region.close()
        return service_pb2.SystemSharedMemoryUnregisterResponse()

    def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self.hold.wait(60)
        self._demand(request.model_name, request.model_version, context)
        with self._lock:
            if self.allowed is not None and self.scored >= self.allowed:
                context.abort(grpc.StatusCode.UNAVAILABLE, "away")
            if self.failing:
                context.abort(self.failing.pop(0), "told to fail")
            given = self._inputs(request, context)
            outputs = self._score(given, request, context)
            self.scored += 1
        answer = service_pb2.ModelInferResponse(model_name=self.name, model_version=self.version)
        for wanted in request.outputs:
            values = outputs[wanted.name]
            datatype = _KINDS.get(wanted.name, "FP32")
            answer.outputs.add(name=wanted.name, datatype=datatype, shape=values.shape)
            if region := wanted.parameters["shared_memory_region"].string_param:
                offset = wanted.parameters["shared_memory_offset"].int64_param
                lies = self.regions[region].buf[offset : offset + values.nbytes]
                lies[:] = values.tobytes()
            else:
                answer.raw_output_contents.append(values.tobytes())
        return answer

    def restart(self) -> None:
        """Forget what a server forgets that starts anew."""
        self.sequences.clear()
        for region in self.regions.values():
            region.close()
        self.regions.clear()

    def stop(self) -> None:
        """End; what waits is let go."""
        self.hold.set()
        self._server.stop(0).wait()
        self.restart()

    def _demand(self, name: str, version: str, context: grpc.ServicerContext) -> None:
        if name != self.name or version not in ("", self.version):
            context.abort(grpc.StatusCode.NOT_FOUND, f"Request for unknown model: {name!r}")

    def _inputs(self, request: Any, context: grpc.ServicerContext) -> dict[str, np.ndarray]:
        contents, given = iter(request.raw_input_contents), {}
        for each in request.inputs:
            if name := each.parameters["shared_memory_region"].string_param:
                if name not in self.regions:
                    context.abort(grpc.StatusCode.NOT_FOUND, f"Unable to find region {name!r}")
                offset = each.parameters["shared_memory_offset"].int64_param
                size = each.parameters["shared_memory_byte_size"].int64_param
                content = bytes(self.regions[name].buf[offset : offset + size])
            else:
                content = next(contents)
            given[each.name] = np.frombuffer(content, _TYPES[each.datatype]).reshape(each.shape)
        return given

    def _score(
        self, given: dict[str, np.ndarray], request: Any, context: grpc.ServicerContext
    ) -> dict[str, np.ndarray]:
        if not self.card.motion_inside:
            found = self._backend.infer(ModelInput(given["frame"], given["motion"]))
            return {"anomaly_map": found.anomaly_map, "score": found.score[:, None]}
        number = request.parameters["sequence_id"].int64_param
        if request.parameters["sequence_start"].bool_param:
            self.sequences[number] = CameraHandle()
        if number not in self.sequences:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "must specify the START flag")
        flat = given["elapsed"][:, 0], given["reset"][:, 0]
        found = self._backend.infer(CameraInput(given["frame"], *flat, (self.sequences[number],)))
        assert found.motion_known is not None
        return {
            "anomaly_map": found.anomaly_map,
            "score": found.score[:, None],
            "motion_known": found.motion_known[:, None],
        }
