# SPDX-License-Identifier: GPL-3.0-or-later
"""Every measure and its bounds, and which of them each score stands on."""

from __future__ import annotations

from .results import CROSS_MODAL_CONSISTENCY, ENVIRONMENTAL_INTEGRATION, LIGHTING_REALISM, TEMPORAL_COHERENCE
from .specs import Spec

_CLIP = "whole clip"

SPECS: tuple[Spec, ...] = (
    Spec("limits", "Beyond human limits", "body", "°", 1.0, 25.0,
         "degrees by which the joint furthest beyond its hard limits is beyond them",
         "limits of motion/biomechanics (preset Dancer or Athlete), sources in limits.json",
         "A joint is turned further than anybody can turn it", "clamp"),
    Spec("bone_length", "Bone lengths", "body", "%", 6.0, 30.0,
         "mean over arms and legs of |length in the picture / tracked length - 1|, each averaged over a second",
         "a bone does not change; good: takes of three real plates have 2 to 5 %",
         "Bones are longer or shorter than the plate shows them", "solve_again"),
    Spec("foot_slide", "Foot sliding", "body", "cm", 0.8, 5.0,
         "distance along the floor of a standing sole from its median place in that contact, worst sole",
         "assumed: a standing sole of good recordings wanders by less than 0.8 cm, 5 cm are half a sole's width",
         "A foot slides while it stands", "edit_contacts"),
    Spec("penetration", "Feet in the floor", "body", "cm", 0.8, 5.0,
         "depth of the deepest sole under the floor", "soles are soft by some millimetres; 5 cm hide a foot's height",
         "A foot sinks into the floor", "floor"),
    Spec("jitter", "Trembling", "body", "mm", 4.0, 15.0,
         "root mean square over joints of the distance from the quadratic through 0.07 s to each side, less 12 % of "
         "the way",
         "Savitzky & Golay 1964; 90 % of the frames of 41 recorded clips have less than 1.6 mm, 99 % less than 5.5",
         "The body trembles", "smoothing"),
    Spec("acceleration", "Acceleration", "body", "× human", 1.0, 4.0,
         "highest acceleration of a joint over the most that people reach with it",
         "99.9th percentiles of recorded sports and dance; low-passed at 7 Hz",
         "A limb is faster than people are", "smoothing"),
    Spec("reprojection", "Points in the picture", "body", "cm", 3.5, 14.0,
         "root mean square distance, at the performer, of the take's points seen through its camera from the tracked",
         "good: takes of real plates that were solved well have 1.2 to 3 cm",
         "The body is not where the plate shows it", "retrack"),
    Spec("following", "Follows the plate", "body", "", 0.2, 0.85,
         "share of the tracked points' motion not made: sqrt(sum|d_take - d_seen|^2 / sum|d_seen|^2), the mean over "
         "0.2, 0.5 and 1.2 s; or of the take's by the character, of where its limbs point from the hips, if that is "
         "more",
         "1 is a frozen pose by definition; good is what a tracker's noise leaves",
         "The body does not move as the performer does", "less_smoothing"),
    Spec("drop_outs", "Body lost", "body", "", 0.02, 0.5,
         "share of the joints, of parts that the plate shows, that were filled in", "confidences of the take",
         "Parts of the body were not seen and are filled in", "exclude_limb"),
    Spec("face_reprojection", "Face points", "face", "mm", 1.0, 4.0,
         "mean distance, on a face of average size, of the redrawn lips, lids, brows, jaw and cheeks from the tracked",
         "Umeyama 1991; good: clips of signers that were solved well have 0.4 to 0.7 mm",
         "The face is not the one that the plate shows", "neutral_face"),
    Spec("face_following", "Face follows", "face", "", 0.55, 0.95,
         "share of the tracked face's motion that is not made, freed from the head, mean over 0.2, 0.5 and 1.2 s",
         "1 is a frozen face by definition; good is what a tracker's noise leaves",
         "The face does not move as the performer's does", "neutral_face"),
    Spec("face_keys", "Face keys", "face", "", 0.1, 0.8,
         "share of the motion that the take's coefficients ask of the character's shape keys and that is not keyed, "
         "mean over 0.2, 0.5 and 1.2 s",
         "1 is a frozen face by definition; keys that were applied have 0", "The face is not keyed as the take moves",
         "apply_face"),
    Spec("face_amplitude", "Size of expressions", "face", "octaves", 0.4, 1.6,
         "|log2| of the factor by which lips, brows or jaw, the worst, would move as far as the tracked ones, over 4 s",
         "1 octave is half or twice as far; good: lips of signers who were solved well have 0 to 0.3",
         "The face moves less or more than the performer's", "neutral_face"),
    Spec("saturation", "Coefficients at their end", "face", "coefficients", 1.0, 8.0,
         "number of coefficients, blinks and glances apart, of at least 0.98, or of keys beyond their range, if more",
         "no expression holds more than one or two",
         "The face is overdriven", "neutral_face"),
    Spec("blinks", "Blinks", "face", "", 0.25, 0.8,
         "difference of a lid's closing from the tracked one, of a whole blink, while either shuts",
         "lids of MediaPipe meet at 0.45 of their usual opening", "Blinks are missed or made up", "neutral_face"),
    Spec("symmetry", "Left and right of the face", "face", "mm", 1.0, 4.0,
         "mean difference over ten pairs of points of what left does more than right, take against plate",
         "good: clips of signers have 0.5 to 0.7 mm", "One side of the face does what the other should",
         "neutral_face"),
    Spec("lip_closure", "Lips closed", "face", "mm", 1.2, 6.0,
         "difference of the gap between the lips while the take's or the tracked lips touch",
         "assumed: from some 2 mm on m, b and p read as open",
         "The lips do not close when they should", "neutral_face"),
    Spec("face_jitter", "Face trembling", "face", "mm", 0.6, 2.6,
         "root mean square over points of the distance from the quadratic through 0.07 s to each side, less what the "
         "tracked points do alike and beyond their usual trembling",
         "Savitzky & Golay 1964", "The face trembles", "smoothing"),
    Spec("face_drop_outs", "Face lost", "face", "", 0.05, 0.6,
         "share of the coefficients that the plate ever shows that were filled in", "confidences of the take",
         "The face was not seen and is filled in", "retrack"),
    Spec("irradiance_error", "Light on surfaces", "lighting", "", 0.02, 0.5,
         "root mean square over normals of rig against environment, over the mean", "LightMeasures; lighting.md",
         "The lamps do not light as the environment does", "match_lighting", _CLIP),
    Spec("sphere_rmse", "Spheres", "lighting", "", 0.03, 0.3,
         "root mean square of tone-mapped pictures of balls, rig against environment, worst ball",
         "StyleLight (Wang et al. 2022)", "Balls lit by the lamps differ from those lit by the environment",
         "match_lighting", _CLIP),
    Spec("shadow_error", "Shadows", "lighting", "", 0.02, 0.3,
         "root mean square of the shadow picture, rig against environment, without noise, over the mean", "lighting.md",
         "The lamps' shadows are not the environment's", "match_lighting", _CLIP),
    Spec("plate_colour_angle", "Colour in the plate", "lighting", "°", 2.0, 15.0,
         "mean angle between the colours of a region in plate and render", "DeepLight (LeGendre et al. 2019)",
         "The light has another colour than the plate's", "match_plate", _CLIP),
    Spec("plate_contrast", "Contrast in the plate", "lighting", "stops", 0.15, 1.5,
         "difference of the standard deviation of log2 luminance of a region in plate and render",
         "assumed: a sixth of a stop is hardly seen", "The light is harder or softer than the plate's",
         "match_plate", _CLIP),
    Spec("light_flicker", "Light from frame to frame", "integration", "stops", 0.02, 0.3,
         "change of the character's exposure against the plate's from one frame to the next",
         "assumed: 0.02 stops are 1.4 % of the light", "The light flickers against the plate", "match_plate"),
    Spec("head_pose", "Head of body and face", "integration", "°", 8.0, 40.0,
         "angle between the head's rotation in the body and the one that the face's points show",
         "Umeyama 1991; skeletons and face meshes differ by some degrees on what looks level",
         "The head looks elsewhere than the face", "solve_again"),
    Spec("in_step", "Mouth and body in step", "integration", "ms", 15.0, 160.0,
         "difference of the lags at which mouth and body correlate best with how they were tracked",
         "good: ATSC IS-191, 15 ms; bad: between the 90 and 185 ms of ITU-R BT.1359, of sound and picture",
         "The mouth moves before or after the body", "solve_again", _CLIP),
    Spec("gaze", "Gaze", "integration", "°", 6.0, 35.0,
         "angle between the eyes' rotation and where the irises are between the eyes' corners",
         "motion/geometric/gaze.py; one feels looked at within a cone of some 5 degrees (Horstmann & Linke 2021)",
         "The eyes look elsewhere than the performer's", "solve_again"),
    Spec("face_light", "Light on the face", "integration", "stops", 0.15, 0.8,
         "deviation of log2(luminance in the plate / irradiance of the scene) over nine patches of skin in up to 8 "
         "frames, without the ninth of them that is furthest off",
         "irradiance by spherical harmonics (Ramamoorthi & Hanrahan 2001); good: skin is not even",
         "The face is lit from elsewhere than the scene", "match_lighting", _CLIP),
    Spec("feet_on_floor", "Feet on the floor", "integration", "cm", 1.5, 8.0,
         "distance of standing soles from the floor, above or below, worst sole",
         "soles and heels of shoes are uncertain by a centimetre", "A standing foot floats over the floor or is in it",
         "floor"),
    Spec("contact_shadow", "Contact shadows", "integration", "", 0.05, 0.8,
         "share of the standing feet whose contact shadow is not right", "lighting/contact_shadows.py",
         "There is no shadow where a foot stands", "bake_shadows"),
    Spec("horizon", "Upright world", "integration", "°", 5.0, 17.0,
         "the larger of the angle between the line from support to centre of mass and gravity with or without its "
         "acceleration, over twenty seconds, and the slope of the plane through the places where soles stand",
         "centre of mass by de Leva 1996; who stands leans 1 to 5 degrees",
         "The performer leans: the camera's tilt is wrong",
         "camera"),
    Spec("exposure", "Exposure", "integration", "stops", 0.15, 1.5,
         "stops by which the character is brighter or darker than what it stands for in the plate",
         "assumed: a sixth of a stop is hardly seen", "The character is brighter or darker than the plate",
         "match_plate"),
)  # fmt: skip

