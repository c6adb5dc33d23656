# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and accuracy against named baselines, in one run, as ratios."""
