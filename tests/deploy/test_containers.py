"""The files of deploy/containers: what they name exists, and what they promise holds."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import tomli
import wheel_sets
import yaml
from certificate import self_signed
from free_port import free_port

from edge_vad.selftest.small_scene import write_small_scene
from edge_vad.sinks.metrics import Metrics
from edge_vad.sinks.settings import MetricsSettings
from edge_vad.site.reading import read_site
from edge_vad.sources.decoding import pipelines

ROOT = Path(__file__).parents[2]
CONTAINERS = ROOT / "deploy" / "containers"
COMPOSE = yaml.safe_load((CONTAINERS / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
SEARCHED = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
GENEROUS_S = 120
NOT_OF_WATCHING = {
    "cpu": "what computes", "gpu": "what computes", "openvino": "what computes",
    "tensorrt": "what computes", "pycuda": "what computes", "rtx": "what computes",
    "triton": "what computes", "video": "part of what computes", "gui": "needs a display",
    "train": "work beforehand", "export": "work beforehand", "bench": "a measurement",
    "archive": "recordings, in bulk", "ray": "recordings, in bulk",
    "all": "others", "docs": "development", "dev": "development",
}  # fmt: skip
"""Extras that an image does not need to be told and to tell, and what they are for."""


@pytest.fixture
def broker_programs():
    found = [shutil.which(each, path=SEARCHED) for each in ("mosquitto", "mosquitto_passwd")]
    if None in found:
        pytest.skip("mosquitto is not installed")
    return found


def test_the_container_files_have_no_fault_that_hadolint_knows():
    hadolint = Path(sys.executable).parent / "hadolint"
    files = sorted(map(str, CONTAINERS.glob("*.Dockerfile")))
    assert len(files) == 2
    done = subprocess.run([hadolint, *files], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def images():
    """Every image that is taken from a registry, but those that are built here."""
    files = [each.read_text() for each in CONTAINERS.glob("*.Dockerfile")]
    bases = re.findall(r"^ARG [A-Z0-9]+=(\S+:\S+)$", "\n".join(files), re.M)
    return bases + [each["image"] for each in SERVICES.values() if "build" not in each]


def test_every_image_is_named_by_a_tag_that_does_not_move_and_the_page_says_so():
    page = (ROOT / "docs/install/container.md").read_text()
    assert len(images()) == 6
    for image in images():
        assert re.search(r":\D*\d+\.\d+(\.\d+)?(-py3)?$|:[a-z]+-\d{8}-slim$", image), image
        assert f"| `{image}` |" in page, image


def test_no_base_is_named_but_by_these_arguments():
    for file in CONTAINERS.glob("*.Dockerfile"):
        text = file.read_text()
        named = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.M))
        bases = set(re.findall(r"^FROM (\S+) AS \S+$", text, re.M)) - named
        assert bases <= {"${BASE}", "${REGISTRY}/${JETPACK6}", "${REGISTRY}/${JETPACK7}"}


def test_a_jetsons_image_has_what_its_pipelines_are_made_of():
    """Plugins of GStreamer, by Ubuntu's packages; NVIDIA's own come with the container runtime."""
    of = {
        "gstreamer1.0-plugins-bad": {"h264parse", "h265parse"},
        "gstreamer1.0-plugins-base": {"appsink", "parsebin", "videoconvert"},
        "gstreamer1.0-plugins-good": {"rtph264depay", "rtph265depay", "rtspsrc", "v4l2src"},
        "libopencv-python": {"filesrc"},  # comes with GStreamer itself
    }
    said = [pipelines.of_network("rtsp://a", codec, "tcp", 1, None) for codec in pipelines.CODECS]
    said += [pipelines.of_device("/dev/video0", None, None), pipelines.of_file(Path("a"), None)]
    elements = {re.match(r"[a-z]\w+", each)[0] for text in said for each in text.split(" ! ")}
    ours = {each for each in elements if not each.startswith("nv")} - {"video", "image"}
    installed = " ".join(rest for word, rest in stages("jetpack.Dockerfile")["jetpack6"])
    assert ours <= set().union(*(of[name] for name in of if f" {name} " in installed))


def stages(name):
    """Target to its instructions, with those of the stages that it is made from."""
    found = {}
    for line in (CONTAINERS / name).read_text().replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, target = rest.partition(" AS ")
            found[target] = lines = list(found.get(base, []))
        elif word and word != "#" and found:
            lines.append((word, rest))
    return found


@pytest.mark.parametrize(
    ("file", "target"),
    [("x86.Dockerfile", each) for each in ("cpu", "train", "gpu")]
    + [("jetpack.Dockerfile", each) for each in ("jetpack6", "jetpack7")],
)
def test_every_image_is_run_by_a_user_of_its_own_and_says_how_it_is(file, target):
    lines = stages(file)[target]
    words = [word for word, _ in lines]
    assert [rest for word, rest in lines if word == "USER"] == ["10001"]
    assert {"HEALTHCHECK", "ENTRYPOINT", "CMD"} <= set(words)
    assert not [rest for word, rest in lines if word == "ADD"]
    for word, rest in lines:
        if word == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / each).exists() for each in rest.split()[:-1])
    if file.startswith("jetpack"):
        assert re.search(r"\bkmod\b", " ".join(rest for word, rest in lines if word == "RUN"))


def test_every_image_has_all_extras_of_a_device_that_watches():
    project = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].keys()
    told = set(wheel_sets.TOLD.split(","))
    assert told == extras - set(NOT_OF_WATCHING)
    for file in CONTAINERS.glob("*.Dockerfile"):
        installed = re.findall(r"(?:\.|edge-vad)\[([a-z,]+)\]", file.read_text())
        assert installed
        for listed in installed:
            assert listed == "all" or told <= set(listed.split(","))


def test_an_image_that_replaces_what_a_board_brings_is_not_built(tmp_path):
    (tmp_path / "cv2_of_the_board.py").touch()
    board = {**os.environ, "PYTHONPATH": str(tmp_path)}
    check = [sys.executable, CONTAINERS / "kept.py"]
    for modules, said in (
        (["cv2_of_the_board"], ""),
        (["cv2_of_the_board", "cv2"], "cv2 was replaced by "),
        (["nobody_has_this"], "nobody_has_this is not there"),
    ):
        done = subprocess.run([*check, *modules], env=board, capture_output=True, text=True)
        assert done.stderr.startswith(said)
        assert bool(done.returncode) == bool(said)
    steps = stages("jetpack.Dockerfile")
    built = {target: " ".join(rest for _, rest in lines) for target, lines in steps.items()}
    assert "kept.py cv2 tensorrt" in built["packages6"]
    assert "kept.py tensorrt" in built["packages7"]


def test_everything_that_is_copied_reaches_the_builder():
    kept = [
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    ]
    for file in CONTAINERS.glob("*.Dockerfile"):
        for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", file.read_text(), re.M):
            assert {each.split("/")[0] for each in copied.split()} <= set(kept)


@pytest.mark.parametrize("has_certificate", [False, True], ids=["HTTP", "TLS"])
def test_the_health_check_follows_the_page(tmp_path, has_certificate):
    port, scene = free_port(), write_small_scene(tmp_path / "scene.onnx")
    check = [sys.executable, str(CONTAINERS / "healthy.py")]
    asked = {**os.environ, "EDGE_VAD_PAGE_PORT": str(port)}
    assert subprocess.run(check, env=asked).returncode == 1
    street = "test://street?seed=1&realtime=1&size=128x96"
    words = ["run", str(scene), street, "--serve", f"0.0.0.0:{port}", "--duration", "1h"]
    if has_certificate:
        made = self_signed(tmp_path)
        words += ["--cert-file", str(made.cert), "--key-file", str(made.key)]
    run = subprocess.Popen(
        [sys.executable, "-m", "edge_vad", *words],
        env={**os.environ, "EDGE_VAD_TOKEN": "0123456789abcdef0123"},
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + GENEROUS_S
        while subprocess.run(check, env=asked).returncode:
            assert run.poll() is None
            assert time.monotonic() < until
    finally:
        run.terminate()
        run.wait(GENEROUS_S)
    assert subprocess.run(check, env=asked).returncode == 1


def test_the_composition_opens_nothing_beyond_this_machine_and_drops_what_it_can():
    assert set(SERVICES) == {"edge-vad", "mosquitto", "prometheus", "grafana"}
    for name, service in SERVICES.items():
        assert all(each.startswith("127.0.0.1:") for each in service["ports"]), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service, name


def test_what_the_composition_mounts_is_there():
    named = set(COMPOSE["volumes"])
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert source in named or (CONTAINERS / source).exists(), source
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    build = SERVICES["edge-vad"]["build"]
    assert (CONTAINERS / build["context"]).resolve() == ROOT
    assert build["target"] in stages(Path(build["dockerfile"]).name)


def told(value, path=()):
    """Every word of a document, with the keys that lead to it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from told(each, (*path, str(key)))
    elif isinstance(value, list):
        for each in value:
            yield from told(each, path)
    else:
        yield path, str(value)


