"""The address of a street: what it accepts, what it refuses, and how it says so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import WrongUse
from edge_vad_street import (
    KINDS,
    NUISANCES,
    SPEED_NORMAL,
    TIMES_OF_DAY,
    VIEWS,
    normal_url,
    open_street,
    street_nuisances,
    street_suite,
    street_truth,
)
from edge_vad_street.acts.anomalies import cycle_s
from edge_vad_street.url import StreetOptions, parse_street_url

NAMES = st.sampled_from(
    [
        "seed",
        "scene",
        "size",
        "fps",
        "frames",
        "anomaly",
        "noise",
        "light",
        "view",
        "time_of_day",
        "nuisance",
        "",
    ]
)
VALUES = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from([*KINDS, *VIEWS, *TIMES_OF_DAY, *NUISANCES, "360x240", "1x1", "0x", "x"]),
)


def test_says_nothing_means_the_defaults() -> None:
    assert parse_street_url("test://street") == StreetOptions()


@given(
    st.builds(
        StreetOptions,
        seed=st.integers(0, 2**31 - 1),
        scene=st.integers(0, 2**31 - 1),
        size=st.tuples(st.integers(64, 3840), st.integers(48, 2160)),
        fps=st.floats(1, 120),
        frames=st.integers(0, 10**9),
        anomaly=st.sampled_from(["", *KINDS]),
        realtime=st.booleans(),
        noise=st.floats(0, 50),
        light=st.floats(0, 0.5),
        view=st.sampled_from(VIEWS),
        time_of_day=st.sampled_from(TIMES_OF_DAY),
        nuisance=st.sampled_from(["", *NUISANCES]),
    )
)
def test_reads_back_what_it_writes(options: StreetOptions) -> None:
    assert parse_street_url(options.url()) == options


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.text(max_size=3))
def test_any_query_is_read_or_refused_as_wrong_use(
    query: list[tuple[str, str]], rubbish: str
) -> None:
    url = "test://street?" + "&".join(f"{name}={value}" for name, value in query) + rubbish
    try:
        options = parse_street_url(url)
    except WrongUse:
        return
    assert parse_street_url(options.url()) == options


@pytest.mark.parametrize(
    ("url", "todo"),
    [
        ("test://street?colour=red", "seed, scene, size"),
        ("test://street?anomaly=dragon", "cyclist, vehicle, runner"),
        ("test://street?view=below", "side, high"),
        ("test://street?time_of_day=night", "day, dusk"),
        ("test://street?nuisance=locusts", "light_change, cloud_shadows"),
        ("test://street?nuisance=", "light_change"),
        ("test://street?size=360", "WIDTHxHEIGHT"),
        ("test://street?fps=0", "1 to 120"),
        ("test://street?seed=-1", "whole number from 0"),
        ("test://street?seed=1&seed=2", "once"),
        ("test://street?frames=" + "9" * 5000, "frames"),
        ("test://avenue", "test://street?"),
        ("rtsp://street", "test://street?"),
        ("test://street?seed", "test://street?"),
        ("test://[street", "test://street?"),
    ],
)
def test_a_wrong_address_names_what_is_allowed(url: str, todo: str) -> None:
    for use in (open_street, street_truth, street_suite, street_nuisances, normal_url):
        with pytest.raises(WrongUse) as caught:
            use(url)
        assert todo in caught.value.todo


def test_training_footage_is_ordinary_and_long() -> None:
    url = "test://street?seed=7&scene=3&anomaly=runner&realtime=1"
    expected = StreetOptions(seed=7, scene=3, frames=6000)
    assert parse_street_url(normal_url(url)) == expected
    assert parse_street_url(normal_url(url + "&frames=60")) == replace(expected, frames=60)


@given(st.integers(0, 2**31 - 1))
def test_every_kind_is_tested_on_the_same_street_with_other_people(seed: int) -> None:
    suite = street_suite(f"test://street?seed={seed}&scene=4&size=180x120")
    clips = [parse_street_url(url) for _, url in suite]
    assert [kind for kind, _ in suite] == list(KINDS) == [clip.anomaly for clip in clips]
    assert {(clip.scene, clip.size) for clip in clips} == {(4, (180, 120))}
    assert [clip.frames for clip in clips] == [10 * cycle_s(kind) for kind in KINDS]
    assert len({seed, *(clip.seed for clip in clips)}) == len(KINDS) + 1


def test_the_suite_is_seen_from_where_and_when_the_address_says() -> None:
    for _, url in street_suite("test://street?seed=7&view=high&time_of_day=dusk"):
        clip = parse_street_url(url)
        assert (clip.view, clip.time_of_day) == ("high", "dusk")


def test_nuisances_come_over_ten_minutes_of_the_same_other_people() -> None:
    named = street_nuisances("test://street?seed=7&scene=4&view=high&anomaly=runner&realtime=1")
    clips = [parse_street_url(url) for _, url in named]
    assert [name for name, _ in named] == ["steady", *NUISANCES]
    assert [clip.nuisance for clip in clips] == ["", *NUISANCES]
    assert {replace(clip, nuisance="") for clip in clips} == {clips[0]}
    assert clips[0] == StreetOptions(seed=clips[0].seed, scene=4, view="high", frames=6000)
    others = {parse_street_url(url).seed for _, url in street_suite("test://street?seed=7")}
    assert clips[0].seed not in {7, *others}


def test_nuisances_last_ten_minutes_at_every_rate_unless_one_says_otherwise() -> None:
    for url, frames in (("test://street?fps=25", 15000), ("test://street?frames=80", 80)):
        assert {parse_street_url(each).frames for _, each in street_nuisances(url)} == {frames}


def test_kinds_of_ordinary_speed_are_kinds() -> None:
    assert set(SPEED_NORMAL) < set(KINDS)
