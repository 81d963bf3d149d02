"""What is made of a frame once, and goes with it."""

import pandas as pd

from pages.shared import once as module
from pages.shared.once import once


def test_what_is_made_of_a_frame_is_made_once_for_each_argument_and_goes_with_the_frame() -> None:
    made = []

    @once
    def texts(frame: pd.DataFrame, sign: str) -> list[str]:
        made.append(sign)
        return [f"{sign}{cell}" for cell in frame["a"]]

    frame, equal = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]})
    kept = len(module._MADE)
    assert texts(frame, "+") is texts(frame, "+")
    assert texts(frame, "-") == ["-1", "-2"]
    assert texts(equal, "+") is not texts(frame, "+")
    assert made == ["+", "-", "+"]
    assert len(module._MADE) == kept + 2
    del frame, equal
    assert len(module._MADE) == kept


def test_little_is_kept_of_the_frames_of_weeks() -> None:
    @once
    def many(frame: pd.DataFrame) -> list[int]:
        return [len(frame)]

    frames = [pd.DataFrame({"a": [1]}) for _ in range(3 * module.MOST)]
    large = pd.DataFrame({"a": range(module.LARGEST + 1)})
    assert [many(frame) for frame in frames] == [[1]] * len(frames)
    assert len(module._MADE) == module.MOST
    assert many(frames[-1]) is many(frames[-1])
    assert many(large) is not many(large)
