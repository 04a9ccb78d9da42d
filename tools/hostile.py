"""Gives edge-vad hostile files and conversations, and sees to it that it stays well.

    python tools/hostile.py [--quick] [--only scenes,sites] [--seed 1] [--keep FOLDER]

2,000 mutated scene models, 1,000 trained scenes, 1,000 site files, 500 videos and pictures and 500
conversations with the page; with --quick a twentieth, no more than fit into 75 s, and 2 minutes
after its beginning it ends with what it found until then. Each file is
given to a child with bounds on time, memory and open files. None may end in a traceback or by a
signal, take more than 10 s or 1 GB, open a file that was not named, or print a secret. All traffic
is on loopback.
What breaks a rule is kept with --keep, under the number that makes it again.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import hostile_conversations
from hostile_files import SECRET, Case

Maker = Callable[[random.Random, Path], Case]

KINDS = {"sites": 1000, "media": 500, "scenes": 2000, "conversations": 500, "checkpoints": 1000}
QUICK, QUICK_S, QUICK_END_S, LONGEST_S = 20, 75, 120, 3600
CPU_S, WALL_S = 10, 40
"""The second is for what waits and computes nothing."""
MEMORY = 2**30
GUARD = 3 * 2**30
"""Address space beyond what the parent has: so that a fault does not take the machine with it."""
CODES = {0, 1, 2, 3, 4, 5, 6}


class Ending(NamedTuple):
    """How a case ended.

    Attributes:
        code: Its exit code; negative where a signal ended it.
        cpu_s: What it took.
        memory: What its resident size grew by at most, bytes. It begins with its parent's.
        said: What it printed.
    """

    code: int
    cpu_s: float
    memory: int
    said: str


class TimeIsUp(BaseException):
    """No time is left at all; nobody may take it for a fault of a case."""


class Canary:
    """A secret file that no case names as its input; tells whether anybody opened it."""

    _OPENED = 0x20

    def __init__(self, folder: Path) -> None:
        self.path = folder / "canary" / "secret.bin"
        self.path.parent.mkdir()
        self.path.write_bytes(SECRET.encode() * 64)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._handle = self._libc.inotify_init1(os.O_NONBLOCK)
        if self._libc.inotify_add_watch(self._handle, os.fsencode(self.path), self._OPENED) < 0:
            sys.exit("files cannot be watched here")

    def was_opened(self) -> bool:
        """Whether it was opened since this was asked last."""
        try:
            return bool(os.read(self._handle, 4096))
        except BlockingIOError:
            return False


def maker(kind: str) -> Maker:
    """What makes the cases of a kind; what all need is loaded here, once, before any fork."""
    import edge_vad.backends.onnxruntime
    import edge_vad.cli.config
    import edge_vad.cli.score
    import edge_vad.sources.recordings.folder
    import edge_vad.sources.recordings.video  # noqa: F401

    if kind == "scenes":
        from hostile_scenes import scene

        return scene
    if kind == "checkpoints":
        from hostile_checkpoints import checkpoint, trained

        trained()
        return checkpoint
    from hostile_files import medium, site

    return {"sites": site, "media": medium}[kind]


def in_child(case: Case, folder: Path) -> Ending:
    """Run a case in a child with bounds."""
    said = folder / "said"
    sys.stdout.flush()
    of_parent = copied_by_fork()
    child = os.fork()
    if not child:
        run_bounded(case, folder, said)
    until = time.monotonic() + WALL_S
    ended = 0
    try:
        while True:
            ended, status, used = os.wait4(child, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > until and not is_computing(child):
                os.kill(child, signal.SIGKILL)
            time.sleep(0.005)
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    text = said.read_bytes()[:1_000_000].decode(errors="replace") if said.exists() else ""
    cpu_s = used.ru_utime + used.ru_stime
    grown = max(0, used.ru_maxrss * 1024 - of_parent)
    return Ending(os.waitstatus_to_exitcode(status), cpu_s, grown, text)


def copied_by_fork() -> int:
    """Bytes in memory that a child begins with: without what is mapped from files."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def is_computing(child: int) -> bool:
    """Whether a thread of it computes, or would if other loads let it: that has its own bound."""
    states = set()
    for stat in Path(f"/proc/{child}/task").glob("*/stat"):
        with suppress(OSError):
            states.add(stat.read_text().rpartition(")")[2].split()[0])
    return bool(states & {"R", "D"})


