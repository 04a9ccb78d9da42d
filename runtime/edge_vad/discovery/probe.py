"""Network cameras by ONVIF: one WS-Discovery probe to the local network, and its answers."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from edge_vad.discovery.soap import ENVELOPE, OddAnswer, find_elements, find_text, read_xml
from edge_vad.errors import Unavailable, WrongUse
from edge_vad.untrusted import plain

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

GROUP, PORT = "239.255.255.250", 3702
WAIT_S = 4.0
_MOST_ANSWERS, _LARGEST_DATAGRAM = 256, 65_535
_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
_DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
_PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:a="{_ADDRESSING}" xmlns:d="{_DISCOVERY}" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
    f'<a:Action s:mustUnderstand="1">{_DISCOVERY}/Probe</a:Action><a:MessageID>{{}}</a:MessageID>'
    '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>'
    "<s:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>"
)
_NAMES = "onvif://www.onvif.org/name/"
_NO_ADDRESS = OddAnswer("it says no address")
_MOST_ADDRESSES = 16
_SCHEMES = {"http": "onvif", "https": "onvifs"}


class OnvifCamera(msgspec.Struct, frozen=True):
    """A camera that answered.

    Attributes:
        source: What edge-vad calls it: `onvif://10.0.0.5/onvif/device_service`.
        name: What it calls itself.
    """

    source: str
    name: str


class Found(NamedTuple):
    """What a probe found.

    Attributes:
        cameras: Those that answered, each once.
        refused: Answers that are not used, in words.
    """

    cameras: tuple[OnvifCamera, ...]
    refused: tuple[str, ...]


def find_onvif(interface: str | None = None, wait_s: float | None = None) -> Found:
    """Ask the local network for cameras, once, and wait for their answers.

    The one datagram goes to the group of WS-Discovery and no further than the local network. Nobody
    is asked by address, and no port is tried.

    Args:
        interface: Address of this machine on the network that is asked; the system's choice when
            None.
        wait_s: How long answers are waited for; `WAIT_S` when None.

    Raises:
        WrongUse: This machine has no such address.
        Unavailable: There is no network to ask, or defusedxml is not installed.
    """
    message = f"urn:uuid:{uuid.uuid4()}"
    with _asking(interface, message) as answers:
        read = [
            _read(*answer, message)
            for answer in _received(answers, WAIT_S if wait_s is None else wait_s)
        ]
    cameras = {each.source: each for found in read for each in found.cameras}
    refused = dict.fromkeys(why for found in read for why in found.refused)
    return Found(tuple(cameras.values()), tuple(refused))


def _read(content: bytes, host: str, message: str) -> Found:
    try:
        return Found(tuple(read_answer(content, host, message)), ())
    except OddAnswer as error:
        return Found((), (f"an answer of {host} is not used: {error}",))


def read_answer(content: bytes, host: str, message: str) -> list[OnvifCamera]:
    """The cameras of one answer; those of other questions, and of other devices, are none.

    Args:
        content: The answer.
        host: Address that it came from.
        message: What our question is called.

    Raises:
        OddAnswer: It is none, or leads away from the device that sent it.
    """
    root = read_xml(content)
    if find_text(root, "RelatesTo") != message:
        raise OddAnswer("it belongs to no question of ours")
    matches = find_elements(root, "ProbeMatch")
    if not matches:
        raise OddAnswer("it names no camera")
    return [
        OnvifCamera(_source(find_text(each, "XAddrs").split(), host), _name(each, host))
        for each in matches
        if "NetworkVideoTransmitter" in find_text(each, "Types")
    ]


def _source(addresses: list[str], host: str) -> str:
    """The first address that is the sender's own; a camera may have others, as of IPv6."""
    said = [_tried(address, host) for address in addresses[:_MOST_ADDRESSES]]
    source = next((each for each in said if isinstance(each, str)), None)
    if source is None:
        raise next((each for each in said if isinstance(each, OddAnswer)), _NO_ADDRESS)
    return source


def _tried(address: str, host: str) -> str | OddAnswer:
    try:
        return to_source(address, host)
    except OddAnswer as error:
        return error


def to_source(address: str, host: str) -> str:
    """The address of a service as edge-vad writes it: `onvif://` for HTTP.

    Args:
        address: As the camera says it.
        host: The camera's own.

    Raises:
        OddAnswer: It is none, or not the camera's own.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise OddAnswer("its address cannot be read") from None
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        raise OddAnswer("its address holds odd characters")
    if parts.scheme.lower() not in _SCHEMES:
        raise OddAnswer(f"its address is one of {plain(parts.scheme)[:20] or 'nothing'}://")
    if "@" in parts.netloc:
        raise OddAnswer("its address holds a login")
    if not _is_same(parts.hostname or "", host):
        raise OddAnswer(f"it leads to another address, {plain(parts.hostname or 'none')[:60]}")
    place = parts.hostname if port is None else f"{parts.hostname}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{_SCHEMES[parts.scheme.lower()]}://{place}{parts.path or '/'}{query}"


def _is_same(said: str, host: str) -> bool:
    if said.lower() == host.lower():
        return True
    with suppress(AddressValueError):
        return IPv4Address(said) == IPv4Address(host)
    return False


def _name(match: Element, host: str) -> str:
    scopes = find_text(match, "Scopes").split()
    names = [unquote(each[len(_NAMES) :]) for each in scopes if each.startswith(_NAMES)]
    return plain(" ".join(names))[:100] or host


def _asking(interface: str | None, message: str) -> socket.socket:
    """A socket from which the question has gone out."""
    answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # As far as the next router, and not beyond it.
        answers.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        if interface is not None:
            place = _packed(interface)
            answers.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, place)
            answers.bind((interface, 0))
        answers.sendto(_PROBE.format(message).encode(), (GROUP, PORT))
    except OSError as error:
        answers.close()
        if interface is not None:
            raise WrongUse(
                f"the network of {interface} cannot be asked ({error.strerror})",
                "give an address of this machine: ip -4 address lists them",
            ) from None
        raise Unavailable(
            f"no network can be asked for cameras ({error.strerror})",
            "see whether this machine is on the cameras' network, or name it: --interface ADDRESS",
        ) from None
    except BaseException:
        answers.close()
        raise
    return answers


def _packed(interface: str) -> bytes:
    try:
        return IPv4Address(interface).packed
    except AddressValueError:
        raise WrongUse(
            f"{plain(interface)!r} is no address of this machine", "give one such as 10.0.0.1"
        ) from None


def _received(answers: socket.socket, wait_s: float) -> Iterator[tuple[bytes, str]]:
    """What comes in time, and from where."""
    until_s = time.monotonic() + wait_s
    for _ in range(_MOST_ANSWERS):
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            return
        answers.settimeout(left_s)
        try:
            content, (host, _) = answers.recvfrom(_LARGEST_DATAGRAM)
        except TimeoutError:
            return
        except OSError:
            continue  # an answer to what went out, such as that nobody is there
        yield content, host
