"""The settings of every sink, as they are in the site file."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

import msgspec

from edge_vad.sinks.notify_settings import NotifySettings
from edge_vad.sinks.setting_types import (
    Address,
    Host,
    Megabytes,
    Name,
    Port,
    Settings,
    Text,
    Topic,
    check_url,
)

_FolderName = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class StoreSettings(Settings, frozen=True, kw_only=True):
    """The database of events, with their pictures and clips.

    Attributes:
        max_age_days: Older events are deleted.
        max_size_mb: Beyond this the oldest events are deleted.
    """

    max_age_days: Annotated[float, msgspec.Meta(gt=0, le=36500)] = 30.0
    max_size_mb: Megabytes = 2000


class ClipSettings(Settings, frozen=True, kw_only=True):
    """A video of every event; it lies in the store.

    Attributes:
        before_s: Seconds before the event that it shows.
        after_s: Seconds after the event that it shows.
        longest_s: An event that goes on longer is not shown to its end, s.
        fps: Frames a second, at most.
        width: Wider frames are made smaller, px.
        memory_mb: What the seconds before may take, for all cameras together.
    """

    before_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 5.0
    after_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 5.0
    longest_s: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 120.0
    fps: Annotated[float, msgspec.Meta(ge=1, le=60)] = 10.0
    width: Annotated[int, msgspec.Meta(ge=160, le=3840)] = 960
    memory_mb: Annotated[int, msgspec.Meta(ge=1, le=16384)] = 128


class JsonLinesSettings(Settings, frozen=True, kw_only=True):
    """A file with a JSON document for every change of an event and of a camera's state.

    Attributes:
        path: The file, relative to the sinks' folder; `-` is the standard output.
        frames: Whether every frame's score is written, too.
        max_size_mb: A longer file is renamed to `NAME.1`, in place of an older one.
    """

    path: Text = "events.jsonl"
    frames: bool = False
    max_size_mb: Megabytes = 100


class VideoSettings(Settings, frozen=True, kw_only=True):
    """Annotated video of every camera, in pieces.

    Attributes:
        fps: Frames a second, at most.
        piece_minutes: Length of a piece.
        max_size_mb: Beyond this the oldest pieces are deleted.
    """

    fps: Annotated[float, msgspec.Meta(ge=1, le=60)] = 10.0
    piece_minutes: Annotated[float, msgspec.Meta(gt=0, le=1440)] = 10.0
    max_size_mb: Megabytes = 2000


class MqttSettings(Settings, frozen=True, kw_only=True):
    """An MQTT broker that is told of events and states, and may change thresholds.

    Attributes:
        host: Name or address of the broker.
        port: 8883 with TLS and 1883 without, when None.
        username: For the broker to know us.
        password_env: Environment variable that holds the password.
        password_file: File that holds the password.
        tls: Whether to speak TLS.
        ca_file: Certificates to check the broker's by; the system's when None.
        cert_file: Our own certificate, where the broker asks for one.
        key_file: Its key.
        client_id: What we are called at the broker; the host's name when empty.
        prefix: Topics begin with it.
        discovery: Prefix under which Home Assistant looks for devices; empty: tell it nothing.
        snapshots: Whether the pictures of events are published.
        commands: Whether thresholds may be changed through the broker.
        spool_mb: What may wait on disk while the broker is away; beyond, the oldest is lost.
    """

    host: Host
    port: Port | None = None
    username: Text | None = None
    password_env: Name | None = None
    password_file: Text | None = None
    tls: bool = False
    ca_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None
    client_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$(?!\n)")] = ""
    prefix: Topic = "edge-vad"
    discovery: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_/-]{0,128}$(?!\n)")] = (
        "homeassistant"
    )
    snapshots: bool = True
    commands: bool = True
    spool_mb: Megabytes = 100

    def __post_init__(self) -> None:
        if self.password_env and self.password_file:
            raise ValueError("give the password by password_env or by password_file, not by both")
        if (self.password_env or self.password_file) and self.username is None:
            raise ValueError("a password needs a username")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        if not self.tls and (self.ca_file or self.cert_file):
            raise ValueError("certificates are for TLS: say tls = true")


class WebhookSettings(Settings, frozen=True, kw_only=True):
    """An address that every change of an event is posted to.

    Attributes:
        url: The address; `url_env` and `url_file` say it without writing it down here.
        url_env: Environment variable that holds the address.
        url_file: File that holds the address.
        secret_env: Environment variable that holds the key requests are signed with.
        secret_file: File that holds it.
        updates: Whether steps between begin and end are posted, too.
        timeout_s: How long a call may take, as a whole.
        ca_file: Certificates to check the other side's by; the system's when None.
        spool_mb: What may wait on disk while the other side is away; beyond, the oldest is lost.
    """

    url: Text | None = None
    url_env: Name | None = None
    url_file: Text | None = None
    secret_env: Name | None = None
    secret_file: Text | None = None
    updates: bool = False
    timeout_s: Annotated[float, msgspec.Meta(ge=0.1, le=120)] = 10.0
    ca_file: Text | None = None
    spool_mb: Megabytes = 100

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.url, self.url_env, self.url_file)) != 1:
            raise ValueError("give the address by one of url, url_env and url_file")
        if self.url is not None:
            check_url(self.url)
        if self.secret_env and self.secret_file:
            raise ValueError("give the secret by secret_env or by secret_file, not by both")


class ListeningSettings(Settings, frozen=True, kw_only=True):
    """An address at which something is told.

    Attributes:
        port: Where to listen.
        address: Where to listen; any but this machine's own (127.0.0.1, ::1) needs a token.
        token_env: Environment variable that holds the token which is asked for.
        token_file: File that holds it.
        cert_file: Certificate, as PEM, by which it speaks TLS; with those that signed it, if any.
        key_file: Its key, as PEM, without a password.
        hosts: Names by which it may be called, beside addresses and this machine's name.
    """

    port: Port
    address: Address = "127.0.0.1"
    token_env: Name | None = None
    token_file: Text | None = None
    cert_file: Text | None = None
    key_file: Text | None = None
    hosts: Annotated[tuple[Host, ...], msgspec.Meta(max_length=32)] = ()

    def __post_init__(self) -> None:
        try:
            address = ip_address(self.address)
        except ValueError:
            raise ValueError("the address must be one such as 127.0.0.1, 0.0.0.0 or ::") from None
        if self.token_env and self.token_file:
            raise ValueError("give the token by token_env or by token_file, not by both")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("give cert_file and key_file, or neither")
        if not address.is_loopback and not (self.token_env or self.token_file):
            raise ValueError("what other machines may read needs token_file or token_env")


class MetricsSettings(ListeningSettings, frozen=True, kw_only=True):
    """Figures for Prometheus, at `http://ADDRESS:PORT/metrics`."""

    port: Port = 9464


class PageSettings(ListeningSettings, frozen=True, kw_only=True):
    """The page that shows the cameras and the store's events in a browser.

    Attributes:
        fps: Pictures a second of each camera that are shown, at most.
        edit_token_env: Environment variable that holds the token of those who may change anything.
            Without one the site file is not changed through the page.
        edit_token_file: File that holds it.
        deploy_token_env: Environment variable that holds the token of those who roll out scenes.
        deploy_token_file: File that holds it.
    """

    port: Port = 8420
    fps: Annotated[float, msgspec.Meta(ge=0.5, le=15)] = 5.0
    edit_token_env: Name | None = None
    edit_token_file: Text | None = None
    deploy_token_env: Name | None = None
    deploy_token_file: Text | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.edit_token_env and self.edit_token_file:
            raise ValueError("give the edit token by edit_token_env or by edit_token_file")
        if self.deploy_token_env and self.deploy_token_file:
            raise ValueError("give the deploy token by deploy_token_env or by deploy_token_file")


class SinkSettings(Settings, frozen=True, kw_only=True):
    """Where detections and events go; what is left out is not done.

    Attributes:
        folder: Where all that is written lies.
        store: The database of events.
        clips: Videos of events.
        jsonl: Events as JSON lines.
        video: Annotated video.
        mqtt: An MQTT broker.
        webhook: An address that is called.
        notify: Services that messages for people are sent to; their names are unique.
        metrics: Figures for Prometheus.
        page: A page for browsers.
    """

    folder: _FolderName = "watched"
    store: StoreSettings | None = None
    clips: ClipSettings | None = None
    jsonl: JsonLinesSettings | None = None
    video: VideoSettings | None = None
    mqtt: MqttSettings | None = None
    webhook: WebhookSettings | None = None
    notify: Annotated[tuple[NotifySettings, ...], msgspec.Meta(max_length=16)] = ()
    metrics: MetricsSettings | None = None
    page: PageSettings | None = None

    def __post_init__(self) -> None:
        if self.clips and not self.store:
            raise ValueError("clips lie in the store: add [sinks.store]")
        if self.page and not self.store:
            raise ValueError("the page shows the events of the store: add [sinks.store]")
        if any(each.picture for each in self.notify) and not self.store:
            raise ValueError("pictures are those of the store: add [sinks.store]")
        names = [each.name for each in self.notify]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two of [[sinks.notify]] are called {twice!r}")
        if "\0" in self.folder:
            raise ValueError("no folder has such a name")
