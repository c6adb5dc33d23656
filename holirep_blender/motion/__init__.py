# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion: skeleton, rotations, takes, solving, rig maps and retargeting. numpy only; both processes share it."""
