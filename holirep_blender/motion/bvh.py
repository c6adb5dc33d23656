# SPDX-License-Identifier: GPL-3.0-or-later
"""BVH (Biovision Hierarchy): reading clips and writing takes.

Written files are what most tools expect: centimetres, Y up, the performer faces +Z, one root with six channels.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from . import rotations
from .euler import continuous_euler
from .skeleton import JOINT_NAMES, JOINT_PARENTS
from .take import Take

Array = npt.NDArray[np.float64]

_CENTIMETRES = 100.0
_ORDER = "ZXY"
_Y_UP_TO_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


class BvhError(ValueError):
    """A file that is not a readable BVH; the message names the file and the line."""


@dataclass
class BvhClip:
    """A clip as the file has it: its own axes and unit.

    Attributes
    ----------
    names : (J,) joints, parents first. parents : (J,) -1 for roots.
    offsets : (J, 3). end_sites : joint to the offset of its end site, ``(3,)``.
    channels : for each joint its channels in the file's order, ``"Xposition"`` or ``"Zrotation"`` and so on.
    fps : frames per second.
    values : (T, C) the numbers of the motion, degrees for rotations.
    """

    names: list[str]
    parents: list[int]
    offsets: Array
    end_sites: dict[str, Array]
    channels: list[tuple[str, ...]]
    fps: float
    values: Array

    def pose(self) -> tuple[Array, Array]:
        """World positions ``(T, J, 3)`` and rotations ``(T, J, 4)`` of the joints in the file's axes and unit.

        Position channels are added to a joint's offset, as most writers mean them.
        """
        count, joints = len(self.values), len(self.names)
        positions, turned = np.empty((count, joints, 3)), np.empty((count, joints, 4))
        column = 0
        for joint, parent in enumerate(self.parents):
            local_position = np.tile(self.offsets[joint], (count, 1))
            local = rotations.identity((count,))
            for channel in self.channels[joint]:
                value, axis = self.values[:, column], "XYZ".index(channel[0].upper())
                if channel.lower().endswith("position"):
                    local_position[:, axis] += value
                else:
                    turn = rotations.from_axis_angle(np.eye(3)[axis], np.radians(value))
                    local = rotations.multiply(local, turn)
                column += 1
            if parent < 0:
                positions[:, joint], turned[:, joint] = local_position, local
            else:
                positions[:, joint] = positions[:, parent] + rotations.rotate(turned[:, parent], local_position)
                turned[:, joint] = rotations.multiply(turned[:, parent], local)
        return positions, turned


def read_bvh(path: Union[str, Path]) -> BvhClip:
    """Reads a BVH file.

    Raises BvhError where the file is missing, is not a BVH, or ends in the middle.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BvhError(f"Cannot read {path}: {error.strerror or error}.") from error
    try:
        return _parse(lines)
    except _LineError as error:
        raise BvhError(f"{path} is not a readable BVH file: {error}.") from error


class _LineError(ValueError):
    pass


def _parse(lines: list[str]) -> BvhClip:
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[tuple[str, ...]] = []
    ends: dict[str, Array] = {}
    stack: list[int] = []
    in_end = False
    row = 0
    if not any(line.strip() for line in lines) or next(s for s in lines if s.strip()).strip() != "HIERARCHY":
        raise _LineError("it does not begin with HIERARCHY")
    for row, line in enumerate(lines):
        words = line.split()
        if not words or words[0] == "HIERARCHY":
            continue
        keyword = words[0].upper()
        try:
            if keyword in ("ROOT", "JOINT"):
                names.append(line.split(None, 1)[1].strip())
                parents.append(stack[-1] if keyword == "JOINT" else -1)
                offsets.append([0.0, 0.0, 0.0])
                channels.append(())
            elif keyword == "END":
                in_end = True
            elif keyword == "{":
                stack.append(-1 if in_end else len(names) - 1)
            elif keyword == "}":
                in_end = False
                stack.pop()
            elif keyword == "OFFSET":
                offset = [float(word) for word in words[1:4]]
                if in_end:
                    ends[names[stack[-2]]] = np.array(offset)
                else:
                    offsets[-1] = offset
            elif keyword == "CHANNELS":
                channels[-1] = tuple(words[2 : 2 + int(words[1])])
            elif keyword == "MOTION":
                break
            else:
                raise _LineError(f"line {row + 1} has the unknown word {words[0]}")
        except (ValueError, IndexError) as error:
            if isinstance(error, _LineError):
                raise
            raise _LineError(f"line {row + 1} cannot be understood") from error
    fps, values = _parse_motion(lines, row, sum(len(row) for row in channels))
    if not names:
        raise _LineError("it has no joints")
    return BvhClip(names, parents, np.array(offsets), ends, channels, fps, values)


def _parse_motion(lines: list[str], row: int, width: int) -> tuple[float, Array]:
    header = [line.split(":", 1) for line in lines[row + 1 : row + 3]]
    try:
        count, frame_time = int(header[0][1]), float(header[1][1])
        numbers = np.array(" ".join(lines[row + 3 :]).split(), dtype=np.float64)
    except (IndexError, ValueError) as error:
        raise _LineError("its MOTION part cannot be understood") from error
    if frame_time <= 0.0:
        raise _LineError("its frame time is not positive")
    if numbers.size != count * width:
        raise _LineError(f"it should have {count} frames of {width} numbers, but has {numbers.size} numbers")
    # writers round the frame time to six digits or so: 0.033333 means 30 frames per second
    return round(1.0 / frame_time, 3), numbers.reshape(count, width)


