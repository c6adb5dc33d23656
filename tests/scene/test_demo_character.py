# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo character, built in the real Blender module."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="needs Blender's bpy module")
from mathutils import Quaternion  # noqa: E402

from holirep_blender.scene.demo_character import build_demo_character  # noqa: E402

FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
PARENTS = {
    "hips": None,
    "spine": "hips",
    "chest": "spine",
    "upperChest": "chest",
    "neck": "upperChest",
    "head": "neck",
    "leftEye": "head",
    "rightEye": "head",
    "jaw": "head",
    "leftShoulder": "upperChest",
    "leftUpperArm": "leftShoulder",
    "leftLowerArm": "leftUpperArm",
    "leftHand": "leftLowerArm",
    "leftUpperLeg": "hips",
    "leftLowerLeg": "leftUpperLeg",
    "leftFoot": "leftLowerLeg",
    "leftToes": "leftFoot",
    "leftThumbMetacarpal": "leftHand",
    "leftThumbProximal": "leftThumbMetacarpal",
    "leftThumbDistal": "leftThumbProximal",
    **{f"left{f}Proximal": "leftHand" for f in FINGERS[1:]},
    **{f"left{f}Intermediate": f"left{f}Proximal" for f in FINGERS[1:]},
    **{f"left{f}Distal": f"left{f}Intermediate" for f in FINGERS[1:]},
}
PARENTS.update(
    {
        name.replace("left", "right"): (parent or "").replace("left", "right")
        for name, parent in list(PARENTS.items())
        if name.startswith("left")
    }
)

PAIRED = (
    "browDown",
    "browOuterUp",
    "cheekSquint",
    "eyeBlink",
    "eyeLookDown",
    "eyeLookIn",
    "eyeLookOut",
    "eyeLookUp",
    "eyeSquint",
    "eyeWide",
    "jaw",
    "mouthDimple",
    "mouthFrown",
    "mouth",
    "mouthLowerDown",
    "mouthPress",
    "mouthSmile",
    "mouthStretch",
    "mouthUpperUp",
    "noseSneer",
)
CENTRAL = (
    "browInnerUp",
    "cheekPuff",
    "jawForward",
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "tongueOut",
)
#: These carry both halves of the mouth sideways.
SIDEWAYS = ("jaw", "mouth")
ARKIT = sorted([*CENTRAL, *(name + side for name in PAIRED for side in ("Left", "Right"))])


def coordinates(points) -> np.ndarray:
    flat = np.empty(len(points) * 3, dtype=np.float32)
    points.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(float)


def weight_matrix(mesh_object, rig) -> np.ndarray:
    """(vertices, bones): a name that is no bone is an error."""
    bones = {bone.name: k for k, bone in enumerate(rig.data.bones)}
    column = [bones[group.name] for group in mesh_object.vertex_groups]
    weights = np.zeros((len(mesh_object.data.vertices), len(bones)))
    for vertex in mesh_object.data.vertices:
        for element in vertex.groups:
            weights[vertex.index, column[element.group]] = element.weight
    return weights


def posed(mesh_object) -> np.ndarray:
    graph = bpy.context.evaluated_depsgraph_get()
    evaluated = mesh_object.evaluated_get(graph)
    result = coordinates(evaluated.to_mesh().vertices)
    evaluated.to_mesh_clear()
    return result


class Character:
    """The rig and what the tests ask of it often."""

    def __init__(self, **options) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.rig = build_demo_character(bpy.context, **options)
        self.meshes = {child.name.split()[-1]: child for child in self.rig.children}
        self.head = self.meshes["Head"]
        self.weights = {part: weight_matrix(made, self.rig) for part, made in self.meshes.items()}
        self.keys = {key.name: coordinates(key.data) for key in self.head.data.shape_keys.key_blocks}
        self.rest = self.keys["Basis"]
        self.first_digest = self.digest()

    def digest(self) -> str:
        state = hashlib.sha256()
        for part in sorted(self.meshes):
            state.update(coordinates(self.meshes[part].data.vertices).tobytes())
            state.update(self.weights[part].tobytes())
        for name in sorted(self.keys):
            state.update(self.keys[name].tobytes())
        return state.hexdigest()


