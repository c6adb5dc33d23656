# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the joints of the demo character are.

Segment ratios are those of Drillis & Contini (1966) as printed in Winter, *Biomechanics and Motor Control of Human
Movement*, figure 4.1: ankle 0.039 H, knee 0.285 H, hip 0.530 H, shoulder 0.818 H, chin 0.870 H, eye 0.936 H, forearm
0.146 H, hand 0.108 H, foot 0.152 H. The upper arm is 0.170 H and not 0.186 H: the book measures from the acromion, a
skeleton turns about the centre of the humeral head, some 3 cm below and inside of it (the span is about 1.03 H).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

STATURE = 1.72
HEAD_HEIGHT = STATURE / 7.5
#: Degrees of the arms below the horizontal in the rest pose (an A-pose: shoulders deform better than from a T).
ARM_DROP = 48.0

EYE_CENTRE = np.array([0.0318, -0.0722, 1.6035])
EYE_RADIUS = 0.0150
JAW_HINGE = np.array([0.0, -0.006, 1.566])
MOUTH_HEIGHT = 1.5325

SHOULDER = np.array([0.152, 0.012, 0.818 * STATURE - 0.020])
_DROP = math.radians(ARM_DROP)
#: Along the left arm, across the hand towards the thumb, and out of the palm.
ARM_AXIS = np.array([math.cos(_DROP), 0.0, -math.sin(_DROP)])
THUMB_AXIS = np.array([0.0, -1.0, 0.0])
PALM_AXIS = np.array([-math.sin(_DROP), 0.0, -math.cos(_DROP)])

UPPER_ARM = 0.170 * STATURE
FOREARM = 0.146 * STATURE
HAND = 0.108 * STATURE

ELBOW = SHOULDER + ARM_AXIS * UPPER_ARM + np.array([0.0, 0.006, 0.0])
WRIST = SHOULDER + ARM_AXIS * (UPPER_ARM + FOREARM) + np.array([0.0, -0.006, 0.0])

HIP = np.array([0.090, 0.004, 0.530 * STATURE])
KNEE = np.array([0.091, -0.006, 0.285 * STATURE])
ANKLE = np.array([0.093, 0.026, 0.039 * STATURE + 0.014])
BALL = np.array([0.097, -0.098, 0.026])
TOE = np.array([0.099, -0.178, 0.022])


def hand_point(along: float, towards_thumb: float, out_of_palm: float) -> Vector:
    """World position of a point of the left hand, from distances in metres from the wrist."""
    return WRIST + ARM_AXIS * along + THUMB_AXIS * towards_thumb + PALM_AXIS * out_of_palm


#: finger: (knuckle in the hand's axes, degrees it splays to the thumb, phalanx lengths, radius at the knuckle)
FINGERS: dict[str, tuple[tuple[float, float, float], float, tuple[float, float, float], float]] = {
    "Index": ((0.086, 0.0255, -0.002), 4.5, (0.0420, 0.0245, 0.0200), 0.0092),
    "Middle": ((0.088, 0.0050, -0.004), 1.0, (0.0455, 0.0275, 0.0210), 0.0094),
    "Ring": ((0.083, -0.0145, -0.003), -3.0, (0.0425, 0.0255, 0.0205), 0.0089),
    "Little": ((0.074, -0.0320, 0.001), -8.0, (0.0335, 0.0195, 0.0180), 0.0079),
}
#: Degrees each phalanx curls towards the palm at rest (a relaxed hand).
FINGER_CURL = (7.0, 15.0, 22.0)

THUMB = (
    hand_point(0.018, 0.0190, 0.011),
    hand_point(0.050, 0.0430, 0.021),
    hand_point(0.078, 0.0560, 0.026),
    hand_point(0.102, 0.0620, 0.027),
)


def finger_joints(finger: str) -> list[Vector]:
    """The four points (knuckle, two joints, tip) of a finger of the left hand, in metres, world axes."""
    (along, side, out), splay, lengths, _ = FINGERS[finger]
    points = [hand_point(along, side, out)]
    curl = 0.0
    for length, bend in zip(lengths, FINGER_CURL):
        curl += math.radians(bend)
        forward = ARM_AXIS * math.cos(math.radians(splay)) + THUMB_AXIS * math.sin(math.radians(splay))
        points.append(points[-1] + length * (forward * math.cos(curl) + PALM_AXIS * math.sin(curl)))
    return points
