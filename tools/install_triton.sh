#!/usr/bin/env bash
# Installs a Triton server that runs on a CPU, into .triton/ and nothing else, for tools/check_triton.py:
# x86-64 Linux with glibc 2.35 or newer, git and g++.
#
# The package nvidia-pytriton brings the server, with a backend for Python alone. Its backend for
# ONNX Runtime is built here, from NVIDIA's sources of the same release and against the library in
# the package onnxruntime. ONNX Runtime's C headers are those that onnxruntime_go carries along.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
home=.triton
server=2.51.0 onnxruntime=1.32.0 # Triton 24.10, and what runs models
[[ -e $home/ready ]] && [[ $(<$home/ready) == "$server $onnxruntime" ]] && exit 0
[[ $(uname -sm) == "Linux x86_64" ]] || { echo "there is no such server for $(uname -sm)" >&2; exit 1; }
command -v git g++ >/dev/null || { echo "git and g++ are needed: apt-get install git g++" >&2; exit 1; }

rm -rf $home
mkdir -p $home/backends/onnxruntime $home/objects

echo "fetching the server and ONNX Runtime (120 MB)"
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --python-version 3.12 --platform manylinux_2_35_x86_64 --platform manylinux_2_28_x86_64 \
  --target $home/packages nvidia-pytriton==0.7.0 onnxruntime==$onnxruntime

fetch() { # owner/name, commit, what is needed of it
  local into=$home/sources/${1#*/}
  git init --quiet "$into"
  git -C "$into" remote add origin "https://github.com/$1"
  git -C "$into" fetch --quiet --depth 1 --filter=blob:none origin "$2"
  git -C "$into" sparse-checkout set --no-cone "${@:3}"
  git -C "$into" checkout --quiet FETCH_HEAD
}
echo "fetching the sources of the backend"
triton=triton-inference-server
fetch $triton/onnxruntime_backend 17e5cb23a6fbeb37282eb7079dd0b580cd79530d /src
fetch $triton/backend ac03a5d97403dec841ad46d0439e93db12c9268f /src /include
fetch $triton/core bfec7c61dc0939433f64f14e89b1973073eac8ba /include
fetch $triton/common 578491fc3944f77d16a6a38e3d7691c485c47ba0 /src /include
fetch yalue/onnxruntime_go 8ce7fa5882bb3ac038bacdd53bfe02da3691899f '/onnxruntime_*.h'
fetch Tencent/rapidjson 24b5e7a8b27f42fa16b96fc70aade9106cf7102f /include

echo "building the backend, about a minute"
cd $home/sources
mkdir headers && cp onnxruntime_go/onnxruntime_*.h headers
parts=(onnxruntime_backend/src/*.cc common/src/{async_work_queue,error,thread_pool}.cc)
parts+=(backend/src/backend_{common,input_collector,memory,model,model_instance,output_responder}.cc)
includes=(-Iheaders -Ionnxruntime_backend/src -Ibackend/include -Icore/include -Icommon/include)
includes+=(-Irapidjson/include)
printf '%s\n' "${parts[@]}" | xargs -P 2 -I {} sh -c \
  'g++ -O2 -fPIC -std=c++17 -w -DTRITON_ENABLE_STATS '"${includes[*]}"' -c {} -o ../objects/$(basename {} .cc).o'
cd ../..
backend=$home/backends/onnxruntime
cp $home/packages/onnxruntime/capi/libonnxruntime.so.$onnxruntime $backend/libonnxruntime.so.1
g++ -shared -o $backend/libtriton_onnxruntime.so $home/objects/*.o $backend/libonnxruntime.so.1 \
  -Wl,-rpath,'$ORIGIN' -ldl -lpthread \
  -Wl,--version-script=$home/sources/onnxruntime_backend/src/libtriton_onnxruntime.ldscript
rm -rf $home/objects $home/sources
echo "$server $onnxruntime" >$home/ready
