"""Build the documentation as a site: strict, searchable, and without anything from elsewhere.

python tools/build_docs.py site
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from docs_site.staging import ROOT, stage


def build(out: Path) -> None:
    """Build the site into a folder; warnings, such as of a link that leads nowhere, are errors.

    Raises:
        SystemExit: It cannot be built; what is wrong is printed.
    """
    work = out.with_name(f".{out.name}-work")
    stage(work / "pages")
    shutil.copy(ROOT / "docs/zensical.toml", work)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")
    shutil.rmtree(out, ignore_errors=True)
    (work / "site").rename(out)
    shutil.rmtree(work)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "site", help="folder to write")
    asked = parser.parse_args()
    build(asked.out)
    print(f"The site is in {asked.out}; to see it at http://127.0.0.1:8000:")
    print(f"next: python3 -m http.server --bind 127.0.0.1 --directory {asked.out}")