def run_bounded(case: Case, folder: Path, said: Path) -> None:
    """Run a case in this process, and end it."""
    code = 70
    try:
        handle = os.open(said, os.O_WRONLY | os.O_CREAT, 0o600)
        for stream in (1, 2):
            os.dup2(handle, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        space = pages * os.sysconf("SC_PAGE_SIZE") + GUARD
        for what, most in (
            (resource.RLIMIT_AS, space),
            (resource.RLIMIT_CPU, CPU_S + 2),
            (resource.RLIMIT_NOFILE, 128),
            (resource.RLIMIT_FSIZE, 2**26),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(what, (most, most))
        os.chdir(folder)
        code = case.run()
    except SystemExit as ending:
        code = int(ending.code or 0)
    except BaseException:  # noqa: BLE001 - that is what is looked for
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def faults_of(ending: Ending, canary: Canary) -> list[str]:
    """The rules that a case broke."""
    rules = {
        "traceback": "Traceback" in ending.said,
        f"exit code {ending.code}": ending.code not in CODES,
        f"{ending.cpu_s:.1f} s": ending.cpu_s > CPU_S,
        f"{ending.memory // 2**20} MB": ending.memory > MEMORY,
        "a file that was not named": canary.was_opened(),
        "a secret": SECRET in ending.said,
        "a long answer": len(ending.said) > 20_000,
    }
    return [rule for rule, is_broken in rules.items() if is_broken]


def check(kind: str, make: Maker, count: int, seconds: float, seed: int, keep: Path | None) -> int:
    """Run the cases of a kind, print how they fared, and return how many broke a rule.

    Args:
        kind: The kind.
        make: Makes them.
        count: How many there are.
        seconds: After these no more are begun.
        seed: Of the dice.
        keep: Folder for those that break a rule.
    """
    codes, broken, most = Counter[int](), 0, [0.0, 0.0]
    began = time.monotonic()
    with suppress(TimeIsUp), tempfile.TemporaryDirectory() as home:
        canary = Canary(Path(home))
        for number in range(count):
            if time.monotonic() - began > seconds:
                break
            folder = Path(home) / f"{number:04}"
            folder.mkdir()
            case = make(random.Random(f"{kind} {seed} {number}"), canary.path)  # noqa: S311
            case.write(folder)
            canary.was_opened()
            ending = in_child(case, folder)
            codes[ending.code] += 1
            most = [max(most[0], ending.cpu_s), max(most[1], ending.memory / 2**20)]
            if faults := faults_of(ending, canary):
                broken += 1
                print(f"  {kind} {number} ({case.what}): {', '.join(faults)}", flush=True)
                print("    " + ending.said.strip()[-600:].replace("\n", "\n    "), flush=True)
                if keep:
                    shutil.copytree(folder, keep / f"{kind}-{seed}-{number}", dirs_exist_ok=True)
            shutil.rmtree(folder)
    done = codes.total()
    taken = f"{codes[0]} taken, {done - codes[0]} refused"
    took = f"at most {most[0]:.1f} s and {most[1]:.0f} MB each"
    ended = f"{done} of {count} in {time.monotonic() - began:.0f} s"
    print(f"{kind}: {ended}: {taken}; {took}; {broken} broke a rule", flush=True)
    return broken


def main() -> None:
    """Run the kinds that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="A twentieth of the cases.")
    parser.add_argument("--only", default=",".join(KINDS), help="Kinds, with commas between.")
    parser.add_argument("--count", type=int, help="Cases of each kind.")
    parser.add_argument("--seconds", type=float, help="Seconds for all kinds, which share them.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="Folder for what breaks a rule.")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    kinds = asked.only.split(",")
    until = time.monotonic() + (asked.seconds or (QUICK_S if asked.quick else LONGEST_S))
    broken = 0
    if asked.quick:
        signal.signal(signal.SIGALRM, time_is_up)
        signal.alarm(QUICK_END_S)  # children do not inherit it
    for place, kind in enumerate(kinds):
        if place and time.monotonic() > until:
            print(f"{kind}: no time was left", flush=True)
            continue
        share = (until - time.monotonic()) / (len(kinds) - place)
        count = asked.count or KINDS[kind] // (QUICK if asked.quick else 1)
        try:
            broken += run_kind(kind, count, share, asked.seed, asked.keep)
        except TimeIsUp:
            print(f"{kind}: the time was up before it was finished", flush=True)
    sys.exit(bool(broken))


def time_is_up(*_: object) -> None:
    """Tell it to whatever is at work."""
    raise TimeIsUp


def run_kind(kind: str, count: int, share: float, seed: int, keep: Path | None) -> int:
    """Run the cases of a kind; gives how many broke a rule."""
    if kind == "conversations":
        return hostile_conversations.check(count, share, seed)
    return check(kind, maker(kind), count, share, seed, keep)


if __name__ == "__main__":
    main()
