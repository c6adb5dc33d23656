# SPDX-License-Identifier: GPL-3.0-or-later
"""Performers drawn in milliseconds, so that the real tracker sees tens of thousands of frames of known truth."""
