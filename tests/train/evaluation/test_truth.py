"""What can be measured is known before anything is computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_vad.errors import BadInput
from edge_vad_train.datasets import Clip, Dataset
from edge_vad_train.evaluation.truth import gather_truth


def labelled_alike(clip: Clip, value: bool) -> Clip:
    return replace(clip, truth=np.full((24, 48, 64), value))


def test_clips_without_labels_are_left_out_by_name(dataset: Dataset) -> None:
    truth = gather_truth(dataset)
    assert [each.clip.name for each in truth.clips] == ["slide", "large"]
    assert truth.left_out == ("unknown",)
    assert truth.frames == 48


def test_masks_are_handed_out_only_where_they_were_asked_for(dataset: Dataset) -> None:
    for clip in gather_truth(dataset).clips:
        assert all(frame.mask is None for frame in clip.scored(10.0))
    assert [each.has_masks for each in gather_truth(dataset, masks=True).clips] == [True, False]


def test_a_data_set_without_labels_is_refused(dataset: Dataset) -> None:
    with pytest.raises(BadInput, match="arrays has no test clips with labels"):
        gather_truth(Dataset("arrays", (), dataset.test[2:]))
    with pytest.raises(BadInput, match="no test clips"):
        gather_truth(Dataset("arrays", dataset.test))


def test_a_data_set_without_masks_is_refused_where_they_are_needed(dataset: Dataset) -> None:
    unmasked = Dataset("arrays", (), dataset.test[1:])
    assert gather_truth(unmasked).frames == 24
    with pytest.raises(BadInput, match="no test clips with masks"):
        gather_truth(unmasked, masks=True)


@pytest.mark.parametrize(("value", "side"), [(True, "anomalous"), (False, "normal")])
def test_frames_of_one_side_alone_are_refused(dataset: Dataset, value: bool, side: str) -> None:
    with pytest.raises(BadInput, match=f"every frame of arrays that has labels is {side}"):
        gather_truth(Dataset("arrays", (), (labelled_alike(dataset.test[0], value),)))


def test_masks_of_one_side_alone_are_refused(dataset: Dataset) -> None:
    clips = (labelled_alike(dataset.test[0], True), dataset.test[1])
    with pytest.raises(BadInput, match="that has masks is anomalous"):
        gather_truth(Dataset("arrays", (), clips), masks=True)
