# SPDX-License-Identifier: GPL-3.0-or-later
"""The test rigs' families: real bone names and hierarchies, plausible rest poses, and which bone is which joint.

A row is ``bone | parent | head | tail | joint``; ``{s}`` is the family's side mark, ``{side}`` is left or right. The
joint is left out for bones that must not be mapped. Points are those of `body.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.rigs.body import Pose


@dataclass(frozen=True)
class Fingers:
    """A hand's fingers: `pattern` with ``{f}`` finger and ``{n}`` number, `end` for tips, `palm` for metacarpals."""

    parent: str
    pattern: str
    names: tuple[str, ...]
    numbers: tuple[str, ...]
    end: str = ""
    palm: str = ""
    palm_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """A family of rigs.

    `prefix` stands for ``{p}`` in names; `axes` is how the bones' own axes lie: ``along`` the limb, ``rolled`` about it
    by chance, or ``across`` it; `up` is the armature's own up axis (the object stands upright all the same); `unit`
    is the armature's units per metre, undone by the object's scale; `turned` turns the object about Z, degrees.
    """

    family: str
    rows: str
    sides: tuple[str, str]
    fingers: Fingers | None = None
    prefix: str = ""
    pose: Pose = field(default_factory=Pose)
    axes: str = "along"
    up: str = "Z"
    unit: float = 1.0
    turned: float = 0.0
    by_structure: dict[str, str] = field(default_factory=dict)
    """Joints that structure alone rightly reads otherwise than the names do ('' for not at all)."""


_FIVE = ("Thumb", "Index", "Middle", "Ring", "Pinky")
_LOWER_FIVE = ("thumb", "index", "middle", "ring", "pinky")

