"""Where others come in: one kind of server, guard and limits for the page, its API and metrics."""

from edge_vad.errors import Unavailable

try:
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError as error:
    raise Unavailable(
        f"what is shown to browsers and Prometheus needs {error.name}, which is not installed",
        "run pip install 'edge-vad[serve]', or leave out the page and the metrics",
    ) from error
