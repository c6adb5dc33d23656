# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the weights that ``holirep_blender.inference.fusion`` loads; never part of the extension."""
