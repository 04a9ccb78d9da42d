"""Check that no event is lost without a word, whatever ends a run or fills its disk.

    sudo python tools/check_nothing_lost.py                      # all parts, about six minutes
    sudo python tools/check_nothing_lost.py --kills 5 --signals 3 kills signals locked

Real runs of `edge-vad run` watch four recordings with a scene model made for the purpose; events go
into a store, a file of JSON lines and a webhook, which refuses every fifth call. After every part
the three must tell of the same events, each with its beginning and its end, or the run must have
ended with exit code 6 and said what is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from conftest import movement, tiny_card, write_avi, write_scene  # noqa: E402

CAMERAS = 4
NOT_ALL_KEPT = 6
_PATIENCE_S = 120.0
"""With machines that have more to do."""
_LAST_RUNS = 4
_TRACEBACK = -1000
_SITE = """
[[cameras]]
name = "camera-{number}"
source = "{folder}/clip-{number}.avi?realtime=1&loop=1"
scene = "{folder}/scene.onnx"
decision = {{ false_alarms = "1/hour", quiet_s = 0.4, update_s = 0.3 }}
"""
_SINKS = """
[sinks]
folder = "{out}"
[sinks.store]
[sinks.clips]
before_s = 1
after_s = 1
[sinks.jsonl]
[sinks.webhook]
url = "http://127.0.0.1:{port}/"
"""
# Fails every write below $QUOTA_FOLDER once $QUOTA_FULL is there, as a used up quota does.
_QUOTA = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int spent(int fd) {
  char link[64], path[4096];
  const char *full = getenv("QUOTA_FULL"), *folder = getenv("QUOTA_FOLDER");
  if (!full || !folder || access(full, F_OK)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return !strncmp(path, folder, strlen(folder));
}
#define WRAP(name, args, call)                                    \
  ssize_t name args {                                             \
    static ssize_t (*real) args;                                  \
    if (!real) real = (ssize_t (*) args)dlsym(RTLD_NEXT, #name);  \
    if (spent(fd)) { errno = EDQUOT; return -1; }                 \
    return real call;                                             \
  }
WRAP(write, (int fd, const void *data, size_t n), (fd, data, n))
WRAP(pwrite, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(pwrite64, (int fd, const void *data, size_t n, off64_t at), (fd, data, n, at))
"""


