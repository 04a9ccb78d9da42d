"""Changes a site file: comments and order stay, and nothing is written that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING, Any

from edge_vad.errors import BadInput, Unavailable, WrongUse
from edge_vad.files.atomic import PRIVATE, alone_in, make_private_folder, write_whole
from edge_vad.site.reading import decode_site, read_document
from edge_vad.site.settings import SiteSettings
from edge_vad.untrusted import shown_path

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

Change = Callable[["TOMLDocument"], None]


def edit_site(
    path: Path,
    change: Change,
    begin: str | None = None,
    check: Callable[[SiteSettings], None] = lambda site: None,  # noqa: ARG005
) -> SiteSettings:
    """Change a site file, whole or not at all; one process at a time.

    Args:
        path: The site file; where it is a link, what that leads to is changed.
        change: Changes the document in place; its comments and its order stay.
        begin: The text to begin with where there is no file yet; it need not be whole. None: there
            must be one.
        check: Raises where what the file would say cannot be.

    Returns:
        What the file says now.

    Raises:
        BadInput: It cannot be read or written, or would say something that is unknown or
            impossible; then it is as it was.
        Unavailable: tomlkit is not installed.
    """

    def changed(text: str) -> str:
        document = parse_document(text)
        change(document)
        return document.as_string()

    return rewrite_site(path, changed, begin, check)


def rewrite_site(
    path: Path,
    rewrite: Callable[[str], str],
    begin: str | None = None,
    check: Callable[[SiteSettings], None] = lambda site: None,  # noqa: ARG005
) -> SiteSettings:
    """Replace the text of a site file, whole or not at all; one process at a time.

    Args:
        path: The site file; where it is a link, what that leads to is replaced.
        rewrite: From its text to the new one.
        begin: The text to begin with where there is no file yet; None: there must be one.
        check: Called just before the new text is written; raises where that cannot be.

    Returns:
        What the file says now.

    Raises:
        BadInput: As for `edit_site`.
    """
    target = path.resolve()
    try:
        make_private_folder(target.parent)
        with alone_in(target.parent):
            return _rewrite(path, target, rewrite, begin, check)
    except OSError as error:
        raise BadInput(
            f"{shown_path(path)} cannot be written ({error.strerror})",
            "make its folder writable, or free some space",
        ) from None


def _rewrite(
    path: Path,
    target: Path,
    rewrite: Callable[[str], str],
    begin: str | None,
    check: Callable[[SiteSettings], None],
) -> SiteSettings:
    is_new = begin is not None and not target.exists()
    text = str(begin) if is_new else read_document(path)
    if not is_new:
        decode_site(text, shown_path(path))  # within the bounds of what may be parsed
    text = rewrite(text)
    site = decode_site(text, shown_path(path))
    check(site)
    mode = PRIVATE if is_new else S_IMODE(target.stat().st_mode)
    write_whole(target, text.encode(), mode)
    if not is_new:
        target.chmod(mode)  # whatever the umask
    return site


def parse_document(text: str) -> TOMLDocument:
    """Parse a site file, with its comments.

    Raises:
        BadInput: It is no TOML.
        Unavailable: tomlkit is not installed.
    """
    try:
        import tomlkit
    except ModuleNotFoundError:
        raise Unavailable(
            "changing a site file needs the package 'tomlkit', which is not installed",
            "run pip install 'edge-vad[edit]'",
        ) from None
    try:
        return tomlkit.parse(text.removeprefix("\ufeff"))
    except (tomlkit.exceptions.TOMLKitError, RecursionError) as error:
        raise BadInput(
            f"the site file cannot be changed ({type(error).__name__})", "change it in an editor"
        ) from None


def add_camera(document: TOMLDocument, fields: Mapping[str, Any]) -> None:
    """Add a camera after all others.

    Args:
        document: The site file.
        fields: Of `CameraSettings`, in the order in which they are to stand; a field that is a
            mapping becomes a table of its own.
    """
    import tomlkit
    from tomlkit.items import AoT

    cameras = document.get("cameras")
    if cameras is None or isinstance(cameras, AoT):
        table = tomlkit.table()
        is_apart = cameras is not None and cameras[-1].as_string().endswith("\n\n")
        table.trivia.indent = "" if is_apart else "\n"  # a line above it stays empty
        table.update(fields)
        if is_apart:  # as after the one before it
            table.add(tomlkit.nl())
        if cameras is None:
            document["cameras"] = tomlkit.aot()
        document["cameras"].append(table)
        return
    inline = tomlkit.inline_table()  # cameras = [{ name = "gate", ... }]
    inline.update(fields)
    cameras.append(inline)


def camera_table(document: TOMLDocument, name: str) -> Any:
    """The table of a camera, to be changed in place like a dict.

    Raises:
        WrongUse: There is no such camera.
    """
    for table in document.get("cameras", ()):
        if table.get("name") == name:
            return table
    raise WrongUse(f"there is no camera {name!r}", "edge-vad config check lists them")
