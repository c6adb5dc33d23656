# SPDX-License-Identifier: GPL-3.0-or-later
"""What may stand in a shot list: the one table that reading, planning and the published JSON Schema go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

VERSION = 1
"""Of the list's format."""

KINDS = ("replicate", "clean-plate", "apply", "light", "bake-shadows", "render-preview", "quality", "export")
"""What may be done with a shot, in the order in which it is done."""
EXPORTS = ("fbx", "glb", "usd", "bvh")
_PIXELS = r"\d+(\.\d+)?"


@dataclass(frozen=True)
class Setting:
    """One key. ``kind``: word, path, number, whole, switch, choice, choices, frames, size or table.

    ``option`` is the command line's; ``ends`` are the endings that a path may have, ``pattern`` is what a
    word must match. ``table`` are a table's own keys.
    """

    key: str
    kind: str
    text: str
    choices: tuple[str, ...] = ()
    low: Optional[float] = None
    high: Optional[float] = None
    option: str = ""
    ends: tuple[str, ...] = ()
    table: tuple[Setting, ...] = ()
    default: Any = None
    pattern: str = ""

    @property
    def removable(self) -> bool:
        """Whether an empty text in a shot says that the default does not count there."""
        return self.kind in ("word", "path") and self.default is None and self.key != "name"


def _switch(key: str, text: str) -> Setting:
    return Setting(key, "switch", text, option=f"--{key.replace('_', '-')}")


def _share(key: str, text: str) -> Setting:
    return Setting(key, "number", text, low=0.0, high=1.0, option=f"--{key.replace('_', '-')}")


_SOLVING = (
    Setting("neutral_frame", "whole", "Frame of the plate with the face at rest", low=0, option="--neutral-frame"),
    Setting("weights", "path", "Own weights for the method fusion", option="--weights", ends=(".safetensors",)),
    Setting(
        "smoothing", "choice", "How the motion is smoothed", ("zero_phase", "one_euro", "none"), option="--smoothing"
    ),
    _share("smoothing_strength", "How much the motion is smoothed"),
    Setting("camera", "word", "The file's camera that matches the plate", option="--camera"),
    Setting("camera_track", "path", "The way of a camera that was tracked elsewhere", option="--camera-track"),
    Setting(
        "focal_length",
        "word",
        "estimate, 35mm or 1500px",
        option="--focal-length",
        pattern=r"estimate|[1-9]\d*(\.\d+)?(mm|px)",
    ),
    Setting("sensor_width", "number", "In millimetres, with a focal length in mm", low=1, option="--sensor-width"),
    Setting("height", "number", "The performer's, in metres", low=0.5, high=2.6, option="--height"),
    Setting("processes", "whole", "Tracking processes; else 1", low=1, high=64, option="--processes"),
)
_APPLYING = (
    _switch("in_place", "Without the way through the room"),
    _switch("match_camera", "Put the character where the performer stands in the picture"),
    _switch("exact_directions", "Directions of pelvis, collar bones and feet are exactly the performer's"),
    _switch("share_spine", "Unmapped bones of the spine take their part too"),
    Setting("start_frame", "whole", "The scene's frame at which the take begins", option="--start-frame"),
    _switch("whole_frames", "Keys on the scene's whole frames"),
    _switch("nla", "Put the keys on a new NLA track"),
    _switch("set_range", "Make the scene begin and end with the take"),
    _switch("set_resolution", "Give the scene the plate's resolution"),
    _switch("no_camera", "Do not add the solved camera"),
    _switch("no_background", "Do not show the plate behind that camera"),
    _switch("no_refine", "Leave the motion as it was captured"),
    Setting(
        "limits",
        "choice",
        "Human limits",
        ("average_adult", "athlete", "child", "elderly", "off"),
        option="--limits",
    ),
    _switch("no_plant", "Do not hold feet and hands where they touch"),
    _share("feet", "How firmly feet are held"),
    _share("hands", "How firmly hands are held"),
    _switch("surfaces", "Look for hands that rest on a floor, a table or a wall"),
    _share("refine_smoothing", "A filter before all else"),
    _switch("slow_down", "Slow down what exceeds human speed or strength"),
    Setting("mass", "number", "The performer's, in kilograms", low=5, high=400, option="--mass"),
)
_LIGHT = (
    Setting("lamps", "whole", "At most so many lamps", low=0, high=64, option="--lamps"),
    Setting("residual", "switch", "Also write the environment without its lamps"),
    Setting("report", "switch", "Also write a page about the light"),
)
_SHADOWS = (
    Setting("frames", "frames", "Frames of the scene; else the scene's range"),
    Setting("chunk", "whole", "Frames that one Blender renders; needs frames", low=1),
    Setting("samples", "whole", "Samples a pixel", low=1, high=65536, option="--samples"),
    Setting("resolution", "whole", "Per cent of the scene's resolution", low=1, high=100, option="--resolution"),
)
_PREVIEW = (
    Setting("engine", "choice", "Blender's renderer", ("workbench", "eevee", "cycles"), option="--engine"),
    Setting("size", "size", "Width and height in pixels; else the scene's", low=16, high=16384, option="--size"),
    Setting("samples", "whole", "Samples a pixel; else 16", low=1, high=65536, option="--samples"),
    _switch("no_plate", "Without the plate that the camera shows behind"),
    Setting("frames", "frames", "Frames of the scene; else the scene's range"),
    Setting("step", "whole", "Only every so many frames", low=1, high=10000, option="--step"),
    Setting("chunk", "whole", "Frames that one Blender renders; needs frames", low=1),
    Setting("format", "choice", "A movie, or a folder of pictures", ("mp4", "png"), default="mp4"),
)
SCORES = (
    "temporal_coherence",
    "cross_modal_consistency",
    "environmental_integration",
    "lighting_realism",
    "overall",
)
"""The scores that have gates."""
_QUALITY = (
    *(
        Setting(key, "number", f"The least score of {key.replace('_', ' ')} that passes", low=0.0, high=1.0)
        for key in SCORES
    ),
    Setting("gates", "path", "A file of gates, for those that are not given here", ends=(".json", ".toml")),
    Setting("compare", "path", "Another take to set beside the shot's", option="--compare", ends=(".npz",)),
    _switch("no_pictures", "The report without frames of the plate"),
    Setting("before_export", "switch", "Export only what passes its gates"),
)
_OUTPUTS = (
    Setting("take", "word", "Else {shot}/{shot}.npz", ends=(".npz",), default="{shot}/{shot}.npz"),
    Setting("clean", "word", "A folder; else {shot}/clean", default="{shot}/clean"),
    Setting("apply", "word", "Else {shot}/{shot}_apply.blend", ends=(".blend",), default="{shot}/{shot}_apply.blend"),
    Setting("light", "word", "Else {shot}/{shot}_light.blend", ends=(".blend",), default="{shot}/{shot}_light.blend"),
    Setting("residual", "word", "Else {shot}/{shot}_rest.exr", ends=(".exr",), default="{shot}/{shot}_rest.exr"),
    Setting("report", "word", "Else {shot}/light", default="{shot}/light"),
    Setting("shadows", "word", "A folder; else {shot}/shadows", default="{shot}/shadows"),
    Setting("preview", "word", "Without ending, else {shot}/{shot}_preview", default="{shot}/{shot}_preview"),
    Setting("quality", "word", "A folder; else {shot}/quality", default="{shot}/quality"),
    Setting("export", "word", "Without ending, else {shot}/{shot}", default="{shot}/{shot}"),
)

