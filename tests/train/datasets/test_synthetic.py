"""The simulated street as test footage: every kind of anomaly, and every nuisance."""

import pytest

from edge_vad.errors import WrongUse
from edge_vad_street import KINDS, NUISANCES
from edge_vad_train.datasets.synthetic import open_nuisances, open_synthetic


def test_every_kind_of_anomaly_has_a_test_clip() -> None:
    assert [clip.kind for clip in open_synthetic("test://street?seed=7").test] == list(KINDS)


def test_every_nuisance_has_a_clip_without_anomalies_beside_a_steady_one() -> None:
    data = open_nuisances("test://street?seed=7&size=64x48&frames=12")
    assert [clip.kind for clip in data.train] == ["steady", *NUISANCES]
    assert data.test == ()
    for clip in data.train:
        labels = clip.frame_labels()
        assert labels is not None
        assert labels.tolist() == [False] * 12
        assert len(list(clip.open())) == 12


def test_nuisances_come_over_streets_alone() -> None:
    with pytest.raises(WrongUse, match="street"):
        open_nuisances("street.mp4")
