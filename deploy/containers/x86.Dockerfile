# edge-vad on x86-64 (or arm64 without a GPU of NVIDIA's). From the root of the clone:
#   docker build -f deploy/containers/x86.Dockerfile --target cpu -t edge-vad:cpu .
# Targets: cpu watches; train also learns and has the demo; gpu watches on an NVIDIA GPU.
# Debian 12 for its Python 3.11, with which these steps and the arm64 machine are tried. The date names
# one build of it, so that the base does not change by itself; a newer one has newer repairs.
ARG BASE=debian:bookworm-20260918-slim

FROM ${BASE} AS base
ENV LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Versions are those of Debian's release, which the base names.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*

FROM base AS wheel
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE constraints.txt ./
COPY runtime runtime
COPY train train
COPY export export
COPY benchmarks benchmarks
RUN python3 -m venv /opt/edge-vad \
 && /opt/edge-vad/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

# Without an index of PyTorch's builds for CPUs pip takes the build with CUDA, of some gigabytes:
# --build-arg PIP_EXTRA_INDEX_URL=… or, with wheels in a folder that is mounted, PIP_FIND_LINKS=…
FROM wheel AS train-packages
ARG PIP_EXTRA_INDEX_URL
ARG PIP_FIND_LINKS
RUN /opt/edge-vad/bin/pip install --no-cache-dir -c constraints.txt \
    "edge-vad[all] @ file://$(echo /wheels/*.whl)"

FROM wheel AS cpu-packages
RUN /opt/edge-vad/bin/pip install --no-cache-dir -c constraints.txt \
    "edge-vad[cpu,mqtt,metrics,notify,serve,edit,onvif,push] @ file://$(echo /wheels/*.whl)"

# The driver comes from the machine; CUDA and cuDNN from the packages of ONNX Runtime.
FROM wheel AS gpu-packages
RUN grep -v '^onnxruntime==' constraints.txt >gpu-constraints.txt \
 && /opt/edge-vad/bin/pip install --no-cache-dir -c gpu-constraints.txt \
    "edge-vad[gpu,tensorrt,mqtt,metrics,notify,serve,edit,onvif,push] @ file://$(echo /wheels/*.whl)" \
    'onnxruntime-gpu[cuda,cudnn]'

FROM base AS watch
RUN useradd --create-home --uid 10001 --groups video edge-vad \
 && install --directory --owner edge-vad --mode 700 /var/lib/edge-vad
COPY deploy/containers/healthy.py /usr/local/lib/edge-vad/healthy.py
ENV PATH=/opt/edge-vad/bin:$PATH
USER 10001
WORKDIR /var/lib/edge-vad
# The page asks for the token of EDGE_VAD_TOKEN or --token-file: it refuses to start without.
EXPOSE 8420
ENTRYPOINT ["edge-vad"]
CMD ["run", "--config", "/etc/edge-vad/site.toml", "--serve", "0.0.0.0:8420", "--log-json"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=2m \
  CMD ["python3", "/usr/local/lib/edge-vad/healthy.py"]

FROM watch AS train
COPY --from=train-packages /opt/edge-vad /opt/edge-vad

FROM watch AS gpu
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
COPY --from=gpu-packages /opt/edge-vad /opt/edge-vad

FROM watch AS cpu
COPY --from=cpu-packages /opt/edge-vad /opt/edge-vad