_MIXAMO = """
{p}Hips | | hips | waist | hips
{p}Spine | {p}Hips | waist | waist-collar.3 | spine
{p}Spine1 | {p}Spine | waist-collar.3 | waist-collar.6 | chest
{p}Spine2 | {p}Spine1 | waist-collar.6 | collar | upperChest
{p}Neck | {p}Spine2 | neck | head | neck
{p}Head | {p}Neck | head | top | head
{p}HeadTop_End | {p}Head | top | top-head.1 |
{p}{s}Shoulder | {p}Spine2 | clav | arm | {side}Shoulder
{p}{s}Arm | {p}{s}Shoulder | arm | elbow | {side}UpperArm
{p}{s}ForeArm | {p}{s}Arm | elbow | wrist | {side}LowerArm
{p}{s}Hand | {p}{s}ForeArm | wrist | middle1 | {side}Hand
{p}{s}UpLeg | {p}Hips | hip | knee | {side}UpperLeg
{p}{s}Leg | {p}{s}UpLeg | knee | ankle | {side}LowerLeg
{p}{s}Foot | {p}{s}Leg | ankle | ball | {side}Foot
{p}{s}ToeBase | {p}{s}Foot | ball | toe | {side}Toes
{p}{s}Toe_End | {p}{s}ToeBase | toe | ball-toe1 |
"""
_EYES = """
{p}{s}Eye | {p}Head | eye | pupil | {side}Eye
"""
_UE_LIMBS = """
clavicle_{s} | {chest} | clav | arm | {side}Shoulder
upperarm_{s} | clavicle_{s} | arm | elbow | {side}UpperArm
upperarm_twist_01_{s} | upperarm_{s} | arm-elbow.4 | arm-elbow.6 |
lowerarm_{s} | upperarm_{s} | elbow | wrist | {side}LowerArm
lowerarm_twist_01_{s} | lowerarm_{s} | elbow-wrist.7 | elbow-wrist.9 |
hand_{s} | lowerarm_{s} | wrist | middle1 | {side}Hand
thigh_{s} | pelvis | hip | knee | {side}UpperLeg
thigh_twist_01_{s} | thigh_{s} | hip-knee.4 | hip-knee.6 |
calf_{s} | thigh_{s} | knee | ankle | {side}LowerLeg
calf_twist_01_{s} | calf_{s} | knee-ankle.5 | knee-ankle.7 |
foot_{s} | calf_{s} | ankle | ball | {side}Foot
ball_{s} | foot_{s} | ball | toe | {side}Toes
"""
_UE_IK = """
ik_foot_root | root | floor | floor-hips.1 |
ik_foot_{s} | ik_foot_root | ankle | ball |
ik_hand_root | root | floor | floor-hips.1 |
ik_hand_gun | ik_hand_root | floor-hips.5 | floor-hips.6 |
ik_hand_{s} | ik_hand_gun | wrist | middle1 |
"""
_UE4 = """
root | | floor | floor-hips.1 |
pelvis | root | hips | waist | hips
spine_01 | pelvis | waist | waist-collar.25 | spine
spine_02 | spine_01 | waist-collar.25 | waist-collar.6 | chest
spine_03 | spine_02 | waist-collar.6 | collar | upperChest
neck_01 | spine_03 | neck | head | neck
head | neck_01 | head | top | head
""" + _UE_LIMBS.replace("{chest}", "spine_03")
_UE5 = """
root | | floor | floor-hips.1 |
pelvis | root | hips | waist | hips
spine_01 | pelvis | hips-waist.4 | waist | spine
spine_02 | spine_01 | waist | waist-collar.2 |
spine_03 | spine_02 | waist-collar.2 | waist-collar.4 | chest
spine_04 | spine_03 | waist-collar.4 | waist-collar.65 |
spine_05 | spine_04 | waist-collar.65 | collar | upperChest
neck_01 | spine_05 | neck | neck-head.5 | neck
neck_02 | neck_01 | neck-head.5 | head |
head | neck_02 | head | top | head
upperarm_twist_02_{s} | upperarm_{s} | arm-elbow.7 | arm-elbow.9 |
lowerarm_twist_02_{s} | lowerarm_{s} | elbow-wrist.3 | elbow-wrist.5 |
thigh_twist_02_{s} | thigh_{s} | hip-knee.7 | hip-knee.8 |
calf_twist_02_{s} | calf_{s} | knee-ankle.2 | knee-ankle.3 |
""" + _UE_LIMBS.replace("{chest}", "spine_05")
_METAHUMAN = """
clavicle_out_{s} | clavicle_{s} | clav-arm.6 | clav-arm.8 |
clavicle_scap_{s} | clavicle_{s} | clav-arm.4 | clav-arm.5 |
spine_04_latissimus_{s} | spine_04 | breast | breast-arm.2 |
clavicle_pec_{s} | spine_05 | breast | nipple |
upperarm_correctiveRoot_{s} | upperarm_{s} | arm | arm-elbow.1 |
upperarm_bck_{s} | upperarm_correctiveRoot_{s} | arm | arm-elbow.1 |
upperarm_out_{s} | upperarm_correctiveRoot_{s} | arm | arm-elbow.1 |
upperarm_twistCor_01_{s} | upperarm_twist_01_{s} | arm-elbow.4 | arm-elbow.5 |
lowerarm_correctiveRoot_{s} | lowerarm_{s} | elbow | elbow-wrist.1 |
lowerarm_fwd_{s} | lowerarm_correctiveRoot_{s} | elbow | elbow-wrist.1 |
thigh_correctiveRoot_{s} | thigh_{s} | hip | hip-knee.1 |
thigh_fwd_{s} | thigh_correctiveRoot_{s} | hip | hip-knee.1 |
calf_kneeBack_{s} | calf_{s} | knee | knee-ankle.1 |
ankle_bck_{s} | foot_{s} | ankle | heel |
FACIAL_C_FacialRoot | head | head | nose |
FACIAL_{S}_Eye | FACIAL_C_FacialRoot | eye | pupil | {side}Eye
FACIAL_C_Jaw | FACIAL_C_FacialRoot | jaw | chin | jaw
FACIAL_{S}_Brow | FACIAL_C_FacialRoot | brow | brow-nose.2 |
"""
_UNITY = """
hips | | hips | waist | hips
spine | hips | waist | waist-collar.3 | spine
chest | spine | waist-collar.3 | waist-collar.6 | chest
upperChest | chest | waist-collar.6 | collar | upperChest
neck | upperChest | neck | head | neck
head | neck | head | top | head
jaw | head | jaw | chin | jaw
{s}Eye | head | eye | pupil | {side}Eye
{s}Shoulder | upperChest | clav | arm | {side}Shoulder
{s}UpperArm | {s}Shoulder | arm | elbow | {side}UpperArm
{s}LowerArm | {s}UpperArm | elbow | wrist | {side}LowerArm
{s}Hand | {s}LowerArm | wrist | middle1 | {side}Hand
{s}UpperLeg | hips | hip | knee | {side}UpperLeg
{s}LowerLeg | {s}UpperLeg | knee | ankle | {side}LowerLeg
{s}Foot | {s}LowerLeg | ankle | ball | {side}Foot
{s}Toes | {s}Foot | ball | toe | {side}Toes
"""
_VROID = """
Root | | floor | floor-hips.1 |
J_Bip_C_Hips | Root | hips | waist | hips
J_Bip_C_Spine | J_Bip_C_Hips | waist | waist-collar.3 | spine
J_Bip_C_Chest | J_Bip_C_Spine | waist-collar.3 | waist-collar.6 | chest
J_Bip_C_UpperChest | J_Bip_C_Chest | waist-collar.6 | collar | upperChest
J_Bip_C_Neck | J_Bip_C_UpperChest | neck | head | neck
J_Bip_C_Head | J_Bip_C_Neck | head | top | head
J_Adj_{s}_FaceEye | J_Bip_C_Head | eye | pupil | {side}Eye
J_Sec_{s}_Bust1 | J_Bip_C_UpperChest | breast | breast-nipple.5 |
J_Sec_{s}_Bust2 | J_Sec_{s}_Bust1 | breast-nipple.5 | nipple |
J_Sec_Hair1_{s}01 | J_Bip_C_Head | hair | hair-hairtip.3 |
J_Sec_Hair2_{s}01 | J_Sec_Hair1_{s}01 | hair-hairtip.3 | hair-hairtip.6 |
J_Sec_Hair3_{s}01 | J_Sec_Hair2_{s}01 | hair-hairtip.6 | hairtip |
J_Sec_{s}_SkirtFront1_01 | J_Bip_C_Hips | skirt | skirt-skirtend.3 |
J_Sec_{s}_SkirtFront2_01 | J_Sec_{s}_SkirtFront1_01 | skirt-skirtend.3 | skirt-skirtend.6 |
J_Sec_{s}_SkirtFront3_01 | J_Sec_{s}_SkirtFront2_01 | skirt-skirtend.6 | skirtend |
J_Bip_{s}_Shoulder | J_Bip_C_UpperChest | clav | arm | {side}Shoulder
J_Bip_{s}_UpperArm | J_Bip_{s}_Shoulder | arm | elbow | {side}UpperArm
J_Bip_{s}_LowerArm | J_Bip_{s}_UpperArm | elbow | wrist | {side}LowerArm
J_Bip_{s}_Hand | J_Bip_{s}_LowerArm | wrist | middle1 | {side}Hand
J_Bip_{s}_UpperLeg | J_Bip_C_Hips | hip | knee | {side}UpperLeg
J_Bip_{s}_LowerLeg | J_Bip_{s}_UpperLeg | knee | ankle | {side}LowerLeg
J_Bip_{s}_Foot | J_Bip_{s}_LowerLeg | ankle | ball | {side}Foot
J_Bip_{s}_ToeBase | J_Bip_{s}_Foot | ball | toe | {side}Toes
"""
_MAKEHUMAN = """
root | | hips | hips-waist.5 | hips
pelvis.{s} | root | hips | pelvis-hip.5 |
upperleg01.{s} | pelvis.{s} | hip | hip-knee.5 | {side}UpperLeg
upperleg02.{s} | upperleg01.{s} | hip-knee.5 | knee |
lowerleg01.{s} | upperleg02.{s} | knee | knee-ankle.5 | {side}LowerLeg
lowerleg02.{s} | lowerleg01.{s} | knee-ankle.5 | ankle |
foot.{s} | lowerleg02.{s} | ankle | ball | {side}Foot
toe1-1.{s} | foot.{s} | ball | ball-toe.5 |
toe1-2.{s} | toe1-1.{s} | ball-toe.5 | toe |
toe2-1.{s} | foot.{s} | ball | ball-toe.4 |
toe2-2.{s} | toe2-1.{s} | ball-toe.4 | ball-toe.9 |
toe5-1.{s} | foot.{s} | ball | ball-toe.3 |
toe5-2.{s} | toe5-1.{s} | ball-toe.3 | ball-toe.6 |
spine05 | root | hips-waist.5 | waist | spine
spine04 | spine05 | waist | waist-collar.2 |
spine03 | spine04 | waist-collar.2 | waist-collar.45 | chest
spine02 | spine03 | waist-collar.45 | waist-collar.65 |
breast.{s} | spine02 | breast | nipple |
spine01 | spine02 | waist-collar.65 | collar | upperChest
neck01 | spine01 | neck | neck-head.3 | neck
neck02 | neck01 | neck-head.3 | neck-head.6 |
neck03 | neck02 | neck-head.6 | head |
head | neck03 | head | top | head
jaw | head | jaw | chin | jaw
tongue00 | jaw | teeth | teeth-chin.5 |
tongue01 | tongue00 | teeth-chin.5 | teeth-chin.8 |
eye.{s} | head | eye | pupil | {side}Eye
levator02.{s} | head | cheek | cheek-nose.4 |
oculi01.{s} | head | brow | brow-nose.4 |
clavicle.{s} | spine01 | clav | clav-arm.6 | {side}Shoulder
shoulder01.{s} | clavicle.{s} | clav-arm.6 | arm |
upperarm01.{s} | shoulder01.{s} | arm | arm-elbow.5 | {side}UpperArm
upperarm02.{s} | upperarm01.{s} | arm-elbow.5 | elbow |
lowerarm01.{s} | upperarm02.{s} | elbow | elbow-wrist.5 | {side}LowerArm
lowerarm02.{s} | lowerarm01.{s} | elbow-wrist.5 | wrist |
wrist.{s} | lowerarm02.{s} | wrist | wrist-middle1.3 | {side}Hand
"""
_MAKEHUMAN_GAME = """
Root | | floor | floor-hips.1 |
pelvis | Root | hips | waist | hips
spine_01 | pelvis | waist | waist-collar.3 | spine
spine_02 | spine_01 | waist-collar.3 | waist-collar.6 | chest
spine_03 | spine_02 | waist-collar.6 | collar | upperChest
breast_{s} | spine_03 | breast | nipple |
neck_01 | spine_03 | neck | head | neck
head | neck_01 | head | top | head
clavicle_{s} | spine_03 | clav | arm | {side}Shoulder
upperarm_{s} | clavicle_{s} | arm | elbow | {side}UpperArm
lowerarm_{s} | upperarm_{s} | elbow | wrist | {side}LowerArm
hand_{s} | lowerarm_{s} | wrist | middle1 | {side}Hand
thigh_{s} | pelvis | hip | knee | {side}UpperLeg
calf_{s} | thigh_{s} | knee | ankle | {side}LowerLeg
foot_{s} | calf_{s} | ankle | ball | {side}Foot
ball_{s} | foot_{s} | ball | toe | {side}Toes
"""
_CHARACTER_CREATOR = """
{p}BoneRoot | | floor | floor-hips.1 |
{p}Hip | {p}BoneRoot | hips | waist | hips
{p}Pelvis | {p}Hip | hips | hips-floor.1 |
{p}{s}_Thigh | {p}Pelvis | hip | knee | {side}UpperLeg
{p}{s}_ThighTwist01 | {p}{s}_Thigh | hip-knee.2 | hip-knee.5 |
{p}{s}_ThighTwist02 | {p}{s}_ThighTwist01 | hip-knee.5 | hip-knee.8 |
{p}{s}_Calf | {p}{s}_Thigh | knee | ankle | {side}LowerLeg
{p}{s}_CalfTwist01 | {p}{s}_Calf | knee-ankle.2 | knee-ankle.5 |
{p}{s}_CalfTwist02 | {p}{s}_CalfTwist01 | knee-ankle.5 | knee-ankle.8 |
{p}{s}_KneeShareBone | {p}{s}_Calf | knee | knee-ankle.1 |
{p}{s}_Foot | {p}{s}_Calf | ankle | ball | {side}Foot
{p}{s}_ToeBaseShareBone | {p}{s}_Foot | ball | ball-toe.2 |
{p}{s}_ToeBase | {p}{s}_Foot | ball | toe | {side}Toes
{p}{s}_BigToe1 | {p}{s}_ToeBase | ball-toe.5 | toe |
{p}{s}_IndexToe1 | {p}{s}_ToeBase | ball-toe.4 | ball-toe.9 |
{p}{s}_PinkyToe1 | {p}{s}_ToeBase | ball-toe.3 | ball-toe.6 |
{p}Waist | {p}Hip | waist | waist-collar.2 | spine
{p}Spine01 | {p}Waist | waist-collar.2 | waist-collar.5 | chest
{p}Spine02 | {p}Spine01 | waist-collar.5 | collar | upperChest
{p}{s}_RibsTwist | {p}Spine02 | breast | breast-nipple.5 |
{p}{s}_Breast | {p}{s}_RibsTwist | breast-nipple.5 | nipple |
{p}NeckTwist01 | {p}Spine02 | neck | neck-head.5 | neck
{p}NeckTwist02 | {p}NeckTwist01 | neck-head.5 | head |
{p}Head | {p}NeckTwist02 | head | top | head
{p}FacialBone | {p}Head | head | nose |
{p}JawRoot | {p}FacialBone | jaw | chin | jaw
{p}Tongue01 | {p}JawRoot | teeth | chin |
{p}UpperJaw | {p}FacialBone | teeth | nose |
{p}{s}_Eye | {p}FacialBone | eye | pupil | {side}Eye
{p}{s}_Clavicle | {p}Spine02 | clav | arm | {side}Shoulder
{p}{s}_Upperarm | {p}{s}_Clavicle | arm | elbow | {side}UpperArm
{p}{s}_UpperarmTwist01 | {p}{s}_Upperarm | arm-elbow.2 | arm-elbow.5 |
{p}{s}_UpperarmTwist02 | {p}{s}_UpperarmTwist01 | arm-elbow.5 | arm-elbow.8 |
{p}{s}_Forearm | {p}{s}_Upperarm | elbow | wrist | {side}LowerArm
{p}{s}_ForearmTwist01 | {p}{s}_Forearm | elbow-wrist.2 | elbow-wrist.5 |
{p}{s}_ForearmTwist02 | {p}{s}_ForearmTwist01 | elbow-wrist.5 | elbow-wrist.8 |
{p}{s}_ElbowShareBone | {p}{s}_Forearm | elbow | elbow-wrist.1 |
{p}{s}_Hand | {p}{s}_Forearm | wrist | middle1 | {side}Hand
"""
_DAZ_8 = """
hip | | hips | hips-waist.5 | hips
pelvis | hip | hips | hips-floor.1 |
{s}ThighBend | pelvis | hip | hip-knee.45 | {side}UpperLeg
{s}ThighTwist | {s}ThighBend | hip-knee.45 | knee |
{s}Shin | {s}ThighTwist | knee | ankle | {side}LowerLeg
{s}Foot | {s}Shin | ankle | ankle-ball.3 | {side}Foot
{s}Metatarsals | {s}Foot | ankle-ball.3 | ball |
{s}Toe | {s}Metatarsals | ball | toe | {side}Toes
{s}BigToe | {s}Toe | ball-toe.4 | ball-toe.8 |
{s}SmallToe1 | {s}Toe | ball-toe.4 | ball-toe.7 |
{s}SmallToe4 | {s}Toe | ball-toe.3 | ball-toe.5 |
{s}Heel | {s}Foot | ankle | heel |
abdomenLower | hip | hips-waist.5 | waist | spine
abdomenUpper | abdomenLower | waist | waist-collar.25 |
chestLower | abdomenUpper | waist-collar.25 | waist-collar.55 | chest
{s}Pectoral | chestLower | breast | nipple |
chestUpper | chestLower | waist-collar.55 | collar | upperChest
neckLower | chestUpper | neck | neck-head.5 | neck
neckUpper | neckLower | neck-head.5 | head |
head | neckUpper | head | top | head
upperTeeth | head | teeth | nose |
lowerJaw | head | jaw | chin | jaw
tongue01 | lowerJaw | teeth | chin |
upperFaceRig | head | head-top.3 | head-top.4 |
{s}Eye | head | eye | pupil | {side}Eye
{s}Ear | head | ear | ear-hair.3 |
{s}BrowInner | upperFaceRig | brow | brow-nose.2 |
{s}Collar | chestUpper | clav | arm | {side}Shoulder
{s}ShldrBend | {s}Collar | arm | arm-elbow.45 | {side}UpperArm
{s}ShldrTwist | {s}ShldrBend | arm-elbow.45 | elbow |
{s}ForearmBend | {s}ShldrTwist | elbow | elbow-wrist.5 | {side}LowerArm
{s}ForearmTwist | {s}ForearmBend | elbow-wrist.5 | wrist |
{s}Hand | {s}ForearmTwist | wrist | middle1 | {side}Hand
"""
_DAZ_9 = """
hip | | hips | hips-waist.5 | hips
pelvis | hip | hips | hips-floor.1 |
{s}_thigh | pelvis | hip | knee | {side}UpperLeg
{s}_thightwist1 | {s}_thigh | hip-knee.3 | hip-knee.5 |
{s}_thightwist2 | {s}_thigh | hip-knee.6 | hip-knee.9 |
{s}_shin | {s}_thigh | knee | ankle | {side}LowerLeg
{s}_foot | {s}_shin | ankle | ball | {side}Foot
{s}_metatarsal | {s}_foot | ankle-ball.3 | ball |
{s}_toes | {s}_foot | ball | toe | {side}Toes
{s}_bigtoe1 | {s}_toes | ball-toe.4 | ball-toe.8 |
{s}_indextoe1 | {s}_toes | ball-toe.4 | ball-toe.7 |
spine1 | hip | hips-waist.5 | waist | spine
spine2 | spine1 | waist | waist-collar.25 |
spine3 | spine2 | waist-collar.25 | waist-collar.55 | chest
{s}_pectoral | spine3 | breast | nipple |
spine4 | spine3 | waist-collar.55 | collar | upperChest
neck1 | spine4 | neck | neck-head.5 | neck
neck2 | neck1 | neck-head.5 | head |
head | neck2 | head | top | head
upperteeth | head | teeth | nose |
lowerjaw | head | jaw | chin | jaw
{s}_eye | head | eye | pupil | {side}Eye
{s}_ear | head | ear | ear-hair.3 |
{s}_shoulder | spine4 | clav | arm | {side}Shoulder
{s}_upperarm | {s}_shoulder | arm | elbow | {side}UpperArm
{s}_upperarmtwist1 | {s}_upperarm | arm-elbow.3 | arm-elbow.5 |
{s}_upperarmtwist2 | {s}_upperarm | arm-elbow.6 | arm-elbow.9 |
{s}_forearm | {s}_upperarm | elbow | wrist | {side}LowerArm
{s}_forearmtwist1 | {s}_forearm | elbow-wrist.3 | elbow-wrist.5 |
{s}_forearmtwist2 | {s}_forearm | elbow-wrist.6 | elbow-wrist.9 |
{s}_hand | {s}_forearm | wrist | middle1 | {side}Hand
"""
_POSER = """
hip | | hips | waist | hips
abdomen | hip | waist | waist-collar.4 | spine
chest | abdomen | waist-collar.4 | collar | chest
neck | chest | neck | head | neck
head | neck | head | top | head
{long}Eye | head | eye | pupil | {side}Eye
{s}Collar | chest | clav | arm | {side}Shoulder
{s}Shldr | {s}Collar | arm | elbow | {side}UpperArm
{s}ForeArm | {s}Shldr | elbow | wrist | {side}LowerArm
{s}Hand | {s}ForeArm | wrist | middle1 | {side}Hand
{s}Buttock | hip | hips | hips-hip.8 |
{s}Thigh | {s}Buttock | hip | knee | {side}UpperLeg
{s}Shin | {s}Thigh | knee | ankle | {side}LowerLeg
{s}Foot | {s}Shin | ankle | ball | {side}Foot
"""
_BIPED = """
{p} | | hips | hips-waist.3 |
{p} Footsteps | {p} | floor | floor-hips.1 |
{p} Pelvis | {p} | hips | hips-waist.6 | hips
{p} Spine | {p} Pelvis | waist | waist-collar.3 | spine
{p} Spine1 | {p} Spine | waist-collar.3 | waist-collar.6 | chest
{p} Spine2 | {p} Spine1 | waist-collar.6 | collar | upperChest
{p} Neck | {p} Spine2 | neck | head | neck
{p} Head | {p} Neck | head | top | head
{p} HeadNub | {p} Head | top | top-head.1 |
{p} {s} Clavicle | {p} Neck | clav | arm | {side}Shoulder
{p} {s} UpperArm | {p} {s} Clavicle | arm | elbow | {side}UpperArm
{p} {s} Forearm | {p} {s} UpperArm | elbow | wrist | {side}LowerArm
{p} {s} ForeTwist | {p} {s} Forearm | elbow-wrist.4 | elbow-wrist.6 |
{p} {s} Hand | {p} {s} Forearm | wrist | middle1 | {side}Hand
{p} {s} Thigh | {p} {seat} | hip | knee | {side}UpperLeg
{p} {s} Calf | {p} {s} Thigh | knee | ankle | {side}LowerLeg
{p} {s} Foot | {p} {s} Calf | ankle | ball | {side}Foot
{p} {s} Toe0 | {p} {s} Foot | ball | toe | {side}Toes
{p} {s} Toe0Nub | {p} {s} Toe0 | toe | ball-toe1 |
"""
_ROCKETBOX_FACE = """
{p} MJaw | {p} Head | jaw | chin | jaw
{p} {s}Eye | {p} Head | eye | pupil | {side}Eye
{p} {s}Masseter | {p} Head | cheek | cheek-nose.3 |
"""
_SMPL_X = """
root | | floor | floor-hips.1 |
pelvis | root | hips | waist | hips
{s}_hip | pelvis | hip | knee | {side}UpperLeg
{s}_knee | {s}_hip | knee | ankle | {side}LowerLeg
{s}_ankle | {s}_knee | ankle | ball | {side}Foot
{s}_foot | {s}_ankle | ball | toe | {side}Toes
spine1 | pelvis | waist | waist-collar.3 | spine
spine2 | spine1 | waist-collar.3 | waist-collar.5 | chest
spine3 | spine2 | waist-collar.5 | collar | upperChest
neck | spine3 | neck | head | neck
head | neck | head | top | head
jaw | head | jaw | chin | jaw
{s}_eye_smplhf | head | eye | pupil | {side}Eye
{s}_collar | spine3 | clav | arm | {side}Shoulder
{s}_shoulder | {s}_collar | arm | elbow | {side}UpperArm
{s}_elbow | {s}_shoulder | elbow | wrist | {side}LowerArm
{s}_wrist | {s}_elbow | wrist | middle1 | {side}Hand
"""

