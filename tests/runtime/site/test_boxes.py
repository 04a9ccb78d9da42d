"""The machines of a site are read from a file, or refused with the line that is wrong."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from edge_vad.errors import BadInput, WrongUse
from edge_vad.site.boxes import SiteBox, named_boxes, read_boxes

GOOD = """\
[[boxes]]
name = "north"
url = "https://north.example:8443"
token_file = "north.token"
deploy_token_env = "NORTH_DEPLOY"

[[boxes]]
name = "here"
url = "http://127.0.0.1:8420"
"""


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    path = tmp_path / "boxes.toml"
    path.write_text(GOOD)
    return path


def _secret(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_boxes_are_read_and_their_files_lie_beside_the_list(
    boxes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    north, here = read_boxes(boxes)
    _secret(boxes.parent / "north.token", "look-at-the-north\n")
    monkeypatch.setenv("NORTH_DEPLOY", "deploy-to-the-north")
    assert (north.token(), north.deploy_token()) == ("look-at-the-north", "deploy-to-the-north")
    assert (here.token(), here.deploy_token()) == (None, None)
    target = north.target()
    assert (target.host, target.port) == ("north.example", 8443)
    assert target.context is not None
    assert target.context.verify_mode is ssl.CERT_REQUIRED
    assert here.target() == ("127.0.0.1", 8420, None)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('name = "here"', 'name = "north"', 1, "two boxes"),
        ('name = "here"', 'name = "here"\ncolour = 1', 9, "colour"),
        ("http://127.0.0.1", "http://10.0.0.7", 7, "unencrypted"),
        ("http://127.0.0.1", "http://me:you@127.0.0.1", 7, "user and password"),
        ("http://127.0.0.1:8420", "ftp://127.0.0.1", 7, "http"),
        (":8420", ":8420/api?x=1", 7, "ends after host and port"),
        ('name = "here"', 'name = "here"\ntoken_env = "A"\ntoken_file = "b"', 7, "not by both"),
        ("[[boxes]]", "[[box]]", 1, "box"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    boxes: Path, old: str, new: str, line: int, what: str
) -> None:
    boxes.write_text(GOOD.replace(old, new))
    with pytest.raises(BadInput, match=f"line {line}: .*{what}") as error:
        read_boxes(boxes)
    assert "roll_out_scenes.md" in error.value.todo
    assert "you@" not in str(error.value)


def test_other_machines_are_called_in_plain_http_only_where_that_is_said() -> None:
    box = SiteBox(name="vpn", url="http://10.0.0.7:8420", plain_http=True)
    assert box.target().context is None


def test_a_secret_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    file = _secret(tmp_path / "token", "sixteen-characters", 0o644)
    with pytest.raises(BadInput, match="others may read") as error:
        SiteBox(name="a", url="http://localhost", token_file=str(file)).token()
    assert "sixteen" not in str(error.value)
    file.chmod(0o600)
    assert SiteBox(name="a", url="http://localhost", token_file=str(file)).token()


def test_certificates_that_are_none_are_said(tmp_path: Path) -> None:
    for name in ("missing.pem", "boxes.toml"):
        (tmp_path / "boxes.toml").write_text("no certificate")
        box = SiteBox(name="a", url="https://a", ca=str(tmp_path / name))
        with pytest.raises(BadInput, match="certificates"):
            box.target()


def test_no_box_gets_the_token_of_one_whose_name_is_spelt_like_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = "a-b=http://127.0.0.1:1,A_B=http://127.0.0.1:2"
    assert len(named_boxes(pair)) == 2
    monkeypatch.setenv("EDGE_VAD_TOKEN_A_B", "look-at-one-of-them")
    with pytest.raises(WrongUse, match="EDGE_VAD_TOKEN_A_B") as error:
        named_boxes(pair)
    assert "look-at" not in str(error.value)
