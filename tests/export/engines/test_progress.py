"""One number from a builder's nested phases."""

from __future__ import annotations

from edge_vad_export.engines.progress import BuildProgress


def test_a_phase_within_a_phase_fills_its_step() -> None:
    told: list[tuple[float, str]] = []
    progress = BuildProgress(lambda share, phase: told.append((share, phase)))
    progress.start("all", None, 2)
    progress.step("all", 0)
    progress.start("part", "all", 4)
    progress.step("part", 1)
    progress.finish("part")
    progress.finish("all")
    assert told == [
        (0.0, "all"),
        (0.5, "all"),
        (0.5, "part"),
        (0.75, "part"),
        (1.0, "part"),
        (1.0, "all"),
    ]


def test_it_never_goes_back() -> None:
    shares: list[float] = []
    progress = BuildProgress(lambda share, _phase: shares.append(share))
    progress.start("all", None, 2)
    for _ in range(2):  # a builder may come back to a phase
        progress.start("part", "all", 2)
        progress.step("part", 0)
        progress.finish("part")
    assert shares == sorted(shares)


def test_phases_without_steps_or_beginnings_do_no_harm() -> None:
    progress = BuildProgress(lambda _share, _phase: None)
    progress.start("empty", None, 0)
    assert progress.step("empty", 0)
    assert progress.step("unknown", 3)
    progress.finish("unknown")


def test_after_a_cancellation_every_step_says_stop() -> None:
    progress = BuildProgress(lambda _share, _phase: None)
    progress.start("all", None, 2)
    progress.cancel()
    assert not progress.step("all", 0)
