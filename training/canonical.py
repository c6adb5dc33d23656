# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion capture of any skeleton as motion of the canonical one, with floor and contacts.

How a bone's own axes lie in its limb is constant over all clips of a skeleton family: along the bone by the next
joint's offset, about it by the hinge that the clips show. Zero poses and first frames, which differ from clip to clip
and are folded in some files, are never asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_closing, binary_opening, label

from holirep_blender.inference.fusion.surface import BALL, HEEL
from holirep_blender.motion import rotations
from holirep_blender.motion.bvh import BvhClip, read_bvh
from holirep_blender.motion.retargeting.anatomy import canonical_axes
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, JOINT_PARENTS, SIDES, t_pose_offsets

Array = npt.NDArray[np.float64]
Names = dict[str, str]

BODY = tuple(
    name for name in JOINT_NAMES
    if name not in ("jaw", "leftEye", "rightEye")
    and not any(finger in name for finger in ("Thumb", "Index", "Middle", "Ring", "Little"))
)  # fmt: skip
PARENTS = tuple(
    BODY.index(JOINT_NAMES[JOINT_PARENTS[JOINT_INDEX[name]]]) if JOINT_PARENTS[JOINT_INDEX[name]] >= 0 else -1
    for name in BODY
)
_Y_UP_TO_Z_UP = rotations.from_matrix(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]))
_TORSO = ("hips", "spine", "chest", "upperChest", "neck", "head")
_NEAR_FLOOR, _STILL, _HIGHEST_REST = (0.030, 0.055), (0.25, 0.45), 0.12
_FASTEST = np.radians(1500.0)
"""Radians a second, faster than which the joints of these clips are not believed."""
_FARTHEST = {"head": np.radians(90.0), "neck": np.radians(75.0), "spine": np.radians(75.0), "Foot": np.radians(100.0)}
"""Radians from rest, farther than which these joints are not believed."""
NO_FLOOR = ("001_08", "001_14", "003_")
"""Clips that leave the flat floor: climbing and uneven ground."""


@dataclass
class Motion:
    """A clip on the reference skeleton (stature 1.70 m): ``local (T, 22, 4)`` wxyz, ``root (T, 3)`` metres with the
    floor at 0, ``contacts (T, 6)``: heel and toes left, right, then hands; ``flat`` where contacts can be trusted;
    ``first`` the file's frame, from 0, with which it begins.
    """

    name: str
    fps: float
    local: Array
    root: Array
    contacts: npt.NDArray[np.bool_]
    flat: bool
    first: int


@dataclass
class _Posed:
    clip: BvhClip
    names: Names
    positions: Array
    turned: Array
    first: int

    def at(self, joint: str) -> Array:
        return self.positions[:, self.clip.names.index(self.names[joint])]

    def turn(self, joint: str) -> Array:
        return self.turned[:, self.clip.names.index(self.names[joint])]

    def offset(self, joint: str, following: str) -> Array:
        """Direction of the next joint in the bone's own axes ``(3,)``."""
        local = rotations.rotate(rotations.inverse(self.turn(joint)[:1]), self.at(following)[:1] - self.at(joint)[:1])
        return np.asarray(rotations.normalized(local[0]))


def cc4_names() -> Names:
    """VRM names to those of the CC4-style clips, with finger roots, which show the palm."""
    names = {"hips": "CC_Base_Pelvis", "spine": "CC_Base_Waist", "chest": "CC_Base_Spine01"}
    names.update(upperChest="CC_Base_Spine02", neck="CC_Base_NeckTwist01", head="CC_Base_Head")
    names.update(leftEye="CC_Base_L_Eye", rightEye="CC_Base_R_Eye")
    limbs = {"Shoulder": "Clavicle", "UpperArm": "Upperarm", "LowerArm": "Forearm", "Hand": "Hand"}
    limbs.update(UpperLeg="Thigh", LowerLeg="Calf", Foot="Foot", Toes="ToeBase")
    limbs.update(IndexProximal="Index1", MiddleProximal="Mid1", LittleProximal="Pinky1")
    for side, letter in (("left", "L"), ("right", "R")):
        names.update({f"{side}{ours}": f"CC_Base_{letter}_{theirs}" for ours, theirs in limbs.items()})
    return names


