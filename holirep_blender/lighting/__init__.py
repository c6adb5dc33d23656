# SPDX-License-Identifier: GPL-3.0-or-later
"""Light of an environment map: lamps in it, what is left without them, irradiance and measures. Numpy alone.

Conventions: directions are unit vectors in Blender's world axes (Z up) toward the light, for an environment that is not
rotated. Radiance is linear, as the map has it; irradiance is the sum of radiance times solid angle, in W/m² as Blender
counts it.
"""
