"""Site files as people write them: with byte order marks and umlauts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_vad.errors import BadInput
from edge_vad.sinks.secret import read_secret
from edge_vad.site.reading import decode_site, read_site
from edge_vad.site.sources import source_of

SITE = '[[cameras]]\nname = "gate"\nscene = "gate.onnx"\nsource = "0"\n'
SINK = SITE + '[sinks.{}]\n{} = "{}"\n'
BOM = "\ufeff"


def test_a_byte_order_mark_is_no_part_of_a_site_file(
    edge_vad: Callable[..., Any], tiny_scene: Callable[..., Path], tmp_path: Path
) -> None:
    tiny_scene("gate.onnx")
    path = tmp_path / "site.toml"
    for content in (BOM + SITE, BOM + SITE.replace("\n", "\r\n")):
        path.write_text(content, encoding="utf-8", newline="")
        assert read_site(path) == decode_site(content) == decode_site(SITE)
        assert edge_vad("config", "check", path).code == 0


def test_a_byte_order_mark_is_no_part_of_a_source_or_a_secret(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(BOM + "rtsp://host/live\n", encoding="utf-8")
    camera = decode_site(SITE.replace('source = "0"', 'source_file = "file"')).cameras[0]
    assert source_of(camera, tmp_path).address == "rtsp://host/live"
    assert read_secret(None, str(tmp_path / "file")) == "rtsp://host/live"


def test_another_encoding_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE, encoding="utf-16")
    with pytest.raises(BadInput, match="not UTF-8 text: save it as such"):
        read_site(tmp_path / "site.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SITE.replace("gate", "Tür", 1), r"line 2: cameras.0.name: only letters from a to z, "),
        (SITE.replace("gate", "", 1), "1 to 64 of them"),
        (SINK.format("mqtt", "host", "höst"), "no name or address of a host"),
        (SINK.format("page", "address", "häuschen"), "only digits, letters from a to f, "),
        (SINK.format("webhook", "url_env", "Ä"), "digits, _ and - may stand here"),
        (SITE + '[sinks.mqtt]\nhost = "h"\nprefix = "ü"\n', "digits, _, / and - may stand here"),
        (SITE + '[sinks.mqtt]\nhost = "h"\nclient_id = "ü"\n', "0 to 64 of them"),
        (SITE + '[sinks.mqtt]\nhost = "h"\ndiscovery = "ü"\n', "0 to 128 of them"),
    ],
)
def test_what_may_not_stand_there_is_told_in_words(text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as refused:
        decode_site(text, "site.toml")
    assert "regex" not in str(refused.value)
    assert "[" not in str(refused.value)
