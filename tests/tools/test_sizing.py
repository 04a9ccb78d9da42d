"""Sizing on paper: what the page says is what the tool prints, and follows from the report."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import sizing

from edge_vad_bench import store

PAGE = Path(__file__).parents[2] / "docs/sizing.md"


@pytest.fixture(scope="module")
def report():
    return store.read(sizing.REPORT)


def test_the_page_holds_what_the_tool_prints(report) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for table in sizing.tables(report).split("\n\n"):
        assert table in page


def test_figures_in_the_text_are_those_of_the_report(report) -> None:
    page, measured = PAGE.read_text(encoding="utf-8"), sizing.Measured.of(report)
    assert f"| {1 - measured.graph:.0%} | measured shares of stages |" in page
    left = 1 - measured.graph - measured.flow
    assert f"| {left:.0%} (decoding, decisions) |" in page
    assert f"are {measured.cores(1000, 25):.0f} cores on the CPU" in page
    assert f"about {left * measured.cores(1000, 25):.0f} cores" in page
    growth = next(each for each in report.growths if each.quantity == "cameras")
    assert f"to the power of {growth.exponent:.2f} up to {growth.sizes[-1]:.0f}" in page
    assert f"| {sizing.per_box(measured, sizing.Assumed(), 8)} at 8 frames a second" in page


def test_twice_the_time_of_a_frame_takes_twice_the_cores(report) -> None:
    rows = [
        msgspec.structs.replace(row, cpu_ms=tuple(2 * each for each in row.cpu_ms))
        for row in report.rows
    ]
    slow = sizing.Measured.of(msgspec.structs.replace(report, rows=tuple(rows)))
    fast = sizing.Measured.of(report)
    assert slow.cores(10, 8) == pytest.approx(2 * fast.cores(10, 8))
    assert sizing.per_box(slow, sizing.Assumed(), 8) < sizing.per_box(fast, sizing.Assumed(), 8)


def test_the_sizes_that_cross_the_network_are_those_of_the_scene(report) -> None:
    measured = sizing.Measured.of(report)
    assert measured.frame_bytes == 240 * 360 * 3
    assert measured.motion_bytes == 60 * 90 * 3 * 4
    assert 0 < measured.graph < measured.flow < 1
