"""edge-vad completion: what shells read, and what they are answered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ASK = "import sys; sys.argv[0] = 'edge-vad'; from edge_vad.cli import main; main(); print(',none')"
PLACES = {
    "bash": "data/bash-completion/completions/edge-vad",
    "zsh": "data/zsh/site-functions/_edge-vad",
    "fish": "config/fish/completions/edge-vad.fish",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("BASH_COMPLETION_USER_DIR", raising=False)
    monkeypatch.setenv("SHELL", "/bin/bash")
    return tmp_path


def completed(*words):
    """What a shell is answered that asks for the last of the words."""
    asked = {"COMP_WORDS": " ".join(("edge-vad", *words)), "COMP_CWORD": str(len(words))}
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env=os.environ | asked | {"_EDGE_VAD_COMPLETE": "bash_complete"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", PLACES)
def test_the_file_is_written_where_the_shell_looks(edge_vad, home, shell):
    answer = edge_vad("completion", "--shell", shell)
    assert answer.code == 0, answer.err
    written = home / PLACES[shell]
    assert f"{written} written\n" in answer.out
    assert "_EDGE_VAD_COMPLETE" in written.read_text()
    assert answer.out.endswith(f"exec {shell}\n")


def test_without_a_shell_it_is_that_of_the_login(edge_vad, home):
    assert edge_vad("completion").code == 0
    assert (home / PLACES["bash"]).exists()


@pytest.mark.parametrize(("shell", "said"), [("", "SHELL does not say"), ("/bin/ksh", "'ksh'")])
def test_a_shell_that_is_not_known_is_asked_for(edge_vad, home, monkeypatch, shell, said):
    monkeypatch.setenv("SHELL", shell)
    answer = edge_vad("completion")
    assert answer.code == 2
    assert said in answer.err
    assert "--shell bash|zsh|fish" in answer.err


def test_printing_changes_nothing_and_the_shell_finds_no_fault_in_it(edge_vad, home):
    answer = edge_vad("completion", "--shell", "bash", "--print")
    assert answer.code == 0
    assert list(home.iterdir()) == []
    checked = subprocess.run(["bash", "-n"], input=answer.out, capture_output=True, text=True)
    assert checked.returncode == 0
    assert checked.stderr == ""


def test_a_folder_that_cannot_be_written_is_said(edge_vad, home):
    Path(home / "data").write_text("")
    answer = edge_vad("completion")
    assert answer.code == 3
    assert "--print" in answer.err


def test_bash_completes_what_was_installed(edge_vad, home):
    """Bash itself, with the file sourced and a program `edge-vad` on its path."""
    edge_vad("completion")
    programs = home / "programs"
    programs.mkdir()
    program = programs / "edge-vad"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.argv[0] = 'edge-vad'\n"
        "from edge_vad.cli import main\nmain()\n"
    )
    program.chmod(0o755)
    asked = (
        f"source {home / PLACES['bash']}\n"
        "COMP_WORDS=(edge-vad self) COMP_CWORD=1\n"
        "_edge_vad_completion edge-vad\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        [shutil.which("bash"), "-c", asked],
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "selftest\n"
    assert done.stderr == ""


def test_subcommands_are_completed_and_theirs_and_their_options():
    assert completed("se") == ["serve", "service", "selftest"]
    assert completed("config", "a") == ["add"]
    assert "--duration" in completed("run", "--du")


def test_completing_a_subcommand_imports_none():
    code = (
        "import sys\nsys.argv = ['edge-vad']\nfrom edge_vad.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*[name for name in sys.modules if name.startswith('edge_vad.cli.')], 'numpy' in "
        "sys.modules, sep='\\n', file=sys.stderr)"
    )
    asked = {"COMP_WORDS": "edge-vad ", "COMP_CWORD": "1", "_EDGE_VAD_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | asked,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "plain,selftest" in done.stdout
    loaded = done.stderr.split()
    assert loaded[-1] == "False"
    assert "edge_vad.cli.run" not in loaded
