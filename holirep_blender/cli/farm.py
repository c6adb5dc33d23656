# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line and farms: what a node has, a job for a farm's engine, a batch on a Dask cluster."""

from __future__ import annotations

import argparse
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy
import tomllib

from ..batch.events import Event
from ..batch.farm.submission import Submission
from ..batch.launching import NODE_WORDS, blender_words
from ..batch.plan import Plan
from ..batch.runner import Policy, Runner
from ..batch.standing import Standing
from .errors import DISK, USAGE, CommandError

_RENDER_BACKENDS = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")
_MANIFEST = Path(__file__).resolve().parents[1] / "blender_manifest.toml"


def farm_params(options: Namespace) -> dict[str, Any]:
    """What the doctor of a farm's node needs to know from Blender."""
    needed = tomllib.loads(_MANIFEST.read_text(encoding="utf-8"))["blender_version_min"]
    return {
        "blender_version": tuple(bpy.app.version),
        "blender_needed": tuple(int(word) for word in needed.split(".")),
        "outputs": [str(path.absolute()) for path in options.out or ()],
        "render_devices": render_devices(),
    }


def render_devices() -> dict[str, list[str]]:
    """The graphics cards that Cycles can use, by backend: all that are there, whatever the preferences choose."""
    cycles = bpy.context.preferences.addons.get("cycles")
    if cycles is None:
        return {}
    found = {}
    for backend in _RENDER_BACKENDS:
        try:
            devices = cycles.preferences.get_devices_for_type(backend)
        except (ValueError, RuntimeError):  # a backend that this build of Blender does not have
            continue
        names = [device.name for device in devices or () if device.type != "CPU"]
        if names:
            found[backend] = names
    return found


def add_farm_options(parser: argparse.ArgumentParser) -> None:
    """The options of the verb batch that give the work to a farm."""
    group = parser.add_argument_group("farms")
    group.add_argument(
        "--emit",
        nargs=2,
        metavar=("ENGINE", "TARGET"),
        help="run nothing, write a job: openjd FILE.yaml|.json|FOLDER, or flamenco FILE.js|FOLDER",
    )
    group.add_argument("--blender", metavar="NAME", help="with --emit, --scheduler: Blender on the nodes; else blender")
    group.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster, such as tcp://farm:8786")
    group.add_argument("--dask-python", type=Path, metavar="PYTHON", help="one that has Dask; else one on the PATH")


def emit(options: Namespace, plan: Plan) -> tuple[dict[str, Any], str]:
    """Writes a job for a farm's engine."""
    engine, target = options.emit[0], Path(options.emit[1]).absolute()
    if engine not in ("openjd", "flamenco"):
        raise CommandError(USAGE, f"--emit writes for openjd or flamenco, not for {engine!r}")
    job = _submission(options, plan)
    try:
        if engine == "openjd":
            from ..batch.farm.openjd import write_openjd

            written = write_openjd(job, target)
        else:
            from ..batch.farm.flamenco import write_flamenco

            written = write_flamenco(job, target)
    except ValueError as error:
        raise CommandError(USAGE, str(error)) from error
    except OSError as error:
        raise CommandError(DISK, f"{target} could not be written: {error.strerror or error}") from error
    text = "\n".join(f"Wrote {path}" for path in written)
    return {"written": [str(path) for path in written], "stages": len(plan.stages)}, text


def dask_runner(
    options: Namespace,
    plan: Plan,
    found: Mapping[str, Standing],
    policy: Policy,
    tell: Callable[[Event], None],
) -> Runner:
    """A runner on the cluster that the options name."""
    from ..batch.farm.dask_runner import DaskRunner
    from ..batch.farm.dask_submit import Cluster, DaskError, find_dask_python

    try:
        python = find_dask_python(options.dask_python, os.environ)
    except DaskError as error:
        raise CommandError(error.code, str(error)) from error
    return DaskRunner(_submission(options, plan), Cluster(options.scheduler, python), found, policy, tell)


def _submission(options: Namespace, plan: Plan) -> Submission:
    """How nodes start Blender: by its name, with the extension; or as here, where the module bpy is used."""
    if bpy.app.binary_path or options.blender:
        words: tuple[str, ...] = (options.blender or "blender", *NODE_WORDS)
    else:
        words = blender_words(sys.executable, "")
    device = ("--device", options.device) if options.device else ()
    overwrite = ("--overwrite",) if options.overwrite else ()
    return Submission(plan, options.list.absolute(), words, (*device, *overwrite))
