"""The address of a street: what it accepts, what it refuses, and how it says so."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import WrongUse
from edge_vad.street import KINDS, normal_url, open_street, street_suite, street_truth
from edge_vad.street.anomalies import cycle_s
from edge_vad.street.url import StreetOptions, parse_street_url

NAMES = st.sampled_from(["seed", "scene", "size", "fps", "frames", "anomaly", "noise", "light", ""])
VALUES = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from([*KINDS, "360x240", "1x1", "0x", "x"]),
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
    for use in (open_street, street_truth, street_suite, normal_url):
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
