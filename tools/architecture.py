"""Shows how the packages hang together: circles of imports, loose modules, fan-in and sizes.

tools/architecture.py             # of this checkout
tools/architecture.py --all       # the fan-in of every module
tools/architecture.py ../older    # of another checkout
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

FOLDERS = ("runtime", "train", "export", "benchmarks")
MOST_IMPORTED = 15
"""Modules whose fan-in is shown where not all are wanted."""

Graph = Mapping[str, set[str]]


class Module(NamedTuple):
    """A module, read.

    Attributes:
        lines: Lines of its file.
        imports: Modules of ours that it imports, wherever in the file, by name too.
    """

    lines: int
    imports: frozenset[str]


def read_modules(root: Path) -> dict[str, Module]:
    """Read all modules of a checkout: dotted name to module; a package by its own name.

    Args:
        root: The checkout.
    """
    files = {
        _dotted(file.relative_to(folder)): file
        for folder in (root / name for name in FOLDERS)
        for package in sorted(folder.glob("*/__init__.py"))
        for file in sorted(package.parent.rglob("*.py"))
    }
    return {name: _read(file, name, files.keys()) for name, file in files.items()}


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read(file: Path, name: str, known: Iterable[str]) -> Module:
    text = file.read_text(encoding="utf-8")
    tree, top = ast.parse(text), name.partition(".")[0]
    elsewhere = (each for each in _named_as_text(tree) if each.partition(".")[0] != top)
    found = {each for each in (*_named_in(tree), *elsewhere) if each in known}
    return Module(len(text.splitlines()), frozenset(found - {name}))


def _named_in(tree: ast.AST) -> Iterator[str]:
    """Everything that imports name, modules or not."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            module, colon, _ = node.value.partition(":")
            yield module if colon else ""  # by name, such as `package.module:function`
        elif isinstance(node, ast.Call) and "import_module" in ast.dump(node.func):
            yield from (each.value for each in node.args if isinstance(each, ast.Constant))


def _named_as_text(tree: ast.AST) -> Iterator[str]:
    """What texts name, and nothing else: `find_spec("package")`, `python -m package.module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def children_graph(modules: Mapping[str, Module], package: str) -> Graph:
    """Which of a package's folders and modules import which; itself stands for its `__init__`.

    What a package's face names of its own folders and modules does not count: that is its job.
    """
    graph: dict[str, set[str]] = {}
    for name, module in modules.items():
        if (child := _child(name, package)) is None:
            continue
        targets = {_child(target, package) for target in module.imports - _parents(name)}
        graph.setdefault(child, set()).update(targets - {None, child, package})
    return graph


def _child(name: str, package: str) -> str | None:
    if name == package:
        return package
    if not name.startswith(f"{package}."):
        return None
    return ".".join(name.split(".")[: package.count(".") + 2])


def _parents(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts))}


def circles(graph: Graph) -> list[list[str]]:
    """Groups in which each reaches each other (strongly connected), larger than one."""
    reach = {node: _reached(graph, node) for node in graph}
    groups = {
        tuple(sorted(other for other in reach[node] if node in reach.get(other, ())))
        for node in graph
        if node in reach[node]
    }
    return sorted(list(group) for group in groups if len(group) > 1)


def _reached(graph: Graph, start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def all_circles(modules: Mapping[str, Module]) -> list[list[str]]:
    """The circles among the packages, and among the folders and modules inside each of them."""
    packages = sorted({parent for name in modules for parent in _parents(name)})
    tops = {name.partition(".")[0] for name in modules}
    whole: dict[str, set[str]] = {top: set() for top in tops}
    for name, module in modules.items():
        top = name.partition(".")[0]
        whole[top] |= {target.partition(".")[0] for target in module.imports} - {top}
    inside = (circles(children_graph(modules, package)) for package in packages)
    return circles(whole) + [circle for found in inside for circle in found]


def loose_modules(modules: Mapping[str, Module], package: str) -> list[str]:
    """The loose modules of a package: in none of its folders, and not its face."""
    folders = {parent for name in modules for parent in _parents(name)}
    return sorted(
        name.rpartition(".")[2]
        for name in modules
        if name.rpartition(".")[0] == package
        and name not in folders
        and not name.endswith(".__main__")
    )


def fan_in(modules: Mapping[str, Module]) -> Counter[str]:
    """How many other modules import each module."""
    counts = Counter(dict.fromkeys(modules, 0))
    counts.update(target for module in modules.values() for target in module.imports)
    return counts


def sizes(modules: Mapping[str, Module], depth: int) -> dict[str, tuple[int, int]]:
    """Modules and lines of packages, down to a depth: 1 is whole packages, 2 their folders."""
    found: dict[str, tuple[int, int]] = {}
    folders = {parent for name in modules for parent in _parents(name)}
    for name, module in modules.items():
        parts = name.split(".") if name in folders else name.split(".")[:-1]
        key = ".".join(parts[:depth])
        count, lines = found.get(key, (0, 0))
        found[key] = (count + 1, lines + module.lines)
    return dict(sorted(found.items()))


def shared_class_names(root: Path) -> dict[str, list[str]]:
    """Names that classes of two or more modules have, each with the files, from the checkout."""
    homes: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    homes.setdefault(node.name, []).append(str(file.relative_to(root)))
    return {name: files for name, files in sorted(homes.items()) if len(files) > 1}


def describe(modules: Mapping[str, Module], most: int | None = MOST_IMPORTED) -> Iterator[str]:
    """All of it, line by line.

    Args:
        modules: See `read_modules`.
        most: Modules whose fan-in is shown; all when None.
    """
    found = all_circles(modules)
    yield f"circles: {len(found)}"
    yield from (f"  {' <-> '.join(circle)}" for circle in found)
    yield "\nloose modules of packages:"
    for package in sizes(modules, depth=1):
        loose = loose_modules(modules, package)
        yield f"  {package}: {len(loose)} ({', '.join(loose)})"
    yield "\nmodules and lines:"
    for name, (count, lines) in sizes(modules, depth=2).items():
        yield f"  {name:<40} {count:4} {lines:6}"
    for name, (count, lines) in sizes(modules, depth=1).items():
        yield f"  {name + ', all':<40} {count:4} {lines:6}"
    yield "\nimported by so many modules:"
    yield from (f"  {name:<50} {count:4}" for name, count in fan_in(modules).most_common(most))


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--all", action="store_true", help="show the fan-in of every module")
    asked = parser.parse_args()
    print("\n".join(describe(read_modules(asked.root), None if asked.all else MOST_IMPORTED)))


if __name__ == "__main__":
    main()
