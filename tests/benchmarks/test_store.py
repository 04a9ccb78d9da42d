from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import BadInput
from edge_vad_bench import store
from edge_vad_bench.schema import SCHEMA, BenchmarkReport


def test_a_report_comes_back_as_it_was_written(report, tmp_path):
    written = report()
    store.write(tmp_path / "bench.json", written)
    assert store.read(tmp_path / "bench.json") == written
    assert store.read(tmp_path) == written


def test_fields_whose_names_differ_in_the_code_keep_theirs_in_the_file(report, tmp_path):
    store.write(tmp_path / "bench.json", report())
    content = json.loads((tmp_path / "bench.json").read_text())
    row, (bound,) = content["rows"][0], content["floors"]
    assert {"yardstick_ms", "yardstick_cpu_ms", "yardstick_blocks", "others_cores"} <= set(row)
    assert {"floor_ms", "times_floor"} <= set(bound)
    assert "handicap" in content["settings"]["plan"]


def test_nothing_else_is_left_in_the_folder(report, tmp_path):
    store.write(tmp_path / "bench.json", report())
    assert [each.name for each in tmp_path.iterdir()] == ["bench.json"]


def test_what_cannot_be_encoded_leaves_the_old_report_whole(report, tmp_path):
    path = tmp_path / "bench.json"
    store.write(path, report())
    broken = msgspec.structs.replace(report(), notes=(object(),))
    with pytest.raises(TypeError):
        store.write(path, broken)
    assert store.read(path) == report()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "change", [{"schema": SCHEMA + 1}, {"schema": SCHEMA - 1}, {"surprise": 1}, {"rows": 3}]
)
def test_a_report_of_another_layout_is_refused(report, tmp_path, change):
    content = json.loads(msgspec.json.encode(report())) | change
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(content))
    with pytest.raises(
        BadInput, match=f"reads {SCHEMA}" if "schema" in change else "cannot be read"
    ):
        store.read(path)


def test_a_folder_of_reports_is_read_in_the_order_of_their_names(report, tmp_path):
    for name in ("xavier", "orin"):
        store.write(tmp_path / f"{name}.json", report(edge_vad=name))
    (tmp_path / "README.md").write_text("not a report")
    assert [each.edge_vad for each in store.read_all(tmp_path)] == ["orin", "xavier"]
    assert [each.edge_vad for each in store.read_all(tmp_path / "orin.json")] == ["orin"]


def test_the_folder_of_one_benchmark_is_one_report(report, tmp_path):
    store.write(tmp_path / "bench.json", report())
    (tmp_path / "notes.json").write_text("{}")
    assert len(store.read_all(tmp_path)) == 1


def test_a_folder_without_reports_is_refused(tmp_path):
    with pytest.raises(BadInput, match="holds no report"):
        store.read_all(tmp_path)


def test_a_file_of_a_folder_that_is_no_report_is_named(report, tmp_path):
    store.write(tmp_path / "a.json", report())
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(BadInput, match=r"b\.json"):
        store.read_all(tmp_path)


@given(st.binary(max_size=200))
def test_hostile_bytes_are_refused_and_not_a_crash(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("hostile") / "bench.json"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        store.read(path)


def test_deep_nesting_is_refused(tmp_path):
    path = tmp_path / "bench.json"
    path.write_text('{"schema": 1, "rows": ' + "[" * 100_000 + "]" * 100_000 + "}")
    with pytest.raises(BadInput):
        store.read(path)


def test_an_unfinished_benchmark_of_the_same_is_gone_on_with(report, tmp_path):
    path = tmp_path / "bench.json"
    unfinished = report(complete=False, done=("scenarios",))
    store.write(path, unfinished)
    fresh = report(complete=False, created="later", rows=())
    assert store.resume(path, fresh) == unfinished


def other(report: BenchmarkReport) -> list[BenchmarkReport]:
    settings = msgspec.structs.replace(report.settings, threads=7)
    device = msgspec.structs.replace(report.device, libraries={"numpy": "0"})
    return [
        msgspec.structs.replace(report, complete=True),
        msgspec.structs.replace(report, settings=settings),
        msgspec.structs.replace(report, device=device),
        msgspec.structs.replace(report, edge_vad="9"),
    ]


@pytest.mark.parametrize("which", range(4))
def test_one_of_another_kind_or_a_finished_one_is_begun_anew(report, tmp_path, which):
    fresh = report(complete=False)
    store.write(tmp_path / "bench.json", other(fresh)[which])
    assert store.resume(tmp_path / "bench.json", fresh) == fresh
