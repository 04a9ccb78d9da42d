"""Leave one scene out: a setting is chosen on all other scenes, and judged on that one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from judging.evidence import Evidence, describe
from judging.tables import markdown

MACRO = ("avenue",)
"""Scenes whose clips differ so in level that their frames are not pooled."""

Aucs = dict[str, dict[str, float]]
"""AUC by setting and scene."""


class Choice(NamedTuple):
    """What was chosen without a scene, and what it is worth there.

    Attributes:
        scene: The scene that was left out.
        setting: The setting with the highest mean on the others.
        auc: What it reaches on the one left out.
        best: The setting that would have been the best there.
        best_auc: What that one reaches.
    """

    scene: str
    setting: str
    auc: float
    best: str
    best_auc: float

    @property
    def loss(self) -> float:
        """What it costs not to have seen the scene."""
        return self.best_auc - self.auc


def aucs_of(evidence: Sequence[Evidence]) -> Aucs:
    """The mean over seeds, by setting and scene; the digest of the code is told where it differs.

    Args:
        evidence: The newest last, which counts where one was measured twice.
    """
    several = len({each.code for each in evidence}) > 1
    latest: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for each in evidence:
        fused = each.figures.get("scores", {}).get("fused")
        if fused:
            setting = describe(each.settings) + (f" @{each.code[:8]}" if several else "")
            is_macro = each.scene.startswith(MACRO)
            auc = fused["macro" if is_macro else "micro"]
            latest[setting, each.scene][each.seed] = auc
    aucs: Aucs = defaultdict(dict)
    for (setting, scene), seeds in latest.items():
        aucs[setting][scene] = mean(seeds.values())
    return dict(aucs)


def leave_one_out(aucs: Aucs) -> list[Choice]:
    """Choose for every scene on which all settings were measured, without looking at it."""
    scenes = common_scenes(aucs)
    choices = []
    for left_out in scenes if len(scenes) > 1 else ():
        others = [scene for scene in scenes if scene != left_out]
        means = {setting: mean(each[scene] for scene in others) for setting, each in aucs.items()}
        chosen = max(means, key=means.__getitem__)
        best = max(aucs, key=lambda setting: aucs[setting][left_out])
        choices.append(Choice(left_out, chosen, aucs[chosen][left_out], best, aucs[best][left_out]))
    return choices


def common_scenes(aucs: Aucs) -> list[str]:
    """The scenes on which all settings were measured."""
    measured = [set(each) for each in aucs.values()]
    return sorted(set.intersection(*measured)) if measured else []


def choice_table(aucs: Aucs) -> str:
    """What every setting reaches, and what is chosen where."""
    scenes = common_scenes(aucs)
    if len(scenes) < 2:
        return "leaving one out takes two scenes on which every setting was measured\n"
    lines = [["setting", *scenes, "mean"], ["---"] * (len(scenes) + 2)]
    for setting, own in aucs.items():
        values = [own[scene] for scene in scenes]
        lines.append([setting, *(f"{100 * each:.1f}" for each in (*values, mean(values)))])
    heads = ["left out", "chosen on the others", "AUC there", "the best there", "AUC", "loss"]
    chosen = [heads, ["---"] * len(heads)]
    for each in leave_one_out(aucs):
        auc, best, loss = (f"{100 * value:.1f}" for value in (each.auc, each.best_auc, each.loss))
        chosen.append([each.scene, each.setting, auc, each.best, best, loss])
    return f"{markdown(lines)}\n{markdown(chosen)}"
