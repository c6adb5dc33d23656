# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the numbers out of a report's page and holds each against the JSON."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest


class Shown(HTMLParser):
    """The numbers of a page with the values beside them, and all its other words."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._value: str | None = None
        self._hidden = False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._hidden = tag == "style"
        self._value = given.get("value") if tag == "data" else given.get("data-value")
        self.words += [given[name] for name in ("alt", "aria-label") if name in given]

    def handle_endtag(self, tag):
        self._hidden, self._value = False, None

    def handle_data(self, data):
        if self._value is not None:
            self.numbers.append((self._value, data))
        elif not self._hidden:
            self.words.append(data)


def everything(value):
    """All numbers and all words of a JSON value, keys too."""
    if isinstance(value, dict):
        found = [everything(each) for each in value.values()]
        return [n for one in found for n in one[0]], [*value, *(w for one in found for w in one[1])]
    if isinstance(value, list):
        found = [everything(each) for each in value]
        return [n for one in found for n in one[0]], [w for one in found for w in one[1]]
    if isinstance(value, str):
        return [], [value]
    return ([] if value is None or isinstance(value, bool) else [value]), []


def check_numbers(html, facts):
    """Every number shown is a rounding of one in the JSON, or stands in the JSON's own words; how many there are."""
    shown = Shown()
    shown.feed(html)
    numbers, words = everything({name: value for name, value in facts.items() if name != "series"})
    known = {repr(number) for number in numbers}
    for value, text in shown.numbers:
        assert value in known, f"{text} stands for {value}, which is not in the JSON"
        exact, said = float(value), float(text.replace("−", "-"))
        assert said == pytest.approx(exact, rel=5.1e-3, abs=5.1e-4), f"{text} is no rounding of {value}"
    every = "\n".join(words)
    for text in shown.words:
        for token in re.findall(r"\S*\d\S*", text):
            assert token.strip("();,.:") in every, f"{token} of {text!r} is not in the JSON"
    return len(shown.numbers)