def daz_names() -> Names:
    """VRM names to those of the Daz-style clips, which have neither upper chest nor toes."""
    names = {"hips": "hip", "spine": "abdomen", "chest": "chest", "neck": "neck", "head": "head"}
    names.update(leftEye="leftEye", rightEye="rightEye")
    limbs = {"Shoulder": "Collar", "UpperArm": "Shldr", "LowerArm": "ForeArm", "Hand": "Hand"}
    limbs.update(UpperLeg="Thigh", LowerLeg="Shin", Foot="Foot")
    limbs.update(IndexProximal="Index1", MiddleProximal="Mid1", LittleProximal="Pinky1")
    for side, letter in (("left", "l"), ("right", "r")):
        names.update({f"{side}{ours}": f"{letter}{theirs}" for ours, theirs in limbs.items()})
    return names


def names_of(clip: BvhClip) -> Names:
    """The joint table of a clip's family."""
    return cc4_names() if any(name.startswith("CC_") for name in clip.names) else daz_names()


def _posed(path: Path) -> _Posed:
    clip = read_bvh(path)
    positions, turned = clip.pose()
    # some files begin with a pose for calibration, from which the motion starts with a jump
    opening = np.degrees(rotations.angle_between(turned[1], turned[0])).max()
    first = int(opening * clip.fps > np.degrees(_FASTEST))
    if first:
        clip.values, positions, turned = clip.values[1:], positions[1:], turned[1:]
    names = {ours: theirs for ours, theirs in names_of(clip).items() if theirs in clip.names}
    positions = rotations.rotate(_Y_UP_TO_Z_UP, positions * 0.01)
    return _Posed(clip, names, positions, rotations.multiply(_Y_UP_TO_Z_UP, turned), first)


def _local(posed: _Posed, joint: str, vectors: Array) -> Array:
    return np.asarray(rotations.rotate(rotations.inverse(posed.turn(joint)), vectors))


def _middle(clips: list[_Posed], joint: str, vectors: list[Array]) -> Array:
    """The usual direction of world vectors in a bone's axes."""
    local = [_local(clip, joint, rotations.normalized(values)) for clip, values in zip(clips, vectors)]
    return np.asarray(rotations.normalized(np.median(np.concatenate(local), axis=0)))


def _trunk(clip: _Posed) -> Array:
    return np.asarray(clip.at("neck") - (clip.at("leftUpperLeg") + clip.at("rightUpperLeg")) / 2.0)


def _lateral(clip: _Posed, joint: str) -> Array:
    hips = rotations.normalized(clip.at("leftUpperLeg") - clip.at("rightUpperLeg"))
    arms = rotations.normalized(clip.at("leftUpperArm") - clip.at("rightUpperArm"))
    if joint == "head":
        return np.asarray(clip.at("leftEye") - clip.at("rightEye"))
    return np.asarray({"hips": hips, "spine": hips + arms}.get(joint, arms))


def _hinge(clips: list[_Posed], joint: str, chain: tuple[str, str, str]) -> Array:
    """The axis about which a limb bends, in the bone's axes: the mean over frames that bend clearly."""
    total = np.zeros(3)
    for clip in clips:
        first = rotations.normalized(clip.at(chain[1]) - clip.at(chain[0]))
        second = rotations.normalized(clip.at(chain[2]) - clip.at(chain[1]))
        normal = np.cross(first, second)
        bend = np.linalg.norm(normal, axis=-1)
        total += (_local(clip, joint, normal) * (bend > 0.35)[:, None]).sum(0)
    return np.asarray(rotations.normalized(total))


