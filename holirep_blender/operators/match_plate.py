# SPDX-License-Identifier: GPL-3.0-or-later
"""Match to Plate: the rig's lights by a region, a ball or a colour chart that is picked in a picture of the plate."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import bpy

_HINTS = {
    "REGION": "Click two opposite corners of what both plate and scene show. Right click: one back. Esc: give up",
    "BALL": "Click two opposite corners of a box close around the ball. Right click: one back. Esc: give up",
    "CHART": "No chart was found: click the middles of its four corner patches. Right click: one back. Esc: give up",
}


class HOLIREP_OT_match_plate(bpy.types.Operator):
    """Make the rig's lights stronger or weaker until a part of the scene looks as it does in the plate"""

    bl_idname = "holirep.match_plate"
    bl_label = "Match to Plate"
    bl_options = {"REGISTER", "UNDO"}

    kind: bpy.props.EnumProperty(
        name="By",
        items=(
            ("REGION", "Region", "By what both the plate and the scene show: the performer's face or clothes"),
            ("BALL", "Ball", "By a grey or white ball in the plate; it need not be in the scene"),
            ("CHART", "Chart", "Exposure and white balance by a 24-patch colour chart in the plate"),
        ),
        default="REGION",
    )
    frame: bpy.props.IntProperty(
        name="Frame",
        description="Frame of the plate; that at the scene's current frame where it is not given",
        options={"SKIP_SAVE"},
    )
    box: bpy.props.FloatVectorProperty(
        name="Box", description="Left, top, right, bottom in pixels of the picture", size=4, options={"SKIP_SAVE"}
    )
    corners: bpy.props.FloatVectorProperty(
        name="Corners",
        description="x and y of the middles of a chart's four corner patches, in any order; not given: it is found",
        size=8,
        options={"SKIP_SAVE"},
    )
    _shown = None
    _picture = None
    _folder = None
    _steps = None
    _timer = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a light rig, and Object Mode."""
        if context.mode != "OBJECT" or context.scene.holirep.light.control is None:
            cls.poll_message_set("Use Match Lighting first, in Object Mode")
            return False
        return True

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What each of the three does."""
        return {
            "REGION": "Make each light stronger or weaker until what is in a box of the plate looks alike rendered",
            "BALL": "Make each light stronger or weaker until a ball in the plate is as the rig would light it",
            "CHART": "Give the environment the plate's exposure and white balance, by a 24-patch colour chart in it",
        }[properties.kind]

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Matches by what is given, all at once."""
        from ..scene import plate_light

        try:
            pixels = self._pixels(context)
            steps = self._matching(context, pixels)
            match = next(step for step in steps if isinstance(step, plate_light.PlateMatch))
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return self._apply(context, match)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Looks for the chart; else shows the picture and waits for clicks."""
        if context.area is None or context.area.type != "VIEW_3D":
            self.report({"ERROR"}, "Use it in the sidebar of a 3D view")
            return {"CANCELLED"}
        try:
            self._shown = self._pixels(context)
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if self.kind == "CHART":
            from ..scene.plate_light import match_chart

            try:
                return self._apply(context, match_chart(context.scene, self._shown, None))
            except ValueError as error:
                if "click" not in str(error):
                    self.report({"ERROR"}, str(error))
                    return {"CANCELLED"}
        self._show(context)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Takes the clicks, then renders light by light; Esc gives up at any time and leaves all as it was."""
        if context.area is None or event.type == "ESC":
            self._close(context)
            return {"CANCELLED"}
        if self._steps is not None:
            return self._step(context) if event.type == "TIMER" else {"RUNNING_MODAL"}
        picture = self._picture
        if event.type == "MOUSEMOVE":
            picture.draw_towards(event.mouse_x, event.mouse_y)
        elif event.type in {"RIGHTMOUSE", "BACK_SPACE"} and event.value == "PRESS":
            if not picture.corners:
                self._close(context)
                return {"CANCELLED"}
            picture.corners.pop()
            picture.draw_towards(event.mouse_x, event.mouse_y)
        elif event.type == "LEFTMOUSE" and event.value == "PRESS" and picture.shows(event.mouse_x, event.mouse_y):
            picture.corners.append(picture.pixel_at(event.mouse_x, event.mouse_y))
            picture.draw_towards(event.mouse_x, event.mouse_y)
            if len(picture.corners) == picture.sides:
                return self._picked(context)
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, because a file is loaded or the window closed."""
        self._close(context)

    def _pixels(self, context: bpy.types.Context) -> Any:
        from ..scene.pictures import picture_pixels, plate_pixels
        from ..scene.refine_clock import plate_frame
        from ..scene.shot import plate_path

        chosen = context.scene.holirep.light.plate.picture.strip()
        if chosen:
            return picture_pixels(Path(bpy.path.abspath(chosen)))
        if not self.properties.is_property_set("frame"):
            self.frame = plate_frame(context.scene)
        return plate_pixels(plate_path(context.scene.holirep), self.frame)

    def _matching(self, context: bpy.types.Context, pixels: Any) -> Any:
        from ..scene import plate_light

        settings = context.scene.holirep.light.plate
        if self.kind == "CHART":
            corners = list(self.corners) if self.properties.is_property_set("corners") else None
            return iter((plate_light.match_chart(context.scene, pixels, corners),))
        if not self.properties.is_property_set("box"):
            raise ValueError("Say where to look: a box of left, top, right and bottom, in pixels of the picture.")
        if self.kind == "BALL":
            return iter(
                (
                    plate_light.match_ball(
                        context.scene, pixels, self.box, settings.reflectance, settings.whole, settings.tint
                    ),
                )
            )
        return plate_light.match_region(context.scene, pixels, self.box, settings.whole, settings.tint)

    def _show(self, context: bpy.types.Context) -> None:
        from ..scene.pictures import shown, write_png
        from .frame_picture import FramePicture  # needs the interface's graphics

        self._folder = tempfile.TemporaryDirectory(prefix="holirep-frame-")
        path = Path(self._folder.name) / "frame.png"
        write_png(shown(self._shown, 1.0 / max(float(self._shown[..., :3].max()), 1.0)), path)
        self._picture = FramePicture(context, path, [], sides=4 if self.kind == "CHART" else 2)
        context.workspace.status_text_set(_HINTS[self.kind])

    def _picked(self, context: bpy.types.Context) -> set[str]:
        flat = [value for corner in self._picture.corners for value in corner]
        if self.kind == "CHART":
            self.corners = flat
        else:
            self.box = (*map(min, flat[:2], flat[2:]), *map(max, flat[:2], flat[2:]))
        try:
            self._steps = self._matching(context, self._shown)
        except ValueError as error:  # these clicks show nothing that can be matched: others may
            self.report({"ERROR"}, str(error))
            self._picture.corners.clear()
            return {"RUNNING_MODAL"}
        self._hide(context)
        self._timer = context.window_manager.event_timer_add(0.05, window=context.window)
        context.workspace.status_text_set("Matching the light. Esc: give up")
        return {"RUNNING_MODAL"}

    def _step(self, context: bpy.types.Context) -> set[str]:
        """One render more; between two of them Esc is seen."""
        try:
            step = next(self._steps)
        except (ValueError, OSError, RuntimeError) as error:
            self.report({"ERROR"}, str(error))
            self._close(context)
            return {"CANCELLED"}
        if isinstance(step, tuple):
            context.workspace.status_text_set(f"Matching the light: {step[0]} of {step[1]} renders. Esc: give up")
            return {"RUNNING_MODAL"}
        self._close(context)
        return self._apply(context, step)

    def _apply(self, context: bpy.types.Context, match: Any) -> set[str]:
        from ..scene.plate_light import apply_match

        apply_match(context.scene, match)
        for warning in match.warnings:
            self.report({"WARNING"}, warning)
        self.report({"INFO"}, match.sentence)
        return {"FINISHED"}

    def _hide(self, context: bpy.types.Context) -> None:
        if self._picture is not None:
            self._picture.close()
            self._picture = None
            context.workspace.status_text_set(None)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _close(self, context: bpy.types.Context) -> None:
        if self._steps is not None and hasattr(self._steps, "close"):
            self._steps.close()  # puts the scene back where it is closed in the middle
        self._steps = None
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
            context.workspace.status_text_set(None)
        self._hide(context)


class HOLIREP_OT_reset_plate_match(bpy.types.Operator):
    """Take back what Match to Plate did: all gains and the balance are 1 again"""

    bl_idname = "holirep.reset_plate_match"
    bl_label = "Reset Gains"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Resets them."""
        light = context.scene.holirep.light
        for row in light.lamps:
            row.gain = (1.0, 1.0, 1.0)
        light.residual_gain = light.balance = (1.0, 1.0, 1.0)
        for name in ("summary", "warnings"):
            light.plate.property_unset(name)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_match_plate, HOLIREP_OT_reset_plate_match)
