"""The source of a camera, wherever it is written down; the content of a secret is never shown."""

from __future__ import annotations

import os
from pathlib import Path

from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.bounded import read_text, reason_of
from edge_vad.site.settings import CameraSettings
from edge_vad.sources.addresses.encoding import HOW
from edge_vad.sources.addresses.spec import parse_spec
from edge_vad.sources.connecting import LiveSpec, is_paced
from edge_vad.untrusted import shown_path

_LONGEST = 4096


def source_of(camera: CameraSettings, folder: Path) -> LiveSpec:
    """Read what a camera's source is.

    Args:
        camera: The camera.
        folder: What paths are relative to.

    Raises:
        WrongUse: The environment variable is not set, or the source is none.
        BadInput: The file cannot be read.
    """
    if camera.source is not None:
        return parse_spec(camera.source)
    text, place = _kept(camera, folder)
    try:
        spec = parse_spec(text)
        is_paced(spec)  # what is wrong with a street is told now
        return spec
    except (WrongUse, BadInput) as error:
        # What it says may repeat the text.
        raise type(error)(f"what {place} holds is no source of frames", _MEND) from None


_MEND = f"write one address into it, such as rtsp://user:password@host:554/stream; {HOW}"


def _kept(camera: CameraSettings, folder: Path) -> tuple[str, str]:
    """The text, and where it stands."""
    if camera.source_env is not None:
        text, place = os.environ.get(camera.source_env, ""), camera.source_env
        if not text:
            raise WrongUse(
                f"{place}, the source of {camera.name}, is not set", "set it in the environment"
            )
    else:
        path = folder / str(camera.source_file)
        place = shown_path(path)
        try:
            text = read_text(path, _LONGEST).strip()
        except (OSError, ValueError) as error:
            raise BadInput(
                f"{place}, the source of {camera.name}, cannot be read ({reason_of(error)})",
                "check the path; it is a text of one line",
            ) from None
    if not text.isprintable():
        raise BadInput(f"what {place} holds is no source of frames", _MEND)
    return text, place
