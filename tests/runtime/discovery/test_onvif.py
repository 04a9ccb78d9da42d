"""Cameras on the network: a simulated ONVIF camera on loopback is found, asked and played."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import pytest
from free_port import free_port
from hypothesis import given
from hypothesis import strategies as st
from onvif_camera import HOST, OnvifCamera
from rtsp_camera import RtspCamera, has_rtsp_server, require

from edge_vad.discovery.onvif import find_stream, read_login
from edge_vad.discovery.onvif_answers import Profile, choose_profile
from edge_vad.discovery.probe import OnvifCamera as Found
from edge_vad.discovery.probe import find_onvif, read_answer
from edge_vad.discovery.soap import LARGEST, Login, OddAnswer
from edge_vad.errors import EdgeVadError, SourceLost, WrongUse
from edge_vad.sources import open_source

Command = Callable[..., Any]
STREAM = f"rtsp://{HOST}:554/live?channel=1"
LOGIN = Login("admin", "hunt:er@2/")
MESSAGE = "urn:uuid:1"
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;&c;</a>'
)
FILE_ENTITY = b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'


@pytest.fixture(autouse=True)
def _own_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that run beside one another do not hear one another's questions."""
    port = free_port(socket.SOCK_DGRAM)
    monkeypatch.setattr("edge_vad.discovery.probe.PORT", port)
    monkeypatch.setattr("onvif_camera.PORT", port)


@pytest.fixture
def camera() -> Iterator[OnvifCamera]:
    with OnvifCamera(STREAM, tuple(LOGIN)) as camera:
        yield camera


def look_until_found(found_at_least: int = 1) -> tuple[Any, int]:
    """Ask again and again, as a busy machine may answer late; what was found, and how often."""
    for count in range(1, 11):
        found = find_onvif(HOST, 1.0)
        if len(found.cameras) + len(found.refused) >= found_at_least:
            return found, count
    raise AssertionError("nothing was found")


def test_a_camera_is_found_by_one_datagram_a_question(camera: OnvifCamera) -> None:
    found, count = look_until_found()
    assert found.cameras == (Found(camera.source, "Front door"),)
    assert found.refused == ()
    assert camera.probes == count
    assert not camera.heads  # it was not called


@pytest.mark.parametrize("ways", [("http",), ("soap",), ("http", "soap")])
def test_the_stream_is_asked_for_with_digests_by_the_cameras_clock(ways: tuple[str, ...]) -> None:
    with OnvifCamera(STREAM, tuple(LOGIN), ways) as camera:
        camera.clock_ahead = timedelta(days=400)
        stream = find_stream(camera.source, LOGIN)
        assert stream == f"rtsp://admin:hunt%3Aer%402%2F@{HOST}:554/live?channel=1"
        wanted = ["GetSystemDateAndTime", "GetCapabilities", "GetProfiles", "GetStreamUri"]
        assert camera.asked == wanted
        assert LOGIN.password not in "".join(camera.heads)


def test_a_camera_that_asks_for_no_login_gets_none() -> None:
    with OnvifCamera(STREAM) as camera:
        assert find_stream(camera.source, None) == STREAM
        assert "uthorization" not in "".join(camera.heads)


@pytest.mark.parametrize(("login", "said"), [(Login("admin", "no"), "refuses"), (None, "asks for")])
def test_a_login_that_is_refused_is_tried_once_and_said(
    camera: OnvifCamera, login: Login | None, said: str
) -> None:
    with pytest.raises(WrongUse, match=f"{said} (the|a) login"):
        find_stream(camera.source, login)
    tried = [head for head in camera.heads if "Authorization: Digest" in head]
    assert len(tried) == (1 if login else 0)


def test_a_camera_that_wants_the_password_itself_does_not_get_it() -> None:
    with OnvifCamera(STREAM) as camera:
        wanted = {"WWW-Authenticate": 'Basic realm="camera"'}
        camera.answers["GetCapabilities"] = (401, wanted, b"")
        with pytest.raises(WrongUse, match="refuses the login"):
            find_stream(camera.source, LOGIN)
        assert "Authorization" not in "".join(camera.heads)


