# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of the body: limits, bones, trembling, acceleration, and how well the tracked points are met."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.biomechanics.derivatives import derivatives
from ..motion.confidence import part_of
from ..motion.geometric import landmarks
from ..motion.skeleton import JOINT_NAMES
from ..motion.take import Take
from .following import TOO_SHORT, not_followed, shortest
from .marks import VISIBLE, BodyMarks
from .poses import Pose
from .specs import Found
from .timeline import Rows
from .windows import averaged, mean_known, residual

Array = npt.NDArray[np.float64]

_LENGTH_SHOWN = 0.6
"""A bone's length in the picture, as a share of its longest, from which it tells how long the bone is."""
_LENGTH_WINDOW = 0.5
_BONES: tuple[tuple[tuple[int, int], tuple[int, int], str], ...] = (
    (landmarks.SHOULDER, landmarks.ELBOW, "Arm"),
    (landmarks.ELBOW, landmarks.WRIST, "Arm"),
    (landmarks.HIP, landmarks.KNEE, "Leg"),
    (landmarks.KNEE, landmarks.ANKLE, "Leg"),
)
_STILL_METRES = 0.03
"""Motion in 0.2 s, at the performer, that tracked points seem to make when nothing moves."""
_LIMB_METRES = 0.3
_POINTING: tuple[tuple[tuple[str, str], ...], ...] = (
    (("hips", "chest"), ("chest", "head")),
    (("leftUpperArm", "leftLowerArm"), ("leftLowerArm", "leftHand")),
    (("rightUpperArm", "rightLowerArm"), ("rightLowerArm", "rightHand")),
    (("leftUpperLeg", "leftLowerLeg"), ("leftLowerLeg", "leftFoot")),
    (("rightUpperLeg", "rightLowerLeg"), ("rightLowerLeg", "rightFoot")),
)
"""Limbs, by the joints between which they lie, by part of the body."""
_CONFIDENT, _EVER = 0.5, 0.05
"""Confidence from which a joint was seen, and the share of frames in which it must be to be missed in the others."""
_BENT, _BENT_WINDOW = 0.12, 0.1
"""Share of a joint's way from frame to frame by which fast motion is off a smooth curve without trembling: the middle
of 41 clips of recorded motion is 0.05; and seconds to each side over which that way is averaged."""
_RANGES: dict[str, float] = {
    "hips": 50.0, "head": 75.0, "LowerArm": 110.0, "Hand": 140.0, "LowerLeg": 110.0, "Foot": 150.0
}  # fmt: skip
"""Accelerations in m/s² that people hardly exceed: above the 99.9th percentiles of 41 clips of recorded motion, from
everyday life to martial arts and dance (hips 30, head 63, forearm 71, hand 100, shin 86, foot 111), low-passed at 7
Hz."""


def reprojection(marks: BodyMarks) -> Found:
    """Root mean square distance, centimetres at the performer, of the take's points in the picture and the tracked."""
    off = 100.0 * np.linalg.norm(marks.own - marks.seen, axis=-1) * marks.metres
    return Found(np.sqrt(mean_known(off**2)), parts=_by_part(off, marks.parts))


def following(marks: BodyMarks, fps: float) -> Found:
    """Share of the tracked points' motion that the take does not make; see :func:`kept` for a character's."""
    metres = np.nanmedian(marks.metres)
    own, seen = marks.own * metres, marks.seen * metres
    parts = {}
    for part in sorted(set(marks.parts)):
        columns = [row for row, name in enumerate(marks.parts) if name == part]
        parts[part] = not_followed(own[:, columns], seen[:, columns], fps, _STILL_METRES)
    whole = not_followed(own, seen, fps, _STILL_METRES)
    return Found(whole, missing=TOO_SHORT if len(whole) < shortest(fps) else "", parts=parts)


def kept(take: Take, pose: Pose, character: Take, own: Pose, rows: Rows) -> Found:
    """Share of the take's motion that the character does not make, by where limbs point from the hips.

    Directions are the same for bones of any length. ``rows``: how the character comes onto the take's frames.
    """
    parts: dict[str, Array] = {}
    ways: list[tuple[Array, Array]] = []
    for chains in _POINTING:
        known = [ends for ends in chains if set(ends) <= set(take.joint_names) & set(character.joint_names)]
        if known:
            made, wanted = rows.of(_pointing(character, own, known)), _pointing(take, pose, known)
            ways.append((made, wanted))
            parts[part_of(known[0][0])] = not_followed(made, wanted, take.fps, _STILL_METRES)
    if not ways:
        return Found(missing="The character has none of the limbs by which it can be told whether it follows the take.")
    made, wanted = (np.concatenate(each, axis=1) for each in zip(*ways))
    return Found(not_followed(made, wanted, take.fps, _STILL_METRES), parts=parts)


