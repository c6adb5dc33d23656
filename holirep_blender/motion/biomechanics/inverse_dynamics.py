# SPDX-License-Identifier: GPL-3.0-or-later
"""Forces and moments in the joints of a moving body, by recursive Newton-Euler over whole clips.

Luh, Walker & Paul (1980), from the limbs' ends inwards: what a joint must give to everything beyond it is that part's
change of momentum, less its weight and less what the ground gives to it. The ground's force comes from the whole body's
motion alone (its change of momentum less its weight) and is shared over the points that touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..contacts.detect import detect_contacts
from ..contacts.floor import estimate_floor
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints, contact_points
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import rest_rotations
from ..take import Take
from .anatomical import axes_of
from .anthropometry import Body, body_of
from .derivatives import HALF_WINDOW, derivatives
from .ground_reaction import GRAVITY, shared

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_FINGER_ENDS = ("Intermediate", "Distal", "Metacarpal")
"""Finger joints without a part in any of this: fingers weigh with the hand, whose palm the knuckles span."""
MOTIONS: tuple[str, ...] = ("flexion", "abduction", "rotation")


@dataclass(frozen=True)
class JointMoments:
    """What the joints of a take must give, frame by frame.

    Attributes
    ----------
    joint_names : (J,) of the take.
    names : (N,) "leftLowerLeg.flexion" … for every joint with a VRM name but the root and finger ends.
    values : (T, N) N m; positive towards flexion, abduction, inward rotation as ``anatomical.axes_of`` has them: a
        positive knee flexion moment is one of the knee's flexors.
    loads : (T, J) N of the ground's force that passes through each joint.
    forces, moments : (T, J, 3) N and N m in the world, by the joint above on the one below, about the joint's place.
    ground_names : (P,) contact points. ground_forces : (T, P, 3) N by the ground on the body.
    ground_places : (T, P, 3) metres, where the forces act.
    external_force, external_moment : (T, 3) all that must act on the body from outside, about the world's origin.
    unexplained_force, unexplained_moment : (T, 3) the part of it that no touching point gives; about the root joint.
    centre_of_mass, momentum : (T, 3) metres, kg m/s.
    body : the masses.
    """

    joint_names: tuple[str, ...]
    names: tuple[str, ...]
    values: Array
    loads: Array
    forces: Array
    moments: Array
    ground_names: tuple[str, ...]
    ground_forces: Array
    ground_places: Array
    external_force: Array
    external_moment: Array
    unexplained_force: Array
    unexplained_moment: Array
    centre_of_mass: Array
    momentum: Array
    body: Body

    def moment(self, name: str) -> Array:
        """One moment ``(T,)``, N m, by its name. Raises KeyError where the take lacks the joint."""
        if name not in self.names:
            raise KeyError(name)
        return np.asarray(self.values[:, self.names.index(name)])


@dataclass(frozen=True)
class BodyModel:
    """What of a take does not change from frame to frame.

    Attributes
    ----------
    body : its masses. points : where it may touch something.
    joints : (M,) index of the joints whose moments are named. names : (3 M,) of the moments.
    axes : (M, 3, 3) axes of flexion, abduction and rotation in each joint's rest frame.
    """

    body: Body
    points: ContactPoints
    joints: tuple[int, ...]
    names: tuple[str, ...]
    axes: Array


def body_model(take: Take, mass_kg: Optional[float] = None, sex: str = "mean") -> BodyModel:
    """The model of a take's skeleton; ``mass_kg`` None: the usual mass for its stature. Raises ValueError as
    ``body_of``.
    """
    body = body_of(take, mass_kg, sex)
    rest = {name: place for name, place in take_rest_positions(take).items() if not name.endswith(_FINGER_ENDS)}
    frames = rest_rotations(rest, np.eye(3))
    joints = tuple(i for i, name in enumerate(take.joint_names) if name in frames and take.parents[i] >= 0)
    names = tuple(f"{take.joint_names[i]}.{motion}" for i in joints for motion in MOTIONS)
    axes = [rotations.rotate(frames[take.joint_names[i]], np.stack(axes_of(take.joint_names[i]))) for i in joints]
    return BodyModel(body, contact_points(take), joints, names, np.array(axes).reshape(-1, 3, 3))


def joint_moments(
    take: Take,
    mass_kg: Optional[float] = None,
    contacts: Optional[Contacts] = None,
    *,
    sex: str = "mean",
    model: Optional[BodyModel] = None,
) -> JointMoments:
    """Joint moments of a whole clip.

    ``contacts`` None: they are detected. ``model``: that of the take's skeleton, where it is known already; mass and
    sex are then the model's. Positions and rotations are differentiated as ``derivatives`` says. Raises ValueError
    where the mass is not a positive number, the contacts have another number of frames, or the take holds values that
    are not numbers.
    """
    take.check_finite()
    model = model or body_model(take, mass_kg, sex)
    body, points = model.body, model.points
    turned, placed = take.world()
    touching = _lately(touching_points(take, contacts, points), take.fps)

    carriers = body.joints
    arms = rotations.rotate(turned[:, carriers], body.centres)
    centres = placed[:, carriers] + arms
    moving = np.unique(carriers)
    row_of = {int(joint): row for row, joint in enumerate(moving)}
    quaternions = rotations.continuous(turned[:, moving])
    count = len(body.names)
    packed = np.concatenate(
        [centres.reshape(take.frame_count, 3 * count), quaternions.reshape(take.frame_count, -1)], 1
    )
    first, second = derivatives(packed, take.fps)
    velocity = first[:, : 3 * count].reshape(centres.shape)
    acceleration = second[:, : 3 * count].reshape(centres.shape)
    spin, spin_change = _spins(quaternions, first[:, 3 * count :], second[:, 3 * count :])

    rows = np.array([row_of[int(joint)] for joint in carriers])
    force = body.masses[:, None] * (acceleration - GRAVITY)
    frames = rotations.to_matrix(turned[:, moving])[:, rows]
    inertia = frames @ body.inertias @ np.swapaxes(frames, -1, -2)
    rate, change = spin[:, rows], spin_change[:, rows]
    angular = (inertia @ rate[..., None])[..., 0]
    moment = np.cross(centres, force) + (inertia @ change[..., None])[..., 0] + np.cross(rate, angular)

    needed_force, needed_moment = force.sum(axis=1), moment.sum(axis=1)
    weights = body.masses / body.mass
    mass_centre = np.einsum("b,tbi->ti", weights, centres)
    ground, places = shared(needed_force, needed_moment, mass_centre, points.placed(turned, placed), touching)
    joint_force, joint_moment = _inwards(take, carriers, force, moment, points, places, ground)
    joint_moment = joint_moment - np.cross(placed, joint_force)
    joints = list(model.joints)
    axes = rotations.rotate(turned[:, joints][:, :, None], model.axes)
    values = np.sum(axes * joint_moment[:, joints][:, :, None], axis=-1).reshape(take.frame_count, -1)
    roots = [index for index, parent in enumerate(take.parents) if parent < 0]
    return JointMoments(
        joint_names=take.joint_names,
        names=model.names,
        values=values,
        loads=_loads(take, points, ground),
        forces=joint_force,
        moments=joint_moment,
        ground_names=points.names,
        ground_forces=ground,
        ground_places=places,
        external_force=needed_force,
        external_moment=needed_moment,
        unexplained_force=joint_force[:, roots].sum(axis=1),
        unexplained_moment=joint_moment[:, roots[0]],
        centre_of_mass=mass_centre,
        momentum=np.einsum("b,tbi->ti", body.masses, velocity),
        body=body,
    )


def touching_points(take: Take, contacts: Optional[Contacts], points: ContactPoints) -> Mask:
    """Which contact points touch in each frame, ``(T, P)``; detected where no contacts are given.

    Raises ValueError where the contacts have another number of frames than the take.
    """
    found = contacts if contacts is not None else detect_contacts(take, estimate_floor(take))
    if found.frame_count != take.frame_count:
        raise ValueError(
            f"The contacts were made for {found.frame_count} frames, but the take has {take.frame_count}. "
            "Detect the contacts again."
        )
    columns = [found.touching(name) for name in points.names]
    return np.array(columns, dtype=bool).T.reshape(take.frame_count, len(points.names))


def _lately(touching: Mask, fps: float) -> Mask:
    """Contacts that begin earlier and end later by two thirds of the derivatives' half window, which blurs forces
    so.
    """
    result = touching.copy()
    for shift in range(1, 1 + round(2.0 / 3.0 * HALF_WINDOW * fps)):
        result[shift:] |= touching[:-shift]
        result[:-shift] |= touching[shift:]
    return result


def _spins(quaternions: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """Angular velocities and accelerations ``(T, M, 3)`` in the world from quaternions and their derivatives.

    With q' = w q / 2 the velocity is the vector part of 2 q' q*, and since q' q'* has none, the acceleration that of
    2 q'' q* (Shuster 1993, section on kinematics).
    """
    inverse = rotations.inverse(quaternions)
    spin = 2.0 * rotations.multiply(first.reshape(quaternions.shape), inverse)[..., 1:]
    change = 2.0 * rotations.multiply(second.reshape(quaternions.shape), inverse)[..., 1:]
    return spin, change


def _inwards(
    take: Take,
    carriers: npt.NDArray[np.intp],
    force: Array,
    moment: Array,
    points: ContactPoints,
    places: Array,
    ground: Array,
) -> tuple[Array, Array]:
    """Forces and moments about the origin ``(T, J, 3)`` that each joint gives to all beyond it."""
    forces = np.zeros((take.frame_count, len(take.parents), 3))
    moments = np.zeros_like(forces)
    for piece, joint in enumerate(carriers):
        forces[:, joint] += force[:, piece]
        moments[:, joint] += moment[:, piece]
    for point, joint in enumerate(points.joints):
        forces[:, joint] -= ground[:, point]
        moments[:, joint] -= np.cross(places[:, point], ground[:, point])
    for joint in range(len(take.parents) - 1, -1, -1):
        parent = take.parents[joint]
        if parent >= 0:
            forces[:, parent] += forces[:, joint]
            moments[:, parent] += moments[:, joint]
    return forces, moments


def _loads(take: Take, points: ContactPoints, ground: Array) -> Array:
    """Size ``(T, J)`` of the ground's force on each joint and all beyond it."""
    total = np.zeros((take.frame_count, len(take.parents), 3))
    for point, joint in enumerate(points.joints):
        total[:, joint] += ground[:, point]
    for joint in range(len(take.parents) - 1, -1, -1):
        if take.parents[joint] >= 0:
            total[:, take.parents[joint]] += total[:, joint]
    return np.asarray(np.linalg.norm(total, axis=-1))
