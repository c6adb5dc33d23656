# SPDX-License-Identifier: GPL-3.0-or-later
"""What helps against what is wrong: names of remedies, and how they are put to the artist."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remedy:
    """``title`` as on a button, ``sentence`` what it does and when it helps."""

    title: str
    sentence: str


REMEDIES: dict[str, Remedy] = {
    "retrack": Remedy(
        "Re-track Range",
        "Track these frames again, with the performer picked by hand: the points lie on somebody or something else, or "
        "were lost.",
    ),
    "smoothing": Remedy("Raise Smoothing", "Solve again with more smoothing: the motion trembles."),
    "less_smoothing": Remedy(
        "Lower Smoothing", "Solve again with less smoothing: the motion lags behind what the plate shows."
    ),
    "solve_again": Remedy("Solve Again", "Solve the tracked points again; tracking is kept."),
    "clamp": Remedy("Clamp to Human Limits", "Bring joints back within what people can do."),
    "edit_contacts": Remedy("Edit Contacts", "Say when this foot stands, and plant the feet again."),
    "floor": Remedy("Pick Floor", "Say in the plate where the floor is, or move it to where the feet stand."),
    "camera": Remedy("Set Camera", "Give the lens, or use a tracked camera: the picture's tilt was guessed."),
    "neutral_face": Remedy("Mark Neutral Face", "Name a frame with a calm face and solve again."),
    "apply_face": Remedy("Apply Take", "Key the take on the character again, its face too."),
    "exclude_limb": Remedy(
        "Exclude Limb",
        "Leave this limb out in these frames: it goes over from the frame before to the frame after. The plate does "
        "not show it well enough.",
    ),
    "match_lighting": Remedy("Match Lighting", "Build the lamps from the environment again."),
    "match_plate": Remedy("Match to Plate", "Bring lamps and residual to the plate's exposure and colours."),
    "bake_shadows": Remedy("Bake Shadows", "Set the shadow catcher under the feet and bake the shadows again."),
}
"""By the names that causes use."""
