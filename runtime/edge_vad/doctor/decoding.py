"""Which units of this machine decode video, and which of them `decode=auto` takes."""

from __future__ import annotations

from edge_vad.doctor.report import DecodingSupport, Feature
from edge_vad.errors import Unavailable
from edge_vad.sources.decoding.video_file import has_pyav

_NO_PYAV = Feature("PyAV", False, "decodes files and network cameras", "run pip install av")
_SOFTWARE = Feature("software", True, "what decodes where an address does not say decode=")


def examine_decoding(is_jetson: bool) -> DecodingSupport:
    """Try every unit, as far as that goes without a stream."""
    try:
        units = (_of_jetson(),) if is_jetson else _of_pyav()
    except Unavailable as error:  # no OpenCV
        units = (Feature("nvdec, v4l2", False, error.what, error.todo),)
    taken = next((unit.name.split(",")[0] for unit in units if unit.present), "software")
    return DecodingSupport((_SOFTWARE, *units), taken)


def _of_jetson() -> Feature:
    from edge_vad.sources.decoding import pipelines

    lack = pipelines.lack_of_pipelines()
    name, detail = "nvdec, v4l2", lack or f"{pipelines.USED} by GStreamer"
    return Feature(name, not lack, detail, pipelines.SYSTEM_OPENCV if lack else None)


def _of_pyav() -> tuple[Feature, ...]:
    if not has_pyav():
        return (_NO_PYAV,)
    from edge_vad.sources.decoding.units import UNITS, lack_of

    lacks = [(unit, lack_of(unit)) for unit in UNITS]
    return tuple(
        Feature(unit.name, not lack, lack or unit.shown, f"needs {unit.mend}" if lack else None)
        for unit, lack in lacks
    )
