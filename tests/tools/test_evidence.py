from __future__ import annotations

import pytest
from judging.evidence import Store, code_digest, describe, read_all, sources_of
from judging.places import digest_of


def test_evidence_is_found_again_with_all_that_was_measured(evidence, tmp_path):
    kept = evidence(micro=0.9, settings={"latent": "4", "flow": "a/b c"})
    store = Store(tmp_path / "evidence")
    path = store.keep(kept)
    assert path.parent == tmp_path / "evidence"
    found = store.find(kept.key)
    assert found == kept
    assert list(found.figures["scores"]) == ["fused", "motion", "box flow"]  # in their order


@pytest.mark.parametrize(
    "change",
    [
        {"scene": "ped1"},
        {"seed": 1},
        {"settings": {"latent": "4"}},
        {"code": "0" * 16},
        {"data": "0" * 16},
    ],
)
def test_another_scene_seed_setting_code_or_footage_is_measured_anew(evidence, tmp_path, change):
    store, known, other = Store(tmp_path), evidence(micro=0.9), evidence(micro=0.8, **change)
    store.keep(known)
    assert store.find(other.key) is None
    store.keep(other)
    assert len(read_all([tmp_path])) == 2  # neither took the place of the other


def test_measured_again_it_takes_the_place_of_the_earlier(evidence, tmp_path):
    store = Store(tmp_path)
    store.keep(evidence(micro=0.9))
    store.keep(evidence(micro=0.8, date="2026-02-01T00:00:00+00:00"))
    (only,) = read_all([tmp_path])
    assert only.figures["scores"]["fused"]["micro"] == 0.8


def test_what_is_no_evidence_is_told_by_name(tmp_path):
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"mine\.json is no evidence"):
        read_all([tmp_path])


def test_the_digest_follows_every_source_that_decides_a_score(tmp_path):
    for name in (
        "motion/extractor.py",
        "alarms/decision.py",
        "cli/run.py",
        "sinks/base.py",
        "live/loop.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("a = 1\n")

    def digest(package="edge_vad"):
        return digest_of(sources_of(tmp_path, package))

    before, of_training = digest(), digest("edge_vad_train")
    for name in ("cli/run.py", "sinks/base.py", "live/loop.py"):
        (tmp_path / name).write_text("a = 2\n")
        assert digest() == before
    assert digest("edge_vad_train") != of_training  # there, all of it counts
    for name in ("motion/extractor.py", "alarms/decision.py"):
        (tmp_path / name).write_text("a = 2\n")
        assert digest() != before
        before = digest()
    (tmp_path / "motion/extractor.py").rename(tmp_path / "moved.py")
    assert digest() != before


def test_the_code_of_now_has_a_digest():
    assert code_digest() == code_digest()
    assert code_digest(["edge_vad"]) != code_digest(["edge_vad_train"])


def test_settings_are_told_in_one_order():
    assert describe({"b": "1", "a": "2"}) == describe({"a": "2", "b": "1"}) == "a=2 b=1"