@pytest.fixture(scope="module")
def character() -> Character:
    return Character()


def test_skeleton_has_the_vrm_bones_and_their_parents(character):
    found = {bone.name: bone.parent.name if bone.parent else None for bone in character.rig.data.bones}
    assert found == PARENTS
    assert len(found) == 55


def test_skeleton_is_symmetric_and_every_bone_has_a_length(character):
    mirror = np.array([-1.0, 1.0, 1.0])
    bones = character.rig.data.bones
    for bone in bones:
        assert bone.length > 0.01
        if bone.name.startswith("left"):
            twin = bones[bone.name.replace("left", "right")]
            assert bone.head_local.x > 0
            assert np.allclose(np.array(bone.head_local) * mirror, twin.head_local, atol=1e-6)
            assert np.allclose(np.array(bone.tail_local) * mirror, twin.tail_local, atol=1e-6)


def test_proportions_are_a_persons(character):
    bones = character.rig.data.bones
    top = character.rest[:, 2].max()
    assert top == pytest.approx(1.72, abs=0.01)
    soles = coordinates(character.meshes["Shoes"].data.vertices)
    assert soles[:, 2].min() == pytest.approx(0.0, abs=0.003)
    assert bones["leftLowerLeg"].head_local.z / 1.72 == pytest.approx(0.285, abs=0.005)
    assert bones["leftUpperLeg"].head_local.z / 1.72 == pytest.approx(0.530, abs=0.005)
    assert bones["leftLowerArm"].length / 1.72 == pytest.approx(0.146, abs=0.005)
    toes, ankle = bones["leftToes"].tail_local, bones["leftFoot"].head_local
    assert toes.y < ankle.y < 0.1, "it faces -Y"


def test_elbows_knees_and_fingers_flex_about_their_x_axis(character):
    """A turn about local X brings the forearm forwards, the shin backwards, the fingertips towards the palm."""
    bones = character.rig.data.bones
    for name, towards in (
        ("leftLowerArm", (0, -1, 0)),
        ("rightLowerArm", (0, -1, 0)),
        ("leftLowerLeg", (0, -1, 0)),
        ("leftIndexProximal", (-0.67, 0, -0.74)),
        ("rightIndexProximal", (0.67, 0, -0.74)),
    ):
        z = np.array(bones[name].matrix_local.to_3x3().col[2])
        assert z @ np.array(towards) > 0.9, name


def test_it_has_all_52_expressions_and_no_other(character):
    assert sorted(set(character.keys) - {"Basis"}) == ARKIT
    assert len(ARKIT) == 52


@pytest.mark.parametrize("name", ARKIT)
def test_each_expression_is_visible_and_of_sane_size(character, name):
    moved = np.linalg.norm(character.keys[name] - character.rest, axis=1)
    assert 0.0007 < moved.max() < 0.06
    assert (moved > 0.0003).sum() > 20


@pytest.mark.parametrize("name", [name for name in PAIRED if name not in SIDEWAYS])
def test_left_expressions_move_the_left_side(character, name):
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        moved = np.linalg.norm(character.keys[name + side] - character.rest, axis=1)
        own = moved[character.rest[:, 0] * sign > 0].sum()
        assert own > 0.9 * moved.sum()


@pytest.mark.parametrize("name", PAIRED)
def test_left_and_right_expressions_mirror_each_other(character, name):
    mirror = np.array([-1.0, 1.0, 1.0])
    left, right = character.keys[name + "Left"], character.keys[name + "Right"]
    for sample in np.flatnonzero(np.linalg.norm(left - character.rest, axis=1) > 0.0005)[::37]:
        expected_rest, expected = character.rest[sample] * mirror, left[sample] * mirror
        error = np.linalg.norm(character.rest - expected_rest, axis=1) + np.linalg.norm(right - expected, axis=1)
        assert error.min() < 1e-4


