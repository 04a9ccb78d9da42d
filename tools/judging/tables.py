"""Evidence as Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from statistics import mean
from typing import Any

from judging.evidence import Evidence, describe

Group = list[Evidence]
_HEADS = (
    "scene", "seeds", "score", "micro AUC", "macro AUC", "EER", "pixel level", "precision",
    "weight", "GMAC", "false alarms an hour", "clips differ", "above 99%", "training, s", "MB",
)  # fmt: skip
_LEVELS = ("micro", "macro", "eer", "pixel", "precision")
_FUSED = "fused"
_PRECISIONS = ("fp32", "fp16", "int8")


def newest(evidence: Iterable[Evidence], code: str | None = None) -> list[Evidence]:
    """Of every scene, seed and settings the evidence by this code, or else the newest.

    Args:
        evidence: The newest last.
        code: Digest of the code that is preferred.
    """
    kept: dict[tuple[str, int, str], Evidence] = {}
    for each in evidence:
        place = each.scene, each.seed, describe(each.settings)
        before = kept.get(place)
        if before is None or before.code != code or each.code == code:
            kept[place] = each
    return list(kept.values())


def as_table(evidence: Sequence[Evidence], code: str | None = None) -> str:
    """All of it: a table for each settings, defaults first; then the strangest moments.

    Args:
        evidence: One of each scene, seed and settings.
        code: Digest of the code of now; what another made is marked.
    """
    by_settings: dict[str, Group] = defaultdict(list)
    for each in evidence:
        by_settings[describe(each.settings)].append(each)
    order = sorted(by_settings, key=lambda said: (said != "defaults", said))
    parts = [_titled(said, by_settings[said], code) for said in order]
    return "\n".join(parts) or "no evidence yet\n"


def _titled(said: str, evidence: Group, code: str | None) -> str:
    lines = [list(_HEADS), ["---"] * len(_HEADS)]
    for scene, group in _by_scene(evidence).items():
        lines += _scene_lines(scene, group, code)
    notes = ["Mean over seeds (the worst), %; raw, causal. Alarms: measured (95%), promised."]
    if any(code not in (None, each.code) for each in evidence):
        notes.append("*: by other code than that of now.")
    more = _moments(evidence) + _precisions(evidence)
    return f"### {said}\n\n{markdown(lines)}\n{' '.join(notes)}\n{more}"


def _by_scene(evidence: Iterable[Evidence]) -> dict[str, Group]:
    groups: dict[str, Group] = defaultdict(list)
    for each in sorted(evidence, key=lambda each: (not each.figures.get("scores"), each.scene)):
        groups[each.scene].append(each)
    return groups


def _scene_lines(scene: str, group: Group, code: str | None) -> list[list[str]]:
    """A row a score, then a row a kind of false alarms; what is of all stands in the first one."""
    is_stale = any(code not in (None, each.code) for each in group)
    first = [f"{scene}{'*' * is_stale}", ", ".join(str(each.seed) for each in group)]
    folds = [each.figures.get("folds") or {} for each in group]
    last = [
        _figure([each.get("spread") for each in folds], max, "{:.2f}"),
        _figure([each.get("above") for each in folds], max, "{:.1%}"),
        _figure([each.figures.get("train_s") for each in group], max, "{:.0f}"),
        _figure([each.figures.get("train_mb") for each in group], max, "{:.0f}"),
    ]
    lines = [*_score_lines(group), *_alarm_lines(group)] or [["-", *[""] * 8]]
    return [
        [*(first if not number else ["", ""]), *line, *(last if not number else [""] * 4)]
        for number, line in enumerate(lines)
    ]


def _score_lines(group: Group) -> list[list[str]]:
    names = list(group[0].figures.get("scores") or {})
    return [_score_line(name, group) for name in names]


def _score_line(name: str, group: Group) -> list[str]:
    rows = [each.figures["scores"].get(name, {}) for each in group]
    weights = [each.figures.get("weights", {}).get(name) for each in group]
    levels = [
        _figure([row.get(level) for row in rows], max if level == "eer" else min, "{:.1%}")
        for level in _LEVELS
    ]
    shown = f"**{name}**" if name == _FUSED else name
    cost = _figure([row.get("gmac") for row in rows], max, "{:.3f}")
    said = ", ".join(dict.fromkeys(f"{each:g}" for each in weights if each is not None))
    return [shown, *(each.replace("%", "") for each in levels), said, cost, ""]


def _alarm_lines(group: Group) -> list[list[str]]:
    names = dict.fromkeys(name for each in group for name in each.figures.get("alarms") or {})
    lines = []
    for name in names:
        told = [each.figures["alarms"][name] for each in group if name in each.figures["alarms"]]
        shown = "alarms" if name == "all" else f"alarms, {name.replace('_', ' ')}"
        lines.append([shown, *[""] * 7, "; ".join(map(_alarms, told))])
    return lines


def _alarms(told: dict[str, Any]) -> str:
    return (
        f"{told['count']} in {_hours(told['hours'])}: {told['per_hour']:.2g} "
        f"({told['low']:.2g} to {told['high']:.3g}), {told['promised']:g} promised"
    )


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"


def _figure(
    values: Iterable[float | None], worst: Callable[[Iterable[float]], float], form: str
) -> str:
    """The mean and, of several, the worst in brackets.

    Example:
        >>> _figure([0.5, 0.7], min, "{:.1%}"), _figure([None], min, "{}")
        ('60.0% (50.0%)', '')
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    said = form.format(mean(known))
    return f"{said} ({form.format(worst(known))})" if len(known) > 1 else said


def _moments(evidence: Group) -> str:
    """The strangest moments of what was looked at, with what their scenes can promise."""
    lines = [["scene", "alarms at", "strangest moments: when (box)", "footage"], ["---"] * 4]
    for each in evidence:
        if "moments" not in each.figures:
            continue
        moments = "; ".join(
            f"{moment['time_s']:.1f} s ({', '.join(map(str, moment['box']))})"
            for moment in each.figures["moments"]
        )
        named = each.figures["alarms"]["all"].get("named", ())
        alarms = ", ".join(f"{alarm['start_s']:.1f} s" for alarm in named) or "none"
        lines.append([each.scene, alarms, moments, each.figures["footing"]])
    return f"\n{markdown(lines)}" if len(lines) > 2 else ""


def _precisions(evidence: Group) -> str:
    """The AUC in every precision, measured side by side."""
    lines = [["scene", *map(str.upper, _PRECISIONS)], ["---"] * (1 + len(_PRECISIONS))]
    for each in evidence:
        found = each.figures.get("precisions") or {}
        if found:
            lines.append([each.scene, *(f"{100 * found[name]:.2f}" for name in _PRECISIONS)])
    return f"\nMicro AUC by precision, one pass over the same frames:\n\n{markdown(lines)}" * (
        len(lines) > 2
    )


def markdown(lines: Iterable[Sequence[str]]) -> str:
    """Rows as a table in Markdown."""
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
