"""The page that shows live cameras and stored events in a browser."""

from edge_vad.errors import Unavailable

try:
    import starlette  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError as error:
    raise Unavailable(
        f"the page needs {error.name}, which is not installed",
        "run pip install 'edge-vad[serve]', or leave out the page",
    ) from error