BY_NAME: dict[str, Spec] = {spec.name: spec for spec in SPECS}

BODY, FACE = "body", "face"
TITLES: dict[str, str] = {
    BODY: "Body",
    FACE: "Face",
    LIGHTING_REALISM: "Lighting Realism",
    TEMPORAL_COHERENCE: "Temporal Coherence",
    CROSS_MODAL_CONSISTENCY: "Cross-Modal Consistency",
    ENVIRONMENTAL_INTEGRATION: "Environmental Integration",
}
"""Titles of the scores, in the order in which they are shown; the overall one comes last."""
STANDS_ON: dict[str, tuple[str, ...]] = {
    BODY: ("limits", "bone_length", "foot_slide", "penetration", "jitter", "acceleration", "reprojection", "following",
           "drop_outs"),
    FACE: ("face_reprojection", "face_following", "face_keys", "face_amplitude", "saturation", "blinks", "symmetry",
           "lip_closure", "face_jitter", "face_drop_outs"),
    LIGHTING_REALISM: ("irradiance_error", "sphere_rmse", "shadow_error", "plate_colour_angle", "plate_contrast"),
    CROSS_MODAL_CONSISTENCY: ("head_pose", "in_step", "gaze", "face_light"),
    ENVIRONMENTAL_INTEGRATION: ("feet_on_floor", "contact_shadow", "horizon", "exposure"),
}  # fmt: skip
ESSENTIAL: dict[str, tuple[str, ...]] = {
    FACE: ("face_reprojection",),
    TEMPORAL_COHERENCE: ("following", "face_following"),
}
"""Measures one of which a score needs: what moves by itself says nothing of how true it is; a frozen take is calm."""
ALWAYS = "following"
COHERENCE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (ALWAYS, ("jitter", "following")),
    ("face_following", ("face_jitter", "face_following", "face_keys")),
    ("", ("light_flicker",)),
)
"""Body, face and light: temporal coherence is the mean of the three, each the worst of its measures; first the one that
the others are nothing without."""