def seam_vertices(character) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    from holirep_blender.scene.demo_character.face_grid import build_face_grid

    grid = build_face_grid()
    seams = {"mouth": (grid.mouth.upper, grid.mouth.lower)}
    seams.update({side: (slit.upper, slit.lower) for side, slit in grid.eyes.items()})
    return seams


@pytest.fixture(scope="module")
def seams(character):
    return seam_vertices(character)


@pytest.mark.parametrize(("side", "other"), [("left", "right"), ("right", "left")])
def test_blink_closes_its_own_lid_fully(character, seams, side, other):
    blink = character.keys[f"eyeBlink{side.capitalize()}"]
    upper, lower = seams[side]
    open_gap = np.linalg.norm(character.rest[upper] - character.rest[lower], axis=1)
    assert open_gap.max() > 0.009
    assert np.linalg.norm(blink[upper] - blink[lower], axis=1).max() < 0.0005
    upper, lower = seams[other]
    assert np.linalg.norm(blink[upper] - blink[lower], axis=1).max() > 0.009


def test_lids_never_enter_the_eyeball(character, seams):
    centre = np.array(character.rig.data.bones["leftEye"].head_local)
    eye = coordinates(character.meshes["Eyes"].data.vertices)
    radius = np.percentile(np.linalg.norm(eye[eye[:, 0] > 0] - centre, axis=1), 50)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        points = character.rest + share * (character.keys["eyeBlinkLeft"] - character.rest)
        for edge in seams["left"]:
            assert np.linalg.norm(points[edge] - centre, axis=1).min() > radius - 0.0035


def test_jaw_open_parts_the_lips_and_moves_the_chin(character, seams):
    upper, lower = seams["mouth"]
    middle = len(upper) // 2
    assert np.linalg.norm(character.rest[upper] - character.rest[lower], axis=1).max() < 0.0005
    opened = character.keys["jawOpen"]
    assert opened[upper[middle], 2] - opened[lower[middle], 2] > 0.02
    chin = np.argmin(np.abs(character.rest - [0, -0.09, 1.505]).sum(axis=1))
    assert opened[chin, 2] < character.rest[chin, 2] - 0.02
    both = opened + character.keys["mouthClose"] - character.rest
    assert np.linalg.norm(both[upper] - both[lower], axis=1).max() < 0.006


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("mouthSmileLeft", (1, 0, 1)),
        ("mouthFrownLeft", (0, 0, -1)),
        ("mouthStretchLeft", (1, 0, 0)),
        ("mouthPucker", (-1, -1, 0)),
        ("mouthLeft", (1, 0, 0)),
        ("jawLeft", (1, 0, 0)),
    ],
)
def test_mouth_corner_goes_where_the_name_says(character, seams, name, direction):
    corner = max(seams["mouth"][0], key=lambda v: character.rest[v, 0])
    moved = character.keys[name][corner] - character.rest[corner]
    assert np.all(moved[np.array(direction) != 0] * np.array(direction)[np.array(direction) != 0] > 0.001)


def test_brows_go_up_and_down(character):
    brow = [slot.material.name.split()[-1] for slot in character.head.material_slots].index("Brow")
    vertices = np.unique(
        [v for face in character.head.data.polygons if face.material_index == brow for v in face.vertices]
    )
    left = vertices[character.rest[vertices, 0] > 0]
    inner = left[np.argsort(character.rest[left, 0])[:20]]
    outer = left[np.argsort(character.rest[left, 0])[-20:]]
    rise = {
        name: character.keys[name][:, 2] - character.rest[:, 2]
        for name in ("browInnerUp", "browDownLeft", "browOuterUpLeft")
    }
    assert rise["browInnerUp"][inner].mean() > 0.005 > rise["browInnerUp"][outer].mean()
    assert rise["browOuterUpLeft"][outer].mean() > 0.004 > rise["browOuterUpLeft"][inner].mean()
    assert rise["browDownLeft"][inner].mean() < -0.004


