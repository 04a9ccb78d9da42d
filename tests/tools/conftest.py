from __future__ import annotations

import pytest
from judging.evidence import Evidence


@pytest.fixture(scope="session")
def evidence():
    """Makes up evidence: `evidence("ped2", micro=0.9, seed=1)`."""

    def make(scene="ped2", *, micro=None, macro=None, settings=None, code="c0de" * 4, **more):
        figures = more.pop("figures", {})
        if micro is not None:
            fused = {"micro": micro, "macro": macro or micro, "eer": 1 - micro, "gmac": 0.02}
            rest = {"motion": {"micro": 0.8}, "box flow": {"micro": 0.7, "gmac": 0.0}}
            figures = {"scores": {"fused": fused, **rest}, "weights": {"motion": 1.0}, **figures}
        given = {"seed": 0, "data": "da7a", "date": "2026-01-01T00:00:00+00:00"} | more
        return Evidence(scene=scene, settings=settings or {}, code=code, figures=figures, **given)

    return make
