from __future__ import annotations

import http.client
import socket
import threading
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge_vad.camera_state import CameraState
from edge_vad.errors import BadInput
from edge_vad.events import CameraStatus
from edge_vad.sinks.base import SinkHealth
from edge_vad.sinks.metrics import Metrics
from edge_vad.sinks.metrics.device_readings import Reading, powers, temperatures
from edge_vad.sinks.settings import MetricsSettings

EVERYWHERE = "0.0.0.0"  # noqa: S104
STATUS = [
    CameraStatus(
        "gate", CameraState.LIVE, 800, 7, 1, 0.125, unjudged={"covered": 40}, decoder="nvdec"
    ),
    CameraStatus("yard", CameraState.NO_SIGNAL, 0, 0, 3, None),
]


@pytest.fixture
def metrics(unused_port):
    site = SimpleNamespace(cameras=[SimpleNamespace(name="gate")], status=lambda: STATUS)
    health = {"mqtt": SinkHealth(False, "the broker is away", 12, 3)}
    sink = Metrics(MetricsSettings(port=unused_port), site, lambda: health)
    yield sink
    sink.close(2)


def told(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_camera_that_is_gone_is_shown_no_more_and_one_that_is_new_is(
    metrics, unused_port, events
):
    metrics.threshold("gate", "1/day", 2.5)
    metrics.event("gate", events.new(events.live(zone="door")))
    metrics.watch([SimpleNamespace(name="garden")])
    metrics.event("gate", events.end(events.live(zone="door")))
    read = told(unused_port)
    assert read["edge_vad_event_ongoing", "garden"] == 0
    assert ("edge_vad_event_ongoing", "gate") not in read
    assert ("edge_vad_threshold", "gate") not in read
    assert read["edge_vad_events_total", "gate"] == 1


def test_an_event_goes_on_while_one_of_any_zone_does(metrics, unused_port, events):
    for zone in ("door", "road"):
        metrics.event("gate", events.new(events.live(zone=zone)))
    metrics.event("gate", events.end(events.live(zone="door")))
    assert told(unused_port)["edge_vad_event_ongoing", "gate"] == 1
    metrics.event("gate", events.end(events.live(zone="road")))
    assert told(unused_port)["edge_vad_event_ongoing", "gate"] == 0


def test_prometheus_reads_how_cameras_and_sinks_are(metrics, unused_port, events):
    metrics.timing("gate", "total", 0.03)
    metrics.timing("gate", "total", 0.3)
    metrics.threshold("gate", "1/day", 2.5)
    metrics.event("gate", events.new(events.live()))
    read = told(unused_port)
    assert read["edge_vad_frames_total", "gate"] == 800
    assert read["edge_vad_frames_dropped_total", "gate"] == 7
    assert read["edge_vad_reconnects_total", "yard"] == 3
    assert read["edge_vad_frame_age_seconds", "gate"] == 0.125
    assert ("edge_vad_frame_age_seconds", "yard") not in read
    assert read["edge_vad_camera_state", "yard", "no signal"] == 1
    assert read["edge_vad_camera_state", "yard", "live"] == 0
    assert read["edge_vad_camera_decoder", "gate", "nvdec"] == 1
    assert not any(key[:2] == ("edge_vad_camera_decoder", "yard") for key in read)
    assert read["edge_vad_stage_seconds_bucket", "gate", "0.05", "total"] == 1
    assert read["edge_vad_stage_seconds_count", "gate", "total"] == 2
    assert read["edge_vad_threshold", "gate"] == 2.5
    assert read["edge_vad_events_total", "gate"] == 1
    assert read["edge_vad_event_ongoing", "gate"] == 1
    assert read["edge_vad_sink_ok", "mqtt"] == 0
    assert read["edge_vad_sink_queue", "mqtt"] == 12
    assert read["edge_vad_sink_dropped_total", "mqtt"] == 3
    metrics.event("gate", events.end(events.live()))
    assert told(unused_port)["edge_vad_event_ongoing", "gate"] == 0
    assert b"edge_vad_frames_total" in metrics.exposition()


def test_a_port_that_is_taken_is_an_error_at_once(metrics, unused_port):
    with pytest.raises(BadInput, match="choose another port"):
        Metrics(MetricsSettings(port=unused_port), SimpleNamespace(cameras=[]), dict)


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


def test_heat_and_power_of_a_jetson_are_read(tmp_path):
    zones, chip = "sys__class__thermal__thermal_zone", "sys__class__hwmon__hwmon3__"
    write(
        tmp_path,
        **{
            f"{zones}0__type": "cpu-thermal",
            f"{zones}0__temp": "48500",
            f"{zones}1__type": "gpu-thermal",
            f"{zones}1__temp": "-256000",
            f"{zones}2__type": "cpu-thermal",
            f"{zones}2__temp": "50000",
            f"{chip}name": "ina3221",
            f"{chip}in1_label": "VDD_IN",
            f"{chip}in1_input": "5000",
            f"{chip}curr1_input": "1500",
            f"{chip}in2_label": "VDD_CPU_GPU_CV",
        },
    )
    assert temperatures(tmp_path) == [Reading("cpu-thermal", 48.5), Reading("cpu-thermal 2", 50.0)]
    assert powers(tmp_path) == [Reading("VDD_IN", 7.5)]


def test_other_chips_tell_watts(tmp_path):
    chip = "sys__class__hwmon__hwmon0__"
    write(tmp_path, **{f"{chip}name": "amdgpu", f"{chip}power1_input": "12500000"})
    assert powers(tmp_path) == [Reading("amdgpu power1", 12.5)]


def test_a_machine_without_sensors_has_no_readings(tmp_path):
    assert temperatures(tmp_path) == []
    assert powers(tmp_path) == []


def test_another_address_needs_a_token():
    with pytest.raises(ValueError, match="token"):
        MetricsSettings(address=EVERYWHERE)


def test_with_a_token_only_who_knows_it_reads(unused_port, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("a-token-of-some-length\n")
    settings = MetricsSettings(
        port=unused_port,
        address=EVERYWHERE,
        token_file=str(secret),
    )
    site = SimpleNamespace(cameras=[], status=list)
    sink = Metrics(settings, site, dict)
    address = f"http://127.0.0.1:{unused_port}/metrics"
    try:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "a-token-of-some"}):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(address, headers=header), timeout=60)
            assert refused.value.code == 401
            assert "edge_vad" not in refused.value.read().decode()
            refused.value.close()
        right = {"Authorization": "Bearer a-token-of-some-length"}
        with urllib.request.urlopen(urllib.request.Request(address, headers=right)) as answer:
            assert answer.status == 200
    finally:
        sink.close(2)