def calibration(clips: list[_Posed]) -> dict[str, Array]:
    """For each joint the rotation ``(4,)`` from its canonical frame to the bone's own axes, for one family."""
    rest = t_pose_offsets()
    result: dict[str, Array] = {}

    def put(joint: str, primary: Array, secondary: Array, own_primary: Array | None = None) -> None:
        along, across = canonical_axes(joint)
        along = along if own_primary is None else rotations.normalized(own_primary)
        matrix = rotations.frame(primary, secondary) @ rotations.frame(along, across).T
        result[joint] = rotations.from_matrix(matrix)

    for joint in _TORSO:
        if all(joint in clip.names for clip in clips):
            up = _middle(clips, joint, [_trunk(clip) for clip in clips])
            put(joint, up, _middle(clips, joint, [_lateral(clip, joint) for clip in clips]))
    for side in SIDES:
        for parts in (("UpperArm", "LowerArm", "Hand"), ("UpperLeg", "LowerLeg", "Foot")):
            chain = (side + parts[0], side + parts[1], side + parts[2])
            for joint, following in zip(chain[:2], chain[1:]):
                offset = clips[0].offset(joint, following)
                put(joint, offset, _hinge(clips, joint, chain), rest[JOINT_INDEX[following]])
        hand = f"{side}Hand"
        across = clips[0].offset(hand, f"{side}IndexProximal") - clips[0].offset(hand, f"{side}LittleProximal")
        put(hand, clips[0].offset(hand, f"{side}MiddleProximal"), across)
        foot = f"{side}Foot"
        standing = [_standing(clip, foot) for clip in clips]
        up = rotations.normalized(np.median(np.concatenate([
            _local(clip, foot, np.tile([0.0, 0.0, 1.0], (len(rows), 1)))[rows] for clip, rows in zip(clips, standing)
        ]), axis=0))  # fmt: skip
        if all(f"{side}Toes" in clip.names for clip in clips):
            forward = clips[0].offset(foot, f"{side}Toes")
        else:
            # without a toe joint: the foot's zero pose points forward, Z in the file's own axes
            forward = np.array([0.0, 0.0, 1.0])
        matrix = rotations.frame(up, forward) @ rotations.frame([0.0, 0.0, 1.0], [0.0, -1.0, 0.0]).T
        result[foot] = rotations.from_matrix(matrix)
    return result


def _standing(clip: _Posed, foot: str) -> npt.NDArray[np.bool_]:
    """Frames in which the foot is down and still."""
    place = clip.at(foot)
    speed = np.linalg.norm(np.gradient(place, axis=0), axis=-1) * clip.clip.fps
    low = place[:, 2] < np.quantile(place[:, 2], 0.35)
    still = speed <= max(0.3, float(np.quantile(speed[low], 0.3))) if low.any() else low
    return np.asarray(low & still)


def _shoulder_rhythm(world: dict[str, Array], side: str) -> Array:
    """The collar bone's rotation against the chest, from the upper arm's: none was captured.

    Elevation 0.18 of the arm's beyond 30°, at most 30°; protraction 0.15 of the horizontal adduction.
    """
    sign = 1.0 if side == "left" else -1.0
    arm = rotations.rotate(rotations.inverse(world["upperChest"]), rotations.rotate(
        world[f"{side}UpperArm"], np.array([sign, 0.0, 0.0])))  # fmt: skip
    raised = np.degrees(np.arccos(np.clip(-arm[:, 2], -1.0, 1.0)))
    elevation = np.radians(np.clip(0.18 * np.maximum(0.0, raised - 30.0), 0.0, 30.0))
    outward = np.hypot(arm[:, 0], arm[:, 1])
    forward = np.arctan2(-arm[:, 1], sign * arm[:, 0] + 0.3) * np.clip(outward * 1.5, 0.0, 1.0)
    protraction = np.clip(0.15 * forward, np.radians(-15.0), np.radians(20.0))
    lift = rotations.from_axis_angle(np.array([0.0, -sign, 0.0]), elevation)
    return np.asarray(rotations.multiply(rotations.from_axis_angle(np.array([0.0, 0.0, -sign]), protraction), lift))


