"""What is closed at the end of a `with` block, however that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class Closing:
    """Makes a context manager of a class with `close`, which is called at the end of the block."""

    def close(self) -> None:
        """Give back what is held; harmless when called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
