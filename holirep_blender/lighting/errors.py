# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an environment, in one sentence for the user."""

from __future__ import annotations


class EnvironmentMapError(ValueError):
    """An environment map that cannot be used; the message says why and what to do."""
