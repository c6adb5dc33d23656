# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of stage is: the command's words, what it reads and leaves, and what its result depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional

from .engines import ENGINES, network_of
from .plan import GATE, PICTURE, STATE, Input, Output, Stage
from .problems import Problem
from .settings import SCORES, SHOT, by_key
from .shot_list import Shot

_TABLES = {kind: setting.table for kind, setting in by_key(SHOT).items() if setting.kind == "table"}
_PICTURES = f"{STATE}/pictures/{{shot}}_{{stage}}.png"
"""Where a stage leaves a picture of the shot for the summary."""


class Building:
    """The stages of one shot while they are put together, each after those before it."""

    def __init__(self, shot: Shot, problems: list[Problem]) -> None:
        self.shot = shot
        self.values = shot.values
        self.problems = problems
        self.stages: list[Stage] = []
        self.take: Optional[Input] = self._given("take")
        self.blend: Optional[Input] = self._given("blend") or self._given("template", "blend")
        self.character_is_in = False
        self.gate: Optional[Input] = None

    def wrong(self, message: str, *keys: str) -> None:
        """Notes what is wrong with the shot; ``keys`` are where, the first that the list has."""
        self.problems.append(self.shot.own(*keys, "do").problem(message))

    def output(self, role: str, ending: str = "", **settings: Any) -> Output:
        """An output named after the list's pattern."""
        pattern = self.values["outputs"][role]
        try:
            name = pattern.format(shot=self.shot.name)
        except (KeyError, IndexError, ValueError):
            self.wrong(f"a name may have {{shot}} in it and no other braces, not {pattern!r}", f"outputs.{role}")
            name = f"{self.shot.name}_{role}"
        return Output(role, name.replace("\\", "/") + ending, **settings)

    def options(self, kind: str, *extra: str) -> tuple[list[str], dict[str, Any], list[Input]]:
        """The words for a table's settings, what of them is the result's recipe, and the files among them."""
        words: list[str] = []
        recipe: dict[str, Any] = {}
        files: list[Input] = []
        table = by_key(_TABLES[kind])
        for key, value in self.values[kind].items():
            setting = table[key]
            if not setting.option or (setting.kind == "switch" and not value):
                continue
            words.append(setting.option)
            if setting.kind == "path":
                files.append(Input(key, value))
                words.append(f"{{{key}}}")
            elif setting.kind == "size":
                words.append(f"{value[0]}x{value[1]}")
            elif setting.kind != "switch":
                words.append(f"{value:g}" if isinstance(value, float) else str(value))
            if setting.kind != "path" and key != "processes":
                recipe[key] = value
        return [*words, *extra], recipe, files

    def add(
        self,
        kind: str,
        words: list[str],
        recipe: dict[str, Any],
        inputs: list[Input],
        outputs: list[Output],
        **more: Any,
    ) -> Stage:
        """Adds a stage; what its inputs are made by is what it needs."""
        settings = self.values
        stage = Stage(
            shot=self.shot.name,
            kind=kind,
            name=more.pop("name", kind),
            needs=tuple(dict.fromkeys([item.made_by for item in inputs if item.made_by])),
            words=(kind, *words),
            recipe={**recipe, "engine": ENGINES[kind]},
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            timeout=settings.get("timeout"),
            retries=settings.get("retries", 2),
            **more,
        )
        self.stages.append(stage)
        return stage

    def made(self, stage: Stage, role: str, new_role: str = "") -> Input:
        """An output of a stage as the input of a later one."""
        output = next(one for one in stage.outputs if one.role == role)
        return Input(new_role or role, output.path, stage.id)

    def scene(self) -> tuple[list[Input], dict[str, str]]:
        """The scene that a stage works on: its files, and what the stage opens."""
        inputs = [] if self.blend is None else [self.blend]
        opens = {} if self.blend is None else {"blend": "blend"}
        if "character_file" in self.values and not self.character_is_in:
            if "character" not in self.values:
                self.wrong("name the character that is to be brought in", "character_file")
            inputs.append(Input("character_file", self.values["character_file"]))
            opens |= {
                "character_file": "character_file",
                "character": self.values.get("character", ""),
                "bring_in": self.values["bring_in"],
            }
        return inputs, opens

    def character(self, kind: str) -> str:
        """The character's name; notes what is wrong where there is none."""
        if "character" not in self.values:
            self.wrong(f"{kind} needs a character: the name of an armature")
        return str(self.values.get("character", ""))

    def need_scene(self, kind: str) -> bool:
        """Whether there is a scene to work on; notes what is wrong where there is none."""
        if self.blend is None and "character_file" not in self.values:
            self.wrong(f"{kind} needs a scene: blend, template or character_file")
            return False
        return True

    def _given(self, key: str, role: str = "") -> Optional[Input]:
        return Input(role or key, self.values[key]) if key in self.values else None


