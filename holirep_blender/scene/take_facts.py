# SPDX-License-Identifier: GPL-3.0-or-later
"""Small facts about a take's file, read without the rest of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import bpy
import numpy as np

from ..motion.take import TakeError
from . import refine_clock


def made_by(take: Path) -> str | None:
    """The method that a take was made with, by its name; None where it does not say.

    Raises TakeError, in the user's words, where the take cannot be read.
    """
    method = _facts(take)["header"].get("method")
    return None if method is None else str(method)


def plate_frame(scene: bpy.types.Scene, take: Path) -> int:
    """The plate's frame that the shot's take shows at the scene's current frame.

    Raises TakeError, in the user's words, where the take cannot be read, and where it does not show that frame.
    """
    facts = _facts(take)
    row = round(refine_clock.seconds_of(scene, scene.frame_current_final, facts["header"]) * facts["fps"])
    if not 0 <= row < facts["count"]:
        raise TakeError(f"The take has no frame at frame {scene.frame_current} of the scene. Go to one that it plays")
    return int(facts["frame_start"]) + row


def _facts(take: Path) -> dict[str, Any]:
    try:
        with np.load(take, allow_pickle=False) as stored:
            return {
                "fps": float(stored["fps"]),
                "frame_start": int(stored["frame_start"]),
                "count": len(stored["root_translation"]),
                "header": json.loads(stored["header"].tobytes().decode()),
            }
    except FileNotFoundError:
        raise TakeError(f"There is no take at {take}. Open another one") from None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, AttributeError, TypeError) as error:
        raise TakeError(f"{take} is not a readable take. Open another one") from error
