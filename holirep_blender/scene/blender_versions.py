# SPDX-License-Identifier: GPL-3.0-or-later
"""The only module that knows how Blender's versions differ.

4.2 and 4.3 keep F-curves on the action itself. From 4.4 actions have layers, strips and a channel bag for each *slot*,
the part of the action that belongs to one data-block; in 5.0 the old way is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

import bpy

HAS_SLOTS: bool = hasattr(bpy.types, "ActionSlot")
_GROUP_AS_ARGUMENT = not HAS_SLOTS
PATH_OPTIONS: frozenset[str] = frozenset(
    {"PATH_SUPPORTS_BLEND_RELATIVE"}
    if "is_path_supports_blend_relative" in bpy.types.Property.bl_rna.properties
    else ()
)
"""Options of a path property that may begin with ``//``: from 4.5 on Blender wants to be told."""
EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0) else "BLENDER_EEVEE_NEXT"
"""Name of the engine EEVEE."""


def set_picture_format(settings: bpy.types.ImageFormatSettings, file_format: str, **values: str) -> Callable[[], None]:
    """Sets a single picture's file format and its other settings; gives what puts back those that were there.

    From 5.0 on the kind of media comes first.
    """
    wanted = {"media_type": "IMAGE", "file_format": file_format, **values}
    before = {name: getattr(settings, name) for name in wanted if hasattr(settings, name)}

    def apply(chosen: dict[str, Any]) -> None:
        for name in before:
            setattr(settings, name, chosen[name])

    apply(wanted)
    return lambda: apply(before)


def write_movie(settings: bpy.types.ImageFormatSettings) -> None:
    """Lets a scene write a movie by FFmpeg."""
    if hasattr(settings, "media_type"):  # from 5.0 on it comes before the format
        settings.media_type = "VIDEO"
    settings.file_format = "FFMPEG"


def make_equirectangular(camera: bpy.types.Camera) -> None:
    """Makes a camera see all around; from 5.0 on this is the camera's own setting, before that Cycles'."""
    camera.type = "PANO"
    (camera if hasattr(camera, "panorama_type") else camera.cycles).panorama_type = "EQUIRECTANGULAR"


def strips_of(editor: bpy.types.SequenceEditor) -> Any:
    """The strips of a sequencer; before 4.4 they were called sequences."""
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def new_action(name: str, owner: bpy.types.ID) -> tuple[bpy.types.Action, Any]:
    """A new action for a data-block, not yet assigned, and the container of its F-curves and groups."""
    action = bpy.data.actions.new(name)
    if not HAS_SLOTS:
        action.id_root = owner.id_type
        return action, action
    slot = action.slots.new(id_type=owner.id_type, name=owner.name)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return action, strip.channelbag(slot, ensure=True)


def assign_action(owner: bpy.types.ID, action: Optional[bpy.types.Action], slot: Any = None) -> None:
    """Makes an action the active one of a data-block, with its slot: the given one, else the first that fits."""
    data = owner.animation_data or owner.animation_data_create()
    data.action = action
    if HAS_SLOTS and action is not None:
        fitting = slot or next((each for each in action.slots if each.target_id_type == owner.id_type), None)
        if fitting is not None:
            data.action_slot = fitting


def active_slot(owner: bpy.types.ID) -> Any:
    """The slot of the active action that animates a data-block, None where there is none."""
    data = owner.animation_data
    return data.action_slot if HAS_SLOTS and data is not None else None


def set_strip_slot(strip: bpy.types.NlaStrip, owner: bpy.types.ID, slot: Any = None) -> None:
    """Points an NLA strip at a slot of its action: the given one, else the first that fits the data-block."""
    if HAS_SLOTS:
        fitting = slot or next((each for each in strip.action.slots if each.target_id_type == owner.id_type), None)
        if fitting is not None:
            strip.action_slot = fitting


