"""Exit code 0 if modules are those of the system, which this environment sees and has not replaced.

python kept.py cv2 tensorrt
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path


def fault_of(module: str) -> str:
    """Why a module is not the system's; empty where it is. Nothing is imported."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return f"{module} is not there"
    is_ours = Path(spec.origin).is_relative_to(sys.prefix)
    return f"{module} was replaced by {spec.origin}" if is_ours else ""


if __name__ == "__main__":
    sys.exit("\n".join(filter(None, map(fault_of, sys.argv[1:]))) or 0)
