from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

CANARY = "canary4711secret"
SITE = """\
[[cameras]]
name = "gate"
source = "test://street?seed=1&realtime=1"
scene = "scene.onnx"

[sinks.store]

[[sinks.notify]]
name = "phone"
address_env = "PHONE"
picture = true

[[sinks.notify]]
name = "mail"
address_file = "MAIL"
"""


@pytest.fixture
def receiver():
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    server.taken = taken
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(tmp_path, monkeypatch, receiver):
    address = f"json://127.0.0.1:{receiver.server_port}/{CANARY}"
    monkeypatch.setenv("PHONE", address)
    (tmp_path / "mail").write_text(f"{address}\n")
    path = tmp_path / "site.toml"
    path.write_text(SITE.replace("MAIL", str(tmp_path / "mail")))
    return path


def test_a_test_message_goes_to_everyone_and_the_next_command_is_printed(site, edge_vad, receiver):
    done = edge_vad("notify", "--config", site)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "phone: delivered",
        "mail: delivered",
        "",
        f"next: edge-vad run --config {site}",
    ]
    assert CANARY not in done.out + done.err
    first, second = receiver.taken
    assert first["title"].startswith("edge-vad: a test at ")
    (picture,) = first["attachments"]
    assert base64.b64decode(picture["base64"]).startswith(b"\xff\xd8")
    assert not second["attachments"]


def test_who_is_not_reached_is_named_and_the_others_are(site, edge_vad, receiver, monkeypatch):
    monkeypatch.setenv("PHONE", f"json://127.0.0.1:9/{CANARY}")
    done = edge_vad("notify", "--config", site, "--json")
    assert done.code == 1
    assert "not delivered: phone: 127.0.0.1 does not answer (ConnectionError)" in done.err
    assert CANARY not in done.out + done.err
    phone, mail = json.loads(done.out)
    assert (phone["name"], phone["is_delivered"]) == ("phone", False)
    assert (mail["name"], mail["is_delivered"]) == ("mail", True)


def test_addresses_that_are_refused_are_named_and_keep_nothing_from_the_others(
    site, edge_vad, receiver, monkeypatch
):
    monkeypatch.setenv("PHONE", f"syslog://{CANARY}")
    done = edge_vad("notify", "--config", site)
    assert done.code == 1
    assert done.out.splitlines() == [
        "phone: the address is none that messages may go to: no messages may go to syslog://",
        "mail: delivered",
    ]
    monkeypatch.delenv("PHONE")
    done = edge_vad("notify", "--config", site)
    assert "phone: the environment variable PHONE is not set" in done.out
    assert CANARY not in done.out + done.err


def test_where_nobody_is_notified_that_is_said(tmp_path, edge_vad):
    path = tmp_path / "site.toml"
    path.write_text(SITE.partition("[sinks")[0])
    done = edge_vad("notify", "--config", path)
    assert done.code == 2
    assert "add [[sinks.notify]] to it" in done.err


@pytest.mark.parametrize("command", [("config", "check"), ("run", "--config")])
def test_an_address_that_is_refused_keeps_a_site_from_running_and_is_not_repeated(
    site, edge_vad, tiny_scene, monkeypatch, command
):
    tiny_scene("scene.onnx").rename(site.parent / "scene.onnx")
    (site.parent / "mail").write_text(f"syslog://{CANARY}")
    done = edge_vad(*command, site)
    assert done.code == 3
    assert "notify mail: the address is none that messages may go to" in done.err
    if command[0] == "config":
        assert f"{site}, line 13: sinks: notify mail" in done.err
    assert CANARY not in done.out + done.err


def test_a_checked_site_names_the_line_of_a_secret_that_is_not_there(
    site, edge_vad, tiny_scene, monkeypatch
):
    tiny_scene("scene.onnx").rename(site.parent / "scene.onnx")
    monkeypatch.delenv("PHONE")
    done = edge_vad("config", "check", site)
    assert done.code == 3
    assert f"{site}, line 10: sinks.notify[0].address_env" in done.err