def strip_slot(strip: bpy.types.NlaStrip) -> Any:
    """The slot of its action that an NLA strip plays, None where there is none."""
    return strip.action_slot if HAS_SLOTS else None


def slot_of_handle(action: bpy.types.Action, handle: int) -> Any:
    """The slot of an action with a handle; None where there is none. A copied action has the handles of the first."""
    return next((slot for slot in action.slots if slot.handle == handle), None) if HAS_SLOTS else None


def copied_action(action: bpy.types.Action, owner: bpy.types.ID, slot: Any) -> tuple[bpy.types.Action, Any]:
    """A copy of an action, and the container of the F-curves in it for the owner, whose slot was ``slot``."""
    made = action.copy()
    if not HAS_SLOTS:
        return made, made
    own = slot_of_handle(made, slot.handle) if slot is not None else None
    own = own or made.slots.new(id_type=owner.id_type, name=owner.name)
    return made, made.layers[0].strips[0].channelbag(own, ensure=True)


def move_other_slots(action: bpy.types.Action, to: bpy.types.Action, slot: Any) -> None:
    """What an action animates by slots other than ``slot`` goes to another action's slots of the same handles."""
    for user in bpy.data.user_map(subset={action})[action]:
        data = getattr(user, "animation_data", None)
        if data is None or data.action != action or data.use_tweak_mode or data.action_slot in (None, slot):
            continue
        fitting = slot_of_handle(to, data.action_slot.handle)
        if fitting is not None:
            assign_action(user, to, fitting)


def containers_of(action: bpy.types.Action) -> list[Any]:
    """What holds the F-curves of an action: its channel bags, or the action itself."""
    if not HAS_SLOTS:
        return [action]
    return [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]


def fcurves_of(action: bpy.types.Action, owner: Optional[bpy.types.ID] = None) -> list[bpy.types.FCurve]:
    """The F-curves of an action: those of a data-block's own slot, or all of them."""
    return fcurves_of_slot(action, active_slot(owner) if owner is not None else None)


def fcurves_of_slot(action: bpy.types.Action, slot: Any) -> list[bpy.types.FCurve]:
    """The F-curves of an action's slot; all of them where it is None."""
    bags = containers_of(action)
    return [curve for bag in bags if slot is None or bag.slot_handle == slot.handle for curve in bag.fcurves]


def new_fcurve(channels: Any, path: str, index: int, group: str) -> bpy.types.FCurve:
    """A new F-curve in a container that ``new_action`` gave, in the group of that name."""
    if _GROUP_AS_ARGUMENT:
        return channels.fcurves.new(path, index=index, action_group=group)
    curve = channels.fcurves.new(path, index=index)
    curve.group = channels.groups.get(group) or channels.groups.new(group)
    return curve


def selected_bones(armature: bpy.types.Object) -> list[str]:
    """Names of an armature object's selected bones; from 5.0 on the pose knows, before that the armature."""
    if armature.pose is None:
        return []
    return [bone.name for bone in armature.pose.bones if (bone if hasattr(bone, "select") else bone.bone).select]


def scene_of_settings(scene: bpy.types.Scene) -> bpy.types.Scene:
    """A new scene with all settings of another one, without its objects."""
    if bpy.app.version < (4, 5):  # 4.2 counts a user too many of each object when a scene is copied
        window = bpy.context.window_manager.windows[0]
        before = window.scene, window.view_layer
        window.scene = scene
        with bpy.context.temp_override(window=window):
            bpy.ops.scene.new(type="EMPTY")
        made = window.scene
        window.scene = before[0]
        window.view_layer = before[1]
        return made
    made = scene.copy()
    for one in list(made.collection.objects):
        made.collection.objects.unlink(one)
    for child in list(made.collection.children):
        made.collection.children.unlink(child)
    return made


def without_compositor(scene: bpy.types.Scene) -> None:
    """Takes the compositor's nodes off a scene that is a copy of another; from 5.0 on they are a data-block."""
    if hasattr(scene, "compositing_node_group"):
        scene.compositing_node_group = None
    else:
        scene.use_nodes = False


