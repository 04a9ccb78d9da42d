"""edge-vad snapshot: one picture of a camera."""

from __future__ import annotations

from pathlib import Path

import click

from edge_vad.cli.streams import print_stdout
from edge_vad.errors import BadInput, WrongUse
from edge_vad.record.planning import RecordPlan, cameras_of, plan_sources
from edge_vad.site.reading import read_site
from edge_vad.site.sources import source_of

_EXAMPLE = """\b
Example:
  edge-vad snapshot /dev/video0 --out gate.jpg
  edge-vad snapshot --config site.toml --camera gate --grid --out gate.jpg
"""
_QUALITY = 92


@click.command(epilog=_EXAMPLE)
@click.argument("source", required=False)
@click.option("--config", type=click.Path(path_type=Path), help="Site file that has the camera.")
@click.option("--camera", help="Which camera of the site file.")
@click.option("--grid", is_flag=True, help="Draw lines that say where the pixels are.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The JPEG file.")
def snapshot(
    source: str | None, config: Path | None, camera: str | None, grid: bool, out: Path
) -> None:
    """Write one picture of SOURCE, or of a camera of a site file.

    With --grid its lines say where the pixels are, for the corners of regions to --ignore.
    """
    from edge_vad.opencv import cv2
    from edge_vad.outputs.ruler import draw_ruler
    from edge_vad.sources.still import take_picture

    plan = _plan(source, config, camera)
    picture = take_picture(plan.source, plan.name)
    drawn = draw_ruler(picture) if grid else picture
    done, content = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    _write(out, content.tobytes() if done else b"")
    rows, columns = picture.shape[:2]
    print_stdout(f"{out}: {columns}x{rows}")


def _plan(source: str | None, config: Path | None, camera: str | None) -> RecordPlan:
    if (source is None) == (config is None) or (config is None) != (camera is None):
        raise WrongUse("there is nothing to show", "give SOURCE, or --config and --camera")
    if source is not None:
        return plan_sources([source], Path())[0]
    assert config is not None  # noqa: S101 - or there would be a source
    (settings,) = cameras_of(read_site(config), [str(camera)])
    return RecordPlan(settings.name, source_of(settings, config.parent), Path())


def _write(out: Path, content: bytes) -> None:
    from edge_vad.files.atomic import PRIVATE, make_private_folder, write_whole

    try:
        make_private_folder(out.parent)
        write_whole(out, content, PRIVATE)
    except OSError as error:
        raise BadInput(
            f"{out} cannot be written ({error.strerror})", "choose another file with --out"
        ) from None