def test_weights_are_normalised_and_at_most_four(character):
    for part, weights in character.weights.items():
        assert np.allclose(weights.sum(axis=1), 1.0, atol=2e-3), part
        assert (weights > 0).sum(axis=1).max() <= 4, part


def test_nothing_is_nan_and_the_mesh_is_light(character):
    total = 0
    for made in character.meshes.values():
        points = coordinates(made.data.vertices)
        total += len(points)
        assert np.isfinite(points).all()
        assert not made.data.validate(verbose=False)
    assert all(np.isfinite(points).all() for points in character.keys.values())
    assert total < 60_000


def turn(character, bone, degrees, axis=(1, 0, 0)) -> dict[str, np.ndarray]:
    """How far each vertex of each part moves when one bone turns."""
    before = {part: posed(made) for part, made in character.meshes.items()}
    pose = character.rig.pose.bones[bone]
    pose.rotation_quaternion = Quaternion(axis, np.radians(degrees))
    bpy.context.view_layer.update()
    after = {part: posed(made) for part, made in character.meshes.items()}
    pose.rotation_quaternion = (1, 0, 0, 0)
    bpy.context.view_layer.update()
    return {part: np.linalg.norm(after[part] - before[part], axis=1) for part in before}


def test_an_arm_moves_neither_the_other_side_nor_the_legs(character):
    moved = turn(character, "leftUpperArm", 40)
    assert moved["Arms"].max() > 0.2
    for part, distance in moved.items():
        points = coordinates(character.meshes[part].data.vertices)
        assert distance[points[:, 0] < -0.02].max(initial=0) < 1e-5, part
        assert distance[points[:, 2] < 0.95][points[points[:, 2] < 0.95][:, 0] < 0.3].max(initial=0) < 1e-5, part


def test_a_leg_does_not_move_the_other_leg(character):
    moved = turn(character, "leftUpperLeg", 40)
    points = coordinates(character.meshes["Trousers"].data.vertices)
    assert moved["Trousers"].max() > 0.2
    assert moved["Trousers"][(points[:, 0] < -0.01) & (points[:, 2] < 0.8)].max() < 1e-5


def test_fingers_move_apart(character):
    moved = turn(character, "leftIndexProximal", 60)["Arms"]
    points = coordinates(character.meshes["Arms"].data.vertices)
    tip = {finger: np.array(character.rig.data.bones[f"left{finger}Distal"].tail_local) for finger in FINGERS}
    at = {finger: np.argmin(np.linalg.norm(points - place, axis=1)) for finger, place in tip.items()}
    assert moved[at["Index"]] > 0.04
    assert all(moved[at[finger]] < 1e-5 for finger in FINGERS if finger != "Index")


def test_eye_bones_turn_the_eyeballs_alone(character):
    moved = turn(character, "leftEye", 20, (0, 0, 1))
    points = coordinates(character.meshes["Eyes"].data.vertices)
    assert moved["Eyes"][points[:, 0] > 0].max() > 0.003
    assert moved["Eyes"][points[:, 0] < 0].max() < 1e-6
    assert moved["Head"].max() < 1e-6


def test_every_part_follows_the_armature_and_is_smooth(character):
    for part, made in character.meshes.items():
        assert made.parent == character.rig
        assert [m.object for m in made.modifiers if m.type == "ARMATURE"] == [character.rig], part
        assert all(face.use_smooth for face in made.data.polygons)
        colours = {tuple(slot.material.diffuse_color) for slot in made.material_slots}
        assert (0.8, 0.8, 0.8, 1.0) not in colours


def test_a_second_character_is_equal_and_stands_where_it_is_told(character):
    second = Character(name="Second", location=(1.0, 2.0, 0.0))
    assert second.digest() == character.first_digest
    assert second.rig.name == "Second"
    assert tuple(second.rig.location) == (1.0, 2.0, 0.0)
    assert len(second.meshes) == 7
