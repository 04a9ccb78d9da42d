"""Addresses of servers, as they are typed."""

from __future__ import annotations

import pytest

from edge_vad.backends import check_name
from edge_vad.backends.triton.address import TritonAddress, parse_address
from edge_vad.errors import WrongUse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("triton://gpu:9001/street", TritonAddress("gpu:9001", "street")),
        ("triton://gpu", TritonAddress("gpu:8001")),
        ("triton://[::1]:8001/a.b-c_1", TritonAddress("[::1]:8001", "a.b-c_1")),
        (
            "triton://gpu/s?fallback=local&memory=shared&deadline=0.2s",
            TritonAddress("gpu:8001", "s", None, True, 0.2, True),
        ),
    ],
)
def test_an_address_is_read(text: str, expected: TritonAddress) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "triton://",
        "triton:///street",
        "triton://gpu:port/street",
        "triton://gpu:99999/street",
        "triton://user:secret@gpu/street",
        "triton://user:secret@gpu:99999/street",
        "triton://[secret/street",
        "triton://gpu/two/names",
        "triton://gpu/street#here",
        "triton://gpu/street?colour=red",
        "triton://gpu/street?fallback=remote",
        "triton://gpu/street?fallback=local&fallback=local",
        "triton://gpu/street?memory=",
        "triton://gpu/street?deadline=soon",
        "triton://gpu/street?deadline=0",
        "triton://gpu/street?deadline=nan",
        "triton://gpu/street?ca=/dev/null",
        "triton+tls://gpu/street?ca=/nowhere/ca.pem",
        "triton+tls://gpu/street?cert=/etc/hostname",
    ],
)
def test_what_is_no_address_is_refused_with_what_to_give(text: str) -> None:
    with pytest.raises(WrongUse) as refused:
        check_name(text)
    assert refused.value.todo
    assert "secret" not in str(refused.value)


def test_tls_is_asked_for_by_the_scheme(tmp_path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("")
    assert parse_address("triton://gpu/street").tls is None
    tls = parse_address(f"triton+tls://gpu/street?ca={file}").tls
    assert tls is not None
    assert tls.ca == file
