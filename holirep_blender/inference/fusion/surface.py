# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of the body's surface in their joints' rest frames, metres at the reference stature of 1.70 m.

The network is trained with them and its solve looks for them, so both must take them from here.
"""

HEAD_ORIGIN = (0.0, 0.0, 0.037)
"""The face model's origin, from the head."""
EARS = ((0.0725, -0.005, 0.058), (-0.0725, -0.005, 0.058))
"""What the tracker marks as left and right ear, from the head."""
HEEL_MARK, TOE_MARK = (0.0, 0.045, -0.045), (0.0, -0.055, 0.0)
"""What the tracker marks as heel and tip of the toes, from foot and toes."""
HEEL, BALL = (0.0, 0.045, -0.0663), (0.0, 0.0, -0.0204)
"""Where heel and ball of the foot stand, from foot and toes."""
ANKLE_SHARE = 0.95
"""The ankle's mark lies a little up the shin, at this share of it."""