def _replicate(shot: Building) -> None:
    values = shot.values
    if "plate" not in values:
        shot.wrong("replicate needs a plate")
        return
    words, recipe, files = shot.options("replicate")
    inputs = [Input("plate", values["plate"]), *files]
    opens: dict[str, str] = {}
    recipe["person"] = values["person"]
    # Several shots at once use the cores better than several processes for one, and the take is the same everywhere.
    recipe["processes"] = values["replicate"].get("processes", 1)
    if "processes" not in values["replicate"]:
        words += ["--processes", "1"]
    words = ["--plate", "{plate}", "--person", values["person"], *words, "--out", "{take}"]
    for key in ("fps", "method"):
        if key in values:
            recipe[key] = values[key]
            words += [f"--{key}", f"{values[key]:g}" if key == "fps" else values[key]]
    network = network_of(values.get("method"), values["replicate"].get("weights"))
    if network:
        recipe["network"] = network
    if "range" in values:
        recipe["range"] = values["range"]
        words += ["--range", f"{values['range'][0]}-{values['range'][1]}"]
    if "camera" in recipe:
        if shot.blend is None:
            shot.wrong("a camera by name needs the file that it is in: blend or template", "replicate.camera")
        else:
            inputs.append(shot.blend)
            opens = {"blend": "blend"}
    outputs = [shot.output("take", direct=True), _picture(shot, "replicate")]
    stage = shot.add("replicate", words, recipe, inputs, outputs, opens=opens, uses_gpu=True)
    shot.take = shot.made(stage, "take")


def _clean(shot: Building) -> None:
    values = shot.values
    if shot.take is None or "plate" not in values:
        shot.wrong("clean-plate needs a plate, and a take of it: replicate it too, or name one as take")
        return
    words = ["--take", "{take}", "--plate", "{plate}", "--out", "{clean}"]
    recipe: dict[str, Any] = {}
    if "fps" in values:
        recipe["fps"] = values["fps"]
        words += ["--fps", f"{values['fps']:g}"]
    inputs = [shot.take, Input("plate", values["plate"])]
    shot.add("clean-plate", words, recipe, inputs, [shot.output("clean", folder=True)])


def _apply(shot: Building) -> None:
    if shot.take is None:
        shot.wrong("apply needs a take: replicate it too, or name one as take")
        return
    if not shot.need_scene("apply"):
        return
    name = shot.character("apply")
    words, recipe, files = shot.options("apply")
    inputs, opens = shot.scene()
    words = ["--take", "{take}", "--character", name, "--save", "{apply}", *words]
    recipe |= {"character": name, "bring_in": opens.get("bring_in", "")}
    stage = shot.add("apply", words, recipe, [shot.take, *inputs, *files], [shot.output("apply")], opens=opens)
    shot.blend = shot.made(stage, "apply", "blend")
    shot.character_is_in = True


def _light(shot: Building) -> None:
    if "environment" not in shot.values:
        shot.wrong("light needs an environment: an equirectangular picture of the set")
        return
    if not shot.need_scene("light"):
        return
    words, recipe, files = shot.options("light")
    inputs, opens = shot.scene()
    outputs = [shot.output("light")]
    words = ["--hdri", "{environment}", "--save", "{light}", *words]
    for role, folder in (("residual", False), ("report", True)):
        if shot.values["light"].get(role):
            outputs.append(shot.output(role, folder=folder))
            words += [f"--{role}", f"{{{role}}}"]
    recipe |= {"outputs": [output.role for output in outputs], "bring_in": opens.get("bring_in", "")}
    inputs = [Input("environment", shot.values["environment"]), *inputs, *files]
    stage = shot.add("light", words, recipe, inputs, outputs, opens=opens)
    shot.blend = shot.made(stage, "light", "blend")
    shot.character_is_in = True


def _shadows(shot: Building) -> None:
    if not shot.need_scene("bake-shadows"):
        return
    words, recipe, files = shot.options("bake-shadows")
    inputs, opens = shot.scene()
    for frames, name in _chunks(shot, "bake-shadows"):
        output = shot.output("shadows", f"/{name}" if name else "", folder=True)
        more = ["--range", f"{frames[0]}-{frames[1]}"] if frames else []
        shot.add(
            "bake-shadows",
            ["--out", "{shadows}", *words, *more],
            {**recipe, "frames": frames, "bring_in": opens.get("bring_in", "")},
            [*inputs, *files],
            [output],
            name=f"bake-shadows.{name}" if name else "bake-shadows",
            opens=opens,
            frames=frames if name else None,
            uses_gpu=True,
        )


