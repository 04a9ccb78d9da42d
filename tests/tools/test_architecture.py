"""What the map of imports shows, on packages that are made up, and on ours."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from architecture import (
    all_circles,
    describe,
    fan_in,
    loose_modules,
    read_modules,
    shared_class_names,
    sizes,
)

ROOT = Path(__file__).parents[2]
LARGE = 12
"""Modules of a package from which on it has layers of its own."""


@pytest.fixture
def modules(tmp_path):
    """Reads packages that are made up: `modules({"a/b.py": "import a.c"})`, in `runtime`."""

    def make(files):
        for name, text in files.items():
            file = tmp_path / "runtime" / name
            for folder in file.relative_to(tmp_path / "runtime").parents[:-1]:
                (tmp_path / "runtime" / folder).mkdir(parents=True, exist_ok=True)
                (tmp_path / "runtime" / folder / "__init__.py").touch()
            file.write_text(text)
        return read_modules(tmp_path)

    return make


@pytest.mark.parametrize(
    "back",
    [
        "import a.cellar.wine",
        "from a.cellar import wine",
        "from a.cellar.wine import RED",
        "def f():\n    from a.cellar import wine",
        "import_module('a.cellar.wine')",
        "WHERE = 'a.cellar.wine:red'",
    ],
)
def test_a_circle_of_folders_is_found_however_it_is_imported(modules, back):
    found = modules({"a/cellar/wine.py": "from a.kitchen import pan", "a/kitchen/pan.py": back})
    assert all_circles(found) == [["a.cellar", "a.kitchen"]]


def test_packages_that_need_each_other_are_a_circle(modules):
    found = modules({"a/one.py": "import b.two", "b/two.py": "", "b/three.py": "import a.one"})
    assert all_circles(found) == [["a", "b"]]


@pytest.mark.parametrize("up", ["find_spec('b')", "run('-m', 'b.two')", "{'b': 'extra'}"])
def test_a_package_that_is_named_as_text_counts_as_imported(modules, up):
    found = modules({"a/one.py": up, "b/two.py": "import a.one"})
    assert all_circles(found) == [["a", "b"]]


def test_a_face_that_names_its_own_modules_is_no_circle(modules):
    found = modules(
        {"a/one.py": "", "a/two.py": "from a import one", "a/__init__.py": "import a.one"}
    )
    assert all_circles(found) == []


def test_loose_modules_fan_in_and_sizes_are_counted(modules):
    found = modules(
        {
            "a/__main__.py": "import a.one\nimport a.deep.three",
            "a/one.py": "import a.deep.three\n",
            "a/two.py": "1\n2\n3\n",
            "a/deep/three.py": "1\n",
        }
    )
    assert loose_modules(found, "a") == ["one", "two"]
    assert fan_in(found)["a.deep.three"] == 2
    assert sizes(found, depth=2) == {"a": (4, 6), "a.deep": (2, 1)}
    assert sizes(found, depth=1) == {"a": (6, 7)}
    assert "  a: 2 (one, two)" in list(describe(found))


def test_there_are_no_circles_and_few_loose_modules():
    found = read_modules(ROOT)
    assert all_circles(found) == []
    assert len(loose_modules(found, "edge_vad")) <= 10
    assert len(loose_modules(found, "edge_vad_export")) <= 8


def test_every_large_package_has_layers_that_name_all_of_it():
    settings = msgspec.toml.decode((ROOT / "pyproject.toml").read_bytes())["tool"]["importlinter"]
    held = {
        container
        for contract in settings["contracts"]
        if contract.get("exhaustive")
        for container in contract["containers"]
    }
    modules = read_modules(ROOT)
    packages = {package for depth in range(1, 5) for package in sizes(modules, depth)}
    large = {each for each in packages if sum(m.startswith(f"{each}.") for m in modules) > LARGE}
    assert large - held == set()  # give each a contract of its own in pyproject.toml


def test_no_two_classes_have_the_same_name():
    shared = shared_class_names(ROOT)
    same_in_every_file = {
        "_Record",  # what a file's records are: frozen, no field that is not known
        "_SchemaOnly",  # reads the schema's number alone, to refuse other ones in a clear sentence
    }
    assert {name: files for name, files in shared.items() if name not in same_in_every_file} == {}


def test_classes_of_one_name_are_found_with_their_files(tmp_path):
    for folder, text in (("runtime", "class A: ..."), ("train", "class A: ...\nclass B: ...")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").write_text(text)
    assert shared_class_names(tmp_path) == {"A": ["runtime/x.py", "train/x.py"]}