_SMPL = """
{p}root | | floor | floor-hips.1 |
{p}Pelvis | {p}root | hips | waist | hips
{p}{s}_Hip | {p}Pelvis | hip | knee | {side}UpperLeg
{p}{s}_Knee | {p}{s}_Hip | knee | ankle | {side}LowerLeg
{p}{s}_Ankle | {p}{s}_Knee | ankle | ball | {side}Foot
{p}{s}_Foot | {p}{s}_Ankle | ball | toe | {side}Toes
{p}Spine1 | {p}Pelvis | waist | waist-collar.3 | spine
{p}Spine2 | {p}Spine1 | waist-collar.3 | waist-collar.5 | chest
{p}Spine3 | {p}Spine2 | waist-collar.5 | collar | upperChest
{p}Neck | {p}Spine3 | neck | head | neck
{p}Head | {p}Neck | head | top | head
{p}{s}_Collar | {p}Spine3 | clav | arm | {side}Shoulder
{p}{s}_Shoulder | {p}{s}_Collar | arm | elbow | {side}UpperArm
{p}{s}_Elbow | {p}{s}_Shoulder | elbow | wrist | {side}LowerArm
{p}{s}_Wrist | {p}{s}_Elbow | wrist | middle1 | {side}Hand
{p}{s}_Hand | {p}{s}_Wrist | middle1 | middle2 |
"""

