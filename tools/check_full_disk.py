"""Check that a full disk stops neither the cameras nor MQTT, and that the store recovers by itself.

    sudo python tools/check_full_disk.py --full 20

Four acting cameras write into a file system of 24 MB, which is filled up for a while.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from broker import Broker, Ear
from check_delivery import Run, heard_all

from edge_vad.sinks.store import StoredEvents

PATIENCE_S = 60.0
"""For what takes a moment, where others leave some of the machine."""


def frame_rate(run: Run, seconds: float) -> float:
    """Frames a second and camera over some time."""
    frames, began = run.frames, time.monotonic()
    time.sleep(seconds)
    return (run.frames - frames) / (time.monotonic() - began) / 4


def fill(folder: Path) -> Path:
    """Take all the space that is left."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (2**20, 2**10, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return ballast


def main() -> None:
    """Fill the disk, watch, free it, watch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", type=float, default=20.0, help="Seconds the disk is full.")
    full_s = parser.parse_args().full
    with tempfile.TemporaryDirectory() as folder:
        broker_folder, disk = Path(folder, "broker"), Path(folder, "disk")
        broker_folder.mkdir()
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)]
        if subprocess.run(mount, check=False).returncode:
            sys.exit("a small disk cannot be mounted: run this as root")
        try:
            ok = watch(Broker(broker_folder), disk, full_s)
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
    print("passed" if ok else "FAILED")
    sys.exit(not ok)


def watch(broker: Broker, disk: Path, full_s: float) -> bool:
    """The check itself; prints the figures."""
    ear, run = Ear(broker), Run(disk, broker)
    run.wait_for_frames()
    usual = frame_rate(run, 3)
    print(f"disk full for {full_s:g} s, cameras watch on:", flush=True)
    heard, ballast = len(ear.heard), fill(disk)
    rate = frame_rate(run, full_s)
    until = time.monotonic() + PATIENCE_S
    while not (len(ear.heard) > heard and "full" in run.health["store"][1]):
        if time.monotonic() > until:
            break
        time.sleep(0.05)
    told = len(ear.heard) - heard
    store, mqtt = run.health["store"], run.health["mqtt"]
    print(
        f"  {rate:.1f} frames a second and camera, {usual:.1f} before, {told} changes arrived over "
        "MQTT"
    )
    print(f"  the store says: {store[1]}\n  MQTT says: {mqtt[1] or 'ok'}")
    ok = rate > 0.5 * usual and told > 0 and "full" in store[1]
    ballast.unlink()
    freed = time.monotonic()
    while not run.health["store"][0] and time.monotonic() < freed + PATIENCE_S:
        time.sleep(0.05)
    print(f"disk free again: the store is well after {time.monotonic() - freed:.1f} s", flush=True)
    time.sleep(2)
    run.stop()
    ok = heard_all(run.said, ear) and run.health["store"][0] and ok
    stored = {event.id for event in StoredEvents(disk).newest(1000)}
    said = {change.event for change in run.said}
    print(f"  {len(said)} events said, {len(said & stored)} in the store")
    ear.close()
    broker.kill()
    return ok and said == stored


if __name__ == "__main__":
    main()
