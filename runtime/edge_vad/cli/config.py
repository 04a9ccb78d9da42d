"""edge-vad config: check a site file, or change it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from edge_vad.alarms.threshold import Threshold
from edge_vad.cli.options import json_option
from edge_vad.cli.site_edits import add, check_address, ignore, notify, source
from edge_vad.cli.streams import print_next
from edge_vad.errors import EdgeVadError
from edge_vad.false_alarms import NormalTail
from edge_vad.scene_model import SceneModel
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.settings import SinkSettings
from edge_vad.site.budget.listing import AcceptedRate, accepted_rates
from edge_vad.site.budget.shares import describe_share
from edge_vad.site.lines import line_of
from edge_vad.site.reading import decode_site, read_document
from edge_vad.site.settings import SiteSettings
from edge_vad.site.sources import source_of
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.addresses.spec import StreetSpec


@click.group()
def config() -> None:
    """Check or change the file that says what is watched."""


for each in (add, source, ignore, notify):
    config.add_command(each)


@config.command(epilog="\b\nExample:\n  edge-vad config check site.toml\n")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check the site file FILE: its words, scenes, sources and secrets; nothing is connected to."""
    text = read_document(file)
    site = decode_site(text, str(file))
    cameras, tails = _cameras(file, text, site)
    with _on_line(file, text, "$.false_alarms", "false_alarms"):
        rates = accepted_rates(site, tails)
    _check_drift(file, text, site, tails, rates)
    for path, variable, secret in _secrets(site.sinks):
        with _on_line(file, text, path, path.removeprefix("$.")):
            read_secret(variable, secret)
    if site.push is not None:
        with _on_line(file, text, "$.push.keys_file", "push"):
            _check_keys(file.parent / site.push.keys_file)
    for number, settings in enumerate(site.sinks.notify):
        with _on_line(file, text, f"$.sinks.notify[{number}]", "sinks"):
            check_address(settings)
    if as_json:
        told = [{**each, **_accepted(rate)} for each, rate in zip(cameras, rates, strict=True)]
        document = {"file": str(file), "false_alarms": site.false_alarms, "cameras": told}
        click.echo(msgspec.json.encode(document))
        return
    for each, rate in zip(cameras, rates, strict=True):
        share = "" if rate.share is None else f" ({describe_share(rate.share)})"
        click.echo(
            f"{each['name']}: {each['source']}, {each['scene']}, {each['fps']:g} fps, "
            f"accepts {rate.false_alarms}{share}"
        )
    if site.false_alarms is not None:
        click.echo(f"all cameras together: accept {site.false_alarms}")
    print_next(f"edge-vad run --config {file}")


def _check_keys(path: Path) -> None:
    from edge_vad.push.keys import read_known

    read_known(path)


def _cameras(
    file: Path, text: str, site: SiteSettings
) -> tuple[list[dict[str, Any]], list[NormalTail]]:
    """What is told of every camera, and the tail of its scene."""
    cameras, tails = [], []
    for number, camera in enumerate(site.cameras):
        at = f"$.cameras[{number}]"
        with _on_line(file, text, f"{at}.scene", f"camera {camera.name}"):
            scene = SceneModel.read(_onnx(file.parent / camera.scene)).card
        said = next(each for each in _SOURCES if getattr(camera, each) is not None)
        with _on_line(file, text, f"{at}.{said}", f"camera {camera.name}"):
            spec = source_of(camera, file.parent)
        shown = spec.shown if isinstance(spec, CameraSpec) else "recording"
        shown = "test://street" if isinstance(spec, StreetSpec) else shown
        fps = camera.fps or scene.fps
        cameras.append({"name": camera.name, "source": shown, "scene": camera.scene, "fps": fps})
        tails.append(scene.normal)
    return cameras, tails


def _check_drift(
    file: Path,
    text: str,
    site: SiteSettings,
    tails: Sequence[NormalTail],
    rates: Sequence[AcceptedRate],
) -> None:
    """See to it that no camera accepts so many alarms that its drift cannot be followed."""
    for number, (camera, tail, rate) in enumerate(zip(site.cameras, tails, rates, strict=True)):
        decision = msgspec.structs.replace(camera.decision, false_alarms=rate.false_alarms)
        at = f"$.cameras[{number}].decision.false_alarms"
        with _on_line(file, text, at, f"camera {camera.name}"):
            Threshold(tail, decision, fps=camera.fps or 1.0)


def _accepted(rate: AcceptedRate) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(rate)
    del told["name"]
    return told


_SOURCES = ("source", "source_env", "source_file")


@contextmanager
def _on_line(file: Path, text: str, path: str, what: str) -> Iterator[None]:
    """Name the line of what turns out to be wrong with it."""
    try:
        yield
    except EdgeVadError as error:
        where = f"{file}, line {line_of(text, path)}: {what}"
        raise type(error)(f"{where}: {error.what}", error.todo) from None


def _secrets(sinks: SinkSettings) -> Iterator[tuple[str, str | None, str | None]]:
    """Where every secret is said to be: path in the document, environment variable, file."""
    for sink in sinks.__struct_fields__:
        settings = getattr(sinks, sink)
        if isinstance(settings, tuple):
            for number, each in enumerate(settings):
                yield from _secrets_of(each, f"$.sinks.{sink}[{number}]")
        else:
            yield from _secrets_of(settings, f"$.sinks.{sink}")


def _secrets_of(settings: object, path: str) -> Iterator[tuple[str, str | None, str | None]]:
    for field in getattr(settings, "__struct_fields__", ()):
        value = getattr(settings, field)
        if value is not None and field.endswith(("_env", "_file")):
            place = (None, value) if field.endswith("_file") else (value, None)
            yield f"{path}.{field}", *place


def _onnx(scene: Path) -> Path:
    from edge_vad import engine_file

    return engine_file.resolve(scene, "auto")[0] if scene.suffix == engine_file.SUFFIX else scene
