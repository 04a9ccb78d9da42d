"""Whether a page was asked for, and where it is to be."""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from edge_vad.cli.console import note
from edge_vad.errors import WrongUse

if TYPE_CHECKING:
    from edge_vad.sinks.settings import PageSettings
    from edge_vad.site.settings import SiteSettings

USUAL = "127.0.0.1:8420"
TOKEN = "EDGE_VAD_TOKEN"  # noqa: S105 - the name of the variable that holds it
EDIT_TOKEN = "EDGE_VAD_EDIT_TOKEN"  # noqa: S105 - as above
DEPLOY_TOKEN = "EDGE_VAD_DEPLOY_TOKEN"  # noqa: S105 - as above
_PLACE = re.compile(r"(?:(?P<host>[^:\[\]]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>[0-9]{1,5})")
_MEGABYTES = 200
Function = TypeVar("Function", bound=Callable[..., Any])

_FILES = {
    "token_file": f"File with the token that the page asks for; or set {TOKEN}.",
    "edit_token_file": "File with the token of those who may change anything; "
    f"or set {EDIT_TOKEN}.",
    "cert_file": "Certificate, as PEM, by which the page speaks TLS.",
    "key_file": "Key of the certificate, as PEM.",
}
"""The page's options besides its place, all of files, and their help."""


def page_options(what: str) -> Callable[[Function], Function]:
    """Add the options of a page, which are handed over together as `page`, a `PageOptions`.

    Args:
        what: It is for, as the help begins.
    """
    said = f"{what}, at {USUAL} if nothing else is said."
    place = {"is_flag": False, "flag_value": USUAL, "metavar": "[HOST:PORT]", "help": said}
    return lambda function: _with_options(function, "serve", place)


def listen_options(function: Function) -> Function:
    """Add the options of a page that there is in any case, handed over in the same way."""
    place = {"default": USUAL, "show_default": True, "metavar": "HOST:PORT"}
    return _with_options(function, "listen", {**place, "help": "Where the page is."})


def _with_options(function: Function, name: str, place: Mapping[str, Any]) -> Function:
    @functools.wraps(function)
    def bundled(**said: Any) -> Any:
        page = PageOptions(said.pop(name), **{each: said.pop(each) for each in _FILES})
        return function(page=page, **said)

    added: Any = bundled
    for each, meaning in reversed(_FILES.items()):
        added = click.option(_flag(each), type=click.Path(path_type=Path), help=meaning)(added)
    return click.option(_flag(name), **place)(added)  # type: ignore[no-any-return]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


@dataclass(frozen=True)
class PageOptions:
    """A page that was asked for on the command line.

    Attributes:
        place: Where it is to be, `HOST:PORT` or `PORT`; None: it was not asked for.
        token_file: File with the token that it asks for.
        edit_token_file: File with the token of those who may change anything.
        cert_file: Certificate by which it speaks TLS.
        key_file: Its key.
    """

    place: str | None
    token_file: Path | None
    edit_token_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether there is to be one."""
        return self.place is not None

    def demand_wanted(self) -> None:
        """See to it that there are no tokens and certificates without a page.

        Raises:
            WrongUse: There are.
        """
        if not self.is_wanted and (self.token_file or self.edit_token_file):
            raise WrongUse("tokens are for the page", "add --serve")
        if not self.is_wanted and (self.cert_file or self.key_file):
            raise WrongUse("certificate and key are for the page", "add --serve")

    def settings(self) -> PageSettings:
        """The page's settings.

        Raises:
            WrongUse: The place is none, or needs a token and has none; a certificate without key.
        """
        if (self.cert_file is None) != (self.key_file is None):
            raise WrongUse("TLS needs a certificate and its key", "add --cert-file and --key-file")
        from edge_vad.sinks.settings import PageSettings

        address, port = parse_place(USUAL if self.place is None else self.place)
        said = {
            "address": address,
            "port": port,
            **_token("token", TOKEN, self.token_file),
            **_token("edit_token", EDIT_TOKEN, self.edit_token_file),
            **_token("deploy_token", DEPLOY_TOKEN, None),
        }
        if self.cert_file:
            said |= {"cert_file": str(self.cert_file), "key_file": str(self.key_file)}
        try:
            return msgspec.convert(said, PageSettings)
        except msgspec.ValidationError as error:
            if "needs token" in str(error):
                raise WrongUse(
                    f"others can reach {address}, and there is no token",
                    "openssl rand -hex 24 > token.txt, and add --token-file token.txt",
                ) from None
            raise WrongUse(f"{self.place!r} is no HOST:PORT", _PLACES) from None

    @contextmanager
    def added_to(self, site: SiteSettings) -> Iterator[SiteSettings]:
        """The site with the page; a run that keeps no events keeps them for the page while it runs.

        Raises:
            WrongUse: The place is none, needs a token and has none, or the site has no store.
        """
        self.demand_wanted()
        if not self.is_wanted:
            yield site
            return
        page = self.settings()
        with tempfile.TemporaryDirectory(prefix="edge-vad-") as folder:
            yield _with_page(site, page, folder)


def _token(name: str, variable: str, file: Path | None) -> dict[str, str]:
    """Where a token stands, as a site file says it."""
    if file is not None:
        return {f"{name}_file": str(file)}
    return {f"{name}_env": variable} if os.environ.get(variable) else {}


def _with_page(site: SiteSettings, page: PageSettings, folder: str) -> SiteSettings:
    from edge_vad.sinks.settings import ClipSettings, StoreSettings

    replace, sinks = msgspec.structs.replace, site.sinks
    if sinks.store is None:
        if sinks.jsonl is None or sinks.jsonl.path != "-":
            raise WrongUse("the page shows the events of the store", "add [sinks.store]")
        note("the page's events are kept while this runs; add --out FOLDER to keep them for good")
        store = StoreSettings(max_size_mb=_MEGABYTES)
        sinks = replace(sinks, folder=folder, store=store, clips=ClipSettings())
    if sinks.page is not None and not page.deploy_token_env:
        names = ("deploy_token_env", "deploy_token_file")  # no option says them
        page = replace(page, **{name: getattr(sinks.page, name) for name in names})
    return replace(site, sinks=replace(sinks, page=page))


_PLACES = f"write one such as {USUAL}, 0.0.0.0:8420 or 8420; what else you say stands before it"


def parse_place(text: str) -> tuple[str, int]:
    """Address and port of `127.0.0.1:8420`, `localhost:8420`, `[::1]:8420` or `8420`.

    Raises:
        WrongUse: It is no such text.
    """
    match = _PLACE.fullmatch(text.strip())
    if match is None:
        raise WrongUse(f"{text!r} is no HOST:PORT", _PLACES)
    host = (match["host"] or "127.0.0.1").strip("[]")
    return ("127.0.0.1" if host == "localhost" else host), int(match["port"])
