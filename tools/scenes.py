"""Train and measure on every real scene there is, and on the street; one table of all.

    python tools/scenes.py --data DATA                  # all scenes, three seeds
    python tools/scenes.py --data DATA --quick          # one seed, labelled scenes, an office hour
    python tools/scenes.py --quick --set latent=4       # an ablation: options of edge-vad train
    python tools/scenes.py --table                      # the table, from the evidence alone
    python tools/scenes.py --leave-one-out benchmarks/evidence

Every result is a small file in benchmarks/evidence, and is not measured again while scene, seed,
settings, footage and the code that decides scores are the same. A scene that fails is told, and the
others go on; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from judging.choosing import aucs_of, choice_table
from judging.commands import Failed
from judging.evidence import Evidence, Store, code_digest, describe, read_all
from judging.folds import measure_folds
from judging.measuring import measure, model_of
from judging.places import Scene, digest_of, find_scenes
from judging.precisions import measure_precisions
from judging.tables import as_table, newest

ROOT = Path(__file__).resolve().parents[1]
_TABLE = "scenes.md"


def main() -> int:
    """Do what was asked for; 1 where a scene failed."""
    asked = _arguments()
    if asked.leave_one_out:
        _show(choice_table(aucs_of(read_all(asked.leave_one_out))), asked.out / "leave-one-out.md")
        return 0
    failed: list[str] = []
    code, names = code_digest(), asked.scene
    if not asked.table:
        wanted = list(_plan(asked, _chosen(asked)))
        names = [scene.name for scene, _ in wanted]
        failed = Judge(asked, code).measure_all(wanted)
    evidence = _in_question(asked, code, names)
    table = as_table(evidence, code)
    table += "".join(f"\nfailed: {each}\n" for each in failed)
    if asked.json:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / _TABLE).write_text(table)
        print(json.dumps({"evidence": msgspec.to_builtins(evidence), "failed": failed}))
    else:
        _show(table, asked.out / _TABLE)
    return 1 if failed else 0


class Judge:
    """Measures what there is no evidence of yet, and tells how it goes.

    Args:
        asked: What was asked for.
        code: Digest of the code.
    """

    def __init__(self, asked: argparse.Namespace, code: str) -> None:
        self._asked, self._code = asked, code
        self._store = Store(asked.evidence)
        self._began = time.monotonic()

    def measure_all(self, wanted: list[tuple[Scene, int]]) -> list[str]:
        """Measure scene after scene; what failed, in words."""
        failed = []
        for number, (scene, seed) in enumerate(wanted, 1):
            title = f"{number}/{len(wanted)} {scene.name}, seed {seed}"
            try:
                self._measure(scene, seed, title)
            except Failed as error:
                self._tell(f"{title}: FAILED: {error}")
                failed.append(f"{scene.name}, seed {seed}: {error}")
        return failed

    def _measure(self, scene: Scene, seed: int, title: str) -> None:
        settings: dict[str, str] = self._asked.set
        wanted = Evidence(scene.name, seed, settings, self._code, scene.digest, "", {})
        work = self._asked.out / "work" / f"{scene.name}-{seed}-{_short(wanted)}"
        known = None if self._asked.again else self._store.find(wanted.key)

        def report(what: str) -> None:
            self._tell(f"{title}: {what}")

        figures = dict(known.figures) if known else measure(scene, seed, settings, work, report)
        if self._asked.folds and "folds" not in figures:
            figures["folds"] = measure_folds(scene, seed, settings, work / "folds", report)
        if self._asked.precisions and "precisions" not in figures:
            if not model_of(scene, work).exists():
                figures |= measure(scene, seed, settings, work, report)
            model = model_of(scene, work)
            figures["precisions"] = measure_precisions(scene, model, work, report)
        if known and known.figures == figures:
            report(f"known since {known.date}")
            return
        date = datetime.now(timezone.utc).isoformat(timespec="seconds")
        kept = self._store.keep(msgspec.structs.replace(wanted, date=date, figures=figures))
        report(f"done, {kept}")

    def _tell(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"[{minutes:3}:{seconds:02}] {text}", file=sys.stderr, flush=True)


def _short(wanted: Evidence) -> str:
    """A name of a folder for these settings and this code."""
    return digest_of([(describe(wanted.settings), wanted.code, wanted.data)])[:8]


def _chosen(asked: argparse.Namespace) -> list[Scene]:
    """The scenes that are measured."""
    scenes = find_scenes(asked.data, asked.cache) if asked.data.is_dir() else []
    if not scenes:
        sys.exit(f"{asked.data} is no folder: name the data root with --data or EDGE_VAD_DATA")
    names = [scene.name for scene in scenes]
    if unknown := [name for name in asked.scene or () if name not in names]:
        sys.exit(f"there is no scene {unknown[0]!r}: choose from {', '.join(names)}")
    if asked.scene:
        return [scene for scene in scenes if scene.name in asked.scene]
    full = [scene for scene in scenes if scene.name != "home_office_hour"]
    return [scene for scene in scenes if scene.is_quick] if asked.quick else full


def _plan(asked: argparse.Namespace, scenes: list[Scene]) -> Iterator[tuple[Scene, int]]:
    """What is measured: all first seeds come first."""
    seeds = asked.seeds[:1] if asked.quick else asked.seeds
    for number, seed in enumerate(seeds):
        for scene in scenes:
            if not number or scene.has_seeds:
                yield scene, seed


def _in_question(asked: argparse.Namespace, code: str, names: list[str] | None) -> list[Evidence]:
    """The evidence that the table is of: of these scenes, with these settings if any are said."""
    said = describe(asked.set) if asked.set or not asked.table else None
    return [
        each
        for each in newest(read_all([asked.evidence]), code)
        if (names is None or each.scene in names) and said in (None, describe(each.settings))
    ]


def _show(table: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(table)
    print(table, end="")
    print(f"written to {file}", file=sys.stderr)


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.removeprefix("--"), value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = Path(os.environ.get("EDGE_VAD_DATA", "data"))
    add = parser.add_argument
    add("--data", type=Path, default=data, help="data root; EDGE_VAD_DATA, or ./data")
    add("--quick", action="store_true", help="one seed, labelled scenes, an hour of home office")
    add("--scene", action="append", metavar="NAME", help="this scene alone; may be repeated")
    add("--seeds", type=lambda text: [int(each) for each in text.split(",")], default=[0, 1, 2])
    add("--set", action="append", type=_setting, metavar="KEY=VALUE", help="option of train")
    add("--recipe", help="recipe of train, such as paper")
    add("--folds", action="store_true", help="measure, too, how much training clips differ")
    add("--precisions", action="store_true", help="measure, too, FP16 and INT8")
    add("--again", action="store_true", help="measure what is known already")
    add("--table", action="store_true", help="only the table, from the evidence")
    add("--leave-one-out", nargs="+", type=Path, metavar="FILE", help="evidence, or folders of it")
    add("--json", action="store_true", help="print the evidence as JSON")
    add("--out", type=Path, default=ROOT / "runs" / "scenes", help="for the table and the work")
    add("--evidence", type=Path, default=ROOT / "benchmarks" / "evidence")
    add("--cache", type=Path, default=ROOT / ".cache" / "scenes", help="for unpacked data")
    asked = parser.parse_args()
    asked.set = dict(asked.set or ())
    if asked.recipe:
        asked.set["recipe"] = asked.recipe
    return asked


if __name__ == "__main__":
    sys.exit(main())