def _pointing(motion: Take, pose: Pose, chains: Sequence[tuple[str, str]]) -> Array:
    """Places ``(T, N, 3)``, metres, that limbs of one length would end at, in the axes of the hips."""
    first, last = (pose.placed[:, [motion.joint_names.index(ends[at]) for ends in chains]] for at in (0, 1))
    away = rotations.normalized(last - first)
    return _LIMB_METRES * rotations.rotate(
        rotations.inverse(pose.turned[:, motion.joint_names.index("hips")])[:, None], away
    )


def bone_length(marks: BodyMarks, fps: float) -> Found:
    """Mean difference in percent between bones' lengths in the picture and the tracked ones, over a second each."""
    row = {int(point): number for number, point in enumerate(marks.points)}
    parts: dict[str, list[Array]] = {}
    for starts, ends, limb in _BONES:
        for side, name in enumerate(("left", "right")):
            a, b = row[starts[side]], row[ends[side]]
            own = np.linalg.norm(marks.own[:, b] - marks.own[:, a], axis=-1) * marks.metres[:, a]
            seen = np.linalg.norm(marks.seen[:, b] - marks.seen[:, a], axis=-1) * marks.metres[:, a]
            longest = np.nanmax(own) if np.isfinite(own).any() else np.nan
            shown = (own > _LENGTH_SHOWN * longest) & (seen > 0.1 * longest)
            ratio = np.full(len(own), np.nan)
            ratio[shown] = np.log(own[shown] / seen[shown])
            parts.setdefault(name + limb, []).append(np.abs(averaged(ratio, round(_LENGTH_WINDOW * fps))))
    table = 100.0 * np.expm1(np.concatenate([np.stack(each, axis=1) for each in parts.values()], axis=1))
    by_part = {name: 100.0 * np.expm1(mean_known(np.stack(each, axis=1))) for name, each in parts.items()}
    return Found(mean_known(table), parts=by_part)


def jitter(judged: Take, placed: Array) -> Found:
    """How far joints are off the smooth curve through their neighbouring frames, millimetres."""
    names, columns = _bodily(judged)
    if judged.frame_count < 5:
        return Found(missing="The take is too short: trembling shows over five frames.")
    places = placed[:, columns]
    off = np.linalg.norm(residual(places, judged.fps), axis=-1)
    way = np.linalg.norm(np.gradient(places, axis=0), axis=-1)
    off = 1000.0 * np.maximum(off - _BENT * averaged(way, round(_BENT_WINDOW * judged.fps)), 0.0)
    return Found(np.sqrt(np.mean(off**2, axis=1)), parts=_by_part(off, tuple(part_of(name) for name in names)))


def acceleration(judged: Take, placed: Array) -> Found:
    """The highest joint's acceleration over what people reach with it."""
    if judged.frame_count < 5:
        return Found(missing="The take is too short: acceleration shows over five frames.")
    parts: dict[str, Array] = {}
    for index, name in enumerate(judged.joint_names):
        bound = next(
            (value for key, value in _RANGES.items() if name == key or name in (f"left{key}", f"right{key}")), None
        )
        if bound is not None:
            each = np.linalg.norm(derivatives(placed[:, index], judged.fps)[1], axis=-1) / bound
            part = part_of(name)
            parts[part] = np.maximum(parts[part], each) if part in parts else each
    if not parts:
        return Found(missing="The skeleton has none of the joints whose accelerations are known of people.")
    return Found(np.max(np.stack(list(parts.values())), axis=0), parts=parts)


def drop_outs(take: Take) -> Found:
    """Share of the joints that the plate ever shows which were filled in without being seen."""
    names, columns = _bodily(take)
    confidence = take.joint_confidence[:, columns]
    shown = (confidence >= _CONFIDENT).mean(axis=0) > _EVER
    if take.observations is not None and len(take.observations) and take.joint_names == JOINT_NAMES:
        # what the tracker saw was there to be solved, even where no frame of it was
        visible = (take.observations.body_visibility >= VISIBLE).mean(axis=0) > _EVER
        attached = landmarks.body_attachments(take.rest_offsets, 1.0)
        seen = {joint for joint, point in zip(attached.joints, attached.landmarks) if visible[point]}
        shown |= np.array([name in seen for name in names])
    if not shown.any():
        return Found(missing="No joint of the body was seen with confidence.")
    lost = np.where(shown, confidence < _CONFIDENT, np.nan)
    return Found(mean_known(lost), parts=_by_part(lost, tuple(part_of(name) for name in names)))


def _bodily(take: Take) -> tuple[list[str], list[int]]:
    """Joints of the body without fingers, eyes and jaw."""
    wanted = [
        (name, index)
        for index, name in enumerate(take.joint_names)
        if part_of(name) != "face" and not (part_of(name).endswith("Hand"))
    ]
    return [name for name, _ in wanted], [index for _, index in wanted]


def _by_part(values: Array, parts: tuple[str, ...]) -> dict[str, Array]:
    result = {}
    for part in sorted(set(parts)):
        result[part] = mean_known(values[:, [row for row, name in enumerate(parts) if name == part]])
    return result