def test_secrets_are_named_by_their_files_alone_and_those_stay_here():
    secret = re.compile("password|token|secret|credential", re.I)
    files = [CONTAINERS / "compose.yaml", *sorted((CONTAINERS / "config").rglob("*.y*ml"))]
    said = [each for file in files for each in told(yaml.safe_load(file.read_text()))]
    named = [(path, value) for path, value in said if secret.search(path[-1]) or "secrets" in path]
    assert len(named) > 10
    for path, value in named:
        file = re.fullmatch(r"(\./secrets/|/run/secrets/)?(\w+)", value)
        assert file, path
        assert file[2] in COMPOSE["secrets"], path
    ignored = ["git", "check-ignore", "--quiet", "deploy/containers/secrets/page_token"]
    assert subprocess.run(ignored, cwd=ROOT).returncode == 0
    assert "deploy/containers/secrets" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_site_of_the_composition_is_one_and_holds_no_secret():
    sinks = read_site(CONTAINERS / "site" / "site.toml").sinks
    given = {f"/run/secrets/{name}" for name in SERVICES["edge-vad"]["secrets"]}
    read = {sinks.page.token_file, sinks.metrics.token_file, sinks.mqtt.password_file}
    assert read == given
    assert sinks.mqtt.host in SERVICES
    scraped = yaml.safe_load((CONTAINERS / "config/prometheus.yml").read_text())
    (job,) = scraped["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    assert target == f"{sinks.metrics.hosts[0]}:{sinks.metrics.port}"


@pytest.fixture
def served(unused_port):
    """Names of all figures that are served, as Prometheus stores them."""
    site = SimpleNamespace(cameras=[SimpleNamespace(name="gate")], status=list)
    sink = Metrics(MetricsSettings(port=unused_port), site, dict)
    sink.timing("gate", "total", 0.1)
    lines = sink.exposition().decode().splitlines()
    sink.close(2)
    names = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    return names | {f"edge_vad_stage_seconds_{part}" for part in ("bucket", "sum", "count")}


@pytest.fixture
def unused_port():
    return free_port()


def test_every_figure_of_the_dashboard_is_one_that_is_served(served):
    dashboard = json.loads((CONTAINERS / "config/grafana/dashboards/edge-vad.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["query"] for variable in dashboard["templating"]["list"]]
    names = set(re.findall(r"edge_vad_\w+", " ".join(asked)))
    assert len(names) > 12
    assert names <= served


def test_the_secrets_are_made_once_and_for_their_owner_alone(tmp_path, broker_programs):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    made = Path(shutil.copy(CONTAINERS / "secrets.sh", tmp_path))
    environment = {**os.environ, "PATH": SEARCHED}
    subprocess.run([made], check=True, env=environment, capture_output=True)
    secrets = tmp_path / "secrets"
    first = {each.name: each.read_text() for each in secrets.iterdir()}
    assert set(first) == set(COMPOSE["secrets"])
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    subprocess.run([made], check=True, env=environment, capture_output=True)
    assert {each.name: each.read_text() for each in secrets.iterdir()} == first


def test_the_broker_lets_nobody_in_without_the_password(tmp_path, broker_programs):
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    mosquitto, make_password = broker_programs
    port, accounts = free_port(), tmp_path / "accounts"
    subprocess.run([make_password, "-c", "-b", accounts, "edge-vad", "right"], check=True)
    text = (CONTAINERS / "config/mosquitto.conf").read_text()
    text = text.replace("listener 1883", f"listener {port} 127.0.0.1")
    text = text.replace("/run/secrets/broker_accounts", str(accounts))
    config = tmp_path / "mosquitto.conf"
    config.write_text(text.replace("/mosquitto/data/", f"{tmp_path}/") + "user root\n")
    broker = subprocess.Popen([mosquitto, "-c", config], stdout=subprocess.DEVNULL)
    try:
        answers = []
        for account in (None, ("edge-vad", "wrong"), ("edge-vad", "right")):
            caller = paho.Client(CallbackAPIVersion.VERSION2)
            caller.on_connect = lambda *told: answers.append(told[3].is_failure)
            if account:
                caller.username_pw_set(*account)
            until, said = time.monotonic() + GENEROUS_S, len(answers)
            while time.monotonic() < until:
                try:
                    caller.connect("127.0.0.1", port)
                    break
                except OSError:
                    time.sleep(0.05)
            while len(answers) == said and time.monotonic() < until:
                caller.loop(0.2)
            caller.disconnect()
        assert answers == [True, True, False]
    finally:
        broker.terminate()
        broker.wait(GENEROUS_S)
