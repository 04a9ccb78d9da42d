"""What deploy/containers/compose.yaml puts together, run without an engine: real parts, here.

Each part has its file of deploy/containers, in which names of the composition become those of this
machine. Grafana is in no distribution: its dashboard's questions are asked of Prometheus instead.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from free_port import free_port

from edge_vad.selftest.small_scene import write_small_scene

CONTAINERS = Path(__file__).parents[2] / "deploy" / "containers"
DASHBOARD = CONTAINERS / "config/grafana/dashboards/edge-vad.json"
GENEROUS_S = 120
PARTS = ("mosquitto", "prometheus", "page", "metrics")


def program(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    return found or pytest.skip(f"{name} is not installed: run tools/install_test_servers.sh")


def wait_for(what, told="it never came"):
    """Ask again until there is an answer other than nothing; that answer."""
    until = time.monotonic() + GENEROUS_S
    while not (answer := what()):
        assert time.monotonic() < until, told
        time.sleep(0.1)
    return answer


def asked(address, token=None, **headers):
    """What a server answers; nothing while it does not."""
    given = headers | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urlopen(Request(address, headers=given), timeout=60) as answer:  # noqa: S310
            return answer.read().decode()
    except OSError:
        return ""


@pytest.fixture(scope="module")
def ports():
    return {name: free_port() for name in PARTS}


@pytest.fixture(scope="module")
def files(tmp_path_factory, ports):
    """The folder of the composition, its secrets made, its names those of this machine."""
    for each in ("openssl", "mosquitto_passwd"):
        program(each)
    folder = tmp_path_factory.mktemp("deploy") / "containers"
    shutil.copytree(CONTAINERS, folder, ignore=shutil.ignore_patterns("secrets", "*.onnx"))
    subprocess.run([folder / "secrets.sh"], check=True, capture_output=True)
    (folder / "data").mkdir()
    here = [
        ("/run/secrets", f"{folder}/secrets"),
        ("/var/lib/edge-vad/watched", f"{folder}/data/watched"),
        ("/mosquitto/data/", f"{folder}/data/"),
        ("listener 1883", f"user root\nlistener {ports['mosquitto']} 127.0.0.1"),
        ('host = "mosquitto"', f'host = "127.0.0.1"\nport = {ports["mosquitto"]}'),
        ("[sinks.page]", f"[sinks.page]\nport = {ports['page']}"),
        ("[sinks.metrics]", f"[sinks.metrics]\nport = {ports['metrics']}"),
        ('"0.0.0.0"', '"127.0.0.1"'),
        ("realtime=1", "realtime=1&size=128x96"),
        ("edge-vad:9464", f"127.0.0.1:{ports['metrics']}"),
        ("15s", "1s"),
    ]
    for path in ("site/site.toml", "config/mosquitto.conf", "config/prometheus.yml"):
        text = (folder / path).read_text()
        for name, ours in here:
            text = text.replace(name, ours)
        (folder / path).write_text(text)
    write_small_scene(folder / "site/street.onnx")
    return folder


@pytest.fixture(scope="module")
def running(files, ports):
    """All parts; a function that gives the secret of a name."""
    data = files / "data"
    words = [
        [program("mosquitto"), "-c", files / "config/mosquitto.conf"],
        [program("prometheus"), f"--config.file={files}/config/prometheus.yml",
         f"--storage.tsdb.path={data}/measured", "--log.level=warn",
         f"--web.listen-address=127.0.0.1:{ports['prometheus']}"],
        [sys.executable, "-m", "edge_vad", "run", "--config", files / "site/site.toml"],
    ]  # fmt: skip
    started = [subprocess.Popen(each, stdout=subprocess.DEVNULL, cwd=data) for each in words]
    try:
        yield lambda name: (files / "secrets" / name).read_text().strip()
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait(GENEROUS_S)


@pytest.fixture(scope="module")
def query(running, ports):
    """A function that asks Prometheus; what it found, and nothing while it does not answer."""

    def ask(path, **words):
        address = f"http://127.0.0.1:{ports['prometheus']}/api/v1/{path}?{urlencode(words)}"
        answer = json.loads(asked(address) or "{}")
        found = answer.get("data", [])
        return found["result"] if isinstance(found, dict) else found

    return ask


def test_prometheus_finds_no_fault_in_its_file(files):
    tool = [program("promtool"), "check", "config", files / "config/prometheus.yml"]
    done = subprocess.run(tool, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_figures_are_given_to_prometheus_by_its_name_of_the_service_and_its_token(running, ports):
    address = f"http://127.0.0.1:{ports['metrics']}/metrics"
    token, host = running("metrics_token"), {"Host": "edge-vad:9464"}
    figures = wait_for(lambda: asked(address, token, **host))
    assert "edge_vad_frames_total" in figures
    assert not asked(address, **host)
    assert not asked(address, token, Host="another:9464")
    tool = [program("promtool"), "check", "metrics"]
    done = subprocess.run(tool, input=figures, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_every_question_of_the_dashboard_has_an_answer(running, ports, query):
    """But those for sensors that this machine does not have."""
    dashboard = json.loads(DASHBOARD.read_text())
    (variable,) = dashboard["templating"]["list"]
    metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]).groups()
    values = wait_for(lambda: query(f"label/{label}/values", **{"match[]": metric}))
    assert values == ["street"]
    address = f"http://127.0.0.1:{ports['metrics']}/metrics"
    lacking = {
        name
        for name in ("edge_vad_device_temperature_celsius", "edge_vad_device_power_watts")
        if f"\n{name}{{" not in asked(address, running("metrics_token"))
    }
    questions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(questions) > 12
    for question in questions:
        if not lacking & set(re.findall(r"edge_vad_\w+", question)):
            words = question.replace("$camera", "|".join(values))
            wait_for(lambda words=words: query("query", query=words), question)


@pytest.mark.long
def test_the_broker_has_what_the_site_says_of_its_camera(running, ports):
    from paho.mqtt import client as paho
    from paho.mqtt.enums import CallbackAPIVersion

    heard = {}
    listener = paho.Client(CallbackAPIVersion.VERSION2)
    listener.username_pw_set("edge-vad", running("broker_password"))
    listener.on_message = lambda *told: heard.update({told[2].topic: told[2].payload.decode()})
    listener.on_connect = lambda *told: listener.subscribe("edge-vad/#")

    def is_there():
        try:
            return listener.connect("127.0.0.1", ports["mosquitto"]) == 0
        except OSError:
            return False

    def is_live():
        listener.loop(0.2)
        return heard.get("edge-vad/street/state") == "live"

    wait_for(is_there)
    wait_for(is_live)
    listener.disconnect()
    assert heard["edge-vad/available"] == "online"
