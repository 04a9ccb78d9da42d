"""edge-vad service: a unit that systemd takes, and what is told to it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SITE = '[[cameras]]\nname = "gate"\nsource = "0"\nscene = "gate.onnx"\n'


@pytest.fixture
def site(tmp_path, monkeypatch):
    path = tmp_path / "my site" / "site.toml"
    path.parent.mkdir()
    path.write_text(SITE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return path


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Stands in for systemd's own commands: what they were told; a file `fail` lets one fail."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("systemctl", "loginctl"):
        program = programs / name
        program.write_text(
            f'#!/bin/sh\ncd "{programs}"\necho "{name} $*" >>told\n'
            f'[ "$(cat fail 2>/dev/null)" != {name} ] || {{ echo no >&2; exit 1; }}\n'
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return programs


def test_the_unit_is_written_and_started_and_starts_with_the_machine(
    edge_vad, site, told, tmp_path
):
    answer = edge_vad("service", "--config", site)
    assert answer.code == 0, answer.err
    unit = (tmp_path / "config/systemd/user/edge-vad.service").read_text()
    assert f'run --config "{site}" --log-json' in unit
    assert f"WorkingDirectory={site.parent}\n" in unit
    assert (told / "told").read_text().splitlines() == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --now edge-vad.service",
        "loginctl enable-linger",
    ]
    assert answer.out.endswith("\nnext: journalctl --user -u edge-vad -f\n")


def test_without_the_right_to_linger_it_says_what_to_do(edge_vad, site, told):
    (told / "fail").write_text("loginctl")
    answer = edge_vad("service", "--config", site)
    assert answer.code == 0
    assert "sudo loginctl enable-linger" in answer.err


def test_a_service_that_does_not_start_is_an_error(edge_vad, site, told):
    (told / "fail").write_text("systemctl")
    answer = edge_vad("service", "--config", site)
    assert answer.code == 1
    assert "systemctl --user daemon-reload failed (no)" in answer.err


def test_a_machine_without_systemd_is_told_what_to_run(edge_vad, site, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = edge_vad("service", "--config", site)
    assert answer.code == 4
    assert "edge-vad run --config" in answer.err
    assert not (tmp_path / "config").exists()


def test_printing_the_unit_changes_nothing_and_systemd_finds_no_fault_in_it(
    edge_vad, site, tmp_path
):
    answer = edge_vad("service", "--config", site, "--print")
    assert answer.code == 0
    assert not (tmp_path / "config").exists()
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing")
    unit = tmp_path / "edge-vad.service"
    unit.write_text(answer.out)
    words = ["systemd-analyze", "verify", "--man=no", unit]
    done = subprocess.run(words, capture_output=True, text=True)
    assert not [line for line in done.stderr.splitlines() if str(unit.name) in line]


@pytest.mark.parametrize("name", ["a%h", 'a"b', "a$b", "a\\b"])
def test_a_path_that_systemd_reads_otherwise_is_refused(edge_vad, tmp_path, name):
    site = tmp_path / name / "site.toml"
    site.parent.mkdir()
    site.write_text(SITE)
    answer = edge_vad("service", "--config", site, "--print")
    assert answer.code == 2
    assert "systemd would read the path" in answer.err


def test_a_service_has_a_plain_name_and_a_site(edge_vad, site):
    assert edge_vad("service", "--config", site, "--name", "../x").code == 2
    assert edge_vad("service", "--config", Path("none.toml")).code == 3
