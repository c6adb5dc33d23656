# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb render-preview: the opened file through its camera, as a movie or pictures."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import bpy

from . import files
from .errors import CHARACTER, DISK, USAGE, CommandError
from .progress import progress_line


def render_preview(options: Namespace) -> tuple[dict[str, Any], str]:
    """Renders the scene's range, or ``--range``; with ``--picture`` one small picture of its middle too."""
    from ..scene.previews import PreviewError, PreviewOptions, render_picture
    from ..scene.previews import render_preview as render

    if options.out.suffix.lower() not in ("", ".mp4"):
        raise CommandError(USAGE, f"a preview is a .mp4 file or a folder: --out {options.out.with_suffix('.mp4')}")
    if options.out.suffix:
        files.check_folder_of(options.out)
    files.open_blend(options.file)
    how = PreviewOptions(
        options.engine, options.size, options.samples, options.range, options.step, not options.no_plate
    )
    try:
        frames = render(bpy.context.scene, options.out.absolute(), how, _report)
        if options.picture is not None:
            render_picture(bpy.context.scene, files.check_folder_of(options.picture), how)
    except PreviewError as error:
        raise CommandError(CHARACTER, str(error)) from error
    except OSError as error:
        raise CommandError(DISK, f"{options.out} cannot be written: {error.strerror or error}") from error
    text = f"Rendered {len(frames)} frames: {options.out}"
    return {"out": str(options.out.absolute()), "frames": len(frames)}, text


def _report(done: int, count: int) -> None:
    progress_line(done / count, f"Rendering frame {done} of {count}")
