# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts with the floor and other surfaces: where they are, when they hold, and a root that keeps them."""

from .detect import ContactOptions, contacts_of, detect_contacts
from .edits import ContactEdit, edited, edited_frames
from .floor import Floor, check_floor, estimate_floor
from .grounding import Grounding, grounded, grounding, regrounded
from .names import CONTACT_POINTS
from .plate_floor import floor_from_corners
from .record import Contacts
from .soles import ContactPoints, contact_points

__all__ = [
    "CONTACT_POINTS",
    "ContactEdit",
    "ContactOptions",
    "ContactPoints",
    "Contacts",
    "Floor",
    "Grounding",
    "check_floor",
    "contact_points",
    "contacts_of",
    "detect_contacts",
    "edited",
    "edited_frames",
    "estimate_floor",
    "floor_from_corners",
    "grounded",
    "grounding",
    "regrounded",
]
