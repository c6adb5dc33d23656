# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake Shadows: frame by frame, the passes that put a character's shadow into its plate."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import bpy
import numpy as np

from ..lighting.multilayer_exr import Plane, channels_of, clear_partials, read_exr, read_texts, write_exr
from ..lighting.shadow_passes import CHARACTER, CLEAN, LIT, OPEN, SHADOW, colour, multiply_passes
from .actions import put_back
from .shadow_contacts import NEEDED, ContactLook, contacts_to_check, look
from .shadow_devices import can_denoise, use_device
from .shadow_digest import WORDS, changed_parts, frame_digests
from .shadow_errors import ShadowError as ShadowError
from .shadow_ground import check_catchers, find_catchers, floor_height
from .shadow_materials import GREY, WHITE
from .shadow_plate import mean_colour, use_plate
from .shadow_scene import ShadowScene, shadow_scene

if TYPE_CHECKING:
    from ..lighting.contact_shadows import ContactReport

FORMAT = 1
"""Raised with every change that makes files of an older HoliRep differ from what would be rendered now."""
INPUTS = "holirep/inputs"
"""Header attribute of the files: the digests of what they were made from, as JSON."""
_MEASURED_WIDTH, _MEASURED_SAMPLES = 48, 16
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class ShadowOptions:
    """How shadows are baked.

    ``out``: folder of the files ``name.####.exr``; made if it is not there. ``frames``: first and last; None: the
    scene's. ``resolution``: percentage of the scene's picture; None: the scene's own. ``catchers``: objects; none:
    those that the scene has, else a ground is made. ``plate_gain``: albedo of the catchers over the plate's values; 0:
    found, so that the ground, lit by the scene's lights, is as bright as in the plate. ``again``: finished frames too.
    ``slim``: without the light on the catchers lamp by lamp, which is only needed to change the lamps' balance.
    """

    out: Path
    frames: Optional[tuple[int, int]] = None
    samples: int = 64
    device: str = "auto"
    catchers: tuple[bpy.types.Object, ...] = ()
    resolution: Optional[int] = None
    denoise: bool = False
    name: str = "shadow"
    plate_gain: float = 0.0
    again: bool = False
    slim: bool = False


@dataclass
class ShadowProgress:
    """How far it is: the frame that is rendered now, and how many of all are done."""

    frame: int
    done: int
    count: int
    seconds_left: Optional[float] = None


@dataclass
class ShadowBake:
    """What was made. ``changed``: part of the scene that differed -> frames that were rendered again because of it."""

    out: Path
    files: list[Path] = field(default_factory=list)
    rendered: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    changed: dict[str, list[int]] = field(default_factory=dict)
    passes: list[str] = field(default_factory=list)
    catchers: list[str] = field(default_factory=list)
    ground_height: Optional[float] = None
    device: str = ""
    plate_gain: float = 0.0
    warnings: list[str] = field(default_factory=list)
    contacts: Optional[ContactReport] = None

    @property
    def sentence(self) -> str:
        """What was done, for the user."""
        text = f"Rendered {_frames(len(self.rendered))}"
        if self.skipped:
            text += f", {_frames(len(self.skipped))} were up to date"
        if self.changed:
            parts = ", ".join(WORDS[part] for part in self.changed)
            again = len({frame for frames in self.changed.values() for frame in frames})
            text += f"; {_frames(again)} had to be rendered again, because {parts} changed"
        return text


