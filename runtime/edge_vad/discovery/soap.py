"""SOAP messages of cameras: written, and read from whoever may have sent them."""

from __future__ import annotations

import base64
import hashlib
import html
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from edge_vad.errors import Unavailable
from edge_vad.untrusted import plain

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 262_144
"""Bytes of an answer: a camera's longest, its list of profiles, has some tens of thousands."""
_LONGEST = 1000
_MOST_ELEMENTS = 20_000
ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_DIGEST = f"{_SECURITY}username-token-profile-1.0#PasswordDigest"
_BASE64 = f"{_SECURITY}soap-message-security-1.0#Base64Binary"


class OddAnswer(Exception):
    """An answer that is not used; the text says why, without any of its own markup."""


class Login(NamedTuple):
    """For a camera to know us.

    Attributes:
        user: Its name.
        password: Never shown.
    """

    user: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


def read_xml(content: bytes) -> Element:
    """Read an answer: no entities, no document types, no more than makes sense.

    Raises:
        OddAnswer: It is no XML, or such as no camera sends.
        Unavailable: defusedxml is not installed.
    """
    try:
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    except ModuleNotFoundError:
        raise Unavailable(
            "ONVIF needs the package 'defusedxml', which is not installed",
            "run pip install 'edge-vad[onvif]'",
        ) from None
    if len(content) > LARGEST:
        raise OddAnswer(f"it is larger than {LARGEST // 1024} kB")
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise OddAnswer("it declares entities or a document type, as no camera does") from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise OddAnswer(f"it is no XML ({type(error).__name__})") from None
    if sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        raise OddAnswer("it has more elements than any camera sends")
    return root


def find_texts(root: Element, name: str) -> Iterator[str]:
    """The texts of all elements of a name, in any name space, in their order.

    Raises:
        OddAnswer: One is longer than makes sense.
    """
    for element in root.iter():
        if _local(element) == name:
            text = (element.text or "").strip()
            if len(text) > _LONGEST:
                raise OddAnswer(f"its {name} is longer than any that makes sense")
            yield text


def find_elements(root: Element, name: str) -> list[Element]:
    """All elements of a name, in any name space, in their order."""
    return [element for element in root.iter() if _local(element) == name]


def find_text(root: Element, name: str) -> str:
    """The text of the first element of a name that has one; empty where there is none.

    Raises:
        OddAnswer: It is longer than makes sense.
    """
    return next((text for text in find_texts(root, name) if text), "")


def fault_of(root: Element) -> str | None:
    """What a camera complains of, in one short line; None where it does not."""
    if not find_elements(root, "Fault"):
        return None
    codes = " ".join(find_texts(root, "Value"))
    return plain(find_text(root, "Text") or codes) or "no reason is given"


def is_refused_login(root: Element) -> bool:
    """Whether a fault says that the login is wrong or missing."""
    codes = " ".join(find_texts(root, "Value"))
    return any(word in codes for word in ("NotAuthorized", "FailedAuthentication"))


def write_request(body: str, login: Login | None, now: datetime) -> bytes:
    """Write a request, with the login as a digest where there is one.

    Args:
        body: Of the message, as XML.
        login: For the camera to know us.
        now: By the camera's clock.
    """
    header = f"<s:Header>{_token(login, now)}</s:Header>" if login else ""
    text = f'<s:Envelope xmlns:s="{ENVELOPE}">{header}<s:Body>{body}</s:Body></s:Envelope>'
    return b'<?xml version="1.0" encoding="UTF-8"?>' + text.encode()


def _token(login: Login, now: datetime) -> str:
    """The password as WS-Security has it: SHA-1 of nonce, time and password."""
    nonce = os.urandom(16)
    created = now.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    whole = nonce + created.encode() + login.password.encode()
    digest = base64.b64encode(hashlib.sha1(whole).digest()).decode()  # noqa: S324 - ONVIF's own
    return (
        f'<Security s:mustUnderstand="1" xmlns="{_SECURITY}wssecurity-secext-1.0.xsd">'
        f"<UsernameToken><Username>{escape(login.user)}</Username>"
        f'<Password Type="{_DIGEST}">{digest}</Password>'
        f'<Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</Nonce>'
        f'<Created xmlns="{_SECURITY}wssecurity-utility-1.0.xsd">{created}</Created>'
        "</UsernameToken></Security>"
    )


def escape(text: str) -> str:
    """A text as it stands in XML."""
    return html.escape(text)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
