# SPDX-License-Identifier: GPL-3.0-or-later
"""A violation in as few words as a row of the list has room for; the whole sentence stands below the list."""

from __future__ import annotations

import re

_SHORT = (
    ("Whole body", "Body"),
    ("Left ", "L "),
    ("Right ", "R "),
    (" finger knuckle", " 1"),
    (" finger middle joint", " 2"),
    (" finger end joint", " 3"),
    (" finger spread", " 1 spread"),
    ("thumb base", "thumb 1"),
    ("thumb knuckle", "thumb 2"),
    ("thumb end joint", "thumb 3"),
    ("thumb metacarpal", "thumb 1"),
    ("thumb proximal", "thumb 2"),
    ("thumb distal", "thumb 3"),
    (" proximal", " 1"),
    (" intermediate", " 2"),
    (" distal", " 3"),
    (" elevation from the horizontal", " elevation"),
    (" horizontal flexion", " across"),
    (" lateral flexion", " bend"),
    (" radial deviation", " radial"),
    ("collar bone", "collar"),
    ("elbow carrying angle", "elbow sideways"),
    ("toe-out at the ankle", "ankle toe-out"),
    ("pronation at the wrist", "wrist pronation"),
)
_VALUE = re.compile(r" ?([-−]?\d+(?:\.\d+)?) ?(° ?/s|°|N m|mm a frame|mm)")


def short_words(sentence: str, kind: str) -> tuple[str, str]:
    """What is wrong, and by how much, of a violation's sentence: ``("L little 2 sideways", "-15°")``.

    Speed and moment are told by the row's icon, which stands for the ``kind``.
    """
    said = sentence.split(" (", 1)[0]
    found = _VALUE.search(said)
    words, value = said, ""
    if found is not None:
        words = said[: found.start()] + said[found.end() :]
        value = found.group(0).strip().replace(" a frame", "/fr.")
    if kind in ("speed", "moment"):  # other kinds' words are part of what is said
        words = words.replace(f" {kind}", "")
    for long, short in _SHORT:
        words = words.replace(long, short)
    return words, value
