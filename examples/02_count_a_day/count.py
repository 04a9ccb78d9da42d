"""Count the stored events of each hour and camera, as CSV.

python examples/02_count_a_day/count.py watched > events.csv
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from edge_vad.sinks.store import StoredEvents


def main(folder: str) -> None:
    """Read the database of a run, also while it is written."""
    events = StoredEvents(Path(folder)).newest(10_000)
    counts = Counter((hour_of(event.start), event.camera) for event in events)
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(("hour", "camera", "events"))
    rows.writerows((hour, camera, count) for (hour, camera), count in sorted(counts.items()))


def hour_of(seconds: float) -> str:
    """The hour in which something was, UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:00Z")


if __name__ == "__main__":
    main(*sys.argv[1:])
