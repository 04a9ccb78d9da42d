"""Files, and what commands print with `--json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from docs_site.markdown import page, table
from docs_site.schemas import Schema, record_sections, schemas
from edge_vad.archive.plan import Manifest
from edge_vad.archive.result import ClipResult
from edge_vad.cli.live_summary import LiveSummary
from edge_vad.cli.score_summary import SourceScores
from edge_vad.cli.summary import RunSummary
from edge_vad.doctor.report import DoctorReport
from edge_vad.engine_file.sidecar import Sidecar
from edge_vad.outputs.jsonl import EventLine, ScoreLine
from edge_vad.outputs.moments import MomentLine
from edge_vad.record.session import CameraFootage
from edge_vad.scene_model import SceneCard
from edge_vad.selftest.report import SelftestReport
from edge_vad.sinks.messages import DriftMessage, EventMessage, FrameMessage, StateMessage
from edge_vad.site.boxes import Boxes
from edge_vad.site.settings import SiteSettings
from edge_vad_bench.schema import BenchmarkReport
from edge_vad_train.evaluation.false_alarm_rates import NormalEvaluation
from edge_vad_train.evaluation.results import Evaluation


class _Format(NamedTuple):
    place: str
    holds: str
    records: tuple[type, ...]


_FORMATS = (
    _Format("`scene.onnx`", "in the metadata, under `edge-vad`", (SceneCard,)),
    _Format("`scene.….engine.json`", "beside an engine", (Sidecar,)),
    _Format("`scores.jsonl`", "of `run` and `score` on a recording, a line a frame", (ScoreLine,)),
    _Format("`events.jsonl`", "of `run` on a recording, a line an alarm", (EventLine,)),
    _Format("`moments/moments.json`", "of `run` on a recording, a list", (MomentLine,)),
    _Format(
        "`events.jsonl`",
        "of a live run, a line a change",
        (EventMessage, StateMessage, FrameMessage),
    ),
    _Format("`drift.jsonl`", "of a live run, a line a step", (DriftMessage,)),
    _Format("`bench.json`", "of `bench`", (BenchmarkReport,)),
    _Format("`run --json`", "on a recording; of a live run", (RunSummary, LiveSummary)),
    _Format("`record --json`", "a list", (CameraFootage,)),
    _Format("`score --json`", "`scene`, and a list `sources`", (SourceScores,)),
    _Format("`archive.json`", "of `score` on many sources", (Manifest,)),
    _Format("`result.json`", "the same, in the folder of a source", (ClipResult,)),
    _Format("`eval --json`", "labelled; `--normal`", (Evaluation, NormalEvaluation)),
    _Format("`doctor --json`", "", (DoctorReport,)),
    _Format("`selftest --json`", "", (SelftestReport,)),
)


def formats_page() -> str:
    """Every format, and the records that it is made of."""
    rows = [
        (each.place, each.holds, ", ".join(_link(record) for record in each.records))
        for each in _FORMATS
    ]
    return page(
        "File formats",
        "All are JSON, in UTF-8; a *line* is a document of its own. Fields may be added. "
        "Videos, pictures and the database of events are described in "
        "[Events on disk](../events_on_disk.md), the trained scene in [Training](../training.md).",
        table(("where", "of what", "record"), rows),
        record_sections(record for each in _FORMATS for record in each.records),
    )


def site_file_page() -> str:
    """Every key of a site file."""
    return page(
        "Site file",
        "TOML. Each record is a table, and each of its fields a key. What may be *nothing* may be "
        "left out. [Watching live](../live.md#the-site-file) has an example; "
        "[Alarms](../alarms.md#zones) says what zones and ignored regions do.",
        table(("table", "record", "what it is"), _tables("SiteSettings", schemas([SiteSettings]))),
        record_sections([SiteSettings]),
        "A *file of boxes* lists the machines of a site, for those who look at all of them and "
        "[roll out scenes](../howto/roll_out_scenes.md). It is read in the same way.",
        record_sections([Boxes]),
    )


def _tables(
    record: str, known: Mapping[str, Schema], place: str = "", *, is_list: bool = False
) -> Iterator[tuple[str, str, str]]:
    """A row for the table of a record, and for each table in it."""
    written = f"`[[{place}]]`" if is_list else f"`[{place}]`" if place else "the file"
    yield written, f"[{record}](#{record.lower()})", known[record]["description"]
    for name, field in known[record]["properties"].items():
        for option in field.get("anyOf", [field]):
            reference = option.get("items") or option
            if "$ref" in reference:
                inner = reference["$ref"].rpartition("/")[2]
                path = f"{place}.{name}".lstrip(".")
                yield from _tables(inner, known, path, is_list="items" in option)


def _link(record: type) -> str:
    return f"[{record.__name__}](#{record.__name__.lower()})"
