"""What an address may do, what it may not, and that nothing of it is told."""

from __future__ import annotations

import ast
import email
import json
import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from edge_vad.errors import BadInput, Unavailable
from edge_vad.sinks.delivery import NotDelivered
from edge_vad.sinks.notify import client as client_module
from edge_vad.sinks.notify.client import AppriseClient
from edge_vad.sinks.notify.services import REFUSED_PARAMETERS, SERVICES
from edge_vad.sinks.notify.text import Text

CANARY = "canary4711secret"
TEXT = Text("gate: unusual <b>", "12:00:00 & more.\nhttps://cameras.example/#event=1")
PICTURE = b"\xff\xd8 a picture \xff\xd9"


def send(address, picture=None, timeout_s=120.0):
    AppriseClient(address, timeout_s).send(TEXT, picture, threading.Event())


REFUSED = [
    "file:///etc/passwd",
    "dbus://",
    "glib://",
    "qt://",
    "gnome://",
    "macosx://",
    "windows://",
    "syslog://",
    "rsyslog://localhost",
    "mqtt://localhost/topic",
    "blink1://",
    "growl://localhost",
    "vapid://a@b.example/c",
    "fcm://project/token?keyfile=/etc/passwd",
    "include:///etc/apprise.yml",
    f"https://example.org/{CANARY}/config.yml",
    f"{CANARY}://x",
    CANARY,
    f"/opt/{CANARY}.py",
    f"tgram://{CANARY}/",
    f"json://127.0.0.1/{CANARY}?redirect=yes",
    f"json://127.0.0.1/{CANARY}?r%65direct=yes",
    f"ntfy://127.0.0.1/{CANARY}?attach=file:///etc/passwd",
    f"discord://{CANARY}/{CANARY}?template=/etc/passwd",
    f"discord://{CANARY}/{CANARY}?TEMPLATE=/etc/passwd",
    f"slack://{CANARY}@T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd",
    f"mailto://a:{CANARY}@example.org?pgp=yes&pgppub=/etc/passwd",
    f"mailto://a:{CANARY}@example.org?wkd=yes",
]
TAKEN = [
    "ntfys://topic",
    "ntfy://user:password@ntfy.example/topic",
    "tgram://123456789:ABCdefGHIjklMNOpqrSTUvwxYZ012345678/12345678/",
    "mailtos://user:password@example.org?smtp=smtp.example.org&to=me@example.org",
    "signal://localhost:8080/+15555550123",
    "hassio://localhost/" + "a" * 40,
    "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
]
CHECK = """
import json, sys
from edge_vad.sinks.notify.apprise_process import SendRequest, run
results = [run(SendRequest(address, 5.0)) for address in json.load(sys.stdin)]
print(json.dumps([[each.is_delivered, each.why] for each in results]))
"""
MODULES = """
import json, sys
from apprise.manager_plugins import NotificationManager
manager = NotificationManager()
parents = {each: manager[each].__mro__ for each in json.load(sys.stdin)}
print(json.dumps({each: [kind.__module__ for kind in found] for each, found in parents.items()}))
"""


def told_by_apprise(code, question):
    """What a process says that may import Apprise, whose imports warn of what is deprecated."""
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(question), capture_output=True, text=True
    )
    return json.loads(done.stdout)


def test_only_messages_over_the_network_are_taken_and_nothing_is_repeated():
    results = told_by_apprise(CHECK, [*REFUSED, *TAKEN])
    wrongly = [
        address
        for address, (is_taken, _) in zip([*REFUSED, *TAKEN], results, strict=True)
        if is_taken is not (address in TAKEN)
    ]
    assert not wrongly
    assert CANARY not in str(results)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "dbus://",
        f"discord://{CANARY}/{CANARY}?template=/etc/passwd",
        f"json://127.0.0.1/ json://{CANARY}",
        f"json://127.0.0.1/\n{CANARY}",
        "json://127.0.0.1/" + "x" * 5000,
    ],
)
def test_an_address_that_is_refused_is_an_error_at_once_and_not_repeated(address):
    with pytest.raises(BadInput, match="none that messages may go to") as error:
        AppriseClient(address, 5)
    assert CANARY not in str(error.value)


