"""Changing a site file: what a person wrote stays, and nothing broken is ever written."""

from __future__ import annotations

import sys
import threading

import pytest

from edge_vad.errors import BadInput, Unavailable, WrongUse
from edge_vad.site.editing import add_camera, camera_table, edit_site
from edge_vad.site.reading import read_site

SITE = """\
# The yard, and what is behind it.
backend = "auto"   # the fastest

[[cameras]]
name = "gate"      # by the road
source = "0"
scene = "gate.onnx"
[cameras.decision]
false_alarms = "1/day"  # one may come

[sinks]
folder = "watched" # on the large disk
"""
YARD = {"name": "yard", "source": "1", "scene": "yard.onnx", "decision": {"quiet_s": 2}}
FORMS = {
    "tables": SITE,
    "in one line": 'cameras = [{name = "gate", source = "0", scene = "gate.onnx"}] # one\n',
    "in lines": 'cameras = [\n  {name = "gate", source = "0", scene = "gate.onnx"}, # one\n]\n',
    "apart": SITE + '\n[[cameras]]\nname = "back"\nsource = "2"\nscene = "back.onnx"\n',
}


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    return path


def comments(text):
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_camera_is_added_after_the_others_and_all_comments_stay(site, text):
    site.write_text(text)
    before = [each.name for each in read_site(site).cameras]
    said = edit_site(site, lambda document: add_camera(document, YARD))
    assert said == read_site(site)
    assert [each.name for each in said.cameras] == [*before, "yard"]
    assert said.cameras[-1].decision.quiet_s == 2
    assert sorted(comments(site.read_text())) == sorted(comments(text))


def test_one_value_is_changed_and_every_other_line_stays(site):
    def change(document):
        camera_table(document, "gate")["decision"]["false_alarms"] = "2/day"

    edit_site(site, change)
    assert site.read_text() == SITE.replace('"1/day"', '"2/day"')


def test_a_camera_that_is_not_there_is_an_error(site):
    with pytest.raises(WrongUse, match="no camera 'yard'"):
        edit_site(site, lambda document: camera_table(document, "yard"))


@pytest.mark.parametrize(
    "fields", [{**YARD, "name": "gate"}, {**YARD, "fps": 0}, {**YARD, "sources": "x"}]
)
def test_what_could_not_be_read_is_not_written(site, fields):
    with pytest.raises(BadInput, match=r"site.toml, line \d+: "):
        edit_site(site, lambda document: add_camera(document, fields))
    assert site.read_text() == SITE


def test_a_new_file_is_its_owners_and_one_that_is_there_keeps_its_mode(site, tmp_path):
    new = tmp_path / "folder" / "site.toml"
    edit_site(new, lambda document: add_camera(document, YARD), begin="# begun\n")
    assert new.read_text().startswith("# begun\n")
    assert new.stat().st_mode & 0o777 == 0o600
    site.chmod(0o664)
    edit_site(site, lambda document: add_camera(document, YARD))
    assert site.stat().st_mode & 0o777 == 0o664


def test_a_link_stays_one_and_what_it_leads_to_is_changed(site, tmp_path):
    link = tmp_path / "link.toml"
    link.symlink_to(site)
    edit_site(link, lambda document: add_camera(document, YARD))
    assert link.is_symlink()
    assert len(read_site(site).cameras) == 2


def test_a_file_that_is_not_there_is_only_begun_where_that_is_wanted(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        edit_site(tmp_path / "site.toml", lambda document: None)


def test_changes_of_several_at_once_are_all_kept(site):
    def add(number):
        fields = {**YARD, "name": f"yard{number}"}
        edit_site(site, lambda document: add_camera(document, fields))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_site(site).cameras) == 9


def test_without_tomlkit_it_says_what_to_install(site, monkeypatch):
    monkeypatch.setitem(sys.modules, "tomlkit", None)
    with pytest.raises(Unavailable, match=r"edge-vad\[edit\]"):
        edit_site(site, lambda document: None)