def _preview(shot: Building) -> None:
    if not shot.need_scene("render-preview"):
        return
    settings = shot.values["render-preview"]
    words, recipe, files = shot.options("render-preview")
    inputs, opens = shot.scene()
    movie = settings["format"] == "mp4"
    if movie and "chunk" in settings:
        shot.wrong('chunks are for pictures: format = "png"', "render-preview.chunk")
        return
    recipe |= {"format": settings["format"], "bring_in": opens.get("bring_in", "")}
    for frames, name in _chunks(shot, "render-preview"):
        output = shot.output("preview", ".mp4" if movie else f"/{name}" if name else "", folder=not movie)
        stage = f"render-preview.{name}" if name else "render-preview"
        more = ["--range", f"{frames[0]}-{frames[1]}"] if frames else []
        shot.add(
            "render-preview",
            ["--out", "{preview}", "--picture", "{picture}", *words, *more],
            {**recipe, "frames": frames},
            [*inputs, *files],
            [output, _picture(shot, stage)],
            name=stage,
            opens=opens,
            frames=frames if name else None,
            uses_gpu=True,
        )


def _quality(shot: Building) -> None:
    if shot.take is None:
        shot.wrong("quality needs a take: replicate it too, or name one as take")
        return
    settings = shot.values["quality"]
    words, recipe, files = shot.options("quality")
    inputs, opens = [shot.take], {}
    words = ["{take}", "--report", "{quality}", *words]
    if shot.blend is not None and "character" in shot.values:
        inputs.append(shot.blend)
        opens = {"blend": "blend"}
        recipe["character"] = shot.values["character"]
        words += ["--character", shot.values["character"]]
    if "environment" in shot.values:
        inputs.append(Input("environment", shot.values["environment"]))
        words += ["--environment", "{environment}"]
    if "gates" in settings:
        files.append(Input("gates", settings["gates"]))
    recipe["gates"] = {key: settings[key] for key in SCORES if key in settings}
    output = shot.output("quality", folder=True)
    stage = shot.add("quality", words, recipe, [*inputs, *files], [output], opens=opens)
    if settings.get("before_export"):
        shot.gate = shot.made(stage, "quality", GATE)


def _export(shot: Building) -> None:
    gate = [] if shot.gate is None else [shot.gate]
    for kind in shot.values["export"]:
        output = shot.output("export", f".{kind}")
        if kind == "bvh":
            if shot.take is None:
                shot.wrong("export to BVH needs a take: replicate it too, or name one as take", "export")
                continue
            shot.add(
                "export",
                ["--take", "{take}", "--out", "{export}", "--format", kind],
                {"format": kind},
                [shot.take, *gate],
                [output],
                name=f"export.{kind}",
            )
            continue
        if not shot.need_scene("export"):
            return
        name = shot.character("export")
        inputs, opens = shot.scene()
        shot.add(
            "export",
            ["--character", name, "--out", "{export}", "--format", kind],
            {"format": kind, "character": name, "bring_in": opens.get("bring_in", "")},
            [*inputs, *gate],
            [output],
            name=f"export.{kind}",
            opens=opens,
        )


def _picture(shot: Building, stage: str) -> Output:
    return Output(PICTURE, _PICTURES.format(shot=shot.shot.name, stage=stage))


def _chunks(shot: Building, kind: str) -> list[tuple[Optional[tuple[int, int]], str]]:
    """The frames of each chunk and its name; all frames in one without a name where it is not cut."""
    settings = shot.values[kind]
    frames, size = settings.get("frames"), settings.get("chunk")
    if size is None:
        return [(frames, "")]
    if frames is None:
        shot.wrong("a chunk needs frames: the first and last that there are", f"{kind}.chunk")
        return []
    starts = range(frames[0], frames[1] + 1, size)
    cut = [(first, min(first + size - 1, frames[1])) for first in starts]
    return [(part, f"{part[0]:04d}-{part[1]:04d}") for part in cut]


BUILDERS: dict[str, Callable[[Building], None]] = {
    "replicate": _replicate,
    "clean-plate": _clean,
    "apply": _apply,
    "light": _light,
    "bake-shadows": _shadows,
    "render-preview": _preview,
    "quality": _quality,
    "export": _export,
}
"""What puts the stages of each kind together."""
