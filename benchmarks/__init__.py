# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and accuracy against named baselines, in one run, as ratios."""

import os

# as the worker does it (see inference/__main__.py), before anything loads NumPy
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