def test_a_short_token_is_refused(unused_port, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("short")
    settings = MetricsSettings(port=unused_port, token_file=str(secret))
    with pytest.raises(BadInput, match="shorter"):
        Metrics(settings, SimpleNamespace(cameras=[], status=list), dict)


def status_of(port, **headers):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request("GET", "/metrics", headers=headers)
        answer = line.getresponse()
        answer.read()
        return answer.status
    finally:
        line.close()


def test_a_name_that_was_rebound_to_this_machine_reads_no_metrics(metrics, unused_port):
    assert status_of(unused_port, Host="evil.example") == 421
    assert status_of(unused_port, Host=f"localhost:{unused_port}") == 200


def test_metrics_may_be_called_by_the_names_that_are_said(unused_port):
    settings = MetricsSettings(port=unused_port, hosts=("cam.example",))
    sink = Metrics(settings, SimpleNamespace(cameras=[], status=list), dict)
    try:
        assert status_of(unused_port, Host="cam.example:9464") == 200
    finally:
        sink.close(2)


@pytest.mark.parametrize(
    "said", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_site_reads_no_metrics(metrics, unused_port, said):
    assert status_of(unused_port, **said) == 403


def test_idle_connections_cost_metrics_no_threads_and_keep_nobody_out(metrics, unused_port):
    before = threading.active_count()
    held = [socket.create_connection(("127.0.0.1", unused_port), 10) for _ in range(100)]
    try:
        assert status_of(unused_port) == 200
        assert threading.active_count() <= before + 1
    finally:
        for each in held:
            each.close()


def test_guessing_the_token_of_the_metrics_is_slowed_down(unused_port, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("a-token-of-some-length\n")
    settings = MetricsSettings(port=unused_port, token_file=str(secret))
    sink = Metrics(settings, SimpleNamespace(cameras=[], status=list), dict)
    try:
        told = [status_of(unused_port, Authorization="Bearer guess") for _ in range(6)]
    finally:
        sink.close(2)
    assert told == [401] * 5 + [429]
