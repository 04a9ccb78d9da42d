from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad_bench import store
from edge_vad_bench.report import svg
from edge_vad_bench.report.headline import headline
from edge_vad_bench.report.rendering import write_pages

HOSTILE = '<script>alert("1")</script>|`x`\n# heading'
_VOID = {"meta", "link", "line", "polyline", "br"}


class Checker(HTMLParser):
    """Notes tags that are not closed and everything that would be fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.fetched, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "action")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(path):
    checker = Checker()
    checker.feed(path.read_text())
    assert checker.open == []
    return checker


def test_the_page_is_whole_and_asks_for_nothing(report, tmp_path):
    html, markdown = write_pages([report(), report()], tmp_path / "report.html")
    checker = check(html)
    assert [each for each in checker.fetched if not each.startswith("#")] == ["data:,"]
    assert "script" not in checker.tags
    assert not re.search(r"https?://|url\(|@import", html.read_text())
    assert markdown.read_text().count("## Some CPU") == 2


def test_it_shows_every_kind_of_figure(report, tmp_path):
    text = write_pages([report()], tmp_path / "report.html")[0].read_text()
    for wanted in (
        "SingleStream",
        "decode",
        "cameras",
        "Projection, not measured",
        "45",
        "polyline",
    ):
        assert wanted in text


def test_the_page_begins_with_what_the_device_can_do(report, tmp_path):
    made = report()
    for page in write_pages([made], tmp_path / "report.html"):
        text = page.read_text()
        sentence = headline(made).sentence
        assert text.index(sentence) < text.index("not measured") < text.index("Some CPU, 2 of 2")


def test_of_several_devices_each_has_a_row_that_leads_to_its_section(report, tmp_path):
    other = msgspec.structs.replace(report().device.processor, model="Other CPU")
    device = msgspec.structs.replace(report().device, processor=other)
    pages = write_pages([report(), report(device=device, complete=False)], tmp_path / "a.html")
    for page, links in zip(pages, (r'href="#(.+?)"', r"\]\(#(.+?)\)"), strict=True):
        text = page.read_text()
        assert re.findall(links, text) == ["device-1", "device-2"]
        assert re.findall(r' id="(.+?)"', text) == ["device-1", "device-2"]
        table = text[: text.index(' id="device-1"')]
        assert "Some CPU" in table
        assert "Other CPU" in table
        assert table.count("p99: ") == 2
    assert pages[0].read_text().count("not finished") == 2  # in its row, and in its section


def test_one_device_has_no_table_of_devices(report, tmp_path):
    for page in write_pages([report()], tmp_path / "a.html"):
        assert "devices can do" not in page.read_text()


def test_hostile_names_stay_text(report, row, tmp_path):
    hostile = report(row(HOSTILE, subject=HOSTILE), notes=(HOSTILE,))
    processor = msgspec.structs.replace(hostile.device.processor, model=HOSTILE)
    hostile = msgspec.structs.replace(
        hostile, device=msgspec.structs.replace(hostile.device, processor=processor)
    )
    html, markdown = write_pages([hostile, hostile], tmp_path / "report.html")
    assert "script" not in check(html).tags
    assert not re.search(r"(?<!\\)[<>]script|(?<!\\)\|`", markdown.read_text())
    assert not re.search(r"^# heading", markdown.read_text(), re.MULTILINE)


def test_projections_are_apart_from_what_was_measured(report, tmp_path):
    text = write_pages([report()], tmp_path / "report.html")[0].read_text()
    before, after = text.split("Projection, not measured")
    assert "Orin" not in before
    assert "Orin" in after


def test_an_unfinished_benchmark_says_so(report, tmp_path):
    html, markdown = write_pages([report(complete=False)], tmp_path / "report.html")
    assert "not finished" in html.read_text()
    assert "not finished" in markdown.read_text()


def test_doubtful_rows_are_marked(report, row, tmp_path):
    doubtful = report(row(stable=False, throttled=True))
    assert "unstable, throttled" in write_pages([doubtful], tmp_path / "a.html")[0].read_text()


def test_the_command_writes_both(edge_vad, report, tmp_path):
    store.write(tmp_path / "bench.json", report())
    answer = edge_vad("report", tmp_path, "--out", tmp_path / "page.html")
    assert answer.code == 0
    assert (tmp_path / "page.html").exists()
    assert (tmp_path / "page.md").exists()


def test_a_folder_of_reports_becomes_one_page_where_one_is(edge_vad, report, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    for name in ("orin", "xavier"):
        store.write(tmp_path / f"reports/{name}.json", report())
    answer = edge_vad("report", "reports")
    assert answer.code == 0, answer.err
    assert "What 2 devices can do" in (tmp_path / "report.html").read_text()
    assert "next" not in answer.out


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=50),
    st.booleans(),
)
def test_whatever_is_plotted_stays_inside_the_picture(values, log):
    series = svg.PlotSeries("a", [1.0 + index for index in range(len(values))], values)
    plot = svg.line_plot("t", "x", "y", [series], log=log)
    points = [pair.split(",") for pair in plot.curves[0].points.split()]
    places = np.array(points, float)
    assert np.isfinite(places).all()
    assert (places >= 0).all()
    assert (places <= svg.SIDE).all()


def test_a_stacked_bar_fills_the_widest_row():
    segments = svg.stacked({"a": 1.0, "b": 3.0}, 4.0)
    assert [each.start for each in segments] == [0, 25]
    assert [each.width for each in segments] == [25, 75]


def test_a_report_without_rows_still_makes_a_page(report, tmp_path):
    empty = msgspec.structs.replace(
        report(), rows=(), growths=(), compute_bounds=(), agreements=(), projections=()
    )
    check(write_pages([empty], tmp_path / "a.html")[0])


@pytest.mark.parametrize("count", [1, 25])
def test_few_samples_are_no_distribution(report, row, tmp_path, count):
    few = row(samples_ms=(1.0,) * count, blocks=(count,))
    text = write_pages([report(few)], tmp_path / "a.html")[0].read_text()
    assert ("share of queries" in text) == (count >= 20)
