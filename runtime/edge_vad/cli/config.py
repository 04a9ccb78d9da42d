"""edge-vad config: check a site file."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from edge_vad.cli.options import json_option
from edge_vad.errors import EdgeVadError
from edge_vad.scene_model import SceneModel
from edge_vad.site.reading import read_site, source_of
from edge_vad.sources.address import CameraSpec
from edge_vad.sources.spec import StreetSpec, parse_spec


@click.group()
def config() -> None:
    """Check the file that says what is watched."""


@config.command(epilog="\b\nExample:\n  edge-vad config check site.toml\n")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check the site file FILE: its words, its scenes, its sources; no camera is connected to."""
    site = read_site(file)
    cameras = []
    for camera in site.cameras:
        try:
            scene = SceneModel.read(_onnx(file.parent / camera.scene)).card
            spec = parse_spec(source_of(camera, file.parent))
        except EdgeVadError as error:
            raise type(error)(f"{file}: camera {camera.name}: {error.what}", error.todo) from None
        shown = spec.shown if isinstance(spec, CameraSpec) else "recording"
        shown = "test://street" if isinstance(spec, StreetSpec) else shown
        fps = camera.fps or scene.fps
        cameras.append({"name": camera.name, "source": shown, "scene": camera.scene, "fps": fps})
    if as_json:
        click.echo(msgspec.json.encode({"file": str(file), "cameras": cameras}))
        return
    for each in cameras:
        click.echo(f"{each['name']}: {each['source']}, {each['scene']}, {each['fps']:g} fps")
    click.echo(f"\nnext: edge-vad run --config {file}")


def _onnx(scene: Path) -> Path:
    from edge_vad import engine_file

    return engine_file.resolve(scene, "auto")[0] if scene.suffix == engine_file.SUFFIX else scene
