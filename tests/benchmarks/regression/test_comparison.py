from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import WrongUse
from edge_vad_bench import store
from edge_vad_bench.regression.block_bootstrap import Blocks, bootstrap
from edge_vad_bench.regression.comparison import compare


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


def test_a_slower_machine_is_no_slower_program(report, row):
    slow = np.linspace(1.0, 2.0, 10)
    before, after = report(row()), report(row(busy=slow, seed=1))
    assert not compare(before, after, 0.05, raw=False).regressions
    assert compare(before, after, 0.05, raw=True).regressions


def test_waiting_for_others_is_no_slower_program(report, row):
    before, after = report(row()), report(row(waiting=0.6, seed=1))
    result = compare(before, after, 0.05, raw=True)
    clock, used, *_ = result.ratios
    assert clock.ratio == pytest.approx(2.5, abs=0.05)
    assert (clock.judged, used.judged) == (False, True)
    assert not result.regressions
    assert "up to 1.2 cores of it" in " ".join(result.remarks)


@pytest.mark.parametrize("of", ["threads", "opencv_threads"])
def test_cpu_time_of_several_threads_is_not_judged(report, row, of):
    several = msgspec.structs.replace(report().settings, **{of: 2})
    before, after = (
        report(row(), settings=several),
        report(row(milliseconds=16.0), settings=several),
    )
    result = compare(before, after, 0.05, raw=False)
    assert [each.part for each in result.regressions] == ["clock"]
    assert "--threads 1" in " ".join(result.remarks)


def test_where_nothing_can_be_judged_the_command_fails(edge_vad, report, row, tmp_path):
    settings = msgspec.structs.replace(report().settings, threads=2)
    store.write(tmp_path / "a.json", report(row(waiting=0.5), settings=settings))
    answer = edge_vad("compare", tmp_path / "a.json", tmp_path / "a.json")
    assert answer.code == 1
    assert "nothing could be judged" in answer.err


def test_more_waiting_of_its_own_is_seen_on_a_machine_that_nobody_else_uses(report, row):
    before, after = row(), row(seed=1)
    after = row(seed=1, samples_ms=tuple(1.5 * each for each in after.samples_ms))
    regressed = compare(report(before), report(after), 0.05, raw=False).regressions
    assert [each.part for each in regressed] == ["clock"]


def test_what_a_gpu_does_is_judged_by_the_clock_alone(report, row):
    before, after = row(device="cuda"), row(device="cuda", milliseconds=16.0)
    result = compare(report(before), report(after), 0.05, raw=False)
    assert [each.part for each in result.ratios] == ["clock", "decode", "compute"]
    assert [each.part for each in result.regressions] == ["clock"]


def test_what_varies_more_than_it_differs_is_no_regression(report, row):
    restless = np.repeat([8.0, 8.0, 8.0, 16.0, 8.0, 8.0, 8.0, 8.0, 8.0, 8.0], 20)
    after = row(cpu_ms=tuple(restless.tolist()))
    ratio = compare(report(row()), report(after), 0.05, raw=True).ratios[1]
    assert ratio.ratio == pytest.approx(1.1, abs=0.02)
    assert ratio.judged
    assert not ratio.regressed


def test_a_machine_that_is_slow_for_half_of_the_time_is_no_slower_program(report, row):
    """Whose medians fall on either side."""
    dice = np.random.default_rng(0)
    passed = caught = 0
    for seed in range(20):
        phases = [dice.permutation(np.repeat([1.0, 1.5], 5)) for _ in range(2)]
        before = report(row(busy=phases[0], seed=2 * seed))
        same, slower = (
            report(row(busy=phases[1], seed=2 * seed + 1, milliseconds=milliseconds))
            for milliseconds in (8.0, 8.8)
        )
        passed += not compare(before, same, 0.05, raw=False).regressions
        caught += bool(compare(before, slower, 0.05, raw=False).regressions)
    assert passed == 20
    assert caught == 20


@given(
    st.lists(st.lists(st.floats(1, 9), min_size=1, max_size=9), min_size=2, max_size=5),
    st.floats(0.5, 2),
)
def test_runs_in_proportion_have_that_ratio_and_an_interval_around_it(blocks, factor):
    times, sizes = [each for block in blocks for each in block], [len(each) for each in blocks]
    reference = [1.0] * (len(blocks) - 1), [1] * (len(blocks) - 1) + [0]
    before = Blocks.of(times, sizes, *reference)
    after = Blocks.of([factor * each for each in times], sizes, *reference)
    ratio, low, high = bootstrap(before, after)
    assert ratio == pytest.approx(factor)
    assert low <= ratio * (1 + 1e-9)
    assert high >= ratio * (1 - 1e-9)


def test_without_a_reference_nothing_is_judged_but_milliseconds(report, row):
    bare = {"reference_ms": (), "reference_cpu_ms": (), "reference_blocks": (0,) * 10}
    before, after = report(row(**bare)), report(row(milliseconds=16.0, **bare))
    assert not any(each.judged for each in compare(before, after, 0.05, raw=False).ratios)
    assert compare(before, after, 0.05, raw=True).regressions


def test_a_hiccup_is_no_longer_time():
    calm = [8.0] * 20
    before, after = (
        Blocks.of(times, [10, 10], [1.0, 1.0], [1, 1]) for times in (calm, [*calm[:-1], 800.0])
    )
    assert bootstrap(before, after)[0] == pytest.approx(1)


def test_stages_are_shown_and_not_judged(report, row):
    slower = row(milliseconds=16.0)
    result = compare(report(row()), report(slower), 0.05, raw=True)
    assert [each.part for each in result.ratios] == ["clock", "cpu", "decode", "compute"]
    assert [each.regressed for each in result.ratios] == [True, True, False, False]
    assert result.ratios[2].ratio == pytest.approx(2.0, abs=0.05)


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
