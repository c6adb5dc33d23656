# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys are found in ARKit's own names, their spellings, and the dialects of the common character tools."""

# ruff: noqa: SIM905

from __future__ import annotations

import re

import pytest

from holirep_blender.motion.arkit import ARKIT_NAMES
from holirep_blender.motion.rigs.shape_keys import find_shape_key_map


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


SPELLINGS = {
    "exact": lambda name, number: name,
    "capital": lambda name, number: name[0].upper() + name[1:],
    "snake": lambda name, number: snake(name),
    "short sides": lambda name, number: re.sub(r"(Left|Right)$", lambda found: "_" + found[1][0], name),
    "lower case": lambda name, number: name.lower(),
    "rocketbox": lambda name, number: f"AK_{number:02d}_{name[0].upper()}{name[1:]}",
    "maya": lambda name, number: f"blendShape1.AK_{number:02d}_{name[0].upper()}{name[1:]}",
    "iclone exp": lambda name, number: f"A{number:02d}_" + "_".join(map(str.capitalize, snake(name).split("_"))),
    "studio prefix": lambda name, number: f"heroHead_{name}",
    "vrm": lambda name, number: f"Face_Blendshape.{name}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_arkit_names_in_every_spelling(spelling):
    keys = [SPELLINGS[spelling](name, number) for number, name in enumerate(ARKIT_NAMES, 1)]
    others = ["Basis", "wrinkle_forehead", "beard_length", "mouthOpenWide_corrective"]
    found = find_shape_key_map(others + keys)
    assert found == {name: [(key, 1.0)] for name, key in zip(ARKIT_NAMES, keys)}


def test_split_central_shapes_are_driven_together():
    found = find_shape_key_map(["browInnerUp_L", "browInnerUp_R", "cheekPuff_L", "cheekPuff_R"])
    assert found["browInnerUp"] == [("browInnerUp_L", 1.0), ("browInnerUp_R", 1.0)]
    assert found["cheekPuff"] == [("cheekPuff_L", 1.0), ("cheekPuff_R", 1.0)]


def test_merged_sides_show_the_mean():
    found = find_shape_key_map(["mouthSmile", "eyeBlink", "jawOpen"])
    assert found["mouthSmileLeft"] == found["mouthSmileRight"] == [("mouthSmile", 0.5)]
    assert found["eyeBlinkLeft"] == found["eyeBlinkRight"] == [("eyeBlink", 0.5)]
    assert found["jawOpen"] == [("jawOpen", 1.0)]


def test_sided_keys_win_over_merged_ones():
    found = find_shape_key_map(["mouthSmile", "mouthOpen", "jawOpen", "mouthSmileLeft", "mouthSmileRight"])
    assert found["mouthSmileLeft"] == [("mouthSmileLeft", 1.0)]
    assert found["jawOpen"] == [("jawOpen", 1.0)]


CC4 = """Brow_Raise_Inner_L Brow_Raise_Inner_R Brow_Raise_Outer_L Brow_Raise_Outer_R Brow_Drop_L Brow_Drop_R
Brow_Compress_L Brow_Compress_R Eye_Blink_L Eye_Blink_R Eye_Squint_L Eye_Squint_R Eye_Wide_L Eye_Wide_R Eye_L_Look_L
Eye_R_Look_L Eye_L_Look_R Eye_R_Look_R Eye_L_Look_Up Eye_R_Look_Up Eye_L_Look_Down Eye_R_Look_Down Nose_Sneer_L
Nose_Sneer_R Cheek_Raise_L Cheek_Raise_R Cheek_Puff_L Cheek_Puff_R Mouth_Smile_L Mouth_Smile_R Mouth_Frown_L
Mouth_Frown_R Mouth_Stretch_L Mouth_Stretch_R Mouth_Dimple_L Mouth_Dimple_R Mouth_Press_L Mouth_Press_R Mouth_Tighten_L
Mouth_Pucker_Up_L Mouth_Pucker_Up_R Mouth_Pucker_Down_L Mouth_Pucker_Down_R Mouth_Funnel_Up_L Mouth_Funnel_Up_R
Mouth_Funnel_Down_L Mouth_Funnel_Down_R Mouth_Roll_In_Upper_L Mouth_Roll_In_Upper_R Mouth_Roll_In_Lower_L
Mouth_Roll_In_Lower_R Mouth_Roll_Out_Upper_L Mouth_Up_Upper_L Mouth_Up_Upper_R Mouth_Down_Lower_L Mouth_Down_Lower_R
Mouth_Shrug_Upper Mouth_Shrug_Lower Mouth_L Mouth_R Mouth_Close Jaw_Open Jaw_Forward Jaw_L Jaw_R Tongue_Out V_Open
V_Tight_O Neck_Swallow_Up""".split()


def test_character_creator_covers_every_coefficient():
    found = find_shape_key_map(CC4)
    assert set(found) == set(ARKIT_NAMES)
    assert found["mouthFunnel"] == [(key, 1.0) for key in CC4 if key.startswith("Mouth_Funnel")]
    assert found["browInnerUp"] == [("Brow_Raise_Inner_L", 1.0), ("Brow_Raise_Inner_R", 1.0)]
    assert found["eyeLookOutLeft"] == [("Eye_L_Look_L", 1.0)]
    assert found["eyeLookInRight"] == [("Eye_R_Look_L", 1.0)]
    assert found["mouthLeft"] == [("Mouth_L", 1.0)]
    assert found["jawRight"] == [("Jaw_R", 1.0)]
    assert found["cheekSquintRight"] == [("Cheek_Raise_R", 1.0)]
    used = {key for rows in found.values() for key, _ in rows}
    assert not used & {"V_Open", "Mouth_Roll_Out_Upper_L", "Brow_Compress_L", "Mouth_Tighten_L", "Neck_Swallow_Up"}


METAHUMAN = """browDownL browDownR browLateralL browRaiseInL browRaiseInR browRaiseOuterL browRaiseOuterR eyeBlinkL
eyeBlinkR eyeWidenL eyeWidenR eyeSquintInnerL eyeSquintInnerR eyeCheekRaiseL eyeCheekRaiseR eyeLookUpL eyeLookUpR
eyeLookDownL eyeLookDownR eyeLookLeftL eyeLookLeftR eyeLookRightL eyeLookRightR noseWrinkleL noseWrinkleR
mouthCheekBlowL mouthCheekBlowR mouthLeft mouthRight mouthUpperLipRaiseL mouthUpperLipRaiseR mouthLowerLipDepressL
mouthLowerLipDepressR mouthCornerPullL mouthCornerPullR mouthStretchL mouthStretchR mouthDimpleL mouthDimpleR
mouthCornerDepressL mouthCornerDepressR mouthLipsPurseUL mouthLipsPurseUR mouthLipsPurseDL mouthLipsPurseDR
mouthFunnelUL mouthFunnelUR mouthFunnelDL mouthFunnelDR mouthLipsTogetherUL mouthLipsTogetherUR mouthLipsTogetherDL
mouthLipsTogetherDR mouthUpperLipRollInL mouthUpperLipRollInR mouthLowerLipRollInL mouthLowerLipRollInR mouthLipsPressL
mouthLipsPressR jawOpen jawLeft jawRight jawFwd jawChinRaiseDL jawChinRaiseDR jawChinRaiseUL jawChinRaiseUR
tongueOut""".split()


@pytest.mark.parametrize("prefix", ["CTRL_expressions_", "CTRL_expressions.", "", "head_lod0_mesh__"])
def test_metahuman_curves_cover_every_coefficient(prefix):
    found = find_shape_key_map([prefix + name for name in METAHUMAN])
    assert set(found) == set(ARKIT_NAMES)
    assert found["mouthSmileLeft"] == [(f"{prefix}mouthCornerPullL", 1.0)]
    assert found["eyeLookInRight"] == [(f"{prefix}eyeLookLeftR", 1.0)]
    assert len(found["mouthPucker"]) == 4
    assert f"{prefix}browLateralL" not in {key for rows in found.values() for key, _ in rows}


def test_vroid_expressions_are_approximated():
    keys = ["Fcl_ALL_Angry", "Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_MTH_E", "Fcl_MTH_O", "Fcl_EYE_Spread"]
    keys += ["Fcl_EYE_Close", "Fcl_EYE_Close_L", "Fcl_EYE_Close_R"]
    found = find_shape_key_map(keys)
    assert found["jawOpen"] == [("Fcl_MTH_A", 1.0)]
    assert found["mouthPucker"] == [("Fcl_MTH_U", 1.0)]
    assert found["mouthFunnel"] == [("Fcl_MTH_O", 1.0)]
    assert found["eyeBlinkLeft"] == [("Fcl_EYE_Close_L", 1.0)]
    assert found["eyeWideRight"] == [("Fcl_EYE_Spread", 0.5)]


def test_one_approximation_is_enough():
    assert find_shape_key_map(["mouthOpen", "viseme_aa", "AU_45_Blink", "Blink"]) == {
        "jawOpen": [("mouthOpen", 1.0)],
        "eyeBlinkLeft": [("AU_45_Blink", 0.5)],
        "eyeBlinkRight": [("AU_45_Blink", 0.5)],
    }


def test_vroid_with_perfect_sync_keys_uses_those():
    found = find_shape_key_map(["Fcl_MTH_A", "Fcl_EYE_Close", *ARKIT_NAMES])
    assert found == {name: [(name, 1.0)] for name in ARKIT_NAMES}


def test_vrm_vowels_need_company():
    assert find_shape_key_map(["A", "I", "U", "E", "O", "Blink"])["jawOpen"] == [("A", 1.0)]
    assert find_shape_key_map(["あ", "い", "う", "お", "まばたき"])["eyeBlinkLeft"] == [("まばたき", 0.5)]
    assert find_shape_key_map(["A", "Basis", "Pose B"]) == {}


def test_fuse_characters():
    found = find_shape_key_map(["Blink_Left", "Blink_Right", "Smile_Left", "Smile_Right", "MouthOpen", "BrowsIn_Left"])
    assert found["eyeBlinkLeft"] == [("Blink_Left", 1.0)]
    assert found["mouthSmileRight"] == [("Smile_Right", 1.0)]
    assert found["jawOpen"] == [("MouthOpen", 1.0)]


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["Basis"],
        ["Key 1", "Key 2", "fat", "thin", "muscle_L"],
        ["mouth", "jaw", "left", "Knee_Bend_L", "Elbow90_R", "closedmouth", "Left", "Right"],
    ],
)
def test_meshes_without_usable_keys_give_nothing(keys):
    assert find_shape_key_map(keys) == {}


def test_every_named_key_exists_and_factors_are_sane():
    keys = [*CC4, *METAHUMAN, "Fcl_MTH_A", "mouthSmile", "eyeBlink"]
    for coefficient, rows in find_shape_key_map(keys).items():
        assert coefficient in ARKIT_NAMES
        assert rows
        assert len({key for key, _ in rows}) == len(rows)
        for key, factor in rows:
            assert key in keys
            assert 0 < factor <= 1
