# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bone of a character each joint of the performer drives."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Mapping

from ..skeleton import JOINT_INDEX, JOINT_NAMES
from .conflicts import find_conflicts
from .errors import RigError
from .rig import Rig

SCHEMA = "holirep-rig-map"
SCHEMA_VERSION = 1
LIMBS: tuple[tuple[str, str], ...] = (
    ("leftUpperArm", "leftLowerArm"),
    ("rightUpperArm", "rightLowerArm"),
    ("leftUpperLeg", "leftLowerLeg"),
    ("rightUpperLeg", "rightLowerLeg"),
)


@dataclass(frozen=True)
class RigMap:
    """A rig map.

    Attributes
    ----------
    family : the rig family's name, for the user.
    bones : VRM joint name to bone name; joints without a bone are left out.
    settings : (bone, custom property, value) to be set when a take is applied, such as IK/FK switches.
    parents : bone to the bone that it follows where the hierarchy does not say so (control rigs); see `followed`.
    score : 0..1, how sure the recognition was; 1 for maps made by a user.
    """

    family: str
    bones: Mapping[str, str]
    settings: tuple[tuple[str, str, float], ...] = ()
    parents: Mapping[str, str] = field(default_factory=dict)
    score: float = 1.0

    def __post_init__(self) -> None:
        unknown = [joint for joint in self.bones if joint not in JOINT_INDEX]
        if unknown:
            raise RigError(f"{self.family} names a joint that is not one of the 55 humanoid joints: {unknown[0]}.")
        ordered = {joint: self.bones[joint] for joint in JOINT_NAMES if self.bones.get(joint)}
        object.__setattr__(self, "bones", ordered)
        object.__setattr__(self, "settings", tuple((bone, name, float(value)) for bone, name, value in self.settings))

    def followed(self, rig: Rig) -> Rig:
        """The rig with the hierarchy in which its controls really follow each other; retargeting works on this one."""
        return rig.with_parents(self.parents)

    def conflicts(self, rig: Rig) -> list[str]:
        """Everything about this map that does not fit the rig, a sentence each; empty where all is well."""
        return find_conflicts(self.bones, self.followed(rig))

    def without_missing(self, rig: Rig) -> RigMap:
        """The map with only the bones and settings that the rig has."""
        return RigMap(
            self.family,
            {joint: bone for joint, bone in self.bones.items() if bone in rig},
            tuple(row for row in self.settings if row[0] in rig),
            {bone: parent for bone, parent in self.parents.items() if bone in rig and parent in rig},
            self.score,
        )

    def to_json(self) -> str:
        """The map as JSON text, stable in order."""
        return json.dumps(
            {
                "schema": SCHEMA,
                "version": SCHEMA_VERSION,
                "family": self.family,
                "score": round(self.score, 4),
                "bones": dict(self.bones),
                "settings": [list(row) for row in self.settings],
                "parents": dict(self.parents),
            },
            indent=2,
            ensure_ascii=False,
        )

    @staticmethod
    def from_json(text: str) -> RigMap:
        """A map from `to_json`'s text; raises `RigError` where the text is not a rig map."""
        try:
            data: Any = json.loads(text)
        except json.JSONDecodeError as error:
            raise RigError(f"This is not a rig map: line {error.lineno} is not valid JSON.") from error
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            raise RigError("This is not a rig map: it was not written by HoliRep.")
        if int(data.get("version", 0)) > SCHEMA_VERSION:
            raise RigError("This rig map was written by a newer HoliRep; update HoliRep to use it.")
        try:
            return RigMap(
                family=str(data["family"]),
                bones={str(joint): str(bone) for joint, bone in data["bones"].items()},
                settings=tuple((str(bone), str(name), float(value)) for bone, name, value in data.get("settings", ())),
                parents={str(bone): str(parent) for bone, parent in data.get("parents", {}).items()},
                score=float(data.get("score", 1.0)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, RigError):
                raise
            raise RigError("This rig map is damaged: its bones or settings cannot be read.") from error


def usable(rig_map: RigMap) -> bool:
    """Whether a take can be applied with this map at all: the hips and at least one limb of two bones."""
    return "hips" in rig_map.bones and any(upper in rig_map.bones and lower in rig_map.bones for upper, lower in LIMBS)
