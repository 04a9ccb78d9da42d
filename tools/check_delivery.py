"""Check that no event is lost while the broker is away, nor across a kill of the runtime.

    python tools/check_delivery.py --away 60

Four acting cameras tell a real mosquitto of their events. First the broker is killed for a while.
Then it is killed again, and in the middle of an event the runtime, too; both come back. Counted is
what the cameras said and what somebody who listens at the broker heard.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from broker import Broker, Ear

_SITE = Path(__file__).parent / "acting_site.py"
_CATCH_UP_S = 60.0
_SILENCE_S = 0.15


class Change(NamedTuple):
    """A change of an event, as it is said and heard."""

    camera: str
    event: str
    kind: str
    end: float


def change_of(told: dict[str, Any]) -> Change:
    """The change that a JSON document tells of."""
    return Change(told["camera"], told["id"], told["type"], told["end"])


class Run:
    """A run of the acting site, and what it says."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.said: list[Change] = []
        self.health: dict[str, list[Any]] = {}
        self.frames = 0
        self._said_at = time.monotonic()
        command = [sys.executable, str(_SITE), str(folder), "--broker-port", str(broker.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    @property
    def open_events(self) -> dict[str, Change]:
        """The last that was said of every event that has not ended."""
        last = {change.event: change for change in list(self.said)}
        return {event: change for event, change in last.items() if change.kind != "end"}

    def wait_for_frames(self) -> None:
        """Wait until its cameras and sinks have begun."""
        until = time.monotonic() + _CATCH_UP_S
        while not (self.frames and self.health) and time.monotonic() < until:
            time.sleep(0.02)

    def kill_in_an_event(self) -> None:
        """Kill it while an event goes on, a moment after it last said something."""
        while not self.open_events or time.monotonic() - self._said_at < _SILENCE_S:
            time.sleep(0.005)
        self._process.kill()
        self._end()

    def stop(self) -> None:
        """End it in peace."""
        self._process.terminate()
        self._end()

    def _end(self) -> None:
        self._process.wait()
        self._reading.join()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            told = msgspec.json.decode(line)
            if told["type"] == "health":
                self.health, self.frames = told["sinks"], told["frames"]
            else:
                self.said.append(change_of(told))
                self._said_at = time.monotonic()


def heard_all(said: list[Change], ear: Ear) -> bool:
    """Print what was heard of what was said; returns whether nothing is lost or turned round."""
    expected = set(said)
    until = time.monotonic() + _CATCH_UP_S
    while time.monotonic() < until and not expected <= {change_of(each) for each in ear.heard}:
        time.sleep(0.1)
    heard = [change for each in list(ear.heard) if (change := change_of(each)) in expected]
    once = list(dict.fromkeys(heard))
    lost = len(expected) - len(once)
    turned = 0
    for camera in {change.camera for change in said}:
        arrived = [change for change in once if change.camera == camera]
        in_order = [change for change in said if change.camera == camera and change in once]
        turned += sum(each != other for each, other in zip(arrived, in_order, strict=True))
    print(
        f"  {len({change.event for change in said})} events, {len(said)} changes said: "
        f"{len(once)} heard, {lost} lost, {turned} out of order, {len(heard) - len(once)} twice",
        flush=True,
    )
    return bool(said) and not lost and not turned


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--away", type=float, default=60.0, help="Seconds the broker is away.")
    away_s = parser.parse_args().away
    with tempfile.TemporaryDirectory() as folder:
        broker_folder, site_folder = Path(folder, "broker"), Path(folder, "site")
        broker_folder.mkdir()
        broker = Broker(broker_folder)
        ear = Ear(broker)
        print(f"broker killed for {away_s:g} s, cameras watch on:", flush=True)
        first = Run(site_folder, broker)
        first.wait_for_frames()
        time.sleep(3)
        broker.kill()
        time.sleep(away_s)
        print(f"  {first.health['mqtt'][2]} messages wait in the spool")
        broker.start()
        time.sleep(1)
        ok = heard_all(list(first.said), ear)
        print("broker killed, then the runtime in the middle of an event; both come back:")
        broker.kill()
        time.sleep(away_s / 2)
        first.kill_in_an_event()
        cut_off = first.open_events
        second = Run(site_folder, broker)
        second.wait_for_frames()
        time.sleep(away_s / 2 + 1)
        broker.start()
        time.sleep(3)
        second.stop()
        # What was cut off is ended by the next run, before anything of its own.
        ends = [change._replace(kind="end") for change in cut_off.values()]
        ok = heard_all([*first.said, *ends, *second.said], ear) and ok
        told = {each["id"] for each in ear.heard if each["state"] == "interrupted"}
        print(f"  {len(cut_off)} events were cut off by the kill, {len(told)} are told so")
        ok = ok and told == set(cut_off) and bool(cut_off)
        ear.close()
        broker.kill()
    print("passed" if ok else "FAILED")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
