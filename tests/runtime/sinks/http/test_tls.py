"""TLS by certificate and key: who agrees on it is heard, and who does not holds nobody up."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from contextlib import suppress

import pytest
from certificate import self_signed

from edge_vad.errors import BadInput
from edge_vad.sinks.http.connection import LONGEST_S, Phase
from edge_vad.sinks.http.tls import read_tls
from edge_vad.sinks.settings import PageSettings


@pytest.fixture
def made(tmp_path):
    return self_signed(tmp_path)


@pytest.fixture
def secure(server, made):
    """A server that speaks TLS, of 12 places."""
    settings = PageSettings(cert_file=str(made.cert), key_file=str(made.key))
    return server(12, read_tls(settings))


@pytest.fixture
def line(secure, made):
    """A connection over TLS to it."""
    context = ssl.create_default_context(cafile=str(made.cert))
    caller = socket.create_connection(("127.0.0.1", secure.port), 60)
    with context.wrap_socket(caller, server_hostname="localhost") as line:
        yield line


def ask(secure, made) -> int:
    context = ssl.create_default_context(cafile=str(made.cert))
    line = http.client.HTTPSConnection("localhost", secure.port, timeout=60, context=context)
    try:
        line.request("GET", "/")
        return line.getresponse().status
    finally:
        line.close()


@pytest.mark.parametrize(
    "sent", [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_callers_who_speak_no_tls_hold_nobody_up_and_fill_no_log(secure, made, log, sent):
    for _ in range(40):
        with suppress(ConnectionError):
            secure.hold(sent)
    assert ask(secure, made) == 200
    assert not [each for each in log.records if each.levelname in ("ERROR", "WARNING")]


def test_who_never_agrees_on_tls_is_ended(secure, monkeypatch):
    monkeypatch.setitem(LONGEST_S, Phase.HEAD, 1.0)
    assert secure.ended_after(secure.hold()) > 0.9


def test_who_reads_slowly_over_tls_has_the_time_of_a_reader(secure, line, monkeypatch):
    monkeypatch.setitem(LONGEST_S, Phase.HEAD, 0.5)
    monkeypatch.setitem(LONGEST_S, Phase.READING, 3600.0)
    line.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    read = 0
    while read < secure.large:
        part = line.recv(200_000)
        assert part
        read += len(part)
        time.sleep(0.02)  # of the 16 kB that TLS gives at once; far longer than a request may take


def test_who_never_reads_over_tls_is_ended(secure, line, monkeypatch, events):
    monkeypatch.setitem(LONGEST_S, Phase.READING, 1.0)
    line.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    events.eventually(lambda: secure.inside == 1)
    events.eventually(lambda: secure.inside == 0)


def test_a_key_of_another_or_with_a_password_is_refused_and_nobody_is_asked(made, tmp_path):
    strange = self_signed(tmp_path, "strange")
    words = ["openssl", "ec", "-in", made.key, "-aes128", "-passout", "pass:secret"]
    locked = tmp_path / "locked.key"
    subprocess.run([*words, "-out", locked], check=True, capture_output=True)
    for key in (strange.key, locked, tmp_path / "none"):
        with pytest.raises(BadInput, match=r"ours\.pem and its key cannot be used"):
            read_tls(PageSettings(cert_file=str(made.cert), key_file=str(key)))


def test_a_certificate_without_a_key_is_refused():
    with pytest.raises(ValueError, match="cert_file and key_file"):
        PageSettings(cert_file="cert.pem")
    assert read_tls(PageSettings()) is None
