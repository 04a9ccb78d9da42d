"""The site file of a box that takes pushes, and manifests that nobody should sign."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_vad.push.folder import SignedPush
from edge_vad.push.keys import read_private, sign

TOKENS = {"LOOK": "look-at-the-cameras", "CHANGE": "change-what-is-watched", "DEPLOY": "x" * 24}
SITE = """\
# Ours.
[[cameras]]
name = "gate"  # at the front
source = "gate.avi?realtime=1&loop=1"
scene = "gate.onnx"
[cameras.decision]
false_alarms = "1/hour"

[[cameras]]
name = "yard"
source = "yard.avi?realtime=1&loop=1"
scene = "yard.onnx"

[sinks.store]
[sinks.page]
port = {port}
token_env = "LOOK"
edit_token_env = "CHANGE"
deploy_token_env = "DEPLOY"

[push]
site = "north"
keys_file = "push.keys"
"""


def resigned(box: Any, scenes: Path, change: Callable[[dict[str, Any]], object]) -> SignedPush:
    """A push whose manifest says something else, and is signed all the same."""
    push = box.push_of(scenes)
    said = json.loads(push.content)
    change(said)
    content = json.dumps(said).encode()
    return push._replace(content=content, signature=sign(content, read_private(box.key)))
