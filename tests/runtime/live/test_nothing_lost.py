"""Nothing is lost without a word: real runs that are refused, killed, locked out and cut off."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_vad.live.shutdown import SHUTDOWN_S

CHECK = Path(__file__).parents[3] / "tools" / "check_nothing_lost.py"
ONLY_CLIPS = re.compile(r"delivered: clips: \d+ clips wait$", re.MULTILINE)
CLOSED = {"closed": ">&-", "full": ">/dev/full", "for reading": "1</dev/null"}


class Watching:
    """Runs of a camera that has an event every few seconds."""

    def __init__(self, folder: Path, scene: Path, clip: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        self.words = ["run", str(scene), f"{clip}?realtime=1&loop=1", "--false-alarms", "1/hour"]

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "edge_vad", *self.words, "--out", str(self.out), *words]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, **{**streams, **options})

    def shell(self, rest: str) -> subprocess.CompletedProcess[str]:
        """A run without a folder, as a shell begins it."""
        words = " ".join(f"'{each}'" for each in self.words)
        command = f"{sys.executable} -m edge_vad {words} {rest}"
        return subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False
        )

    def exec(self, streams: str, *words: str) -> subprocess.Popen[str]:
        """Start a run with streams of its own, as a shell begins it."""
        command = f'exec {sys.executable} -m edge_vad "$@" {streams}'
        words = ("bash", "-c", command, "bash", *self.words, *words)
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)

    def wait_for_event(self, count: int = 1) -> None:
        wait_for(lambda: len(self.stored()) >= count)

    def stored(self) -> dict[str, str]:
        try:
            with sqlite3.connect(f"file:{self.out}/events.sqlite?mode=ro", uri=True) as database:
                rows = database.execute("SELECT id, state FROM events").fetchall()
            database.close()
        except sqlite3.Error:
            return {}
        return dict(rows)

    def written(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in (self.out / "events.jsonl").read_text().splitlines():
            told = json.loads(line)
            if "id" in told:
                found.setdefault(told["id"], []).append(told["type"])
        return found


@pytest.fixture
def watching(tiny_scene: Callable[..., Path], make: SimpleNamespace, tmp_path: Path) -> Watching:
    clip = make.avi(tmp_path / "clip.avi", make.movement(30, range(8, 18)))
    return Watching(tmp_path, tiny_scene(), clip)


ENDED_S = SHUTDOWN_S + 10.0
"""Within which a run has ended, where others take most of the machine."""


def wait_for(there: Callable[[], object]) -> None:
    until = time.monotonic() + 120
    while not there():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.05)


def is_whole(code: int, said: str) -> bool:
    """Whether a run ended with all its events; a starved machine may leave a clip unfinished."""
    return code == 0 or (code == 6 and ONLY_CLIPS.search(said) is not None)


def ended(run: subprocess.Popen[str], number: int | None = signal.SIGTERM) -> tuple[int, str]:
    """End a run; returns its code and what it said."""
    if number is not None:
        run.send_signal(number)
    _, said = run.communicate(timeout=120)
    assert "Traceback" not in said
    return run.returncode, said


@pytest.mark.parametrize("rest", CLOSED.values(), ids=CLOSED.keys())
def test_a_standard_output_that_takes_nothing_is_refused_at_the_start(
    watching: Watching, rest: str
) -> None:
    done = watching.shell(f"--duration 5s {rest}")
    assert done.returncode == 3, done.stderr
    assert "the standard output takes nothing" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_gone_is_told_of_at_the_end(watching: Watching) -> None:
    done = watching.shell("--duration 8s | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}")
    assert done.returncode == 6, done.stderr
    assert "lines are lost" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("stream", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_events_are_written_whoever_hears_the_log(watching: Watching, stream: str) -> None:
    told: set[str] = set()
    with watching.exec(stream, "--duration", "60s") as run:
        assert run.stdout
        for line in run.stdout:
            told.add(json.loads(line)["type"])
            if {"new", "end"} <= told:
                break
        run.terminate()
        run.communicate(timeout=120)
    assert run.returncode == 0
    assert {"new", "end"} <= told


def test_what_libraries_print_is_written_into_no_file_of_ours(watching: Watching) -> None:
    with watching.exec("<&- >&- 2>&-", "--out", str(watching.out)) as run:
        watching.wait_for_event()
        held = [str(Path(f"/proc/{run.pid}/fd/{number}").readlink()) for number in range(3)]
        run.terminate()
        assert run.wait(timeout=120) == 0
    assert held == ["/dev/null"] * 3


def test_a_folder_that_may_not_be_written_into_is_refused_at_the_start(
    watching: Watching, events_disk: Path
) -> None:
    (events_disk / "out").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(events_disk)], check=True)
    for out in (events_disk / "out", events_disk / "new"):
        watching.out = out
        code, said = ended(watching.start("--duration", "5s"), None)
        assert code == 3, said
        assert f"cannot write into the folder {out}" in said
        assert "the events are in" not in said


@pytest.fixture
def events_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("name", ["media", "events.sqlite", "events.jsonl"])
def test_a_place_that_is_something_else_is_refused_at_the_start(
    watching: Watching, name: str
) -> None:
    watching.out.mkdir()
    place = watching.out / name
    if name == "media":
        place.write_text("")
    else:
        place.mkdir()
    code, said = ended(watching.start("--duration", "5s"), None)
    assert code == 3, said
    assert f"cannot write into {place}" in said


def test_a_second_run_at_a_folder_is_refused_and_the_first_loses_nothing(
    watching: Watching,
) -> None:
    first = watching.start()
    watching.wait_for_event()
    code, said = ended(watching.start("--duration", "5s"), None)
    assert code == 3, said
    assert f"process {first.pid} writes into {watching.out}" in said
    recording = [*watching.words[:2], watching.words[2].partition("?")[0]]
    done = subprocess.run(
        [sys.executable, "-m", "edge_vad", *recording, "--out", str(watching.out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert f"process {first.pid} writes into {watching.out}" in done.stderr
    code, said = ended(first)
    assert is_whole(code, said), said
    assert watching.stored().keys() == watching.written().keys()


def test_a_database_that_is_locked_to_the_end_is_told_and_taken_in_by_the_next_run(
    watching: Watching,
) -> None:
    run = watching.start()
    watching.wait_for_event()
    locking = sqlite3.connect(watching.out / "events.sqlite", isolation_level=None)
    locking.execute("PRAGMA busy_timeout = 60000")
    locking.execute("BEGIN EXCLUSIVE")
    time.sleep(4)
    before = watching.stored()
    asked = time.monotonic()
    code, said = ended(run)
    assert time.monotonic() - asked < ENDED_S
    locking.close()
    assert code == 6, said
    assert "not all was stored and delivered: store: " in said
    assert " events wait" in said
    assert watching.stored() == before
    code, said = ended(watching.start("--duration", "2s"), None)
    assert is_whole(code, said), said
    assert watching.stored().keys() == watching.written().keys()
    assert "ongoing" not in watching.stored().values()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_the_middle_of_an_event_ends_it_and_loses_nothing(
    watching: Watching, number: int
) -> None:
    run = watching.start()
    watching.wait_for_event()
    asked = time.monotonic()
    code, said = ended(run, number)
    assert time.monotonic() - asked < ENDED_S
    assert is_whole(code, said), said
    assert set(watching.stored().values()) == {"ended"}
    assert {event: told[-1] for event, told in watching.written().items()} == dict.fromkeys(
        watching.stored(), "end"
    )
    assert not (watching.out / "events.journal").exists()


def test_under_nohup_a_terminal_that_goes_ends_nothing(watching: Watching) -> None:
    run = watching.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    watching.wait_for_event()
    run.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert run.poll() is None
    assert is_whole(*ended(run))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_recordings_run_as_ctrl_c_does(
    watching: Watching, make: SimpleNamespace, number: int
) -> None:
    long = make.avi(watching.folder / "long.avi", make.movement(20_000, range(15, 20_000)))
    words = ["run", watching.words[1], str(long), "--out", str(watching.out), "--no-video"]
    run = subprocess.Popen(
        [sys.executable, "-m", "edge_vad", *words], stderr=subprocess.PIPE, text=True
    )
    wait_for(
        lambda: any(file.stat().st_size for file in watching.out.glob(".partial-*/scores.jsonl"))
    )
    code, said = ended(run, number)
    assert code == 130, said
    assert (watching.out / "interrupted" / "scores.jsonl").read_text()


def test_after_a_kill_the_next_run_ends_what_was_cut_off(watching: Watching) -> None:
    run = watching.start()
    watching.wait_for_event()
    run.kill()
    run.communicate()
    *_, cut_off = sorted(watching.stored())
    code, said = ended(watching.start("--duration", "1s"), None)
    assert is_whole(code, said), said
    assert watching.stored()[cut_off] in ("interrupted", "ended")
    assert watching.written()[cut_off][0] == "new"
    assert watching.written()[cut_off].count("end") == 1


def test_a_camera_that_accepts_and_never_answers_ends_with_its_code(
    tiny_scene: Callable[..., Path],
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        for scheme in ("rtsp", "http"):
            url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/live"
            done = subprocess.run(
                [sys.executable, "-m", "edge_vad", "run", tiny_scene(), url, "--duration", "2s"],
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert done.returncode == 5, done.stderr
            assert "no frame could be scored" in done.stderr


def test_sixteen_busy_cameras_end_within_five_seconds(
    tiny_scene: Callable[..., Path], make: SimpleNamespace, tmp_path: Path
) -> None:
    clip = make.avi(tmp_path / "clip.avi", make.movement(60, range(5, 60)))
    tiny_scene()
    cameras = "".join(
        f'[[cameras]]\nname = "c{n}"\nsource = "{clip}?realtime=1&loop=1"\nscene = "scene.onnx"\n'
        'decision = { false_alarms = "1/hour", update_s = 0.2 }\n'
        for n in range(16)
    )
    sinks = '[sinks]\nfolder = "watched"\n[sinks.store]\n[sinks.clips]\n[sinks.jsonl]\n'
    (tmp_path / "site.toml").write_text(cameras + sinks)
    run = subprocess.Popen(
        [sys.executable, "-m", "edge_vad", "run", "--config", str(tmp_path / "site.toml")],
        stderr=subprocess.PIPE,
        text=True,
    )
    written = tmp_path / "watched" / "events.jsonl"
    wait_for(lambda: written.exists() and written.read_text().count('"new"') >= 16)
    asked = time.monotonic()
    code, said = ended(run)
    assert time.monotonic() - asked < ENDED_S
    assert code in (0, 6), said
    told = [json.loads(line) for line in written.read_text().splitlines()]
    ends = {each["id"] for each in told if each["type"] == "end"}
    assert ends == {each["id"] for each in told if each["type"] == "new"}


def test_what_a_run_writes_is_for_its_owner_alone(watching: Watching) -> None:
    run = watching.start(umask=0o022)
    watching.wait_for_event()
    inside = list(watching.out.rglob("*"))
    assert is_whole(*ended(run))
    for path in [watching.out, *watching.out.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
    names = {path.name for path in inside}
    assert {"events.sqlite", "events.jsonl", "events.journal"} <= names


@pytest.mark.long
def test_the_named_check_passes_in_its_short_form() -> None:
    parts = ["kills", "signals", "full-disk", "quota"]
    done = subprocess.run(
        [sys.executable, str(CHECK), "--kills", "3", "--signals", "3", *parts],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("passed\n")


def test_no_sinks_thread_needs_what_is_not_there_yet(
    tmp_path: Path, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_vad.sinks.delivery import Message, Outbox
    from edge_vad.sinks.factory import build_sinks
    from edge_vad.sinks.paths import spool_of
    from edge_vad.sinks.settings import (
        ClipSettings,
        JsonLinesSettings,
        MqttSettings,
        SinkSettings,
        StoreSettings,
        VideoSettings,
        WebhookSettings,
    )

    for name in ("mqtt", "webhook"):
        spool_of(tmp_path, name).parent.mkdir(exist_ok=True)
        outbox = Outbox(spool_of(tmp_path, name), 1_000_000)
        outbox.append([Message("topic", b"left", "event", None)])
        outbox.close()
    faults: list[object] = []
    begin = threading.Thread.start

    def begin_and_wait(thread: threading.Thread) -> None:
        begin(thread)
        time.sleep(0.1)  # so it comes to its first work before its maker goes on

    monkeypatch.setattr(threading.Thread, "start", begin_and_wait)
    monkeypatch.setattr(threading, "excepthook", faults.append)
    monkeypatch.setattr(
        "edge_vad.sinks.threads.worker._log.exception", lambda *said: faults.append(said)
    )
    monkeypatch.setattr(
        "edge_vad.sinks.delivery.sender._log.exception", lambda *said: faults.append(said)
    )
    camera = SimpleNamespace(name="gate", fps=10.0, card=make.card())
    settings = SinkSettings(
        folder=str(tmp_path),
        store=StoreSettings(),
        clips=ClipSettings(),
        jsonl=JsonLinesSettings(),
        video=VideoSettings(),
        mqtt=MqttSettings(host="127.0.0.1", port=9),
        webhook=WebhookSettings(url="http://127.0.0.1:9/"),
    )
    for sink in build_sinks(settings, SimpleNamespace(cameras=[camera])):  # type: ignore[arg-type]
        sink.close(1.0)
    assert faults == []
