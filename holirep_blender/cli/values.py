# SPDX-License-Identifier: GPL-3.0-or-later
"""What options may be: each reads one word of the command line and says in one sentence what is wrong with it."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from dataclasses import dataclass
from typing import Callable

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"


@dataclass(frozen=True)
class Person:
    """Who the performer is: ``kind`` is LARGEST, POINT or BOX; ``values`` pixels, in ``frame`` of the plate."""

    kind: str
    frame: int = 1
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class FocalLength:
    """A focal length: ``kind`` is ESTIMATE, MILLIMETRES or PIXELS."""

    kind: str
    value: float = 0.0


def frame_range(text: str) -> tuple[int, int]:
    """``A-B``: first and last frame, both included."""
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if found is None:
        raise ArgumentTypeError(f"a range is FIRST-LAST, such as 101-250, not {text!r}")
    first, last = int(found[1]), int(found[2])
    if last < first:
        raise ArgumentTypeError(f"the range {text} ends before it begins")
    return first, last


def person(text: str) -> Person:
    """``largest``, ``X,Y@FRAME`` or ``X0,Y0,X1,Y1@FRAME``."""
    if text == "largest":
        return Person("LARGEST")
    found = re.fullmatch(rf"({_NUMBER}(?:,{_NUMBER})*)@(\d+)", text)
    values = tuple(float(word) for word in found[1].split(",")) if found else ()
    if found is None or len(values) not in (2, 4):
        raise ArgumentTypeError(f"a person is largest, X,Y@FRAME or X0,Y0,X1,Y1@FRAME in pixels, not {text!r}")
    if len(values) == 4 and (values[2] <= values[0] or values[3] <= values[1]):
        raise ArgumentTypeError(f"the box {text} is empty: it is LEFT,TOP,RIGHT,BOTTOM@FRAME")
    return Person("POINT" if len(values) == 2 else "BOX", int(found[2]), values)


def focal_length(text: str) -> FocalLength:
    """``estimate``, ``35mm`` or ``1500px``."""
    if text == "estimate":
        return FocalLength("ESTIMATE")
    found = re.fullmatch(rf"({_NUMBER})(mm|px)", text)
    if found is None or not float(found[1]) >= 1.0:
        raise ArgumentTypeError(
            f"a focal length is estimate, or at least 1 with a unit, such as 35mm or 1500px, not {text!r}"
        )
    return FocalLength("MILLIMETRES" if found[2] == "mm" else "PIXELS", float(found[1]))


def number(lowest: float, highest: float, unit: str = "") -> Callable[[str], float]:
    """A number between two others."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            raise ArgumentTypeError(f"must be a number from {lowest:g} to {highest:g}{unit}, not {text!r}")
        return value

    return read


def numbers(count: int, empty: tuple[float, ...] | None = None) -> Callable[[str], tuple[float, ...]]:
    """So many numbers with commas between them."""

    def read(text: str) -> tuple[float, ...]:
        words = text.split(",")
        if empty is not None and text == "auto":
            return empty
        if len(words) != count or not all(re.fullmatch(rf"-?{_NUMBER}", word.strip()) for word in words):
            raise ArgumentTypeError(f"must be {count} numbers with commas between them, not {text!r}")
        return tuple(float(word) for word in words)

    return read


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A whole number between two others."""

    def read(text: str) -> int:
        if re.fullmatch(r"[+-]?\d+", text) is None or not lowest <= int(text) <= highest:
            raise ArgumentTypeError(f"must be a whole number from {lowest} to {highest}, not {text!r}")
        return int(text)

    return read


def size(text: str) -> tuple[int, int]:
    """``WIDTHxHEIGHT`` in pixels."""
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None or not all(16 <= int(word) <= 16384 for word in found.groups()):
        raise ArgumentTypeError(f"a size is WIDTHxHEIGHT, 16 to 16384 pixels each, not {text!r}")
    return int(found[1]), int(found[2])


def device(text: str) -> str:
    """``auto``, ``cpu`` or ``cuda:N``."""
    if re.fullmatch(r"auto|cpu|cuda:\d", text) is None:
        raise ArgumentTypeError(f"a device is auto, cpu or cuda:0, cuda:1 …, not {text!r}")
    return text


def names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if not found:
        raise ArgumentTypeError("name at least one, with commas between them")
    return found


def file_name(text: str) -> str:
    """A name of files without a folder."""
    if not text.strip() or re.search(r'[/\\:*?"<>|]', text) or text.startswith("."):
        raise ArgumentTypeError(f"must be a name of files, without a folder, not {text!r}")
    return text


def limits(presets: tuple[str, ...]) -> Callable[[str], str]:
    """``off`` or the name of a preset."""

    def read(text: str) -> str:
        if text != "off" and text not in presets:
            raise ArgumentTypeError(f"must be off, {', '.join(presets)}, not {text!r}")
        return text

    return read