def bake_shadows(
    scene: bpy.types.Scene, options: ShadowOptions, report: Optional[Callable[[ShadowProgress], None]] = None
) -> ShadowBake:
    """Renders the shadow passes of a range of frames with Cycles; files that are up to date are left as they are.

    ``report`` is called before each frame and at the end; what it raises ends the work. The scene, its objects and
    materials are not touched, and all that was made in Blender is gone afterwards, whatever happened; finished files
    stay. Raises ShadowError for what the user must change first, and OSError where files cannot be written.
    """
    first, last = options.frames or (scene.frame_start, scene.frame_end)
    scene.view_layers[0].update()
    floor = _checked(scene, options, first, last)
    catchers = check_catchers(scene, options.catchers) or find_catchers(scene, floor)
    _prepare_folder(options.out)
    with (
        shadow_scene(scene, catchers, floor) as built,
        put_back() as rollback,
        tempfile.TemporaryDirectory(prefix="holirep-shadows-", dir=bpy.app.tempdir or None) as scratch,
    ):
        bake = ShadowBake(options.out, catchers=[each.name for each in built.catchers])
        bake.ground_height = floor if built.ground_made else None
        bake.device = use_device(built.scene, options.device, rollback)
        _set_quality(built, options)
        _say_what_is_missing(built, bake)
        _set_gain(built, options, bake, Path(scratch))
        settings = _settings_text(built, options)
        feet, why_not = contacts_to_check(built)
        if why_not:
            bake.warnings.append(why_not)
        started, spent = time.monotonic(), 0
        for done, frame in enumerate(range(first, last + 1)):
            if report is not None:
                left = (time.monotonic() - started) / spent * (last - frame + 1) if spent else None
                report(ShadowProgress(frame, done, last - first + 1, left))
            spent += _frame(built, options, bake, frame, settings, Path(scratch), feet)
        if report is not None:
            report(ShadowProgress(last, last - first + 1, last - first + 1, 0.0))
        bake.contacts = feet.report() if feet is not None else None
    return bake


def told(bake: ShadowBake) -> dict[str, Any]:
    """What was made, for a JSON object."""
    return {
        "summary": bake.sentence,
        "notes": [*bake.warnings, *(bake.contacts.sentences if bake.contacts is not None else ())],
        "out": str(bake.out),
        "files": [str(path) for path in bake.files],
        "rendered": bake.rendered,
        "skipped": bake.skipped,
        "changed": bake.changed,
        "passes": bake.passes,
        "catchers": bake.catchers,
        "ground_height": bake.ground_height,
        "device": bake.device,
        "plate_gain": bake.plate_gain,
        "warnings": bake.warnings,
        "contacts": bake.contacts.rows() if bake.contacts is not None else None,
    }


def _checked(scene: bpy.types.Scene, options: ShadowOptions, first: int, last: int) -> float:
    """Looks at what can be wrong before any time is spent; returns the floor's height."""
    if scene.camera is None or scene.camera.type != "CAMERA":
        raise ShadowError(f"{scene.name} has no camera: add one, or apply a take with its solved camera")
    if last < first:
        raise ShadowError(f"The range ends at frame {last}, before it begins at frame {first}")
    if options.denoise and not can_denoise():
        raise ShadowError("This Blender was built without OpenImageDenoise: switch Denoise off, and take more samples")
    from .shadow_ground import shown_objects

    lamps = [each for each in shown_objects(scene) if each.type == "LIGHT" and not each.hide_render]
    if not lamps and not _world_lights(scene.world) and not any(_glows(each) for each in shown_objects(scene)):
        raise ShadowError(
            f"Nothing lights {scene.name}, so nothing casts a shadow: add a lamp, or let Match Lighting add them"
        )
    return floor_height(scene)


def _world_lights(world: Optional[bpy.types.World]) -> bool:
    if world is None:
        return False
    if world.node_tree is None:
        return any(part > 0 for part in world.color)
    shades = [node for node in world.node_tree.nodes if node.type == "BACKGROUND"]
    return any(
        node.inputs["Strength"].is_linked
        or (
            node.inputs["Strength"].default_value > 0
            and (node.inputs["Color"].is_linked or max(node.inputs["Color"].default_value[:3]) > 0)
        )
        for node in shades
    )


def _glows(one: bpy.types.Object) -> bool:
    return any(
        node.type == "EMISSION"
        or (node.type == "BSDF_PRINCIPLED" and node.inputs["Emission Strength"].default_value > 0)
        for slot in one.material_slots
        if slot.material is not None and slot.material.node_tree is not None
        for node in slot.material.node_tree.nodes
    )


def _prepare_folder(out: Path) -> None:
    """Makes the folder, and clears away what a process that was killed had begun to write."""
    out.mkdir(parents=True, exist_ok=True)
    clear_partials(out)
    handle, probe = tempfile.mkstemp(prefix=".holirep-", dir=out)
    os.close(handle)
    os.unlink(probe)


