"""The workflow that would publish a release: what it needs is here, and it may do no more."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import tomli
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
JOBS = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
VERSION = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_only_the_job_that_publishes_may_show_who_it_is_and_it_follows_the_checks():
    assert WORKFLOW["permissions"] == {}
    assert JOBS["build"]["permissions"] == {"contents": "read"}
    assert JOBS["publish"]["permissions"] == {"id-token": "write"}
    assert JOBS["publish"]["needs"] == "build"
    assert not re.search(r"secrets\.", (ROOT / ".github/workflows/release.yml").read_text())


def test_every_action_is_named_by_the_digest_of_its_commit():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", each) for each in used)


@pytest.mark.parametrize(("tag", "code"), [(f"v{VERSION}", 0), ("v999.0.0", 1), ("v0.1", 1)])
def test_a_tag_that_is_not_the_version_is_refused(tag, code):
    (check,) = [step["run"] for step in STEPS if step.get("name") == "The tag is the version"]
    words = ["bash", "-euo", "pipefail", "-c", check]
    environment = {**os.environ, "GITHUB_REF_NAME": tag}
    assert subprocess.run(words, cwd=ROOT, env=environment).returncode == code


def test_it_builds_by_the_target_that_checks_wheel_and_sdist_and_publishes_those():
    runs = " ".join(step.get("run", "") for step in STEPS)
    assert "make wheel" in runs
    assert "dist/*.whl" in runs
    given, taken = (
        [step["with"]["path"] for step in JOBS[job]["steps"] if f"{verb}-artifact" in str(step)]
        for job, verb in (("build", "upload"), ("publish", "download"))
    )
    assert given == taken == ["dist/"]
    assert re.search(
        r"^wheel: .+\n(\t.+\n)*\t.+twine check --strict", (ROOT / "Makefile").read_text(), re.M
    )
