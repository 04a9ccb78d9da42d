"""Score a recording, and print each alarm: when, where, how rare.

python examples/01_score_a_recording/score.py street.onnx tomorrow.mp4
"""

from __future__ import annotations

import sys

import edge_vad


def main(scene: str, recording: str, false_alarms: str | None = None) -> None:
    """Score all frames; without a rate of false alarms the scene's own is used."""
    with edge_vad.load(scene, false_alarms=false_alarms) as detector:
        tracker = edge_vad.EventTracker(normal=detector.model.card.normal)
        for detection in detector.watch(edge_vad.open_source(recording)):
            tell(tracker.update(detection))
        tell(tracker.finish())


def tell(event: edge_vad.Event | None) -> None:
    """Print an alarm that is over."""
    if event:
        print(f"{event.start_s:.1f} to {event.end_s:.1f} s, at {tuple(event.box)}: {event.rarity}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except edge_vad.EdgeVadError as error:
        sys.exit(f"{error}\n{error.page}")