def _set_quality(built: ShadowScene, options: ShadowOptions) -> None:
    scene = built.scene
    scene.cycles.samples = options.samples
    scene.cycles.use_denoising = options.denoise
    if options.resolution is not None:
        scene.render.resolution_percentage = options.resolution


def _say_what_is_missing(built: ShadowScene, bake: ShadowBake) -> None:
    if built.plate is None:
        bake.warnings.append(
            f"{built.source.camera.name} shows no plate as its background: the passes are rendered alone, and what the "
            "ground throws back is an 18 % grey."
        )
    if not any(each.type in ("MESH", "CURVES", "CURVE", "SURFACE", "FONT", "META", "EMPTY") for each in built.cast):
        bake.warnings.append("Nothing but catchers is in the scene, so nothing casts a shadow.")
    if built.ground_made:
        bake.warnings.append(f"The scene has no ground: a level one was made at the height {bake.ground_height:.3f}.")


def _set_gain(built: ShadowScene, options: ShadowOptions, bake: ShadowBake, scratch: Path) -> None:
    """Gives the catchers the albedo that makes them, in the scene's light, as bright as the plate shows them."""
    if built.plate is None:
        return
    gain = options.plate_gain
    if gain <= 0.0:
        light = _measured_light(built, scratch)
        brightness = float(np.dot(mean_colour(built.plate), _LUMINANCE))
        gain = float(f"{1.0 / light:.2g}") if light > 0 else 1.0
        if not 0.02 <= brightness * gain <= 0.9:
            bake.warnings.append(
                f"The plate is {'brighter' if brightness * gain > 0.9 else 'darker'} than the scene's light can make "
                f"any ground (a mean albedo of {brightness * gain:.2g}): match the light to the plate. Until then the "
                "ground throws back as an 18 % grey would, in the plate's colours."
            )
            gain = float(f"{GREY / max(brightness, 1e-6):.2g}")
    bake.plate_gain = gain
    for each in built.materials:
        each.gain.default_value = gain


def _measured_light(built: ShadowScene, scratch: Path) -> float:
    """Radiance of a white surface in the catchers' place, in luminance, by a small picture of the first frame."""
    scene = built.scene
    render, cycles = scene.render, scene.cycles
    kept = render.resolution_percentage, cycles.samples, [layer.use for layer in scene.view_layers]
    width = render.resolution_x
    render.resolution_percentage = max(1, round(100 * _MEASURED_WIDTH / width))
    cycles.samples = _MEASURED_SAMPLES
    for layer in scene.view_layers:
        layer.use = layer.name == CLEAN
    scene.frame_set(built.source.frame_start)
    _show_plate(built)
    try:
        planes = _rendered(scene, scratch)
    finally:
        render.resolution_percentage, cycles.samples = kept[0], kept[1]
        for layer, use in zip(scene.view_layers, kept[2], strict=True):
            layer.use = use
    seen = planes[f"{CLEAN}.Combined.A"] > 0.99
    if not seen.any():
        return 0.0
    return float((colour(planes, f"{CLEAN}.Combined") @ _LUMINANCE)[seen].mean() / WHITE)


def _settings_text(built: ShadowScene, options: ShadowOptions) -> str:
    """All settings that change the pictures, as text; not the device, which only changes how long they take."""
    scene = built.scene
    render, cycles = scene.render, scene.cycles
    names = ["resolution_x", "resolution_y", "resolution_percentage", "pixel_aspect_x", "pixel_aspect_y"]
    names += ["filter_size", "use_motion_blur", "motion_blur_shutter", "use_simplify"]
    values: list[Any] = [FORMAT, bpy.app.version[:2], options.denoise, options.slim, sorted(built.groups.values())]
    values += [getattr(render, name) for name in names]
    values += [
        getattr(cycles, prop.identifier)
        for prop in cycles.bl_rna.properties
        if prop.type in ("BOOLEAN", "INT", "FLOAT", "ENUM")
        and not prop.identifier.startswith(
            ("preview_", "use_preview", "debug_", "device", "bake_", "tile_", "denoiser")
        )
    ]
    return repr(values)


def file_of(options: ShadowOptions, frame: int) -> Path:
    """The file of a frame."""
    return options.out / f"{options.name}.{frame:04d}.exr"


