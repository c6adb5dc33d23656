# SPDX-License-Identifier: GPL-3.0-or-later
"""One stage of a batch, in this Blender: the scene is made ready, the command runs, and its files are handed over."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import bpy

from ..batch.digests import Digests
from ..batch.engines import holirep_version
from ..batch.locks import Busy, stage_lock
from ..batch.plan import PICTURE, Plan, Stage
from ..batch.plates import plate_files
from ..batch.records import FAILED, MOVING, STARTED, Record, read_record, write_record
from ..batch.standing import Keys, standing
from ..batch.workplace import RESUMABLE, Workplace
from ..operators import session
from ..runtime.location import ENVIRONMENT_VARIABLE
from ..scene.bringing_in import BringInError, bring_in
from . import files
from .errors import CHARACTER, DISK, GATE, LOCKED, USAGE, CommandError

DEVICE_KINDS = ("replicate", "bake-shadows")
"""Kinds whose command takes --device."""
_KEPT = (
    "applied", "frames", "fps", "passed", "passes", "refined", "scores", "tracked_frames", "verdict",
    "violation_count", "warnings",
)  # fmt: skip
"""What of a command's result is noted for the summary; its paths are temporary ones."""


@dataclass(frozen=True)
class Travelling:
    """Preferences that go with a job, because a Blender in the background may not load the user's."""

    device: str = ""
    run_scripts: bool = False
    """Whether scripts in .blend files may run, as rigs with Python drivers need."""
    overwrite: bool = False
    runtime: str = ""
    """The runtime that the preferences name, where they do."""

    def to_json(self) -> dict[str, Any]:
        """For a job's file."""
        return asdict(self)


def run_stage(plan: Plan, stage: Stage, travelling: Travelling) -> tuple[dict[str, Any], str]:
    """Runs a stage unless it is done; raises CommandError as its command does, and what is wrong is noted then."""
    if travelling.runtime:
        os.environ[ENVIRONMENT_VARIABLE] = travelling.runtime
    try:
        with stage_lock(plan, stage):
            return _locked(plan, stage, travelling)
    except Busy as error:
        raise CommandError(LOCKED, str(error)) from error
    except OSError as error:
        raise CommandError(DISK, f"{plan.output} cannot be written: {error}") from error


def _locked(plan: Plan, stage: Stage, travelling: Travelling) -> tuple[dict[str, Any], str]:
    digests = Digests(plan.state / "digests.json")
    keys = Keys(plan, digests)
    place = Workplace(plan, stage)
    record = read_record(plan, stage)
    now = standing(plan, stage, digests, keys)
    if now.done and record is not None:
        place.clear()
        return {**record.result, "skipped": True}, f"{stage.id} is done already"
    if now.finished and record is not None:
        place.clear()
        raise CommandError(GATE, record.message, findings={**record.result, "skipped": True})
    if now.blocked and not travelling.overwrite:
        raise CommandError(USAGE, f"{stage.id}: {now.message}; move it away, or use --overwrite")
    _check_needs(plan, stage, digests, keys)
    try:
        key = keys.of(stage)
    except OSError as error:
        raise CommandError(DISK, f"{stage.id} needs {error.filename or error}, which is not there") from error
    if record is not None and record.state == MOVING and record.key == key and place.go_on(record, digests):
        if record.code:
            raise CommandError(GATE, record.message, findings={**record.result, "skipped": True})
        return {**record.result, "skipped": True}, f"{stage.id} was complete already"
    begun = time.monotonic()
    mine = Record(
        STARTED,
        key,
        outputs=record.outputs if record is not None else (),  # what lies there is this stage's own, however it ends
        time=_now(),
        host=socket.gethostname(),
        made_with=f"HoliRep {holirep_version()}, Blender {bpy.app.version_string}",
        engine=stage.recipe.get("engine", 0),
        network=stage.recipe.get("network", ""),
    )
    write_record(plan, stage, mine)
    place.open()
    try:
        rejected, answer = _judged(plan, stage, place, travelling)
        result, text = place.named(answer)
        keys.forget()
        if keys.of(stage) != key:
            raise CommandError(DISK, f"{stage.id}: a file that it reads was changed meanwhile; run it again")
        left = place.look(digests)
        foreign = "" if travelling.overwrite else place.in_the_way(left, record, digests)
        if foreign:
            text = f"{stage.id}: {foreign} is there and is another file than the one to be written"
            raise CommandError(USAGE, f"{text}; move it away, or use --overwrite")
        kept = {name: result[name] for name in _KEPT if name in result}
        facts = {"seconds": time.monotonic() - begun, "time": _now(), "result": kept}
        if rejected:
            facts |= {"code": GATE, "message": rejected}
        place.hand_over(replace(mine, outputs=left, **facts))
    except BaseException as error:
        _note_failure(plan, stage, place, mine, error, time.monotonic() - begun)
        if isinstance(error, FileNotFoundError):
            raise CommandError(DISK, str(error)) from error
        raise
    finally:
        digests.save()
    if rejected:
        raise CommandError(GATE, rejected, findings=result, text=text)
    return result, text


def _judged(
    plan: Plan, stage: Stage, place: Workplace, travelling: Travelling
) -> tuple[str, tuple[dict[str, Any], str]]:
    """Why a shot does not pass its gates, empty where it does; and the command's answer, whole in either case."""
    try:
        return "", _command(plan, stage, place, travelling)
    except CommandError as error:
        if error.code != GATE:
            raise
        return str(error), (error.findings, error.text)


