from __future__ import annotations

import json

import numpy as np
import pytest

from edge_vad.errors import WrongUse
from edge_vad_bench import store
from edge_vad_bench.circumstances import Conditions
from edge_vad_bench.comparing import compare


def test_two_runs_of_the_same_pass_and_a_tenth_more_is_caught(report, row):
    """Over many pairs of runs, each with noise of its own."""
    passed = caught = 0
    for seed in range(20):
        before = report(row(seed=2 * seed))
        same = report(row(seed=2 * seed + 1))
        slower = report(row(seed=2 * seed + 1, milliseconds=8.8))
        passed += not compare(before, same, 0.05, raw=False).regressions
        caught += bool(compare(before, slower, 0.05, raw=False).regressions)
    assert passed == 20
    assert caught == 20


def test_a_busier_machine_is_no_slower_program(report, row):
    busy = np.linspace(1.0, 2.0, 10)
    before, after = report(row()), report(row(busy=busy, seed=1))
    assert not compare(before, after, 0.05, raw=False).regressions
    assert compare(before, after, 0.05, raw=True).regressions


def test_what_varies_more_than_it_differs_is_no_regression(report, row):
    restless = np.array([1.0, 1.6] * 5)
    before = row(busy=1.0)
    after = row(samples_ms=tuple((8.0 * np.repeat(restless, 20)).tolist()))
    (ratio, *_) = compare(report(before), report(after), 0.05, raw=True).ratios
    assert ratio.ratio > 1.05
    assert ratio.low <= 1.0
    assert not ratio.regressed


def test_stages_are_shown_and_not_judged(report, row):
    slower = row(milliseconds=16.0)
    result = compare(report(row()), report(slower), 0.05, raw=True)
    assert [each.part for each in result.ratios] == ["p50", "decode", "compute"]
    assert [each.regressed for each in result.ratios] == [True, False, False]
    assert result.ratios[1].ratio == pytest.approx(2.0, abs=0.05)


def test_rows_that_only_one_has_are_named(report, row):
    both, gone, new = row(), row("Offline/gone/fp32"), row("Offline/new/fp32")
    result = compare(report(both, gone), report(both, new), 0.05, raw=False)
    assert (result.only_before, result.only_after) == ((gone.name,), (new.name,))


def test_without_a_common_row_there_is_nothing_to_compare(report, row):
    with pytest.raises(WrongUse, match="no row in common"):
        compare(report(row("a/b")), report(row("c/d")), 0.05, raw=False)


def test_what_makes_it_doubtful_is_said(report, row):
    before = report(row(stable=False), complete=False)
    remarks = " ".join(compare(before, report(row(throttled=True)), 0.05, raw=False).remarks)
    assert "never settled" in remarks
    assert "throttled" in remarks
    assert "not finished" in remarks
    assert "busy" not in remarks


def test_a_machine_that_others_kept_busy_is_told(report, row):
    busy = report(row(after=Conditions(load=9.0)))
    assert "kept the 2 cores busy" in " ".join(compare(report(), busy, 0.05, raw=False).remarks)


def test_the_command_fails_on_a_regression_and_passes_without(edge_vad, report, row, tmp_path):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    store.write(before, report(row()))
    store.write(after, report(row(milliseconds=8.8, seed=1)))
    answer = edge_vad("compare", before, after)
    assert answer.code == 1
    assert "REGRESSED" in answer.out
    assert "1 of the rows take longer" in answer.err
    assert edge_vad("compare", before, after, "--max-regression", 20).code == 0
    same = edge_vad("compare", before, before, "--json")
    assert same.code == 0
    assert json.loads(same.out)["ratios"][0]["ratio"] == 1.0


def test_a_file_that_is_no_report_is_bad_input(edge_vad, tmp_path):
    (tmp_path / "a.json").write_text("[]")
    answer = edge_vad("compare", tmp_path / "a.json", tmp_path / "a.json")
    assert answer.code == 3
    assert "cannot be read as a benchmark report" in answer.err
