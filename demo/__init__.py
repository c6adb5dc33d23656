# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: the main job on a real plate, from the command line as a user would run it."""
