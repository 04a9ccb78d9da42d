"""Work that is done at once ends as a whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_vad_train.parallel import run_in_parallel


def test_ctrl_c_that_falls_into_a_lock_is_still_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def fallen(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise RuntimeError("cannot release un-acquired lock")  # noqa: B904 - as Python does

    monkeypatch.setattr(ThreadPoolExecutor, "map", fallen)
    with pytest.raises(KeyboardInterrupt):
        run_in_parallel(lambda item, _: item, [1], lambda: None)


def test_an_error_of_the_work_is_what_it_is() -> None:
    def fail(item: int, _: object) -> None:
        raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        run_in_parallel(fail, [1], lambda: None)
