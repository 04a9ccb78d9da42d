# edge-vad on a Jetson. From the root of the clone, on the Jetson, with the host name of NVIDIA's
# container registry (NGC):
#   docker build -f deploy/containers/jetpack.Dockerfile --target jetpack6 --build-arg REGISTRY=… .
# Targets: jetpack6 (Python 3.10) and jetpack7 (Python 3.12). Run it with --runtime nvidia.
ARG REGISTRY
# Jetson Linux 36.4, of JetPack 6.1 and 6.2: its TensorRT 10.3 is the oldest that builds our engines.
ARG JETPACK6=nvidia/l4t-jetpack:r36.4.0
# There is no l4t-jetpack of JetPack 7: its boards take NVIDIA's images for servers. This is the first
# of them with CUDA 13, which the driver of every JetPack 7 runs, and has Ubuntu 24.04's Python 3.12.
ARG JETPACK7=nvidia/tensorrt:25.08-py3

FROM ${REGISTRY}/${JETPACK6} AS base6
# OpenCV with GStreamer, and TensorRT's bindings, are those of this JetPack. NVIDIA's plugins, which
# the container runtime brings, ask lsmod of kmod which kind of GPU this is, and without it neither
# decode nor encode. The other plugins read cameras and files, and cut streams into pictures.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-base gstreamer1.0-plugins-good kmod \
    libopencv-python python3-libnvinfer python3-venv \
 && rm -rf /var/lib/apt/lists/*

FROM base6 AS packages6
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY deploy/boards/jetpack.txt deploy/containers/kept.py deploy/
COPY runtime runtime
COPY train train
COPY export export
COPY benchmarks benchmarks
RUN python3 -m venv --system-site-packages /opt/edge-vad \
 && /opt/edge-vad/bin/pip install --no-cache-dir -c deploy/jetpack.txt \
    '.[video,mqtt,metrics,notify,serve,edit,onvif,push]' onnxruntime 'cuda-bindings<13' \
 && /opt/edge-vad/bin/python deploy/kept.py cv2 tensorrt

# This one has no OpenCV, so one comes from a wheel: it reads USB and network cameras, no CSI ones.
FROM ${REGISTRY}/${JETPACK7} AS base7
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends kmod python3-venv \
 && rm -rf /var/lib/apt/lists/*

FROM base7 AS packages7
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY deploy/containers/kept.py deploy/
COPY runtime runtime
COPY train train
COPY export export
COPY benchmarks benchmarks
RUN python3 -m venv --system-site-packages /opt/edge-vad \
 && /opt/edge-vad/bin/pip install --no-cache-dir \
    '.[cpu,mqtt,metrics,notify,serve,edit,onvif,push]' 'cuda-bindings>=13' 'numpy<2' \
    'opencv-python-headless<5' \
 && /opt/edge-vad/bin/python deploy/kept.py tensorrt

FROM base7 AS jetpack7
COPY --from=packages7 /opt/edge-vad /opt/edge-vad
COPY deploy/containers/healthy.py /usr/local/lib/edge-vad/healthy.py
RUN useradd --create-home --uid 10001 --groups video edge-vad \
 && install --directory --owner edge-vad --mode 700 /var/lib/edge-vad
ENV PATH=/opt/edge-vad/bin:$PATH LANG=C.UTF-8 PYTHONUNBUFFERED=1 \
    AARCH64_IGPU=1 NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
USER 10001
WORKDIR /var/lib/edge-vad
EXPOSE 8420
ENTRYPOINT ["edge-vad"]
CMD ["run", "--config", "/etc/edge-vad/site.toml", "--serve", "0.0.0.0:8420", "--log-json"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=15m \
  CMD ["python3", "/usr/local/lib/edge-vad/healthy.py"]

FROM base6 AS jetpack6
COPY --from=packages6 /opt/edge-vad /opt/edge-vad
COPY deploy/containers/healthy.py /usr/local/lib/edge-vad/healthy.py
RUN useradd --create-home --uid 10001 --groups video edge-vad \
 && install --directory --owner edge-vad --mode 700 /var/lib/edge-vad
ENV PATH=/opt/edge-vad/bin:$PATH LANG=C.UTF-8 PYTHONUNBUFFERED=1 \
    AARCH64_IGPU=1 NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=all
USER 10001
WORKDIR /var/lib/edge-vad
EXPOSE 8420
ENTRYPOINT ["edge-vad"]
CMD ["run", "--config", "/etc/edge-vad/site.toml", "--serve", "0.0.0.0:8420", "--log-json"]
HEALTHCHECK --interval=30s --timeout=10s --start-period=15m \
  CMD ["python3", "/usr/local/lib/edge-vad/healthy.py"]
