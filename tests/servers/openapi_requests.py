"""Requests that schemathesis makes up from an OpenAPI document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method"
)


def ask_what_is_made_up(
    port: int, document: object, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """Ask a server on this machine; the exit code is 1 where it does not answer as it should."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(path)),
        *("--url", f"http://127.0.0.1:{port}", "--checks", _CHECKS, "--max-examples", "25"),
        *("--seed", "1", "--generation-deterministic", "--no-color", "--request-timeout", "60"),
        *("--generation-with-security-parameters", "false", *options),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