class Hook:
    """A webhook that refuses every fifth call."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.refuses = True
        self._calls = 0
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(hook.take(json.loads(body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody asks."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, told: dict[str, Any]) -> int:
        """Hear a change, or not; returns the status."""
        self._calls += 1
        if self.refuses and self._calls % 5 == 0:
            return 503
        self.heard.append(told)
        return 200


class Site:
    """A folder with a site file, and what runs there."""

    def __init__(self, folder: Path, name: str, out: Path | None = None) -> None:
        self.hook, self.folder = Hook(), folder
        self.out = folder / f"out-{name}" if out is None else out
        cameras = "".join(_SITE.format(number=n, folder=folder) for n in range(CAMERAS))
        self.config = folder / f"{name}.toml"
        self.config.write_text(cameras + _SINKS.format(out=self.out, port=self.hook.port))
        self.said = ""

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """Begin a run."""
        command = [sys.executable, "-m", "edge_vad", "run", "--config", str(self.config), *words]
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True} | options
        return subprocess.Popen(command, **options)

    def wait_for_event(self) -> None:
        """Wait until one more change was told."""
        before, until = len(self.hook.heard), time.monotonic() + _PATIENCE_S
        while len(self.hook.heard) == before and time.monotonic() < until:
            time.sleep(0.01)

    def end(self, run: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
        """End a run; returns its exit code."""
        asked = time.monotonic()
        with suppress(ProcessLookupError):
            run.send_signal(number)
        _, self.said = run.communicate(timeout=_PATIENCE_S)
        self.took_s = time.monotonic() - asked
        if (
            " info " not in self.said
        ):  # it had not begun, and Python may say of itself what it likes
            return -abs(number)
        if "Traceback" in self.said:
            print(self.said)
            return _TRACEBACK
        return run.returncode

    def finish(self) -> bool:
        """One more run, which takes in what is left, or a few where one has not the time for it."""
        self.hook.refuses = False
        for _ in range(_LAST_RUNS):
            run = self.start()
            self.wait_for_event()
            time.sleep(2)
            code = self.end(run)
            print(f"  a last run ended with {code}: {_last(self.said)}")
            if code != NOT_ALL_KEPT:
                break
        return code == 0

    def agrees(self) -> bool:
        """Print what is stored, written and delivered; returns whether it is the same."""
        with sqlite3.connect(self.out / "events.sqlite") as database:
            stored = dict(database.execute("SELECT id, state FROM events").fetchall())
        lines = (self.out / "events.jsonl").read_text().splitlines()
        written = _kinds([each for each in map(_read, lines) if "id" in each])
        delivered = _kinds(self.hook.heard)
        going_on = sum(state == "ongoing" for state in stored.values())
        torn = sum(kinds != {"new", "end"} for kinds in (*written.values(), *delivered.values()))
        print(
            f"  {len(stored)} events stored, {len(written)} written, {len(delivered)} delivered; "
            f"{going_on} go on for ever, {torn} without beginning or end"
        )
        same = stored.keys() == written.keys() == delivered.keys()
        return bool(stored) and same and not going_on and not torn


def _read(line: str) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except ValueError:  # a kill cut it off, and it is told again
        return {}


def _kinds(told: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in told:
        found.setdefault(each["id"], set()).add(each["type"])
    return {event: kinds - {"update"} for event, kinds in found.items()}


def kills(folder: Path, options: argparse.Namespace) -> bool:
    """`kill -9` in the middle of events, over and over."""
    site, dice = Site(folder, "kills"), random.Random(1)  # noqa: S311
    for _ in range(options.kills):
        run = site.start()
        site.wait_for_event()
        time.sleep(dice.uniform(0.0, 1.0))
        site.end(run, signal.SIGKILL)
    print(f"  killed {options.kills} times")
    return site.finish() and site.agrees()


def signals(folder: Path, options: argparse.Namespace) -> bool:
    """SIGTERM, SIGINT and SIGHUP at random moments."""
    site, dice = Site(folder, "signals"), random.Random(2)  # noqa: S311
    codes: dict[int, int] = {}
    slowest_s = 0.0
    for number in range(options.signals):
        run = site.start()
        if number % 2:
            site.wait_for_event()
        time.sleep(dice.uniform(0.0, 1.5))
        code = site.end(run, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[number % 3])
        codes[code] = codes.get(code, 0) + 1
        slowest_s = max(slowest_s, site.took_s)
    print(f"  exit codes {codes}, the slowest took {slowest_s:.1f} s")
    # Before it is ready to hear a signal, a process ends as all do.
    known = {0, NOT_ALL_KEPT, 130, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
    in_time = slowest_s < promised_s()
    return codes.keys() <= known and in_time and site.finish() and site.agrees()


def two_runs(folder: Path, _: argparse.Namespace) -> bool:
    """A second run at the same folder, by its own name and by another."""
    site = Site(folder, "two")
    first = site.start()
    site.wait_for_event()
    (folder / "alias").symlink_to(site.out)
    other = Site(folder, "alias", folder / "alias")
    refused = []
    for each in (site, other):
        second = each.start()
        second.wait(timeout=_PATIENCE_S)
        refused.append(second.returncode == 3 and f"process {first.pid} writes" in _said_by(second))
    time.sleep(2)
    code = site.end(first)
    print(f"  refused, with the first one's number: {refused}; the first ended with {code}")
    return all(refused) and site.finish() and site.agrees()


def _said_by(run: subprocess.Popen[str]) -> str:
    """What a run that has ended said."""
    return run.communicate()[1]


def locked(folder: Path, _: argparse.Namespace) -> bool:
    """SIGTERM while another program locks the database, and spool as well."""
    site = Site(folder, "locked")
    run = site.start()
    site.wait_for_event()
    locks = [site.out / "events.sqlite", site.out / "spool" / "webhook.sqlite"]
    holders = [sqlite3.connect(path, isolation_level=None) for path in locks]
    for holder in holders:
        holder.execute("PRAGMA busy_timeout = 5000")
        holder.execute("BEGIN EXCLUSIVE")
    time.sleep(3)
    code = site.end(run)
    for holder in holders:
        holder.close()
    print(f"  ended with {code} after {site.took_s:.1f} s: {_last(site.said)}")
    ok = code == NOT_ALL_KEPT and site.took_s < promised_s() and "wait" in site.said
    return ok and site.finish() and site.agrees()


def full_disk(folder: Path, _: argparse.Namespace) -> bool:
    """A small disk that is full for a while, and one that is full to the end."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False).returncode:
        print("  left out: a small disk cannot be mounted, run this as root")
        return True
    try:
        return _full_for_a_while(folder, disk) and _full_to_the_end(folder, disk)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def _full_for_a_while(folder: Path, disk: Path) -> bool:
    site = Site(folder, "full", disk / "one")
    run = site.start()
    site.wait_for_event()
    ballast = fill(disk)
    time.sleep(4)
    ballast.unlink()
    time.sleep(3)
    code = site.end(run)
    print(f"  full for a while: ended with {code}: {_last(site.said)}")
    return code in (0, NOT_ALL_KEPT) and site.finish() and site.agrees()


