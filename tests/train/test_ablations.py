"""tools/ablations.py names options that exist, and shows what was measured."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edge_vad_train.cli.train import train


@pytest.fixture(scope="module")
def ablations() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "ablations.py"
    spec = importlib.util.spec_from_file_location("ablations", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_variant_changes_a_choice_of_the_training(ablations: ModuleType) -> None:
    def chosen(*options: str) -> dict[str, Any]:
        return train.make_context("train", ["street.mp4", "--out", "runs", *options]).params

    shipped, *others = [chosen(*options) for options in ablations.VARIANTS.values()]
    assert shipped == chosen()
    assert all(each != shipped for each in others)


def test_a_row_tells_what_a_variant_reached_and_costs(ablations: ModuleType) -> None:
    def row(area: float, **more: object) -> dict[str, object]:
        return {"micro_auc": {"mean": area}, "gmac": 0.0191, "pixel_auc": None, **more}

    kinds = {"runner": {"mean": 0.5}, "faller": {"mean": 1.0}}
    streams = {
        name: row(area) for name, area in zip(ablations.STREAMS, (0.6, 0.7, 0.8), strict=True)
    }
    table = ablations.as_table({"T = 1": {"fused": row(0.91, kinds=kinds), **streams}})
    assert table.splitlines()[-1] == "| T = 1 | 91.0 | 75.0 | 60.0 | 70.0 | 80.0 | 0.019 |"