def test_of_several_streams_the_smallest_is_taken_that_is_fine_enough() -> None:
    streams = [Profile(str(rows), rows) for rows in (1080, 480, 360, 240)]
    assert choose_profile(streams).rows == 360
    assert choose_profile(streams[3:]).rows == 240
    assert choose_profile([Profile("a", 0), Profile("b", 0)]) == Profile("a", 0)


def test_a_camera_that_is_found_is_named_in_a_site_and_its_picture_is_seen(
    edge_vad: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(has_rtsp_server(), "GStreamer's RTSP server")
    monkeypatch.chdir(tmp_path)
    Path("pictures").mkdir()
    with open_source("test://street?seed=1&size=192x128&frames=16") as street:
        for frame in street:
            cv2.imwrite(f"pictures/{frame.index:06}.jpg", frame.image)
    account = ("admin", "hunter2")
    with RtspCamera(tmp_path / "pictures", account=account) as rtsp:
        with OnvifCamera(f"rtsp://{HOST}:{rtsp.port}/live", account) as camera:
            look_until_found()  # the machine is awake
            found = edge_vad("cameras", "--onvif", "--interface", HOST, "--json")
            (source,) = (each["source"] for each in json.loads(found.out)["network"])
            assert source == camera.source
            Path("login").write_text("admin:hunter2\n")
            words = (f"gate={source}", "--login-file", "login")
            added = edge_vad("config", "add", "site.toml", *words)
        assert added.code == 0, added.err
        assert "hunter2" not in found.out + found.err + added.out + added.err
        assert "hunter2" not in Path("site.toml").read_text()
        assert Path("secrets/gate").read_text() == f"{rtsp.url}\n"
        words = ("--config", "site.toml", "--camera", "gate", "--out", "gate.jpg")
        shown = edge_vad("snapshot", *words)
    assert shown.code == 0, shown.err
    assert cv2.imread("gate.jpg").shape == (128, 192, 3)


def answer(
    addresses: str = f"http://{HOST}/onvif/device_service",
    message: str = MESSAGE,
    name: str = "gate",
    more: str = "",
) -> bytes:
    return (
        "<Envelope><Header><RelatesTo>"
        f"{message}</RelatesTo></Header><Body><ProbeMatches><ProbeMatch><Types>"
        f"tdn:NetworkVideoTransmitter</Types><Scopes>onvif://www.onvif.org/name/{name}</Scopes>"
        f"<XAddrs>{addresses}</XAddrs></ProbeMatch>{more}</ProbeMatches></Body></Envelope>"
    ).encode()


HOSTILE = {
    "nothing": (b"", "no XML"),
    "noise": (b"\xff\x00<a>" * 50, "no XML"),
    "cut off": (answer()[:-20], "no XML"),
    "another encoding than it says": (b'<?xml version="1.0" encoding="odd"?><a/>', "no XML"),
    "an entity bomb": (BOMB, "declares entities"),
    "a file as entity": (FILE_ENTITY, "declares entities"),
    "an outer document type": (b'<!DOCTYPE a SYSTEM "http://10.0.0.9/a.dtd"><a/>', "declares"),
    "far too deep": (b"<a>" * 25_000 + b"</a>" * 25_000, "more elements"),
    "far too wide": (b"<a>" + b"<b/>" * 25_000 + b"</a>", "more elements"),
    "huge": (b"<a>" + b" " * LARGEST + b"</a>", "larger than 256 kB"),
    "a huge name": (answer(name="x" * 2000), "longer than any that makes sense"),
    "another question's": (answer(message="urn:uuid:2"), "no question of ours"),
    "no camera": (answer().replace(b"ProbeMatch>", b"Match>"), "names no camera"),
    "no address": (answer(addresses=" "), "says no address"),
    "another device's": (answer("http://10.0.0.9/onvif"), "another address, 10.0.0.9"),
    "ours": (answer("http://localhost/onvif"), "another address, localhost"),
    "hidden behind a login": (answer(f"http://{HOST}@10.0.0.9/"), "holds a login"),
    "a login of its own": (answer(f"http://a:b@{HOST}/"), "holds a login"),
    "behind a backslash": (answer(f"http://10.0.0.9\\@{HOST}/"), "odd characters"),
    "another number of it": (answer("http://2130706433/"), "another address, 2130706433"),
    "a file": (answer("file:///etc/passwd"), "one of file://"),
    "a stream": (answer(f"rtsp://{HOST}/"), "one of rtsp://"),
    "a wild port": (answer(f"http://{HOST}:99999999/"), "cannot be read"),
    "half an address": (answer("http://[::1/"), "cannot be read"),
}


@pytest.mark.parametrize(("content", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_is_refused_in_words(content: bytes, why: str) -> None:
    with pytest.raises(OddAnswer, match=why):
        read_answer(content, HOST, MESSAGE)


@given(st.data())
def test_whatever_answers_is_a_camera_at_its_own_address_or_refused_in_words(data: Any) -> None:
    content = bytearray(answer())
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 5))
        content[place : place + length] = data.draw(st.binary(max_size=5))
    with suppress(OddAnswer):
        for each in read_answer(bytes(content), HOST, MESSAGE):
            assert each.source.startswith(f"onvif://{HOST}")
            assert each.name.isprintable()


def test_of_several_addresses_the_first_that_is_the_cameras_own_is_taken() -> None:
    said = f"http://[fe80::1]/x http://10.0.0.9/x http://{HOST}:8080/onvif?a=b https://{HOST}/"
    (camera,) = read_answer(answer(said), HOST, MESSAGE)
    assert camera.source == f"onvif://{HOST}:8080/onvif?a=b"


def test_a_name_is_shown_in_one_line_without_what_a_terminal_obeys() -> None:
    (camera,) = read_answer(answer(name="%1b%5b2Jgate%0a%e2%80%ae"), HOST, MESSAGE)
    assert camera.name == "[2Jgate"


def test_a_device_that_is_no_camera_is_left_out() -> None:
    printer = "<ProbeMatch><Types>Printer</Types><XAddrs>http://10.0.0.9/</XAddrs></ProbeMatch>"
    assert len(read_answer(answer(more=printer), HOST, MESSAGE)) == 1


def test_hostile_answers_are_said_and_the_camera_beside_them_is_found(camera: OnvifCamera) -> None:
    camera.matches = lambda message: [
        BOMB,
        camera.match(message, "http://10.0.0.9/onvif"),
        camera.match(message),
        camera.match(message),
    ]
    found, _ = look_until_found(3)
    assert [each.source for each in found.cameras] == [camera.source]
    assert [each.partition(" is not used: ")[2] for each in found.refused] == [
        "it declares entities or a document type, as no camera does",
        "it leads to another address, 10.0.0.9",
    ]


def said(operation: str, content: str) -> bytes:
    body = f"<{operation}Response>{content}</{operation}Response>"
    return f"<Envelope><Body>{body}</Body></Envelope>".encode()


def stream(address: str) -> bytes:
    return said("GetStreamUri", f"<Uri>{address}</Uri>")


def media(address: str) -> bytes:
    return said("GetCapabilities", f"<Media><XAddr>{address}</XAddr></Media>")


WRONG = {
    "a file": ("GetStreamUri", stream("file:///etc/passwd"), "one of file://"),
    "a page": ("GetStreamUri", stream(f"http://{HOST}/x"), "one of http://"),
    "a pipe": ("GetStreamUri", stream("pipe:0"), "one of pipe://"),
    "no stream": ("GetStreamUri", stream(""), "one of nothing://"),
    "a stream elsewhere": ("GetStreamUri", stream("rtsp://10.0.0.9/x"), "another host, 10.0.0.9"),
    "a stream of ours": ("GetStreamUri", stream("rtsp://localhost/x"), "another host, localhost"),
    "a stream with a login": ("GetStreamUri", stream(f"rtsp://a:b@{HOST}/"), "holds a login"),
    "a hidden host": ("GetStreamUri", stream(f"rtsp://{HOST}@10.0.0.9/"), "another host"),
    "an option of ours": ("GetStreamUri", stream(f"rtsp://{HOST}/#hosts=a"), "or an option"),
    "no address at all": ("GetStreamUri", stream("rtsp://[::1"), "cannot be read"),
    "a stream with spaces": ("GetStreamUri", stream(f"rtsp://{HOST}/a b"), "no host"),
    "an endless address": ("GetStreamUri", stream("rtsp://" + "x" * 2000), "longer than any"),
    "services elsewhere": ("GetCapabilities", media("http://10.0.0.9/"), "another address"),
    "services in a file": ("GetCapabilities", media("file:///etc/passwd"), "one of file://"),
    "no services": ("GetCapabilities", said("GetCapabilities", ""), "one of nothing://"),
    "no streams": ("GetProfiles", said("GetProfiles", ""), "offers no stream"),
    "a bomb": ("GetProfiles", BOMB, "declares entities"),
    "noise": ("GetProfiles", b"\x00" * 100, "no XML"),
    "too much": ("GetProfiles", b"<a>" + b" " * 2 * LARGEST, "larger than 256 kB"),
    "a fault": (
        "GetProfiles",
        (500, {}, said("x", "<Fault><Reason><Text>no\nway&#x9b;</Text></Reason></Fault>")),
        r"complains \(no way\)",
    ),
    "led elsewhere": ("GetProfiles", (307, {"Location": "http://10.0.0.9/"}, b""), "elsewhere"),
}


@pytest.mark.parametrize(("operation", "content", "why"), WRONG.values(), ids=WRONG)
def test_what_a_camera_may_not_say_is_refused_in_words(
    operation: str, content: Any, why: str
) -> None:
    with OnvifCamera(STREAM) as camera:
        camera.answers[operation] = content
        with pytest.raises(EdgeVadError, match=why) as error:
            find_stream(camera.source, LOGIN)
    assert error.value.what.startswith(f"{HOST} answers what is not used: ")
    assert error.value.what.isprintable()


NO_TIME = said("x", "<UTCDateTime><Year>0</Year></UTCDateTime>")


@pytest.mark.parametrize("clock", [b"<a/>", BOMB, NO_TIME])
def test_a_camera_that_does_not_say_the_time_is_asked_by_our_own(clock: bytes) -> None:
    with OnvifCamera(STREAM, tuple(LOGIN)) as camera:
        camera.answers["GetSystemDateAndTime"] = clock
        assert find_stream(camera.source, LOGIN).endswith("/live?channel=1")


@contextmanager
def trickling() -> Iterator[int]:
    """A server that sends a byte now and then, without end; its port."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                caller, _ = server.accept()
                with caller:
                    caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    while True:
                        caller.sendall(b" ")
                        threading.Event().wait(0.02)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


def test_an_answer_that_never_ends_is_given_up() -> None:
    with trickling() as port, pytest.raises(SourceLost, match="does not answer"):
        find_stream(f"onvif://{HOST}:{port}/", None, timeout_s=0.5)


@pytest.mark.parametrize(
    "source",
    ["onvif://", "onvif://a:b@host/", "onvif://host:0/", "onvif://host/#x", "onvif://h o/"],
)
def test_an_address_that_is_none_is_told_before_anybody_is_asked(source: str) -> None:
    with pytest.raises(WrongUse, match="address of the ONVIF camera is broken"):
        find_stream(source, LOGIN)


@pytest.mark.parametrize("content", ["", "admin", ":x", "ad\x1bmin:x", "a:b\nc:d"])
def test_a_file_without_a_login_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    file = tmp_path / "login"
    file.write_text(content)
    with pytest.raises(WrongUse, match="holds no login"):
        read_login(file)


def test_a_login_never_shows_itself() -> None:
    assert repr(LOGIN) == str(LOGIN) == "Login(...)"


@pytest.mark.parametrize("interface", ["10.255.255.1", "eth0", "::1"])
def test_an_interface_that_this_machine_has_not_is_an_error(interface: str) -> None:
    with pytest.raises(WrongUse):
        find_onvif(interface, 0.1)
