"""A box is asked within bounds, over TLS that is checked, and its token goes to nobody else."""

from __future__ import annotations

import itertools
import ssl
import threading

import pytest
from certificate import self_signed
from hostile_box import hostile_box, whole

from edge_vad.overview.asking import BoxAway, BoxClient
from edge_vad.site.boxes import SiteBox

JSON = "application/json"


def client_of(port: int, **more) -> BoxClient:
    return BoxClient(SiteBox(name="north", url=f"http://127.0.0.1:{port}", **more), 5.0)


def endless(head: bytes, part: bytes):
    def answer(path, out):
        out.write(head)
        for _ in itertools.count():
            out.write(part)

    return answer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("answering", "why"),
    [
        (endless(HEAD + b"\r\n", b"[" * 1000), "too long"),
        (endless(HEAD + b"Content-Length: 99999999999\r\n\r\n", b" " * 1000), "too long"),
        (endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), "broken|too long"),
        (endless(HEAD, b"X: y\r\n"), "broken"),
        (endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000), "broken"),
        (endless(b"", b"no HTTP at all\r\n"), "broken"),
        (lambda path, out: out.write(whole(b"<b>", "text/html")), "another kind"),
        (lambda path, out: out.write(whole(b"{}", status="500 Oh")), "status 500"),
        (lambda path, out: out.write(whole(b"{}", status="401 No")), "refuses the token"),
        (lambda path, out: out.write(HEAD + b"Content-Length: 9\r\n\r\nhalf"), "too early"),
        (lambda path, out: None, "broken|no answer"),
    ],
)
def test_what_a_box_should_not_answer_is_given_up_and_said_in_our_words(answering, why):
    with hostile_box(answering) as box, pytest.raises(BoxAway, match=why):
        client_of(box.port).get("/api/boxes", 100_000, JSON)


def test_a_box_that_drips_has_one_deadline_for_all():
    dripping = threading.Event()

    def drip(path, out):
        out.write(HEAD + b"Content-Length: 100\r\n\r\n")
        for _ in range(100):
            if dripping.wait(0.5):
                return
            out.write(b" ")

    with hostile_box(drip) as box:
        with pytest.raises(BoxAway, match="no answer"):
            client_of(box.port).get("/", 1000, JSON)
        dripping.set()


def test_a_redirection_is_not_followed_and_takes_no_token_along(boxes, tmp_path):
    token = str(boxes.token_file(tmp_path))
    with hostile_box(lambda path, out: out.write(whole(b"{}"))) as other:

        def lead_away(path, out):
            there = f"Location: http://127.0.0.1:{other.port}/\r\n"
            out.write(f"HTTP/1.1 302 Found\r\n{there}Content-Length: 0\r\n\r\n".encode())

        with hostile_box(lead_away) as box:
            client = client_of(box.port, token_file=token)
            for ask in (lambda: client.get("/", 9, JSON), lambda: client.open("/", 9, [JSON])):
                with pytest.raises(BoxAway, match="status 302"):
                    ask()
        assert f"Authorization: Bearer {boxes.token}" in box.requests[0]
        assert other.requests == []


def test_a_certificate_that_is_not_trusted_gets_no_request(boxes, tmp_path):
    ours, strange = self_signed(tmp_path), self_signed(tmp_path, "strange")
    token = str(boxes.token_file(tmp_path))
    for shown, host, why in (
        (ours, "localhost", None),
        (strange, "localhost", "certificate is not trusted"),
        (ours, "127.0.0.1", "certificate is not trusted"),
    ):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(shown.cert, shown.key)
        with hostile_box(lambda path, out: out.write(whole(b"{}")), context) as box:
            url = f"https://{host}:{box.port}"
            named = SiteBox(name="north", url=url, token_file=token, ca=str(ours.cert))
            if why is None:
                assert BoxClient(named).get("/", 9, JSON).body == b"{}"
            else:
                with pytest.raises(BoxAway, match=why):
                    BoxClient(named).get("/", 9, JSON)
        assert len(box.requests) == (why is None)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"Content-Type: video/mp4\r\n\r\n", "how long"),
        (b"Content-Type: video/mp4\r\nContent-Length: 1001\r\n\r\n", "too long"),
        (b"Content-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\n", "how long"),
        (b"Content-Type: text/html\r\nContent-Length: 9\r\n\r\n", "another kind"),
    ],
)
def test_a_stream_says_what_it_is_and_how_long(head, why):
    with (
        hostile_box(lambda path, out: out.write(b"HTTP/1.1 200 OK\r\n" + head)) as box,
        pytest.raises(BoxAway, match=why),
    ):
        client_of(box.port).open("/", 1000, ["video/mp4"])


def test_of_the_headers_of_a_stream_only_what_they_should_say_is_passed_on():
    odd = "Content-Range: bytes 0-4/5\r\n X: y\r\nAccept-Ranges: \xe9\r\nSet-Cookie: a=b\r\n"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 5\r\n{odd}\r\n"
    with hostile_box(lambda path, out: out.write(head.encode("latin-1") + b"whole")) as box:
        stream = client_of(box.port).open("/", 1000, ["video/mp4"])
        assert stream.headers == {"content-length": "5"}
        stream.close()


def test_of_a_stream_no_more_is_read_than_it_says_and_less_is_an_error():
    def answer(path, out):
        out.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 5\r\n\r\n")
        out.write(b"whole and more" if path == "/more" else b"half")

    with hostile_box(answer) as box:
        stream = client_of(box.port).open("/more", 1000, ["video/mp4"])
        assert (stream.status, stream.kind) == (200, "video/mp4")
        assert b"".join(iter(stream.read, b"")) == b"whole"
        stream.close()
        stream = client_of(box.port).open("/less", 1000, ["video/mp4"])
        assert stream.read() == b"half"
        with pytest.raises(BoxAway):
            stream.read()
        stream.close()
