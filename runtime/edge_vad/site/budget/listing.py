"""What every camera of a site, or of several, accepts: for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from edge_vad import engine_file
from edge_vad.errors import EdgeVadError
from edge_vad.false_alarms import NormalTail, parse_rate
from edge_vad.scene_model import SceneModel
from edge_vad.site.budget.shares import Claim, accepted_per_hour, parts, with_shares
from edge_vad.site.settings import CameraSettings, SiteSettings


class AcceptedRate(msgspec.Struct, frozen=True):
    """What a camera accepts.

    Attributes:
        name: The camera.
        false_alarms: Its accepted false alarms.
        share: That, and what its zones say their own, of what the site accepts; None where the site
            says nothing.
        own: Whether the camera says it; else it follows from the site's, or from the footage.
        threshold: The score that stands for it.
        extrapolated: Whether the footage of the scene's training is too short to show this rate.
        normal_hours: Hours of that footage.
    """

    name: str
    false_alarms: str
    share: float | None
    own: bool
    threshold: float
    extrapolated: bool
    normal_hours: float


class SitePart(msgspec.Struct, frozen=True):
    """What a site accepts of a budget.

    Attributes:
        file: Its site file.
        false_alarms: Its part, in the unit of the budget.
        cameras: What its cameras accept; shares are of the whole budget.
    """

    file: str
    false_alarms: str
    cameras: list[AcceptedRate]


class SiteTails(msgspec.Struct, frozen=True):
    """A site, and how high its scenes score.

    Attributes:
        file: The site file.
        site: What it says.
        tails: Of each camera's scene, in their order.
    """

    file: Path
    site: SiteSettings
    tails: Sequence[NormalTail]

    @classmethod
    def of(cls, file: Path, site: SiteSettings, advance: Callable[[], None]) -> SiteTails:
        """Read the scenes of a site.

        Args:
            file: The site file.
            site: What it says.
            advance: Called after every camera.

        Raises:
            BadModel: A scene is missing, broken, foreign or too new.
        """
        known: dict[str, NormalTail] = {}
        for camera in site.cameras:
            if camera.scene not in known:
                known[camera.scene] = _tail_of(camera, file.parent)
            advance()
        return cls(file, site, [known[camera.scene] for camera in site.cameras])


def divide(budget: str, sites: Sequence[SiteTails]) -> list[SitePart]:
    """Divide a budget among sites, and the part of each among its cameras, as it does by itself.

    Raises:
        WrongUse: What cameras and zones say themselves leaves too little of it.
    """
    claims = [
        [
            Claim(f"{camera.name} of {each.file}", camera.decision, tail)
            for camera, tail in zip(each.site.cameras, each.tails, strict=True)
        ]
        for each in sites
    ]
    return [
        SitePart(str(each.file), part, accepted_rates(_with(each.site, part), each.tails, budget))
        for each, part in zip(sites, parts(budget, claims), strict=True)
    ]


def accepted_rates(
    site: SiteSettings, tails: Sequence[NormalTail], budget: str | None = None
) -> list[AcceptedRate]:
    """What every camera of a site accepts, in their order.

    Args:
        site: What the site file says.
        tails: Of each camera's scene.
        budget: What shares are of; what the site accepts when None.

    Raises:
        WrongUse: What cameras and zones say themselves leaves too little of what the site accepts.
    """
    tail_of = dict(zip((each.name for each in site.cameras), tails, strict=True))
    decided = with_shares(site, lambda camera: tail_of[camera.name])
    budget = budget or site.false_alarms
    rates = []
    for said, camera, tail in zip(site.cameras, decided.cameras, tails, strict=True):
        text = tail.accepted(camera.decision.false_alarms)
        accepted, rate = accepted_per_hour(camera.decision, text), parse_rate(text)
        rates.append(
            AcceptedRate(
                name=camera.name,
                false_alarms=text,
                share=None if budget is None else accepted / parse_rate(budget),
                own=said.decision.false_alarms is not None,
                threshold=tail.threshold(rate),
                extrapolated=tail.is_extrapolated(rate),
                normal_hours=tail.hours,
            )
        )
    return rates


def _with(site: SiteSettings, budget: str) -> SiteSettings:
    return msgspec.structs.replace(site, false_alarms=budget)


def _tail_of(camera: CameraSettings, folder: Path) -> NormalTail:
    """The tail of a camera's scene model, or of the one beside its engine."""
    scene = folder / camera.scene
    try:
        if scene.suffix == engine_file.SUFFIX:
            scene = engine_file.resolve(scene, "auto")[0]
        return SceneModel.read(scene).card.normal
    except EdgeVadError as error:
        raise type(error)(f"camera {camera.name}: {error.what}", error.todo) from None
