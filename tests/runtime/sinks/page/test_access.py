"""What the page refuses."""

from __future__ import annotations

import http.client
import json
import socket
import ssl

import pytest
from certificate import self_signed

RATE = {"false_alarms": "2/day"}


def other_address() -> str | None:
    """An address of this machine that is not its own loop."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") else address


@pytest.fixture
def guarded(serve):
    return serve(token=True)


def test_without_the_token_nothing_is_told_to_another_address(serve, web, events):
    address = other_address()
    if address is None:
        events.lacking("this machine has no address but its own loop")
    served = serve(token=True, address="0.0.0.0")  # noqa: S104
    for path in ("/api/site", "/api/live", "/api/events", "/api/nothing"):
        refused = web.ask(served.port, path, host=address)
        assert refused.status == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert "token" in refused.json["error"]
    refused = web.ask(served.port, "/api/cameras/0/threshold", "POST", RATE, host=address)
    assert refused.status == 401
    assert served.site.accepted["gate"] == "1/day"
    right = f"Bearer {web.token}"
    assert web.ask(served.port, "/api/site", host=address, authorization=right).status == 200


def test_the_page_itself_holds_nothing_and_is_shown_to_log_in(guarded):
    assert guarded.ask("/").status == 200
    assert b"gate" not in guarded.ask("/").body


def test_a_login_gives_a_cookie_that_no_script_and_no_other_site_gets(guarded, web, log):
    answer = guarded.ask("/api/login", "POST", {"token": web.token})
    assert answer.status == 200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"edge_vad_{guarded.port}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert guarded.ask("/api/site", cookie=cookie.partition(";")[0]).json["token"] is True
    assert web.token not in log.text + cookie


def test_over_tls_the_cookie_is_sent_over_tls_alone(serve, web, tmp_path, log):
    made = self_signed(tmp_path)
    served = serve(token=True, cert_file=str(made.cert), key_file=str(made.key))
    assert f"the page is at https://127.0.0.1:{served.port}" in log.text
    context = ssl.create_default_context(cafile=str(made.cert))
    line = http.client.HTTPSConnection("localhost", served.port, timeout=60, context=context)
    line.request("POST", "/api/login", json.dumps({"token": web.token}))
    answer = line.getresponse()
    line.close()
    assert answer.status == 200
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_a_wrong_token_is_refused_and_guessing_is_slowed_down(guarded, web, log):
    for _ in range(5):
        assert guarded.ask("/api/login", "POST", {"token": "guess"}).status == 401
    slowed = guarded.ask("/api/login", "POST", {"token": web.token})
    assert slowed.status == 429
    assert 0 < int(slowed.headers["retry-after"]) <= 60
    assert guarded.ask("/api/site", authorization="Bearer guess").status == 429
    assert "guess" not in log.text
    assert "login from 127.0.0.1 refused: the token is wrong" in log.text


def test_guessing_throws_nobody_out_who_is_in(guarded, web):
    cookie = guarded.ask("/api/login", "POST", {"token": web.token}).headers["set-cookie"]
    for _ in range(6):
        guarded.ask("/api/login", "POST", {"token": "guess"})
    assert guarded.ask("/api/site", cookie=cookie.partition(";")[0]).status == 200


def test_a_token_in_the_address_is_no_token(guarded, web):
    assert guarded.ask(f"/api/site?token={web.token.replace(' ', '%20')}").status == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8420", "localhost.evil.example", "[", ""]
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(page, host):
    refused = page.ask("/api/site", Host=host)
    assert refused.status == 421
    assert "does not go by that name" in refused.json["error"]


@pytest.mark.parametrize(
    "host", ["localhost:1", "127.0.0.1", "[::1]:8420", "LOCALHOST", "cam.example"]
)
def test_its_own_names_are_taken(serve, host):
    served = serve(hosts=("cam.example",))
    assert served.ask("/api/site", Host=host).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"},
    ],
)
def test_another_site_can_neither_change_nor_read_anything(page, headers):
    assert page.ask("/api/cameras/0/threshold", "POST", RATE, **headers).status == 403
    assert page.ask("/api/site", **headers).status == 403
    assert page.site.accepted["gate"] == "1/day"


def test_the_page_itself_may_change_thresholds(page):
    origin = f"http://127.0.0.1:{page.port}"
    assert page.ask("/api/cameras/0/threshold", "POST", RATE, origin=origin).status == 200


@pytest.mark.parametrize("path", ["/", "/api/site", "/api/nothing", "/main.js", "/api/events"])
def test_every_answer_has_the_headers_that_keep_others_out(page, path):
    headers = page.ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers


def test_the_page_asks_for_nothing_from_elsewhere(page):
    for path in (
        "/",
        "/main.js",
        "/camera.js",
        "/events.js",
        "/api.js",
        "/login.js",
        "/edit.js",
        "/shapes.js",
        "/edit.css",
        "/style.css",
        "/parts.css",
    ):
        text = page.ask(path).body.decode()
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_changes_nothing(page, site):
    led = {"sec_fetch_site": site, "sec_fetch_mode": "navigate"}
    assert page.ask("/api/cameras/0/threshold", "POST", RATE, **led).status == 403
    assert page.site.accepted["gate"] == "1/day"
    assert page.ask("/", **led).status == 200


def test_who_logs_out_is_out_wherever_his_cookie_was_copied_to(guarded, web):
    cookies = [
        guarded.ask("/api/login", "POST", {"token": web.token}).headers["set-cookie"].split(";")[0]
        for _ in range(2)
    ]
    assert guarded.ask("/api/logout", "POST", {}, cookie=cookies[0]).status == 200
    for path in ("/api/site", "/api/live", "/api/events"):
        assert guarded.ask(path, cookie=cookies[0]).status == 401
    assert guarded.ask("/api/site", cookie=cookies[1]).status == 200


def test_logins_that_are_broken_off_are_no_faults_and_fill_no_log(guarded, log):
    head = b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", guarded.port), 10) as caller:
            caller.sendall(head)
    assert guarded.ask("/").status == 200
    assert not [each for each in log.records if each.exc_info]
    assert len(log.records) < 10