def _check_needs(plan: Plan, stage: Stage, digests: Digests, keys: Keys) -> None:
    for need in stage.needs:
        found = standing(plan, plan.stage(need), digests, keys)
        if found.finished and not found.done:
            raise CommandError(GATE, f"{stage.id} is held back by {need}: {found.message}")
        if not found.done:
            raise CommandError(USAGE, f"{stage.id} needs {need}, which is not done ({found.message}): run that first")


def _note_failure(
    plan: Plan, stage: Stage, place: Workplace, mine: Record, error: BaseException, seconds: float
) -> None:
    """What went wrong is noted, where the disk allows; after Ctrl-C the stage counts as interrupted."""
    with contextlib.suppress(OSError):
        place.clear(keep=stage.kind in RESUMABLE)
        if isinstance(error, CommandError):
            failed = replace(mine, state=FAILED, code=error.code, message=str(error), seconds=seconds, time=_now())
            write_record(plan, stage, failed)


def _command(plan: Plan, stage: Stage, place: Workplace, travelling: Travelling) -> tuple[dict[str, Any], str]:
    from .main import VERBS
    from .parser import build_parser

    words = [*place.words(), *_gates(plan, stage, place)]
    if travelling.device and stage.kind in DEVICE_KINDS:
        words += ["--device", travelling.device]
    _set_date(plan, stage)
    options = build_parser("holirep").parse_args(words)
    if stage.opens or stage.kind not in ("replicate", "export"):
        _open(plan, stage, travelling)
    result, text = VERBS[stage.kind](options)
    if stage.kind == "replicate":
        _plate_picture(plan, stage, Path(result["take"]))
    return result, text


def _gates(plan: Plan, stage: Stage, place: Workplace) -> list[str]:
    """The list's gates over those of the show's file, as a file for the command."""
    given = dict(stage.recipe.get("gates", {}))
    file = next((plan.path_of(item) for item in stage.inputs if item.role == "gates"), None)
    if file is not None:
        from ..scene.quality_report import gates_of_show

        try:
            given = {**gates_of_show(file), **given}
        except ValueError as error:
            raise CommandError(USAGE, str(error)) from error
    if not given:
        return []
    path = place.folder / ".gates.json"
    path.write_text(json.dumps(given), encoding="utf-8")
    return ["--gates", str(path)]


def _set_date(plan: Plan, stage: Stage) -> None:
    """What a take says of when it was made is the age of what it was made from, so that it is the same each time."""
    paths = [plan.path_of(item) for item in stage.inputs]
    times = [file.stat().st_mtime for path in paths for file in (plate_files(path) or [path])]
    os.environ.setdefault("SOURCE_DATE_EPOCH", str(int(max(times))))


def _open(plan: Plan, stage: Stage, travelling: Travelling) -> None:
    bpy.context.preferences.filepaths.use_scripts_auto_execute = travelling.run_scripts
    places = {item.role: plan.path_of(item) for item in stage.inputs}
    if "blend" in stage.opens:
        files.open_blend(places[stage.opens["blend"]])
    else:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    if "take" in places:
        _set_up_for(places["take"], new="blend" not in stage.opens)
    if "character_file" not in stage.opens:
        return
    name = stage.opens["character"]
    try:
        found = bring_in(bpy.context, places["character_file"], name, stage.opens["bring_in"] == "link")
    except BringInError as error:
        raise CommandError(CHARACTER, str(error)) from error
    if found.name != name:
        taken = f"the file has an object named {name!r} already, so the character would be {found.name!r}"
        raise CommandError(CHARACTER, f"{taken}: rename one of them")


def _set_up_for(take: Path, new: bool) -> None:
    """The shot knows the take's plate, which is then shown behind it; a scene that begins empty plays at its rate."""
    from ..motion.take import Take, TakeError

    try:
        made = Take.load(take)
    except TakeError as error:
        raise CommandError(DISK, str(error)) from error
    scene = bpy.context.scene
    if new:
        scene.render.fps = max(1, round(made.fps))
        scene.render.fps_base = scene.render.fps / made.fps
    plate = made.header.get("plate")
    if isinstance(plate, dict) and not scene.holirep.plate.strip() and Path(plate["path"]).exists():
        scene.holirep.plate = plate["path"]
        scene.holirep.sequence_fps = plate["sequence_fps"] or 0.0


def _plate_picture(plan: Plan, stage: Stage, take: Path) -> None:
    """The plate in the middle of the take, small, for the summary; a summary without it is no failure."""
    from ..motion.take import Take

    out = next(plan.output / output.path for output in stage.outputs if output.role == PICTURE)
    facts = Take.load(take).header.get("plate")
    if not isinstance(facts, dict):
        return
    first, last = facts["frame_range"]
    params = {
        "plate": facts["path"],
        "frame": (first + last) // 2,
        "sequence_fps": facts["sequence_fps"],
        "picture": str(out.with_name(f".{out.name}")),
    }
    jobs = session.job_list()
    job = jobs.wait(jobs.submit("find_people", params))
    large = Path(params["picture"])
    if job.state == "done" and large.is_file():
        image = bpy.data.images.load(str(large))
        width, height = image.size
        image.scale(480, max(1, round(480 * height / width)))
        image.filepath_raw, image.file_format = str(out), "PNG"
        image.save()
        bpy.data.images.remove(image)
    large.unlink(missing_ok=True)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