def write_passes(settings: bpy.types.ImageFormatSettings) -> None:
    """Lets a scene write all its passes into one OpenEXR file, 32 bits, ZIP."""
    if hasattr(settings, "media_type"):  # from 5.0 on it comes before the format
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.color_depth, settings.exr_codec = "32", "ZIP"


def compositor_tree(scene: bpy.types.Scene) -> tuple[Any, bool]:
    """The scene's compositor tree, and whether it was made now."""
    if hasattr(scene, "compositing_node_group"):
        made = scene.compositing_node_group is None
        if made:
            scene.compositing_node_group = bpy.data.node_groups.new(f"{scene.name} Compositing", "CompositorNodeTree")
        return scene.compositing_node_group, made
    made = scene.node_tree is None
    scene.use_nodes = True
    if made:
        scene.node_tree.nodes.clear()
    return scene.node_tree, made


def compositor_output(tree: Any) -> Any:
    """The input socket of what a compositor tree puts out: made where there is none."""
    if bpy.app.version < (5, 0):
        node = next((each for each in tree.nodes if each.bl_idname == "CompositorNodeComposite"), None)
        return (node or tree.nodes.new("CompositorNodeComposite")).inputs["Image"]
    if not any(each.in_out == "OUTPUT" for each in tree.interface.items_tree if each.item_type == "SOCKET"):
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    node = next((each for each in tree.nodes if each.bl_idname == "NodeGroupOutput"), None)
    return (node or tree.nodes.new("NodeGroupOutput")).inputs[0]


def compositor_multiply(tree: Any) -> tuple[Any, Any, Any, Any, Any]:
    """A node that multiplies two pictures: the node, and its sockets for factor, first, second and result."""
    if bpy.app.version < (5, 0):
        node = tree.nodes.new("CompositorNodeMixRGB")
        node.blend_type = "MULTIPLY"
        return node, node.inputs[0], node.inputs[1], node.inputs[2], node.outputs[0]
    node = tree.nodes.new("ShaderNodeMix")
    node.data_type, node.blend_type, node.clamp_factor = "RGBA", "MULTIPLY", False
    by_name = {each.identifier: each for each in node.inputs}
    result = next(each for each in node.outputs if each.identifier == "Result_Color")
    return node, by_name["Factor_Float"], by_name["A_Color"], by_name["B_Color"], result


def compositor_over(tree: Any) -> tuple[Any, Any, Any, Any]:
    """A node that puts a premultiplied picture over another: the node, and its sockets for back, front and result."""
    node = tree.nodes.new("CompositorNodeAlphaOver")
    if bpy.app.version < (5, 0):
        return node, node.inputs[1], node.inputs[2], node.outputs[0]
    return node, node.inputs["Background"], node.inputs["Foreground"], node.outputs[0]


def scale_to_render(node: Any) -> None:
    """Lets a compositor's Scale node stretch its picture to the size of the render."""
    if hasattr(node, "space"):
        node.space = "RENDER_SIZE"
        node.frame_method = "STRETCH"
        return
    for socket, value in (("Type", "Render Size"), ("Frame Type", "Stretch")):
        node.inputs[socket].default_value = value


def hold_keys(owner: bpy.types.ID, path: str) -> None:
    """Makes all keys of a property hold their value until the next one."""
    for curve in fcurves_of(owner.animation_data.action, owner):
        if curve.data_path == path:
            for key in curve.keyframe_points:
                key.interpolation = "CONSTANT"


def picture_shader() -> Any:
    """The shader that draws an image's texture, whose colours are linear, as sRGB on the screen."""
    import gpu  # only with an interface

    if bpy.app.version < (5, 0):  # there the screen's buffer encodes what is drawn into it
        return gpu.shader.from_builtin("IMAGE")
    return gpu.shader.from_builtin("IMAGE_SCENE_LINEAR_TO_REC709_SRGB")
