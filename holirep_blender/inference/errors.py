# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the worker whose text is meant for the user."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can put right: one sentence that names the file or setting and the way out.

    `kind` travels in the `data` of the worker's JSON-RPC error.
    """

    kind = "user"


class PlateError(UserError):
    """The plate cannot be used as asked."""

    kind = "plate"


class TrackingError(UserError):
    """The performer cannot be tracked as asked."""

    kind = "tracking"


class DeviceError(TrackingError):
    """The GPU cannot do the tracking; the CPU can."""

    kind = "device"