_MIXAMO_FINGERS = Fingers("{p}{s}Hand", "{p}{s}Hand{f}{n}", _FIVE, ("1", "2", "3"), end="4")
_UE4_FINGERS = Fingers("hand_{s}", "{f}_{n}_{s}", _LOWER_FIVE, ("01", "02", "03"))
_UE5_FINGERS = Fingers("hand_{s}", "{f}_{n}_{s}", _LOWER_FIVE, ("01", "02", "03"), palm="{f}_metacarpal_{s}")
_CC_FINGERS = Fingers("{p}{s}_Hand", "{p}{s}_{f}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky"), ("1", "2", "3"))
_BIPED_FINGERS = Fingers("{p} {s} Hand", "{p} {s} Finger{f}{n}", ("0", "1", "2", "3", "4"), ("", "1", "2"), end="Nub")
_UNITY_NUMBERS = ("Proximal", "Intermediate", "Distal")

TABLE: dict[str, Family] = {
    "mixamo": Family(
        "Mixamo", _MIXAMO, ("Left", "Right"), _MIXAMO_FINGERS, "mixamorig:", unit=100.0, up="Y"
    ),
    "mixamo_numbered": Family(
        "Mixamo", _MIXAMO, ("Left", "Right"), _MIXAMO_FINGERS, "mixamorig1:", axes="rolled", turned=35.0
    ),
    "ready_player_me": Family(
        "Mixamo", _MIXAMO + _EYES, ("Left", "Right"), _MIXAMO_FINGERS, pose=Pose(arms_down=40)
    ),
    "vroid": Family(
        "VRM (VRoid)", _VROID, ("L", "R"),
        Fingers("J_Bip_{s}_Hand", "J_Bip_{s}_{f}{n}", ("Thumb", "Index", "Middle", "Ring", "Little"), ("1", "2", "3")),
        pose=Pose(leg_length=1.1),
    ),
    "vrm": Family(
        "VRM humanoid", _UNITY, ("left", "right"),
        Fingers("{s}Hand", "{s}{f}{n}", ("Thumb", "Index", "Middle", "Ring", "Little"), _UNITY_NUMBERS),
    ),
    "unity": Family(
        "Unity humanoid", "Armature | | floor | floor-hips.1 |\n" + _UNITY.replace("hips | |", "hips | Armature |"),
        ("Left", "Right"),
        Fingers("{s}Hand", "{s}{f}{n}", ("Thumb", "Index", "Middle", "Ring", "Little"), _UNITY_NUMBERS),
        pose=Pose(arms_down=30, crouch=20), axes="rolled",
    ),
    "unreal_4": Family(
        "Unreal Engine 4 mannequin", _UE4 + _UE_IK, ("l", "r"), _UE4_FINGERS,
        pose=Pose(arms_down=48, elbows=12, legs_apart=5),
        axes="across", unit=100.0,
    ),
    "unreal_5": Family(
        "Unreal Engine 5 mannequin", _UE5 + _UE_IK, ("l", "r"), _UE5_FINGERS,
        pose=Pose(arms_down=50, elbows=20, legs_apart=4),
        axes="across", unit=100.0, turned=-90.0,
    ),
    "metahuman": Family(
        "MetaHuman", _UE5 + _METAHUMAN, ("l", "r"), _UE5_FINGERS, pose=Pose(arms_down=45, elbows=15, legs_apart=3),
        axes="across", unit=100.0,
    ),
    "makehuman": Family(
        "MakeHuman", _MAKEHUMAN, ("L", "R"),
        Fingers("wrist.{s}", "finger{f}-{n}.{s}", ("1", "2", "3", "4", "5"), ("1", "2", "3"), palm="metacarpal{f}.{s}",
                palm_names=("1", "2", "3", "4")),
        pose=Pose(arms_down=40, elbows=25, legs_apart=6), unit=10.0,
    ),
    "makehuman_game": Family(
        "MakeHuman game engine", _MAKEHUMAN_GAME, ("l", "r"), _UE4_FINGERS,
        pose=Pose(arms_down=40, elbows=25, legs_apart=6)
    ),
    "character_creator": Family(
        "Character Creator", _CHARACTER_CREATOR, ("L", "R"), _CC_FINGERS, "CC_Base_", unit=100.0,
        axes="rolled", turned=180.0,
    ),
    "character_creator_plain": Family(
        "Character Creator", _CHARACTER_CREATOR, ("L", "R"), _CC_FINGERS, pose=Pose(arms_down=35)
    ),
    "daz_genesis_8": Family(
        "Daz Genesis 3 and 8", _DAZ_8, ("l", "r"),
        Fingers("{s}Hand", "{s}{f}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky"), ("1", "2", "3"),
                palm="{s}Carpal{f}", palm_names=("1", "2", "3", "4")),
        pose=Pose(arms_down=45, legs_apart=6), up="Y", unit=100.0,
    ),
    "daz_genesis_9": Family(
        "Daz Genesis 9", _DAZ_9, ("l", "r"),
        Fingers("{s}_hand", "{s}_{f}{n}", ("thumb", "index", "mid", "ring", "pinky"), ("1", "2", "3"),
                palm="{s}_{f}metacarpal"),
        pose=Pose(arms_down=45, legs_apart=6, arm_length=0.95), up="Y", unit=100.0, turned=20.0,
    ),
    "poser": Family(
        "Daz Genesis 1 and 2, Poser", _POSER, ("l", "r"),
        Fingers("{s}Hand", "{s}{f}{n}", ("Thumb", "Index", "Mid", "Ring", "Pinky"), ("1", "2")), up="Y", unit=10.0,
    ),
    "biped": Family(
        "3ds Max Biped", _BIPED.replace("{seat}", "Spine"), ("L", "R"), _BIPED_FINGERS, "Bip001",
        pose=Pose(legs_apart=4), axes="across", unit=39.37,
        by_structure={"hips": "Bip001 Spine", "spine": "Bip001 Spine1", "chest": "Bip001 Spine2", "upperChest": ""},
    ),
    "rocketbox": Family(
        "3ds Max Biped", (_BIPED + _ROCKETBOX_FACE).replace("{seat}", "Pelvis"), ("L", "R"),
        _BIPED_FINGERS, "Bip01", pose=Pose(legs_apart=4), axes="across", unit=100.0,
    ),
    "smpl": Family("SMPL", _SMPL, ("L", "R"), prefix="m_avg_", pose=Pose(arms_down=5), unit=100.0),
    "smpl_x": Family(
        "SMPL-X", _SMPL_X, ("left", "right"),
        Fingers("{s}_wrist", "{s}_{f}{n}", _LOWER_FIVE, ("1", "2", "3")), pose=Pose(arms_down=8),
    ),
}  # fmt: skip
