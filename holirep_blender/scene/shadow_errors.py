# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends Bake Shadows with a sentence for the user."""

from __future__ import annotations


class ShadowError(ValueError):
    """The scene or a setting does not allow it; the message is for the user, and nothing was changed."""