ROOT = Path(find_spec("apprise").origin).parent / "plugins"
_HARMLESS = (
    "__future__ base64 binascii collections contextlib contextvars copy cryptography "
    "dataclasses datetime email enum functools gzip hashlib hmac html io itertools json "
    "logging math nacl operator os random re requests requests_oauthlib secrets smtplib ssl "
    "string struct textwrap threading time typing unicodedata urllib urllib3 uuid xml"
)
"""What a service may import: nothing that starts processes or speaks to what is on the machine."""
READS_TEMPLATES = {"discord", "slack", "telegram", "workflows"}
"""Services that read a file which their address names: `template=` is refused."""


def test_every_allowed_service_speaks_http_or_mail_and_reads_no_files():
    parents = told_by_apprise(MODULES, sorted(SERVICES))
    modules = {name for names in parents.values() for name in names}
    ours = {name.removeprefix("apprise.plugins.") for name in modules if ".plugins." in name}
    files = {path for name in ours - {"base"} for path in _files(ROOT / name.replace(".", "/"))}
    assert len(files) > 100
    for path in files:
        tree = ast.parse(path.read_text("utf-8"))
        assert _imports(tree) <= set(_HARMLESS.split()), path
        # Attachments are what the caller gives: our picture.
        allowed = {"attachment.path", "payload.path"}
        if path.stem in READS_TEMPLATES:
            allowed |= {"template.path", "path", "asset=self.asset", "attach"}
        assert _opened(tree) <= allowed, path
        assert "pem" not in _imports(tree, level=3), path
    assert "template" in REFUSED_PARAMETERS


def _files(stem):
    return [stem.with_suffix(".py")] if stem.parent == ROOT else sorted(stem.parent.glob("*.py"))


