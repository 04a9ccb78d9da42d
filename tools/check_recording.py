"""Records a 1080p camera by RTSP and kills the recording: what is lost, and what does it cost?

    python tools/check_recording.py [--minutes 3] [--kills 2]

The camera sends 25 pictures a second as H.264, 4 Mbit/s, with a key frame every two seconds. Beside
the recording a second one, the witness, is ended properly when the first is killed: what only the
witness has was lost. Needs GStreamer's RTSP server: tools/install_test_servers.sh.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "runtime"), str(ROOT / "tests" / "servers")]

from rtsp_camera import RtspCamera, has_rtsp_server  # noqa: E402

from edge_vad.record.footage_file import seconds_of  # noqa: E402
from edge_vad.sources.addresses.spec import RecordingSpec  # noqa: E402
from edge_vad.sources.recordings.pyav_file import PyAvFile  # noqa: E402

FPS, WIDTH, HEIGHT, BITRATE = 25, 1920, 1080, 4_000_000
CLIP_S, SPARE_S = 20, 150
MOST_LOST_S, MOST_CPU = 2.0, 0.1


class Life(NamedTuple):
    """One process that recorded, from its first picture on.

    Attributes:
        seconds: Until it ended.
        cpu_s: That it used in them.
        start_s: Processor time before, for Python itself.
    """

    seconds: float
    cpu_s: float
    start_s: float


def write_clip(path: Path) -> None:
    """A clip of noise and moving squares, no two pictures alike."""
    dice = np.random.default_rng(0)
    still = dice.integers(60, 180, (HEIGHT, WIDTH, 3), np.uint8)
    still = still.reshape(HEIGHT // 8, 8, WIDTH // 8, 8, 3)[:, :1, :, :1].repeat(8, 1).repeat(8, 3)
    still = still.reshape(HEIGHT, WIDTH, 3)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        codec = stream.codec_context
        codec.width, codec.height, codec.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        codec.bit_rate, codec.gop_size, codec.max_b_frames = BITRATE, 2 * FPS, 0
        codec.thread_type = "FRAME"  # as cameras do, a picture in one slice
        for index in range(CLIP_S * FPS):
            image = still.copy()
            for row in range(5):
                left = (7 + 3 * row) * index % (WIDTH - 200)
                image[200 * row : 200 * row + 150, left : left + 150] = 40 * row + index % 40
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


def write_repeated(clip: Path, path: Path, seconds: float) -> None:
    """The clip over and over, for so long."""
    with av.open(str(path), "w") as out:
        stream, begin = None, 0
        while begin < seconds:
            with av.open(str(clip)) as source:
                given = source.streams.video[0]
                stream = stream or out.add_stream_from_template(given)
                for packet in source.demux(given):
                    if packet.dts is not None:
                        shift = round(begin / given.time_base)
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = stream
                        out.mux(packet)
            begin += CLIP_S


class Recording:
    """A process that records the camera."""

    def __init__(self, url: str, out: Path, duration_s: float | None = None) -> None:
        self.folder = out / "gate"
        self.earlier = set(self.folder.glob("*.mkv"))
        words = ["record", f"gate={url}", "--out", str(out)]
        words += ["--duration", f"{duration_s:g}s"] if duration_s else []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge_vad", *words],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT / "runtime")},
        )
        while not self.files:
            if self.process.poll() is not None:
                sys.exit("the recording ended before it began")
            time.sleep(0.05)
        self.begun_s, self.start_s = time.monotonic(), self.cpu_s()

    @property
    def files(self) -> list[Path]:
        """What it has recorded by itself."""
        return sorted(set(self.folder.glob("*.mkv")) - self.earlier)

    def cpu_s(self) -> float:
        """Processor time that it has used."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, number: int | None) -> Life:
        """Send it a signal, or wait for its own end; how it lived."""
        seconds, cpu_s = time.monotonic() - self.begun_s, self.cpu_s() - self.start_s
        if number is None:
            _, _, used = os.wait4(self.process.pid, 0)
            seconds = time.monotonic() - self.begun_s
            cpu_s = used.ru_utime + used.ru_stime - self.start_s
        else:
            self.process.send_signal(number)
        return Life(seconds, cpu_s, self.start_s)


