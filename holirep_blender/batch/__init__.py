# SPDX-License-Identifier: GPL-3.0-or-later
"""Many shots, unattended: a shot list becomes a plan of stages, and stages become finished files. No bpy, no numpy."""