def _world_rotations(clip: _Posed, frames: dict[str, Array]) -> dict[str, Array]:
    world = {joint: rotations.multiply(clip.turn(joint), frame) for joint, frame in frames.items()}
    if "upperChest" not in world:
        # one chest bone of two: the bend against the spine is shared
        world["upperChest"] = world["chest"]
        world["chest"] = rotations.slerp(world["spine"], world["upperChest"], np.full(len(clip.positions), 0.55))
    for side in SIDES:
        world[f"{side}Shoulder"] = rotations.multiply(world["upperChest"], _shoulder_rhythm(world, side))
        # pronation is the forearm's: the wrist has none
        sign = 1.0 if side == "left" else -1.0
        wrist = rotations.multiply(rotations.inverse(world[f"{side}LowerArm"]), world[f"{side}Hand"])
        _, twist = rotations.swing_twist(wrist, np.array([sign, 0.0, 0.0]))
        world[f"{side}LowerArm"] = rotations.multiply(world[f"{side}LowerArm"], twist)
        world[f"{side}Toes"] = world[f"{side}Foot"]
    return world


def forward(local: Array, root: Array, offsets: Array) -> tuple[Array, Array]:
    """World rotations ``(T, 22, 4)`` and positions ``(T, 22, 3)``."""
    turned, placed = np.empty_like(local), np.empty(local.shape[:2] + (3,))
    for joint, parent in enumerate(PARENTS):
        if parent < 0:
            turned[:, joint], placed[:, joint] = local[:, joint], root
        else:
            turned[:, joint] = rotations.multiply(turned[:, parent], local[:, joint])
            placed[:, joint] = placed[:, parent] + rotations.rotate(turned[:, parent], offsets[joint])
    return turned, placed


def soles(turned: Array, placed: Array) -> Array:
    """Heel and ball of both feet ``(T, 4, 3)`` on the reference skeleton."""
    points = []
    for side in SIDES:
        for part, offset in (("Foot", np.array(HEEL)), ("Toes", np.array(BALL))):
            joint = BODY.index(side + part)
            points.append(placed[:, joint] + rotations.rotate(turned[:, joint], offset))
    return np.stack(points, axis=1)


def contacts_of(points: Array, fps: float) -> npt.NDArray[np.bool_]:
    """Points ``(T, N, 3)`` that rest on the floor: low and still, for a tenth of a second at least.

    Low is told from where the point lies in this clip when it is still, since soles of different feet and captures lie
    up to 5 cm apart; a contact begins where it is sure and lasts as long as it may be one.
    """
    speed = np.linalg.norm(np.gradient(points, axis=0), axis=-1) * fps
    length = max(3, round(0.1 * fps)) | 1
    rows = []
    for height, rate in zip(points[..., 2].T, speed.T):
        resting = height[(rate < _STILL[0]) & (height < _HIGHEST_REST)]
        level = float(np.clip(np.quantile(resting, 0.25), -0.02, 0.06)) if len(resting) > 0.2 * fps else 0.0
        sure, may = ((height - level < low) & (rate < still) for low, still in zip(_NEAR_FLOOR, _STILL))
        runs, count = label(may)
        touching = np.isin(runs, np.unique(runs[sure & may])) & may if count else may
        closed = binary_closing(np.pad(touching, length, mode="edge"), np.ones(length))
        rows.append(binary_opening(closed, np.ones(length))[length:-length])
    return np.stack(rows, axis=1)


def _despiked(local: Array, fps: float) -> Array:
    """Joint rotations ``(T, 22, 4)``, bridged where a joint turns faster or farther than anybody can: flipped angles.

    A joint that is never within its reach rests.
    """
    result = local.copy()
    for joint, name in enumerate(BODY):
        jump = rotations.angle_between(local[1:, joint], local[:-1, joint]) * fps > _FASTEST
        bad = np.concatenate([jump, [False]]) | np.concatenate([[False], jump])
        limit = next((angle for part, angle in _FARTHEST.items() if part in name), None)
        if limit is not None:
            bad |= 2.0 * np.arccos(np.clip(np.abs(local[:, joint, 0]), 0.0, 1.0)) > limit
        good = np.flatnonzero(~bad)
        if bad.all():
            result[:, joint] = [1.0, 0.0, 0.0, 0.0]
        elif bad.any():
            frame = np.clip(np.arange(len(local)), good[0], good[-1])
            after = (
                np.clip(np.searchsorted(good, frame), 1, max(1, len(good) - 1))
                if len(good) > 1
                else np.zeros_like(frame)
            )
            low, high = good[np.maximum(after - 1, 0)], good[after]
            share = (frame - low) / np.maximum(high - low, 1)
            bridged = rotations.slerp(local[low, joint], local[high, joint], share)
            result[:, joint] = np.where(bad[:, None], bridged, local[:, joint])
    return result