def packets_of(path: Path) -> list[tuple[int, int]]:
    """Time in ms and content of every packet."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        millisecond = Fraction(1, 1000)
        return [
            (round(packet.pts * stream.time_base / millisecond), hash(bytes(packet)))
            for packet in container.demux(stream)
            if packet.size
        ]


def lost_s(killed: Path, witness: Path) -> float:
    """Seconds that the witness has, and the killed recording has not."""
    last = packets_of(killed)[-1][1]
    seen = packets_of(witness)
    times = [at for at, content in seen if content == last]
    return (seen[-1][0] - times[-1]) / 1000 if times else float("inf")


def kill_once(url: str, folder: Path, whole_s: float, after_s: float, number: int) -> dict:
    """Record for a while, kill it, and compare with the witness."""
    witness = Recording(url, folder / f"witness{number}")
    recording = Recording(url, folder / "footage", whole_s)
    time.sleep(after_s)
    life = recording.end(signal.SIGKILL)
    witness.end(signal.SIGTERM)
    recording.process.wait()
    witness.process.wait()
    killed, seen = recording.files[-1], witness.files[-1]
    kept_s = packets_of(killed)[-1][0] / 1000
    return {"lost_s": lost_s(killed, seen), "kept_s": kept_s, "life": life}


def damaged(path: Path) -> tuple[int, int]:
    """Pictures of a file, and those that are not whole."""
    pictures = [raw.image is not None for raw in PyAvFile(RecordingSpec(path)).decode()]
    return len(pictures), pictures.count(False)


def check(folder: Path, minutes: float, kills: int) -> dict:
    """Everything; the figures."""
    whole_s = 60 * minutes
    write_clip(folder / "clip.mp4")
    write_repeated(folder / "clip.mp4", folder / "camera.mp4", whole_s + SPARE_S)
    told = []
    with RtspCamera(folder / "camera.mp4") as camera:
        after_s = whole_s / (kills + 1)
        told += [kill_once(camera.url, folder, whole_s, after_s, each) for each in range(kills)]
        last = Recording(camera.url, folder / "footage", whole_s)
        lives = [*(each["life"] for each in told), last.end(None)]
        last.process.returncode = 0
    files = sorted((folder / "footage" / "gate").glob("*.mkv"))
    counts = [damaged(file) for file in files]
    alive_s = sum(life.seconds for life in lives)
    return {
        "files": len(files),
        "footage_s": round(sum(seconds_of(file) or 0.0 for file in files), 2),
        "megabits_a_second": round(sum(f.stat().st_size for f in files) * 8e-6 / alive_s, 2),
        "pictures": sum(count for count, _ in counts),
        "damaged": sum(bad for _, bad in counts),
        "lost_s": [round(each["lost_s"], 2) for each in told],
        "kept_s": [round(each["kept_s"], 2) for each in told],
        "alive_s": [round(life.seconds, 2) for life in lives],
        "cores": round(sum(life.cpu_s for life in lives) / alive_s, 4),
        "start_cpu_s": [round(life.start_s, 2) for life in lives],
    }


def main() -> None:
    """Check, print the figures, and fail where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="Footage in all.")
    parser.add_argument("--kills", type=int, default=2, help="How often it is killed.")
    asked = parser.parse_args()
    if not has_rtsp_server():
        sys.exit("GStreamer's RTSP server is missing: run tools/install_test_servers.sh")
    with tempfile.TemporaryDirectory() as folder:
        found = check(Path(folder), asked.minutes, asked.kills)
    print(json.dumps(found, indent=2))
    is_kept = all(each <= MOST_LOST_S for each in found["lost_s"]) and not found["damaged"]
    is_whole = found["footage_s"] >= 60 * asked.minutes - 2
    ok = is_kept and is_whole and found["cores"] <= MOST_CPU
    print("passed" if ok else "FAILED")
    sys.exit(not ok)


if __name__ == "__main__":
    main()