def _full_to_the_end(folder: Path, disk: Path) -> bool:
    site = Site(folder, "end", disk / "two")
    run = site.start()
    site.wait_for_event()
    fill(disk)
    time.sleep(3)
    code = site.end(run)
    print(f"  full to the end: ended with {code}: {_last(site.said)}")
    return code == NOT_ALL_KEPT and "not all was stored" in site.said


def fill(folder: Path) -> Path:
    """Take all the space that is left."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (2**16, 2**10, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return ballast


def quota(folder: Path, _: argparse.Namespace) -> bool:
    """A quota that is used up: EDQUOT at every write, to the end."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("  left out: there is no C compiler")
        return True
    source, library, full = folder / "quota.c", folder / "quota.so", folder / "quota-is-full"
    source.write_text(_QUOTA)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    site = Site(folder, "quota")
    environment = {"LD_PRELOAD": library, "QUOTA_FULL": full, "QUOTA_FOLDER": site.out}
    run = site.start(env=os.environ | {key: str(value) for key, value in environment.items()})
    site.wait_for_event()
    full.touch()
    time.sleep(3)
    code = site.end(run)
    print(f"  ended with {code}: {_last(site.said)}")
    return code == NOT_ALL_KEPT and "not all was stored" in site.said


def read_only(folder: Path, _: argparse.Namespace) -> bool:
    """A folder that may not be written into is refused at the start."""
    site = Site(folder, "read-only")
    site.out.mkdir()
    bind = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(site.out)]
    if subprocess.run(bind, check=False).returncode:
        print("  left out: nothing can be mounted, run this as root")
        return True
    try:
        run = site.start()
        run.wait(timeout=_PATIENCE_S)
        print(f"  ended with {run.returncode}")
        return run.returncode == 3 and "cannot write into the folder" in _said_by(run)
    finally:
        subprocess.run(["umount", "--lazy", str(site.out)], check=True)


def closed_output(folder: Path, _: argparse.Namespace) -> bool:
    """Standard output that is closed, full, or read by nobody any more."""
    watch = f"run {folder}/scene.onnx '{folder}/clip-0.avi?realtime=1&loop=1' --duration 4s"
    command = f"{sys.executable} -m edge_vad {watch} --false-alarms 1/hour"
    codes = [
        subprocess.run(["bash", "-c", f"{command} {rest}"], check=False, capture_output=True)
        for rest in (">&-", ">/dev/full", "| head -n 1 >/dev/null; exit ${PIPESTATUS[0]}")
    ]
    print(f"  closed, full, left: ended with {[each.returncode for each in codes]}")
    silent = all(b"Traceback" not in each.stderr for each in codes)
    return silent and [each.returncode for each in codes] == [3, 3, NOT_ALL_KEPT]


def promised_s() -> float:
    """In how many seconds a run ends: five, where others leave it half of the machine."""
    is_busy = os.getloadavg()[0] > 2 * len(os.sched_getaffinity(0))
    return 15.0 if is_busy else 5.0


def _last(said: str) -> str:
    """The error that a run ended with."""
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    return errors[-1] if errors else "nothing is missing"


PARTS: dict[str, Callable[[Path, argparse.Namespace], bool]] = {
    "kills": kills,
    "signals": signals,
    "two-runs": two_runs,
    "locked": locked,
    "full-disk": full_disk,
    "quota": quota,
    "read-only": read_only,
    "closed-output": closed_output,
}


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="All when none is named.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--signals", type=int, default=30)
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_scene(folder / "scene.onnx", tiny_card())
        for number in range(CAMERAS):
            loud = range(4 + 2 * number, 12 + 2 * number)
            write_avi(folder / f"clip-{number}.avi", movement(24, loud))
        for part in options.parts or PARTS:
            print(f"{part}: {(PARTS[part].__doc__ or '').strip()}", flush=True)
            began = time.monotonic()
            if not PARTS[part](folder, options):
                failed.append(part)
            print(f"  {time.monotonic() - began:.0f} s", flush=True)
    print(f"FAILED: {', '.join(failed)}" if failed else "passed")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
