# SPDX-License-Identifier: GPL-3.0-or-later
"""A take: what was captured from a plate. One ``.npz`` file that numpy alone reads."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import rotations
from .arkit import ARKIT_NAMES
from .observations import Observations
from .skeleton import JOINT_NAMES, JOINT_PARENTS

Array = npt.NDArray[np.float64]

SCHEMA_VERSION = 1
CONTACT_NAMES: tuple[str, ...] = ("leftHeel", "leftToes", "rightHeel", "rightToes")


class TakeError(ValueError):
    """A take file that cannot be read; the message names the file and says what to do."""


@dataclass
class Camera:
    """The solved camera of a plate.

    Attributes
    ----------
    intrinsics : (3, 3) pixels; origin at the picture's top left corner, pixel edges at integers.
    world_from_camera : (T, 4, 4) camera to world, metres; the camera's axes are OpenCV's: X right, Y down, Z forward.
    image_size : (2,) width and height in pixels.
    """

    intrinsics: Array
    world_from_camera: Array
    image_size: Array

    def project(self, points: npt.ArrayLike) -> Array:
        """Pictures of world points: ``(T, ..., 3)`` metres to ``(T, ..., 2)`` pixels; NaN behind the camera."""
        world = np.asarray(points, dtype=np.float64)
        rotation, origin = self.world_from_camera[:, :3, :3], self.world_from_camera[:, :3, 3]
        shape = (len(world),) + (1,) * (world.ndim - 2) + (3,)
        local = np.einsum("tji,t...j->t...i", rotation, world - origin.reshape(shape))
        depth = local[..., 2:]
        image = np.einsum("ij,...j->...i", self.intrinsics, local)[..., :2]
        return np.where(depth > 1e-6, image / np.where(depth > 1e-6, depth, 1.0), np.nan)


@lru_cache(maxsize=64)
def _generations(parents: tuple[int, ...]) -> tuple[tuple[list[int], list[int]], ...]:
    """Joints as far from their root as each other, and their parents, the nearest first; without roots."""
    depth = [0] * len(parents)
    for joint, parent in enumerate(parents):
        depth[joint] = 0 if parent < 0 else depth[parent] + 1
    rows = [[joint for joint, far in enumerate(depth) if far == each] for each in range(1, max(depth, default=0) + 1)]
    return tuple((joints, [parents[joint] for joint in joints]) for joints in rows)


@dataclass
class Take:
    """A captured performance of ``T`` frames at a constant rate on a skeleton of ``J`` joints.

    Rest convention: in the rest pose every joint's frame is aligned with the world (metres, Z up, the performer
    faces −Y, its left is +X). ``world_rotation[j] = world_rotation[parent] * local_rotation[j]`` and
    ``world_position[j] = world_position[parent] + world_rotation[parent] @ rest_offset[j]``; the hips' world position
    is ``root_translation`` itself (``rest_offsets`` of the hips is their rest position above the floor, not added).

    Attributes
    ----------
    fps : frames per second of the take.
    frame_start : number in the plate of the take's first frame.
    local_rotations : (T, J, 4) unit quaternions wxyz.
    root_translation : (T, 3) metres.
    rest_offsets : (J, 3) metres.
    joint_confidence : (T, J) 0..1; 0 where a value was filled in.
    blendshapes, blendshape_confidence : (T, 52) 0..1, in the order of ``blendshape_names``.
    contacts : (T, C) 0..1 in the order of ``contact_names``.
    camera : the solved camera, or None.
    observations : what the tracker saw, or None; so that the take can be solved again without tracking.
    header : provenance: plate, options, models, versions.
    """

    fps: float
    frame_start: int
    local_rotations: Array
    root_translation: Array
    rest_offsets: Array
    joint_names: tuple[str, ...] = JOINT_NAMES
    parents: tuple[int, ...] = JOINT_PARENTS
    joint_confidence: Array = field(default_factory=lambda: np.zeros((0, 0)))
    blendshape_names: tuple[str, ...] = ARKIT_NAMES
    blendshapes: Array = field(default_factory=lambda: np.zeros((0, 0)))
    blendshape_confidence: Array = field(default_factory=lambda: np.zeros((0, 0)))
    contact_names: tuple[str, ...] = CONTACT_NAMES
    contacts: Array = field(default_factory=lambda: np.zeros((0, 0)))
    camera: Optional[Camera] = None
    observations: Optional[Observations] = None
    header: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks shapes and fills what was left out (confidence 1, no face, no contacts). Raises ValueError."""
        self.joint_names, self.parents = tuple(self.joint_names), tuple(int(p) for p in self.parents)
        self.local_rotations = np.asarray(self.local_rotations, dtype=np.float64)
        count, joints = len(self.local_rotations), len(self.joint_names)
        if self.joint_confidence.size == 0:
            self.joint_confidence = np.ones((count, joints))
        if self.blendshapes.size == 0:
            self.blendshapes = np.zeros((count, len(self.blendshape_names)))
        if self.blendshape_confidence.size == 0:
            self.blendshape_confidence = np.zeros(self.blendshapes.shape)
        if self.contacts.size == 0:
            self.contacts = np.zeros((count, len(self.contact_names)))
        shapes = {
            "local_rotations": (count, joints, 4),
            "root_translation": (count, 3),
            "rest_offsets": (joints, 3),
            "joint_confidence": (count, joints),
            "blendshapes": (count, len(self.blendshape_names)),
            "blendshape_confidence": (count, len(self.blendshape_names)),
            "contacts": (count, len(self.contact_names)),
        }
        for name, shape in shapes.items():
            value = np.asarray(getattr(self, name), dtype=np.float64)
            setattr(self, name, value)
            if value.shape != shape:
                raise ValueError(f"take: {name} has shape {value.shape}, expected {shape}")
        if len(self.parents) != joints or any(parent >= index for index, parent in enumerate(self.parents)):
            raise ValueError("take: parents must be one per joint, each before its children, -1 for a root")
        if not 0.0 < self.fps < np.inf:
            raise ValueError(f"take: the frame rate must be positive, not {self.fps}")
        self.check_finite()

    def check_finite(self) -> None:
        """Looks for values that are not numbers, which would become broken keys. Raises ValueError where there are."""
        for name in ("rest_offsets", "local_rotations", "root_translation", "blendshapes"):
            value = getattr(self, name)
            if np.isfinite(value).all():
                continue
            bad = np.flatnonzero(~np.isfinite(value).reshape(len(value), -1).all(axis=1))
            where = f"joint {self.joint_names[bad[0]]}" if name == "rest_offsets" else f"frame {bad[0] + 1}"
            raise ValueError(f"take: {name} holds values that are not numbers, first in {where}")

    @property
    def frame_count(self) -> int:
        """Number of frames ``T``."""
        return len(self.local_rotations)

    @property
    def times(self) -> Array:
        """(T,) seconds from the take's first frame."""
        return np.arange(self.frame_count) / self.fps

    def world_rotations(self) -> Array:
        """Rotation of every joint from the rest pose in the world, ``(T, J, 4)`` wxyz."""
        result = self.local_rotations.copy()
        for joints, above in _generations(self.parents):
            result[:, joints] = rotations.multiply(result[:, above], result[:, joints])
        return result

    def world_positions(self) -> Array:
        """Position of every joint in the world, ``(T, J, 3)`` metres, Z up."""
        return self.world()[1]

    def world(self) -> tuple[Array, Array]:
        """What :meth:`world_rotations` and :meth:`world_positions` give, each computed once."""
        turned = self.world_rotations()
        placed = np.empty(turned.shape[:-1] + (3,))
        placed[:, [joint for joint, parent in enumerate(self.parents) if parent < 0]] = self.root_translation[:, None]
        for joints, above in _generations(self.parents):
            placed[:, joints] = placed[:, above] + rotations.rotate(turned[:, above], self.rest_offsets[joints])
        return turned, placed

    def save(self, path: Union[str, Path]) -> None:
        """Writes the take. A failure (a full disk, say) leaves no half-written file and an older take in place.

        Raises OSError as the system gave it.
        """
        target = Path(path)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        header = dict(self.header, schema_version=SCHEMA_VERSION)
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "header": np.frombuffer(json.dumps(header, sort_keys=True).encode(), dtype=np.uint8),
            "fps": np.float64(self.fps).reshape(()),
            "frame_start": np.int64(self.frame_start).reshape(()),
            "joint_names": np.array(self.joint_names),
            "parents": np.array(self.parents, dtype=np.int32),
            "local_rotations": self.local_rotations,
            "root_translation": self.root_translation,
            "rest_offsets": self.rest_offsets,
            "joint_confidence": self.joint_confidence.astype(np.float32),
            "blendshape_names": np.array(self.blendshape_names),
            "blendshapes": self.blendshapes.astype(np.float32),
            "blendshape_confidence": self.blendshape_confidence.astype(np.float32),
            "contact_names": np.array(self.contact_names),
            "contacts": self.contacts.astype(np.float32),
        }
        if self.camera is not None:
            arrays["camera/intrinsics"] = self.camera.intrinsics
            arrays["camera/world_from_camera"] = self.camera.world_from_camera
            arrays["camera/image_size"] = self.camera.image_size
        if self.observations is not None:
            arrays.update(self.observations.to_arrays("observations/"))
        try:
            with open(partial, "wb") as stream:
                np.savez_compressed(stream, **arrays)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Union[str, Path]) -> Take:
        """Reads a take.

        Raises TakeError where the file is missing, is not a take, is damaged, or was written by a newer version.
        """
        advice = "Choose another file, or replicate the plate again."
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = dict(stored)
        except FileNotFoundError:
            raise TakeError(f"Take not found: {path}") from None
        except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
            # numpy's own words speak of pickles, which tell a user nothing
            raise TakeError(f"Not a HoliRep take, or a damaged one: {path}. {advice}") from error
        try:
            return cls._from_arrays(arrays, path)
        except (KeyError, ValueError) as error:
            if isinstance(error, TakeError):
                raise
            raise TakeError(f"Not a readable HoliRep take: {path} ({error}). {advice}") from error

    @classmethod
    def _from_arrays(cls, arrays: dict[str, npt.NDArray[Any]], path: Union[str, Path]) -> Take:
        header = json.loads(arrays["header"].tobytes().decode())
        version = int(header.get("schema_version", 0))
        if version > SCHEMA_VERSION:
            raise TakeError(f"{path} was written by a newer HoliRep (take schema {version}). Update the extension.")
        camera = None
        if "camera/intrinsics" in arrays:
            camera = Camera(
                arrays["camera/intrinsics"], arrays["camera/world_from_camera"], arrays["camera/image_size"]
            )
        has_observations = "observations/times" in arrays
        return cls(
            fps=float(arrays["fps"]),
            frame_start=int(arrays["frame_start"]),
            local_rotations=arrays["local_rotations"],
            root_translation=arrays["root_translation"],
            rest_offsets=arrays["rest_offsets"],
            joint_names=tuple(str(name) for name in arrays["joint_names"]),
            parents=tuple(int(parent) for parent in arrays["parents"]),
            joint_confidence=arrays["joint_confidence"],
            blendshape_names=tuple(str(name) for name in arrays["blendshape_names"]),
            blendshapes=arrays["blendshapes"],
            blendshape_confidence=arrays["blendshape_confidence"],
            contact_names=tuple(str(name) for name in arrays["contact_names"]),
            contacts=arrays["contacts"],
            camera=camera,
            observations=Observations.from_arrays(arrays, "observations/") if has_observations else None,
            header=header,
        )
