from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.sinks.notify_settings import NotifySettings
from edge_vad.sinks.settings import (
    ClipSettings,
    JsonLinesSettings,
    MetricsSettings,
    MqttSettings,
    PageSettings,
    SinkSettings,
    StoreSettings,
    VideoSettings,
    WebhookSettings,
)

KINDS = {
    "store": StoreSettings,
    "clips": ClipSettings,
    "jsonl": JsonLinesSettings,
    "video": VideoSettings,
    "mqtt": MqttSettings,
    "webhook": WebhookSettings,
    "metrics": MetricsSettings,
    "page": PageSettings,
}
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["localhost", "https://example.org/a?b=c", "edge-vad", "8", "-", "..", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def of(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, object]]:
    names = st.sampled_from([*kind.__struct_fields__, "unknown"])
    return st.dictionaries(names, VALUE, max_size=4)


NOTIFY = st.lists(of(NotifySettings) | VALUE, max_size=3)
SINKS = st.fixed_dictionaries(
    {},
    optional={
        "notify": NOTIFY | VALUE,
        **{name: of(kind) | VALUE for name, kind in KINDS.items()},
    },
)


def taken_whole_or_refused_in_words(document: object) -> None:
    try:
        read = msgspec.convert(document, SinkSettings)
    except msgspec.ValidationError:
        return
    assert set(document) <= set(SinkSettings.__struct_fields__)
    assert msgspec.convert(msgspec.to_builtins(read), SinkSettings) == read


@settings(max_examples=150)
@given(document=SINKS | of(SinkSettings))
def test_any_configuration_is_taken_whole_or_refused_in_words(document):
    taken_whole_or_refused_in_words(document)


@pytest.mark.long
@settings(max_examples=10_000)
@given(document=SINKS | of(SinkSettings))
def test_ten_thousand_configurations_are_taken_whole_or_refused_in_words(document):
    taken_whole_or_refused_in_words(document)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"clips": {}}, "clips lie in the store"),
        ({"mqtt": {}}, "missing required field `host`"),
        ({"mqtt": {"host": "a..b"}}, "host"),
        ({"mqtt": {"host": "x" * 64}}, "host"),
        ({"mqtt": {"host": "a", "prefix": "a/#"}}, "prefix"),
        ({"mqtt": {"host": "a", "password_file": "b"}}, "a password needs a username"),
        ({"mqtt": {"host": "a", "ca_file": "b"}}, "say tls = true"),
        ({"mqtt": {"host": "a", "password": "b"}}, "unknown field `password`"),
        ({"webhook": {}}, "one of url, url_env and url_file"),
        ({"webhook": {"url": "ftp://a/hunter2"}}, "must begin with http"),
        ({"webhook": {"url": "https://us:secret@a/"}}, "must not hold a user"),
        ({"webhook": {"url": "https://a/ b"}}, "must begin with http"),
        ({"notify": [{"name": "a"}]}, "one of address_env and address_file"),
        ({"notify": {"name": "a"}}, "Expected `array`, got `object`"),
        ({"notify": 2 * [{"name": "a", "address_env": "A"}]}, "called 'a'"),
        (
            {"notify": [{"name": "a", "address_env": "A", "picture": True}]},
            "pictures are those of the store",
        ),
        ({"metrics": {"port": 0}}, "port"),
        ({"page": {}}, "the page shows the events of the store"),
        ({"store": {}, "page": {"address": "::"}}, "needs token_file or token_env"),
        ({"store": {}, "page": {"address": "1.2.3"}}, "must be one such as 127.0.0.1"),
        ({"store": {}, "page": {"token_env": "A", "token_file": "b"}}, "not by both"),
        ({"store": {}, "page": {"token": "b"}}, "unknown field `token`"),
        ({"store": {"max_age_days": 0}}, "max_age_days"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(wrong, words):
    with pytest.raises(msgspec.ValidationError, match=words) as error:
        msgspec.convert(wrong, SinkSettings)
    assert "hunter2" not in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "said",
    [
        {"mqtt": {"host": "broker\n"}},
        {"mqtt": {"host": "broker", "prefix": "edge\n"}},
        {"mqtt": {"host": "broker", "client_id": "us\n"}},
        {"metrics": {"address": "127.0.0.1\n"}},
        {"metrics": {"token_env": "TOKEN\n"}},
    ],
)
def test_a_line_break_at_the_end_of_a_name_is_no_part_of_it(said):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, SinkSettings)
