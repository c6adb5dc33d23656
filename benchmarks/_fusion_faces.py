# SPDX-License-Identifier: GPL-3.0-or-later
"""Real faces: how well the solved coefficients redraw the points that the tracker saw, and what they say at rest."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import numpy as np
import numpy.typing as npt

from holirep_blender.inference.fusion.face_solving import face_shapes, similar
from holirep_blender.inference.fusion.method import Fusion, face_of
from holirep_blender.inference.fusion.neutral import neutral_face
from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking import PersonChoice, track
from holirep_blender.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.geometric.gaze import openings
from holirep_blender.motion.observations import Observations

Array = npt.NDArray[np.float64]

CLIPS = ("asl_book", "asl_sister", "asl_please")
_LOOKS = [index for index, name in enumerate(ARKIT_NAMES) if name.startswith("eyeLook")]
_SKIN = 468


def tracked(movie: Path) -> Observations:
    """What the tracker sees in a movie; kept in ``build``."""
    kept = Path(__file__).resolve().parents[1] / "build" / f"{movie.stem}.observations.npz"
    if not kept.is_file():
        kept.parent.mkdir(exist_ok=True)
        plate = open_plate(movie)
        track(plate, PersonChoice.from_json(None), processes=None, progress=lambda done, count: None).save(kept)
    return Observations.load(kept)


def faces(folder: Path, fusion: Fusion) -> None:
    """One table over the clips of signers."""
    movies = [folder / f"{name}.mkv" for name in CLIPS if (folder / f"{name}.mkv").is_file()]
    if not movies:
        print(f"\nReal faces: skipped, the clips of signers are not here ({folder})")
        return
    basis = fusion.trained.face_basis
    if basis is None:
        print("\nReal faces: skipped, these weights hold no face model")
        return
    template = fusion.trained.network.template.double().numpy()
    print("\nReal faces (signers): % of the distance between the eyes by which the redrawn face is off its points")
    print("  " + "".ljust(12) + "".join(word.rjust(12) for word in (
        "Fusion", "Geometric", "at rest", "top at rest", "smile r", "blink r", "jaw r", "most: smile", "blink", "jaw"
    )))  # fmt: skip
    rows: List[Array] = []
    for movie in movies:
        seen = tracked(movie)
        fps = 1.0 / float(np.median(np.diff(seen.times)))
        options = SolveOptions(fps=fps)
        face = face_of(seen, options, fps)
        neutral = neutral_face(face, seen.frame_numbers)
        if neutral is None:
            continue
        ours = fusion.solve(seen, fps, 1, lambda done: None).blendshapes
        theirs = solve(seen, options).blendshapes
        off = [
            reprojection(seen.face_image[face.valid], face_shapes(neutral.points, basis, template, each[face.valid]))
            for each in (ours, theirs, np.zeros_like(ours))
        ]
        calm = np.delete(np.median(ours[neutral.frames], axis=0), _LOOKS)
        measured = measures(face.points)
        said = {
            "smile": ours[:, [ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]].mean(1),
            "blink": ours[:, [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]].mean(1),
            "jaw": ours[:, ARKIT_INDEX["jawOpen"]],
        }
        alike = [np.corrcoef(said[name][face.valid], measured[name][face.valid])[0, 1] for name in said]
        rows.append(np.array([*off, calm.max(), *alike, *(values.max() for values in said.values())]))
        print("  " + movie.stem.ljust(12) + "".join(f"{value:12.3g}" for value in rows[-1]), flush=True)
    if rows:
        mean = np.nanmean(rows, axis=0)
        print("  " + "mean".ljust(12) + "".join(f"{value:12.3g}" for value in mean))
        print(f"  redrawn within 2.5 %: {'met' if mean[0] <= 2.5 else 'NOT MET'}; nothing saturates at rest: "
              f"{'met' if max(row[3] for row in rows) < 0.9 else 'NOT MET'}")  # fmt: skip


def reprojection(image: Array, shapes: Array) -> float:
    """Mean distance in the picture of points ``(T, 478, 3)`` to face shapes ``(T, 468, 3)`` laid onto them, in percent
    of the distance between the middles of the eyes.
    """
    laid = similar(shapes, image[:, :_SKIN])
    eyes = [(image[:, a] + image[:, b]) / 2.0 for a, b in ((33, 133), (362, 263))]
    apart = np.linalg.norm(eyes[1] - eyes[0], axis=-1)
    off = np.linalg.norm((laid - image[:, :_SKIN])[..., :2], axis=-1).mean(axis=1)
    return float(100.0 * np.mean(off / apart))


def measures(points: Array) -> Dict[str, Array]:
    """What the points themselves say of a smile (corners raised and apart), a blink and an open jaw, ``(T,)`` each."""
    corners = points[:, (61, 291)]
    width = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=-1)
    raised = corners[..., 2].mean(1) - points[:, 2, 2]
    return {"smile": width + raised, "blink": -openings(points).mean(1), "jaw": -points[:, 152, 2]}
