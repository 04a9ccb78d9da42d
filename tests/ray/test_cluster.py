"""On a real Ray cluster of this machine; `make ray` installs Ray and runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import msgspec
import onnx
import pytest

from edge_vad.archive.layout import RESULT
from edge_vad.bulk.processes import usable_cores
from edge_vad.scene_model import SceneModel
from edge_vad.sources import open_source

pytest.importorskip("ray", reason="needs edge-vad[ray]: make ray")

pytestmark = pytest.mark.long

CLIPS, FRAMES = 40, 120


def run(*words, killing=None, **changes):
    """Run edge-vad; returns its seconds."""
    # Ray gives way to all others, as far as a core is shared; here it is compared with one process.
    environment = {**os.environ, "RAY_worker_niceness": "0", "OMP_NUM_THREADS": "1", **changes}
    begun_s = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "edge_vad", *map(str, words)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        if killing:
            threading.Thread(target=killing, args=(process,), daemon=True).start()
        text = process.communicate(timeout=1800)[0]
    assert process.returncode == 0, text
    return SimpleNamespace(seconds=time.monotonic() - begun_s, text=text)


def compared(one, two):
    """How much faster two workers are, in words."""
    times = f"one worker {one.seconds:.1f} s, two {two.seconds:.1f} s"
    return f"{times}, {one.seconds / two.seconds:.2f} times as fast"


def actors():
    """The processes of Ray's actors that do our jobs."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            name = each.read_bytes().split(b"\0")[0].decode(errors="replace")
        except OSError:
            continue
        if name.startswith("ray::_Actor"):
            found.append(int(each.parent.name))
    return found


def content(folder):
    return {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


@pytest.fixture(scope="module")
def archive(make, tmp_path_factory):
    """A scene and 40 small clips."""
    folder = tmp_path_factory.mktemp("archive")
    for number in range(CLIPS):
        first = 20 + number
        make.avi(
            folder / f"gate_2026-05-01_{number // 60:02}-{number % 60:02}-00.000Z.avi",
            make.movement(FRAMES, range(first, first + 8)),
        )
    make.scene(folder / "gate.onnx", make.card())
    return folder


def test_a_cluster_gives_the_same_bytes_as_one_process_though_a_worker_is_killed(
    archive, tmp_path, record_property
):
    clips = sorted(archive.glob("*.avi"))
    words = ("score", archive / "gate.onnx", *clips, "--out")
    run(*words, tmp_path / "one", "--workers", 1)
    one = run(*words, tmp_path / "ray_one", "--ray=local", "--workers", 1)
    two = run(*words, tmp_path / "ray_two", "--ray=local", "--workers", 2)
    killed = []

    def kill(process):
        """Kill an actor once some clips are done."""
        while process.poll() is None and not killed:
            if len([*(tmp_path / "killed").glob(f"*/{RESULT}")]) >= 5 and (found := actors()):
                os.kill(found[0], signal.SIGKILL)
                killed.append(found[0])
            time.sleep(0.01)

    run(*words, tmp_path / "killed", "--ray=local", "--workers", 2, killing=kill)
    assert killed
    expected = content(tmp_path / "one")
    assert {"scores.parquet", "events/events.sqlite"} < set(expected)
    assert len([each for each in expected if each.endswith(RESULT)]) == CLIPS
    for other in ("ray_one", "ray_two", "killed"):
        assert content(tmp_path / other) == expected
    print(
        f"\n{CLIPS} clips of {FRAMES} frames, with the start of the cluster: {compared(one, two)}"
    )


CAMERAS = 12
BRIEF = ("--latent", 2, "--components", 2, "--size", "128x96", "--steps", 20)


@pytest.fixture(scope="module")
def site(make, tmp_path_factory):
    """A site file of twelve cameras, each with a little footage of a street of its own."""
    folder = tmp_path_factory.mktemp("site")
    lines = []
    for seed in range(CAMERAS):
        name = f"street{seed}"
        street = open_source(f"test://street?seed={seed}&frames=60&size=128x96")
        make.avi(folder / f"{name}.avi", [each.image for each in street])
        lines += ["[[cameras]]", f'name = "{name}"', 'source = "0"']
        lines += [f'scene = "{name}.onnx"', f'footage = ["{name}.avi"]']
    (folder / "site.toml").write_text("\n".join(lines))
    return folder / "site.toml"


def scenes(site, runs):
    """What was made: graphs, cards and proofs, less times; the scene models are taken away."""
    found = {}
    for number in range(CAMERAS):
        path = site.parent / f"street{number}.onnx"
        card = SceneModel.read(path).card
        training = msgspec.structs.replace(card.training, created="")
        proof = tuple(msgspec.structs.replace(each, milliseconds=0.0) for each in card.proof)
        graph = onnx.load(path)
        del graph.metadata_props[:]
        card = msgspec.structs.replace(card, training=training, proof=proof)
        found[path.stem] = (card.encode(), graph.SerializeToString())
        path.unlink()
    proofs = json.loads((runs / "proofs.json").read_text())
    assert [each["camera"] for each in proofs] == list(found)
    assert all(each["proof"] for each in proofs)
    return found


def test_a_cluster_makes_the_scenes_of_one_process_though_a_worker_is_killed(site, tmp_path):
    words = ("train", "--config", site, *BRIEF, "--out")
    one = run(*words, tmp_path / "one", "--ray=local", "--workers", 1)
    expected = scenes(site, tmp_path / "one")
    killed = []

    def kill(process):
        """Kill an actor once a scene is made."""
        while process.poll() is None and not killed:
            if [*(tmp_path / "two").glob("*/made.json")] and (found := actors()):
                os.kill(found[0], signal.SIGKILL)
                killed.append(found[0])
            time.sleep(0.01)

    two = run(*words, tmp_path / "two", "--ray=local", "--workers", 2, killing=kill)
    assert killed
    assert scenes(site, tmp_path / "two") == expected
    run(*words, tmp_path / "pool", "--workers", max(2, usable_cores()))  # a thread each, too
    assert scenes(site, tmp_path / "pool") == expected
    print(f"\n{CAMERAS} scenes, with the start of the cluster: {compared(one, two)}")


def gets_in(address, environment):
    """Whether a guest gets into a cluster; one that is let in is so in seconds."""
    code = "import ray, sys; ray.init(address=sys.argv[1]); print('let in')"
    words = [sys.executable, "-c", code, address]
    # As the cluster has it: or Ray takes another address of this machine for 127.0.0.1.
    usual = {"RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    environment = {**usual, **environment}
    try:
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:  # it tries again and again
        return False
    return "let in" in done.stdout


def test_a_local_cluster_is_on_this_machine_alone_and_asks_for_a_token(tmp_path):
    script = tmp_path / "cluster.py"
    script.write_text(
        "import bulk_work\nfrom edge_vad.bulk.ray_cluster import RayPool\n"
        "pool = RayPool(bulk_work.make_square, 'local', 1, 1)\n"
        "print(pool._ray.get_runtime_context().gcs_address, flush=True)\ninput()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, script],
        env={**environment, "RAY_AUTH_TOKEN": "a-token-of-this-test-alone"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as host:
        address = host.stdout.readline().strip()
        assert address.startswith("127.0.0.1:")
        assert gets_in(address, {**environment, "RAY_AUTH_TOKEN": "a-token-of-this-test-alone"})
        assert not gets_in(address, {**environment, "RAY_AUTH_TOKEN": "another-token-of-this-test"})
        assert not gets_in(address, {**environment, "RAY_AUTH_MODE": "disabled"})
        host.communicate("\n", timeout=120)
