# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators share that go to the next, the previous or a given row of a list of frames."""

from __future__ import annotations

from typing import Any

import bpy


class RowJumping:
    """`_data` says where the list is, `_listed` which of its rows are shown.

    Choosing a row goes there: that is done by whoever holds the index.
    """

    NOUN = "row"
    """What a row is, in the artist's words."""
    EMPTY = "The list is empty"
    """What is said where there is no row."""

    to: bpy.props.EnumProperty(
        name="To",
        description="Which of the listed",
        items=[
            ("NEXT", "Next", "The next one in time"),
            ("PREVIOUS", "Previous", "The one before in time"),
            ("ROW", "Row", "The one in a row of the list"),
        ],
        default="NEXT",
    )
    row: bpy.props.IntProperty(name="Row", description="Row of the list, from 0", min=0, options={"SKIP_SAVE"})

    @classmethod
    def _data(cls, scene: bpy.types.Scene) -> tuple[Any, str, str]:
        """The group that holds the list, the name of its rows and that of its index."""
        raise NotImplementedError

    @classmethod
    def _listed(cls, data: Any) -> list[int]:
        """The rows that the list shows."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a row."""
        data, rows, _ = cls._data(context.scene)
        if not getattr(data, rows):
            cls.poll_message_set(cls.EMPTY)
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Selects the row, which goes there."""
        scene = context.scene
        data, name, index = self._data(scene)
        rows = getattr(data, name)
        if self.to == "ROW":
            if self.row >= len(rows):
                self.report({"ERROR"}, f"The list has {len(rows)} rows, there is no row {self.row}")
                return {"CANCELLED"}
            setattr(data, index, self.row)
            return {"FINISHED"}
        now = scene.frame_current + scene.frame_subframe
        places = sorted(self._listed(data), key=lambda place: rows[place].frame)
        later = [place for place in places if rows[place].frame > now + 1e-3]
        earlier = [place for place in places if rows[place].frame < now - 1e-3]
        found = later[:1] if self.to == "NEXT" else earlier[-1:]
        if not found:
            self.report({"INFO"}, f"No {self.NOUN} {'after' if self.to == 'NEXT' else 'before'} this frame")
            return {"CANCELLED"}
        setattr(data, index, found[0])
        return {"FINISHED"}