def _imports(tree, level=0):
    """What is imported from elsewhere, or from so many packages up at most."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and not level:
            found |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not level and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom) and 0 < node.level <= level:
            found |= {*(node.module or "").split("."), *(each.name for each in node.names)}
    return found


def _opened(tree):
    """What is opened by its path, and what is made an attachment of."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {
        ast.unparse(call.args[0] if call.args else call.keywords[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in {"open", "AppriseAttachment"}
    }


class Mailbox:
    """A real SMTP server that keeps what it takes."""

    def __init__(self, code=None):
        self.messages, self.code = [], code

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.code:
            return self.code
        self.messages.append(email.message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def serve_mail(unused_port):
    servers = []

    def serve(mailbox, **options):
        server = Controller(
            mailbox, hostname="127.0.0.1", port=unused_port, ready_timeout=60, **options
        )
        server.start()
        servers.append(server)
        return f"mailto://127.0.0.1:{unused_port}?from=box@example.org&to=me@example.org"

    yield serve
    for server in servers:
        server.stop()


def test_a_mail_arrives_with_its_picture(serve_mail):
    mailbox = Mailbox()
    send(serve_mail(mailbox), PICTURE)
    (message,) = mailbox.messages
    assert message["Subject"] == TEXT.title
    assert "box@example.org" in message["From"]
    parts = {part.get_content_type(): part for part in message.walk()}
    assert parts["image/jpeg"].get_payload(decode=True) == PICTURE
    assert parts["image/jpeg"].get_filename() == "edge-vad.jpg"
    assert "12:00:00 & more" in parts["text/plain"].get_payload(decode=True).decode()


def test_a_large_picture_arrives_whole(serve_mail):
    mailbox, picture = Mailbox(), random.Random(4).randbytes(3_000_000)  # noqa: S311
    send(serve_mail(mailbox), picture)
    attached = [part for part in mailbox.messages[0].walk() if part.get_filename()]
    assert attached[0].get_payload(decode=True) == picture


def test_a_mail_that_is_refused_says_the_code_and_no_more(serve_mail):
    address = serve_mail(Mailbox(f"554 {CANARY} is not wanted"))
    with pytest.raises(NotDelivered, match=r"^the mail server does not take it \(code 554\)$"):
        send(address)


def test_a_wrong_password_for_mail_is_told_as_such(serve_mail, unused_port):
    serve_mail(
        Mailbox(),
        authenticator=lambda *_: AuthResult(success=False, handled=False),
        auth_require_tls=False,
    )
    with pytest.raises(NotDelivered, match=r"refuses the login \(code 535\)$") as error:
        send(f"mailto://user:{CANARY}@127.0.0.1:{unused_port}?from=a@b.example&to=c@d.example")
    assert CANARY not in str(error.value)


@pytest.fixture
def trickle():
    """A server that never comes to an end of its answer; returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def speak(line):
        with line, suppress(OSError):
            while not ending.wait(0.1):
                line.sendall(b"2")

    def serve():
        while not ending.is_set():
            try:
                line = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=speak, args=(line,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    ending.set()
    listener.close()


@pytest.mark.parametrize(
    "address", ["json://127.0.0.1:{}/x", "mailto://127.0.0.1:{}?from=a@b.example&to=c@d.example"]
)
def test_all_of_a_delivery_has_one_deadline(trickle, address):
    client = AppriseClient(address.format(trickle), 3.0)
    began_s = time.monotonic()
    with pytest.raises(NotDelivered, match="no whole answer within 3 s"):
        client.send(TEXT, None, threading.Event())
    assert 2.9 < time.monotonic() - began_s < 60


def test_an_answer_without_end_takes_no_more_memory_than_is_allowed():
    listener = socket.create_server(("127.0.0.1", 0))
    sent = 0

    def flood():
        nonlocal sent
        listener.settimeout(120)
        with suppress(OSError), listener, listener.accept()[0] as line:
            line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                sent += line.send(bytes(2**20))

    thread = threading.Thread(target=flood)
    thread.start()
    with pytest.raises(NotDelivered):
        send(f"json://127.0.0.1:{listener.getsockname()[1]}/x")
    thread.join()
    assert sent < 2**30


def test_a_delivery_ends_at_once_when_the_run_does(trickle):
    client, stopping = AppriseClient(f"json://127.0.0.1:{trickle}/x", 600.0), threading.Event()
    threading.Timer(1.0, stopping.set).start()
    began_s = time.monotonic()
    with pytest.raises(NotDelivered, match="the run ends"):
        client.send(TEXT, None, stopping)
    assert time.monotonic() - began_s < 60


def test_without_apprise_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(client_module, "find_spec", lambda _: None)
    with pytest.raises(Unavailable, match=r"run pip install 'edge-vad\[notify\]'"):
        AppriseClient("ntfys://topic", 5)


def children():
    """What others may read of the processes that this one has started: words and variables."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (process / "stat").read_text("latin-1").rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                yield (process / "cmdline").read_bytes() + (process / "environ").read_bytes()


def test_no_part_of_an_address_is_logged_printed_kept_or_listed(
    make_sink, begin, receiver, events, tmp_path, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    listed = set()
    receiver.statuses = [500, 403]
    sink = make_sink()
    begin(sink)
    said = set()
    while not receiver.messages:  # the environment of this process has it, as it must
        said.add(sink.health().why)
        listed |= set(children())
        time.sleep(0.02)
    events.eventually(lambda: not sink.health().depth)
    receiver.stop()
    begin(sink)
    events.eventually(lambda: "does not answer" in sink.health().why)
    receiver.start()
    said.add(sink.health().why)
    sink.close(2)
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    printed = "".join(capfd.readouterr())
    for text in (*said, str(sink.tallies()), caplog.text, printed, kept.decode("latin-1")):
        assert CANARY not in text
    assert listed
    assert not [text for text in listed if CANARY.encode() in text]
    assert all(CANARY in each.path for each in receiver.seen)
