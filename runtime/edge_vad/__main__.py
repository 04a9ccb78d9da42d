"""`python -m edge_vad` is `edge-vad`."""

from edge_vad.cli import main

main()
