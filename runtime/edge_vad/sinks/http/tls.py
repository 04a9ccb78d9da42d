"""TLS of a server: its certificate and its key."""

from __future__ import annotations

import ssl

from edge_vad.errors import BadInput
from edge_vad.sinks.settings import ListeningSettings
from edge_vad.untrusted import shown_path


def read_tls(settings: ListeningSettings) -> ssl.SSLContext | None:
    """What TLS needs of the settings; None where they name no certificate.

    Raises:
        BadInput: Certificate and key cannot be read, or do not belong together.
    """
    if settings.cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # Without a password of ours, OpenSSL would ask for one on the terminal.
        context.load_cert_chain(settings.cert_file, settings.key_file, password=lambda: "")
    except OSError as error:  # ssl's own errors, too
        certificate = shown_path(settings.cert_file)
        raise BadInput(
            f"certificate {certificate} and its key cannot be used ({error.strerror or error})",
            "give both as PEM, the key without a password, readable by this user",
        ) from None
    return context
