"""Certificates that sign themselves, as people make them for one machine."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificate(NamedTuple):
    """A certificate and its key, both as files of PEM."""

    cert: Path
    key: Path


def self_signed(folder: Path, name: str = "ours", host: str = "DNS:localhost") -> Certificate:
    """Make one.

    Args:
        folder: Where both files go.
        name: Of the files, and in the certificate.
        host: For whom it is good, as OpenSSL writes it.
    """
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1"
    files = ["-keyout", str(made.key), "-out", str(made.cert)]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={host}"]
    subprocess.run(["openssl", *words.split(), *files, *names], check=True, capture_output=True)
    return made
