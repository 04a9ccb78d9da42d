"""Whatever is asked, the answer is one or a clear error."""

from __future__ import annotations

import http.client
import json
import time
import urllib.parse

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edge_vad.alarms.identity import event_id

STORED = event_id(float(int(time.time()) - 1000))
SAID = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "1",
        "0:-1:320",
        "0:1:320,1:2:640",
        "1e9",
        "9" * 40,
        "null",
        "..",
        "%00",
        "\0",
        "1/day",
    ]
) | st.text(max_size=40)
EVENT = (
    st.just(STORED)
    | st.sampled_from(
        ["00e8d4a5-1000-7000-8000-000000000000", "..", "%2e%2e%2f", "events.sqlite", "", "a" * 300]
    )
    | st.text(max_size=40)
)
READ = st.sampled_from(
    ["/", "/api/site", "/api/live", "/api/events", "/api/edit", "/api/push"]
) | st.builds("/api/events/{}/{}".format, EVENT, st.sampled_from(["picture", "clip", "export", ""]))
SENT = st.one_of(
    st.sampled_from(["/api/login", "/api/logout", "/api/cameras/0/threshold", "/api/edit/cameras"]),
    st.sampled_from(["/api/push", "/api/push/1/files"]),
    st.builds("/api/push/{}/files".format, SAID),
    st.builds("/api/cameras/{}/threshold".format, SAID),
    st.builds("/api/edit/cameras/{}".format, SAID),
    st.builds("/api/events/{}".format, EVENT),
)
ANY = READ | SENT | st.builds("/{}".format, st.text(max_size=60))
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE"])
ASKED = st.one_of(
    st.tuples(st.just("GET"), READ), st.tuples(st.just("POST"), SENT), st.tuples(METHODS, ANY)
)
QUERY = st.dictionaries(
    st.sampled_from(
        [
            "pictures",
            "since",
            "limit",
            "camera",
            "before",
            "width",
            "zone",
            "seen",
            "starred",
            "until",
        ]
    )
    | st.text(max_size=10),
    SAID | EVENT,
    max_size=4,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | SAID,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["token", "false_alarms", "seen", "starred"]) | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
BODY = st.none() | st.binary(max_size=200) | JSON.map(lambda said: json.dumps(said).encode())
LETTERS = st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Range",
            "If-None-Match",
            "If-Range",
            "Cookie",
            "Authorization",
            "Origin",
            "Accept",
            "Content-Type",
            "Sec-Fetch-Site",
            "X-Forwarded-For",
        ]
    ),
    st.sampled_from(["bytes=0-", "bytes=9-1", "bytes=-", "bytes=0-1,5-9", '"x"', "Bearer", "a=b"])
    | st.text(LETTERS, max_size=40),
    max_size=3,
)
CASE = st.tuples(ASKED, QUERY, BODY, HEADERS)
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
OFTEN = settings(
    max_examples=150,
    phases=PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def answered_or_refused_in_words(line, case) -> None:
    connection, right = line
    (method, path), query, body, headers = case
    address = urllib.parse.quote(path, safe="/%.") or "/"
    asked = f"{address}?{urllib.parse.urlencode(query, errors='replace')}" if query else address
    connection.putrequest(method, asked)
    for name, value in (right | headers).items():
        connection.putheader(name, value.strip().encode("latin-1"))
    connection.putheader("Content-Length", str(len(body or b"")))
    connection.endheaders(body or b"")
    answer = connection.getresponse()
    told = answer.read()
    connection.close()  # a server may end one that is idle, as on a machine that is busy
    assert answer.status < 500, (case, told)
    if answer.status >= 400 and answer.status != 416 and method != "HEAD":
        document = json.loads(told)
        assert document["error"], case
        assert document["todo"], case
    assert b"Traceback" not in told
    assert b"events.sqlite" not in told.replace(path.encode(errors="replace"), b"")


@pytest.fixture(params=[False, True], ids=["open", "token"])
def line(request, serve, events, web):
    """A connection to a page with an event in its store, and the headers of who is logged in."""
    served, right = serve(token=request.param), {}
    served.store.event("gate", events.new(events.live(id=STORED)))
    if request.param:
        answer = served.ask("/api/login", "POST", {"token": web.token})
        right = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    yield connection, right
    connection.close()


@OFTEN
@given(case=CASE)
def test_any_request_is_answered_or_refused_in_words(line, case):
    answered_or_refused_in_words(line, case)


@pytest.mark.long
@settings(OFTEN, max_examples=5_000)  # and as many with a token
@given(case=CASE)
def test_ten_thousand_requests_are_answered_or_refused_in_words(line, case):
    answered_or_refused_in_words(line, case)
