# SPDX-License-Identifier: GPL-3.0-or-later
"""Pick Floor: click the corners of a rectangle on the floor in a frame of the plate."""

import bpy

from ..scene import refine_clock, refine_live
from ..scene import shot as shots
from . import session
from .performance import why_no_job
from .plate_picking import PlatePicking

_HINT = (
    "Click the corners of a rectangle on the floor, one after the other ({} of 4). Right click: one back. Esc: give up"
)


class HOLIREP_OT_pick_floor(PlatePicking, bpy.types.Operator):
    """Show a frame of the plate in this view and click the corners of a rectangle on the floor, such as a carpet"""

    bl_idname = "holirep.pick_floor"
    bl_label = "Pick Floor"
    bl_options = {"REGISTER", "UNDO"}

    frame: bpy.props.IntProperty(
        name="Frame",
        description="Frame of the plate; that at the scene's current frame where it is not given",
        options={"SKIP_SAVE"},
    )
    corners: bpy.props.FloatVectorProperty(
        name="Corners",
        description="x and y of the four corners, in order around the rectangle, in pixels from the top left corner",
        size=8,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take, whose camera says where the floor is."""
        if not context.scene.holirep.take:
            cls.poll_message_set("There is no take yet: replicate a performance, or open a take")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks the worker for the frame."""
        reason = why_no_job()
        if not reason and (context.area is None or context.area.type != "VIEW_3D"):
            reason = "Use it in the sidebar of a 3D view"
        try:
            take = self._take(context)
            plate = shots.plate_path(context.scene.holirep)
        except ValueError as error:
            reason = reason or str(error)
        if reason:
            self.report({"ERROR"}, reason)
            return {"CANCELLED"}
        if not self.properties.is_property_set("frame"):
            self.frame = self._plate_frame(context.scene, take)
        return self.ask_for_frame(context, plate, self.frame)

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Waits for the worker, then for four clicks."""
        waiting = self.awaited(context)
        if waiting is not None:
            return waiting
        if self._picture is None:
            self.show_frame(context, [], _HINT.format(1))
            return {"RUNNING_MODAL"}
        picture = self._picture
        if event.type == "MOUSEMOVE":
            picture.draw_towards(event.mouse_x, event.mouse_y)
        elif event.type == "ESC" or (event.type == "RIGHTMOUSE" and event.value == "PRESS" and not picture.corners):
            self._close(context)
            return {"CANCELLED"}
        elif event.type in {"RIGHTMOUSE", "BACK_SPACE"} and event.value == "PRESS" and picture.corners:
            picture.corners.pop()
            picture.draw_towards(event.mouse_x, event.mouse_y)
        elif event.type == "LEFTMOUSE" and event.value == "PRESS" and picture.shows(event.mouse_x, event.mouse_y):
            picture.corners.append(picture.pixel_at(event.mouse_x, event.mouse_y))
            picture.draw_towards(event.mouse_x, event.mouse_y)
            if len(picture.corners) == 4:
                return self._finish(context)
        context.workspace.status_text_set(_HINT.format(min(len(picture.corners) + 1, 4)))
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The floor by the given corners."""
        from ..scene.refine_floor import floor_on_plate

        scene = context.scene
        refine = scene.holirep.refine
        try:
            take = self._take(context)
            if not self.properties.is_property_set("frame"):
                self.frame = self._plate_frame(scene, take)
            floor_on_plate(take, self.frame, [self.corners[i : i + 2] for i in range(0, 8, 2)])
        except ValueError as error:
            session.report("ERROR", str(error))
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        refine.floor_corners, refine.floor_frame, refine.floor_kind = self.corners, self.frame, "PLATE"
        self.report({"INFO"}, f"The floor was picked in frame {self.frame} of the plate")
        refine_live.request(scene)
        return {"FINISHED"}

    def _finish(self, context: bpy.types.Context) -> set[str]:
        self.corners = [value for corner in self._picture.corners for value in corner]
        done = self.execute(context)
        if "CANCELLED" in done:  # these corners make no floor: other ones may
            self._picture.corners.clear()
            context.workspace.status_text_set(_HINT.format(1))
            return {"RUNNING_MODAL"}
        self._close(context)
        return done

    def _take(self, context: bpy.types.Context):  # type: ignore[no-untyped-def]
        from ..motion.take import Take

        return Take.load(bpy.path.abspath(context.scene.holirep.take))

    def _plate_frame(self, scene: bpy.types.Scene, take) -> int:  # type: ignore[no-untyped-def]
        """The plate's frame at the scene's current one, as far as the take shows it."""
        row = round(refine_clock.seconds_of(scene, scene.frame_current, take.header) * take.fps)
        return take.frame_start + max(0, min(row, take.frame_count - 1))


CLASSES = (HOLIREP_OT_pick_floor,)
