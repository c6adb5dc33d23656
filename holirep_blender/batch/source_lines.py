# SPDX-License-Identifier: GPL-3.0-or-later
"""In which line of a TOML or JSON file each key stands: neither of Python's readers tells.

Both functions expect text that the reader has accepted already.
"""

from __future__ import annotations

import json
import re
from typing import Union

KeyPath = tuple[Union[str, int], ...]
Lines = dict[KeyPath, int]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"(?:[ \t]|\r?\n|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]\}\n#]+")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.S),
    re.compile(r"'''.*?'{3,5}", re.S),
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"'[^']*'"),
)


class _Toml:
    """Walks through a TOML text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: Lines = {}
        self._counts: dict[KeyPath, int] = {}
        self._counted = (0, 1)

    def walk(self) -> Lines:
        table: KeyPath = ()
        while True:
            self._space()
            if self.at >= len(self.text):
                return self.lines
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _line(self) -> int:
        at, line = self._counted
        line += self.text.count("\n", at, self.at)
        self._counted = (self.at, line)
        return line

    def _space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def _header(self) -> KeyPath:
        many = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if many else 1
        names = self._keys()
        self.at += 2 if many else 1
        path: KeyPath = ()
        for name in names[:-1]:
            path = self._inside((*path, name))
        path = (*path, names[-1])
        if many:
            self._counts[path] = self._counts.get(path, -1) + 1
            self.lines.setdefault(path, line)
        path = self._inside(path)
        self.lines.setdefault(path, line)
        return path

    def _inside(self, path: KeyPath) -> KeyPath:
        return (*path, self._counts[path]) if path in self._counts else path

    def _keys(self) -> list[str]:
        names = []
        while True:
            self._space()
            if self.text[self.at] in "\"'":
                begin = self.at
                self._string()
                quoted = self.text[begin : self.at]
                names.append(json.loads(quoted) if quoted[0] == '"' else quoted[1:-1])
            else:
                found = _BARE.match(self.text, self.at)
                assert found is not None
                names.append(found[0])
                self.at = found.end()
            self._space()
            if not self.text.startswith(".", self.at):
                return names
            self.at += 1

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path: KeyPath = table
        for name in self._keys():
            path = (*path, name)
            self.lines.setdefault(path, line)
        self.at += 1  # the equals sign
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._space()
        start = self.text[self.at]
        if start in "\"'":
            self._string()
        elif start == "[":
            self._items(path)
        elif start == "{":
            self.at += 1
            while not self._closed("}"):
                self._pair(path)
        else:
            found = _SCALAR.match(self.text, self.at)
            assert found is not None
            self.at = found.end()

    def _items(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while not self._closed("]"):
            self.lines[(*path, index)] = self._line()
            self._value((*path, index))
            index += 1

    def _closed(self, end: str) -> bool:
        self._space()
        if self.text.startswith(",", self.at):
            self.at += 1
            self._space()
        if self.text.startswith(end, self.at):
            self.at += 1
            return True
        return False

    def _string(self) -> None:
        for pattern in _STRINGS:
            found = pattern.match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                return
        raise ValueError(f"no string in line {self._line()}")


def toml_lines(text: str) -> Lines:
    """Key path to line, for TOML; an element of an array has its index in the path."""
    return _Toml(text).walk()


_JSON_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,]+)')


def json_lines(text: str) -> tuple[Lines, list[KeyPath]]:
    """Key path to line, for JSON, and the keys that stand twice in one object, of which Python keeps the last."""
    lines: Lines = {}
    twice: list[KeyPath] = []
    stack: list[tuple[str, KeyPath]] = []
    path: KeyPath = ()
    index: dict[KeyPath, int] = {}
    expects_key = False
    line, counted = 1, 0
    for token in _JSON_TOKEN.finditer(text):
        line += text.count("\n", counted, token.start(1))
        counted = token.start(1)
        word = token[1]
        if word in "]}":
            _, path = stack.pop()
            expects_key = False
            continue
        if word == ",":
            kind, parent = stack[-1]
            expects_key = kind == "{"
            if kind == "[":
                index[parent] += 1
            continue
        if word == ":":
            expects_key = False
            continue
        if expects_key:
            path = (*stack[-1][1], json.loads(word))
            if path in lines:
                twice.append(path)
            lines[path] = line
            continue
        if stack and stack[-1][0] == "[":
            path = (*stack[-1][1], index[stack[-1][1]])
            lines[path] = line
        if word in "[{":
            stack.append((word, path))
            index[path] = 0
            expects_key = word == "{"
    return lines, twice