def _frame(
    built: ShadowScene,
    options: ShadowOptions,
    bake: ShadowBake,
    frame: int,
    settings: str,
    scratch: Path,
    feet: Optional[ContactLook],
) -> bool:
    """One frame; False where its file was up to date."""
    built.scene.frame_set(frame)
    path = file_of(options, frame)
    digests = frame_digests(built, settings, bake.plate_gain)
    stored = _stored(path)
    bake.files.append(path)
    if stored == digests and not options.again:
        bake.skipped.append(frame)
        if not bake.passes:
            bake.passes = passes_of(channels_of(path))
        if feet is not None:
            look(built, feet, frame, read_exr(path, lambda name: name.startswith(NEEDED)))
        return False
    if stored is not None:
        for part in changed_parts(stored, digests):
            bake.changed.setdefault(part, []).append(frame)
    _show_plate(built)
    planes = _named(_rendered(built.scene, scratch), built)
    planes.update(multiply_passes(planes, built.groups.values()))
    planes = {name: plane for name, plane in planes.items() if _kept(name, options.slim)}
    texts = {INPUTS: json.dumps(digests, sort_keys=True), "software": "HoliRep", "comments": "linear, premultiplied"}
    write_exr(path, planes, texts)
    bake.rendered.append(frame)
    bake.passes = passes_of(planes)
    if feet is not None:
        look(built, feet, frame, planes)
    return True


def _show_plate(built: ShadowScene) -> None:
    if built.plate is not None:
        for each in built.materials:
            use_plate(each.image_user, built.plate, built.scene)


def _kept(name: str, slim: bool) -> bool:
    """Whether a channel is for the file; what contacts are looked at with always is."""
    return not name.startswith(f"{OPEN}.") and (not slim or name.startswith((f"{CHARACTER}.", f"{SHADOW}.", *NEEDED)))


def _stored(path: Path) -> Optional[dict[str, str]]:
    """The digests in a finished file; None where there is none."""
    if not path.is_file():
        return None
    try:
        found = json.loads(read_texts(path).get(INPUTS, ""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _rendered(scene: bpy.types.Scene, scratch: Path) -> dict[str, Plane]:
    """Renders the scene's layers at its current frame, and reads their passes."""
    frame = scene.frame_current
    # As an animation of one frame: a still of a scene that no window shows is rendered at the window's frame.
    scene.frame_start = scene.frame_end = frame
    scene.render.filepath = str(scratch / "frame_")
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
    except RuntimeError as error:
        raise ShadowError(f"Blender could not render frame {frame}: {_last_line(error)}") from error
    made = list(scratch.glob("frame_*.exr"))
    if not made:
        raise OSError(f"the rendered frame {frame} could not be written to {scratch.parent}; is the disk full?")
    try:
        return read_exr(made[0])
    finally:
        for path in made:
            path.unlink()


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[-1].removeprefix("Error: ")


def _named(planes: dict[str, Plane], built: ShadowScene) -> dict[str, Plane]:
    """The passes by the names that they have in the files."""
    labels = {f"Combined_{group}": f"Combined_{label}" for group, label in built.groups.items()}
    named = {}
    for full, plane in planes.items():
        layer, name, channel = full.split(".", 1)[0], full.split(".", 1)[1].rsplit(".", 1)[0], full.rsplit(".", 1)[1]
        if layer == CHARACTER and name == "Shadow Catcher":
            layer, name = SHADOW, "Catcher"
        if layer in (LIT, CLEAN) and channel == "A" and not (layer == CLEAN and name == "Combined"):
            continue
        named[f"{layer}.{labels.get(name, name)}.{channel}"] = plane
    return named


def passes_of(names: Iterable[str]) -> list[str]:
    """Passes, ``layer.pass``, of full channel names."""
    return sorted({name.rsplit(".", 1)[0] for name in names})


def _frames(count: int) -> str:
    return f"{count} frame" if count == 1 else f"{count} frames"


__all__ = [
    "ShadowBake",
    "ShadowError",
    "ShadowOptions",
    "ShadowProgress",
    "bake_shadows",
    "clear_partials",
    "file_of",
    "told",
]
