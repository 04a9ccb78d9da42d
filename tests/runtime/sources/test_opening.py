"""One way into every source."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from edge_vad.errors import WrongUse
from edge_vad.sources import Source, open_source
from edge_vad.sources.schemes import Scheme


def test_a_street_is_opened_by_the_street(monkeypatch: pytest.MonkeyPatch) -> None:
    street = ModuleType("edge_vad_street")
    asked: list[str] = []
    scheme = Scheme(open=asked.append, is_realtime=lambda url: False)  # type: ignore[arg-type]
    monkeypatch.setattr(street, "SCHEME", scheme, raising=False)
    monkeypatch.setitem(sys.modules, "edge_vad_street", street)
    open_source("test://street?seed=1&anomaly=runner")
    assert asked == ["test://street?seed=1&anomaly=runner"]


def test_a_path_and_a_text_open_the_same(tmp_path: Path, frames: Callable[..., Path]) -> None:
    clip = frames(tmp_path / "clip", 2)
    for spec in (clip, str(clip)):
        source = open_source(spec)
        assert isinstance(source, Source)
        assert source.name == "clip"


def test_a_missing_path_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match=r"'gone\.mp4' does not exist"):
        open_source("gone.mp4")


def test_without_opencv_one_is_told_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "street.mp4").touch()
    script = f"""
import sys
sys.modules["cv2"] = None
from edge_vad.errors import Unavailable
from edge_vad.sources import open_source
try:
    open_source({str(tmp_path / "street.mp4")!r})
except Unavailable as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "pip install 'edge-vad[cpu]'" in run.stdout
    assert "Jetson" in run.stdout
