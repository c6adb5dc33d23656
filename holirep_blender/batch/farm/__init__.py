# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch given to a render farm's own engine: Open Job Description, Flamenco, Dask. The standard library only."""
