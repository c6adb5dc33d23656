# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's tables and figures."""

from __future__ import annotations

import base64
from typing import Sequence

Columns = Sequence[str]
"""Titles of a table's columns; one that begins with ``#`` holds figures and is set flush right."""


def table(columns: Columns, rows: Sequence[Sequence[str]], kind: str = "") -> str:
    """A table of cells that are HTML already; the first column is bold, the heads come again on each printed page."""
    classes = ["n" if title.startswith("#") else "" for title in columns]
    head = "".join(_cell("th", kind_of, title.lstrip("#")) for title, kind_of in zip(columns, classes))
    body = "".join(
        "<tr>" + "".join(_cell("td", kind_of, cell) for cell, kind_of in zip(row, classes)) + "</tr>" for row in rows
    )
    return f"<table{_class(kind)}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def strong(words: str) -> str:
    """The name of what a row is about."""
    return f"<b>{words}</b>"


def figures(pictures: Sequence[tuple[str, str]], kind: str) -> str:
    """Pictures with their captions, in a grid."""
    each = (f"<figure>{drawn}<figcaption>{caption}</figcaption></figure>" for drawn, caption in pictures)
    return f"<div{_class(kind)}>{''.join(each)}</div>"


def jpeg_source(jpeg: bytes) -> str:
    """A picture inside the page."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def colour_key(items: Sequence[tuple[str, str]]) -> str:
    """What colours mean: a colour and words that are HTML already."""
    each = (f"<span><i style='background:{colour}'></i>{words}</span>" for colour, words in items)
    return f"<p class='key fine'>{''.join(each)}</p>"


def _cell(tag: str, kind: str, words: str) -> str:
    return f"<{tag}{_class(kind)}>{words}</{tag}>"


def _class(kind: str) -> str:
    return f" class='{kind}'" if kind else ""
