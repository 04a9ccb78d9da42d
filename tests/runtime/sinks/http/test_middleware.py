"""What no server lets through, whatever stands behind it."""

from __future__ import annotations

import pytest


def request(method="GET", path="/", **headers) -> bytes:
    lines = {"Host": "localhost", "Connection": "close", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode()


def status(caller) -> int:
    answer = b""
    while part := caller.recv(65536):
        answer += part
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
def test_only_looking_may_be_led_here_by_another_site(server, method, site):
    led = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": "navigate"}
    assert status(server().hold(request(method, **led))) == 403


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_of_another_site_leads_here(server, method):
    led = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert status(server().hold(request(method, **led))) == 200


@pytest.mark.parametrize(
    "said",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate\r\nSec-Fetch-Mode: cors"},
        {"Sec_Fetch_Site": "none\r\nSec-Fetch-Site: cross-site", "Sec_Fetch_Mode": "cors"},
        {"Origin": "http://localhost\r\nOrigin: http://evil.example"},
        {"Origin": "http://[", "Sec_Fetch_Mode": "navigate"},
    ],
)
def test_what_another_site_asks_for_is_refused(server, said):
    assert status(server().hold(request(**said))) == 403


@pytest.mark.parametrize("host", ["evil.example", "", "localhost\r\nHost: localhost"])
def test_no_server_goes_by_another_name(server, host):
    assert status(server().hold(request(Host=host))) in (400, 421)


def test_a_head_that_is_too_long_is_refused_whether_it_comes_at_once_or_bit_by_bit(server):
    opened = server()
    assert status(opened.hold(request(X="y" * 20_000))) in (400, 431)
    assert status(opened.hold(request(path="/" + "a" * 20_000))) in (400, 431)
    bit_by_bit = opened.hold(request(X="y" * 30_000)[:-2])
    assert status(bit_by_bit) in (400, 431)
