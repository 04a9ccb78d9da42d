"""An address whose host is not sure is refused, with what to write."""

from __future__ import annotations

import pytest

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import parse_camera


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:12#34@cam/s",
        "rtsp://admin:#1234@cam/s",
        "rtsp://admin#12@cam/s",
        "rtsp://admin:12/34@cam/s",
        "rtsp://admin:ab/cd@10.0.0.1/s",
        "rtsp://admin:12?34@cam/s",
        "http://admin:12?34@10.0.0.1:80/s",
        "RTSP://admin:12#34@cam:554/s",
    ],
)
def test_a_password_with_a_character_of_its_own_meaning_is_refused(address: str) -> None:
    with pytest.raises(WrongUse) as refused:
        parse_camera(address)
    assert "# as %23, / as %2F, ? as %3F" in refused.value.todo
    assert "34" not in str(refused.value)
    assert "admin" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://admin:12%2334@cam/s",
        "rtsp://admin:p@ss@cam/s",
        "rtsp://admin:secret@cam/s@1?x=a@b",
        "rtsp://10.0.0.1:554/user=admin_password=a@b",
        "http://cam.local:8080/v?mail=a@b.c",
        "http://[::1]:8080/v?mail=a@b.c",
        "rtsp://localhost:554/s@1",
        "rtsp://cam/s@1",
    ],
)
def test_an_address_whose_host_is_sure_is_taken(address: str) -> None:
    assert parse_camera(address) is not None