SHOT = (
    Setting("name", "word", "The shot's name: letters, digits, _, - and ."),
    Setting("blend", "path", "The shot's own .blend file; it is read, never written", ends=(".blend",)),
    Setting("template", "path", "A .blend file to begin with where the shot has none", ends=(".blend",)),
    Setting("character_file", "path", "The .blend file that the character is brought in from", ends=(".blend",)),
    Setting("character", "word", "The character's armature, or a mesh that belongs to it"),
    Setting("bring_in", "choice", "How the character is brought in", ("link", "append"), default="link"),
    Setting("plate", "path", "A movie; or one picture, the folder or the pattern of an image sequence"),
    Setting("fps", "number", "Frames a second of an image sequence", low=1, high=1000),
    Setting("range", "frames", "Frames of the plate, both included"),
    Setting(
        "person",
        "word",
        "largest, X,Y@FRAME or X0,Y0,X1,Y1@FRAME",
        default="largest",
        pattern=rf"largest|{_PIXELS},{_PIXELS}(,{_PIXELS},{_PIXELS})?@\d+",
    ),
    Setting("method", "choice", "How joint rotations are found", ("fusion", "geometric")),
    Setting("take", "path", "A take that exists, where none is replicated", ends=(".npz",)),
    Setting("environment", "path", "An equirectangular picture of the set, HDR or EXR"),
    Setting("do", "choices", "What is to be done with the shot", KINDS, default=["replicate"]),
    Setting("export", "choices", "Formats to export to", EXPORTS, default=["fbx"]),
    Setting("timeout", "number", "Seconds that one stage may take", low=1),
    Setting("retries", "whole", "How often a stage that broke down is tried again", low=0, high=100),
    Setting("replicate", "table", "How the plate is replicated", table=_SOLVING),
    Setting("apply", "table", "How the take is put on the character", table=_APPLYING),
    Setting("light", "table", "How the light is matched", table=_LIGHT),
    Setting("bake-shadows", "table", "How shadows are baked", table=_SHADOWS),
    Setting("render-preview", "table", "How the preview is rendered", table=_PREVIEW),
    Setting("quality", "table", "How the shot is judged: the least scores that pass, 0 to 1", table=_QUALITY),
    Setting("outputs", "table", "Names of the files, below the output folder", table=_OUTPUTS),
)
LIST = (
    Setting("version", "whole", "Of the list's format: 1", low=VERSION, high=VERSION),
    Setting("output", "path", "The folder that everything is written into; else LIST_output beside the list"),
    Setting("defaults", "table", "What holds for all shots that say nothing else", table=SHOT[1:]),
)
"""The list's own keys, beside ``shots``, an array of tables of SHOT."""


def by_key(table: tuple[Setting, ...]) -> dict[str, Setting]:
    """The settings of a table by their keys."""
    return {setting.key: setting for setting in table}