def take_from_bvh(
    clip: BvhClip,
    joints: Mapping[str, str],
    *,
    metres_per_unit: float = 0.01,
    z_up: bool = False,
    rest_frame: Optional[int] = None,
) -> Take:
    """A take from a clip whose joints are named by ``joints`` (VRM name to the clip's name).

    Parameters
    ----------
    metres_per_unit : the clip's unit.
    z_up : the clip's up axis is Z and its performer faces −Y; otherwise Y is up and the performer faces +Z.
    rest_frame : frame whose pose becomes the take's rest pose, for clips whose zero pose is not one that a human
        stands in; the zero pose itself, if left out.
    """
    positions, turned = clip.pose()
    zero = BvhClip(clip.names, clip.parents, clip.offsets, {}, clip.channels, clip.fps, np.zeros_like(clip.values[:1]))
    rest, rest_turn = (array[0] for array in zero.pose())
    if rest_frame is not None:
        rest, rest_turn = positions[rest_frame], turned[rest_frame]
        turned = rotations.multiply(turned, rotations.inverse(rest_turn))
    basis = np.eye(3) if z_up else _Y_UP_TO_Z_UP
    positions = positions @ basis.T * metres_per_unit
    rest = rest @ basis.T * metres_per_unit
    to_world = rotations.from_matrix(basis)
    turned = rotations.multiply(rotations.multiply(to_world, turned), rotations.inverse(to_world))

    index = {name: number for number, name in enumerate(clip.names)}
    present = [name for name in JOINT_NAMES if joints.get(name) in index]
    if "hips" not in present:
        raise BvhError("The clip has no joint for the hips: say which one it is.")
    order = {name: number for number, name in enumerate(present)}
    parents = []
    for name in present:
        parent = JOINT_PARENTS[JOINT_NAMES.index(name)]
        while parent >= 0 and JOINT_NAMES[parent] not in order:
            parent = JOINT_PARENTS[parent]
        parents.append(order[JOINT_NAMES[parent]] if parent >= 0 else -1)
    columns = [index[joints[name]] for name in present]
    world, rest_positions = turned[:, columns], rest[columns]
    local = world.copy()
    offsets = rest_positions.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            local[:, joint] = rotations.multiply(rotations.inverse(world[:, parent]), world[:, joint])
            offsets[joint] = rest_positions[joint] - rest_positions[parent]
    offsets[0] = (0.0, 0.0, rest_positions[0, 2] - rest_positions[:, 2].min())
    return Take(
        fps=clip.fps,
        frame_start=1,
        local_rotations=rotations.continuous(local),
        root_translation=positions[:, columns[0]],
        rest_offsets=offsets,
        joint_names=tuple(present),
        parents=tuple(parents),
        header={"source": "BVH"},
    )


def write_bvh(take: Take, path: Union[str, Path]) -> None:
    """Writes a take's body as BVH. A failure leaves no half-written file and an older file in place.

    Raises OSError as the system gave it.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_text(_bvh_text(take), encoding="ascii")
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def _bvh_text(take: Take) -> str:
    basis = _Y_UP_TO_Z_UP.T
    to_y_up = rotations.from_matrix(basis)
    offsets = take.rest_offsets @ basis.T * _CENTIMETRES
    local = rotations.multiply(rotations.multiply(to_y_up, take.local_rotations), rotations.inverse(to_y_up))
    angles = np.degrees(continuous_euler(local, _ORDER))
    root = take.root_translation @ basis.T * _CENTIMETRES
    children: dict[int, list[int]] = {}
    for joint, parent in enumerate(take.parents):
        children.setdefault(parent, []).append(joint)
    lines, order = ["HIERARCHY"], []

    def add(joint: int, depth: int) -> None:
        order.append(joint)
        pad = "\t" * depth
        first = take.parents[joint] < 0
        offset = np.zeros(3) if first else offsets[joint]
        lines.append(f"{pad}{'ROOT' if first else 'JOINT'} {take.joint_names[joint]}")
        lines.append(f"{pad}{{")
        lines.append(f"{pad}\tOFFSET {_numbers(offset)}")
        turns = " ".join(f"{axis}rotation" for axis in _ORDER)
        lines.append(f"{pad}\tCHANNELS " + (f"6 Xposition Yposition Zposition {turns}" if first else f"3 {turns}"))
        for child in children.get(joint, []):
            add(child, depth + 1)
        if joint not in children:
            tip = offset / max(float(np.linalg.norm(offset)), 1e-9) * min(float(np.linalg.norm(offset)), 3.0)
            lines.extend([f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET {_numbers(tip)}", f"{pad}\t}}"])
        lines.append(f"{pad}}}")

    for joint in children[-1]:
        add(joint, 0)
    lines += ["MOTION", f"Frames: {take.frame_count}", f"Frame Time: {1.0 / take.fps:.9f}"]
    table = np.concatenate([root, angles[:, order].reshape(take.frame_count, -1)], axis=1)
    lines += [_numbers(row) for row in table]
    return "\n".join(lines) + "\n"


def _numbers(vector: Array) -> str:
    # Adding zero makes -0 a plain 0: which of them rounding leaves differs from run to run, and files would with it.
    return " ".join(f"{value:.6f}" for value in np.round(vector, 6) + 0.0)
