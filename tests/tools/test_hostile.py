"""tools/hostile.py notices every rule that a case breaks, and its cases break none."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    import hostile

    return hostile


def told(text: str) -> int:
    print(text)
    return 0


def reading(path: Path) -> int:
    path.read_bytes()
    return 0


def computing() -> int:
    while True:
        pass


def taking() -> int:
    kept = bytearray(2**30 + 2**27)
    kept[::4096] = b"x" * len(kept[::4096])
    return 0


def failing() -> int:
    raise ValueError("nobody caught me")


BREAKS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "a file that is not named": ("not named", reading),
    "a secret that is printed": ("a secret", lambda _: told("hunter2-correct-horse")),
    "an endless computation": ("exit code -", lambda _: computing()),
    "an endless sleep": ("exit code -9", lambda _: time.sleep(100) or 0),
    "too much memory": (" MB", lambda _: taking()),
    "an exception": ("traceback", lambda _: failing()),
    "an exit code that is none": ("exit code 99", lambda _: 99),
    "nothing": ("", lambda _: told("well")),
}


@pytest.mark.parametrize("wrong", BREAKS)
def test_every_broken_rule_is_noticed(
    wrong: str, hostile: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hostile, "CPU_S", 1 if "computation" in wrong else 60)
    monkeypatch.setattr(hostile, "WALL_S", 3 if "sleep" in wrong else 120)
    expected, does = BREAKS[wrong]
    canary = hostile.Canary(tmp_path)
    case = hostile.Case("wrong", runs=lambda: does(canary.path))
    faults = hostile.faults_of(hostile.in_child(case, tmp_path), canary)
    if expected:
        assert any(expected in each for each in faults), faults
    else:
        assert faults == []


def test_what_its_parent_holds_is_no_fault_of_a_case(hostile: ModuleType, tmp_path: Path) -> None:
    held = bytearray(hostile.MEMORY + 2**27)
    held[::4096] = b"x" * len(held[::4096])
    canary = hostile.Canary(tmp_path)
    case = hostile.Case("small", runs=lambda: told("well"))
    assert hostile.faults_of(hostile.in_child(case, tmp_path), canary) == []


def test_the_scene_and_the_frames_that_cases_are_made_of_are_taken(
    hostile: ModuleType, tmp_path: Path
) -> None:
    import hostile_files
    import hostile_scenes

    hostile.maker("scenes")
    case = hostile_scenes.scene(random.Random(1), tmp_path)  # noqa: S311
    whole = hostile.Case(
        "nothing", case.words, {**case.files, "scene.onnx": hostile_files.small_scene()}
    )
    whole.write(tmp_path)
    ending = hostile.in_child(whole, tmp_path)
    assert ending.code == 0, ending.said


def test_when_the_time_is_up_it_ends_with_what_it_found(
    hostile: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def time_is_up() -> int:
        os.kill(os.getppid(), signal.SIGALRM)
        time.sleep(1000)
        return 0

    monkeypatch.setattr(hostile, "WALL_S", 1000)
    cases = iter([failing, time_is_up, failing])
    before = signal.signal(signal.SIGALRM, hostile.time_is_up)
    began = time.monotonic()
    try:
        broken = hostile.check(
            "odd", lambda *_: hostile.Case("odd", runs=next(cases)), 9, 99, 1, None
        )
    finally:
        signal.signal(signal.SIGALRM, before)
    assert broken == 1
    assert time.monotonic() - began < 120
    assert "odd: 1 of 9" in capsys.readouterr().out
    assert next(cases) is failing


def test_a_number_makes_the_same_case_again(hostile: ModuleType, tmp_path: Path) -> None:
    make = hostile.maker("sites")
    one, other = (make(random.Random("1"), tmp_path).files for _ in range(2))  # noqa: S311
    assert one == other


def test_some_cases_of_each_kind_of_file_break_no_rule() -> None:
    command = [sys.executable, TOOLS / "hostile.py", "--count", "12", "--seed", "7"]
    done = subprocess.run(
        [*command, "--only", "sites,media,scenes"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("0 broke a rule") == 3