def canonical(clip: _Posed, frames: dict[str, Array], name: str) -> Motion:
    """A clip on the reference skeleton."""
    world = _world_rotations(clip, frames)
    local = np.stack([
        world[joint] if PARENTS[row] < 0
        else rotations.multiply(rotations.inverse(world[BODY[PARENTS[row]]]), world[joint])
        for row, joint in enumerate(BODY)
    ], axis=1)  # fmt: skip
    local = _despiked(local, clip.clip.fps)
    rest = t_pose_offsets()
    offsets = rest[[JOINT_INDEX[joint] for joint in BODY]]
    legs = [(f"{side}{a}", f"{side}{b}") for side in SIDES for a, b in (("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))]
    theirs = sum(float(np.median(np.linalg.norm(clip.at(a) - clip.at(b), axis=-1))) for a, b in legs)
    ours = sum(float(np.linalg.norm(rest[JOINT_INDEX[b]])) for _, b in legs)
    centre = (clip.at("leftUpperLeg") + clip.at("rightUpperLeg")) / 2.0 * (ours / theirs)
    below = (offsets[BODY.index("leftUpperLeg")] + offsets[BODY.index("rightUpperLeg")]) / 2.0
    root = centre - rotations.rotate(local[:, 0], below)
    turned, placed = forward(local, root, offsets)
    floor = float(np.quantile(soles(turned, placed)[..., 2].min(axis=1), 0.05))
    root[:, 2] -= floor
    placed[..., 2] -= floor
    # toes stay flat while the heel is up and the ball is down
    for side in SIDES:
        foot, toes = BODY.index(f"{side}Foot"), BODY.index(f"{side}Toes")
        ahead = rotations.rotate(turned[:, foot], np.array([0.0, -1.0, 0.0]))
        down = np.arcsin(np.clip(-ahead[:, 2], -1.0, 1.0))
        height = placed[:, toes, 2] + BALL[2]
        share = 1.0 / (1.0 + np.exp((height - 0.045) / 0.012))
        # lifting the toes turns them about the performer's left by a negative angle
        bend = -np.clip(down, 0.0, np.radians(55.0)) * share
        local[:, toes] = rotations.from_axis_angle(np.array([1.0, 0.0, 0.0]), bend)
    turned, placed = forward(local, root, offsets)
    hands = placed[:, [BODY.index("leftHand"), BODY.index("rightHand")]] - np.array([0.0, 0.0, 0.03])
    contacts = np.concatenate(
        [contacts_of(soles(turned, placed), clip.clip.fps), contacts_of(hands, clip.clip.fps)], axis=1
    )
    flat = not any(part in name for part in NO_FLOOR)
    return Motion(name, clip.clip.fps, rotations.continuous(local), root, contacts, flat, clip.first)


def read_folder(folder: Path) -> list[Motion]:
    """Every clip of a folder; the families are calibrated apart."""
    posed = {path.stem: _posed(path) for path in sorted(folder.glob("*.bvh"))}
    motions = []
    families = {name: ("CC4" if "CC_Base_Hip" in clip.clip.names else "Daz") for name, clip in posed.items()}
    for family in sorted(set(families.values())):
        members = {name: clip for name, clip in posed.items() if families[name] == family}
        frames = calibration(list(members.values()))
        motions += [canonical(clip, frames, name) for name, clip in members.items()]
    return motions
