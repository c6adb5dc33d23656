# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawn performers and the pairs made of them: pictures that show the truth, truth that survives every variation."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from holirep_blender.inference.fusion.joints import SOLVED, SOLVED_INDEX, rest_offsets  # noqa: E402
from holirep_blender.inference.fusion.kinematics import forward_kinematics  # noqa: E402
from training.blend import blended  # noqa: E402
from training.canonical import contacts_of  # noqa: E402
from training.losses import posed  # noqa: E402
from training.pairs import Pairs, chosen, joined, pack  # noqa: E402
from training.rendering.people import Person, load_kit_program  # noqa: E402
from training.rendering.raster import draw, normals  # noqa: E402
from training.synthesis.chance import Chance  # noqa: E402

COUNT = 64
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def person(shared_data):
    program = shared_data.parent / "tools" / "render_performer.py"
    if not program.is_file():
        pytest.skip("the kit's program is not there")
    return Person(load_kit_program(program), shared_data / "performer", 7)


def clip(seed: int) -> dict[str, np.ndarray]:
    """A performer in a smooth random motion, observed without any error."""
    chance = Chance(seed, CPU)
    frame = torch.arange(COUNT) / 30.0
    angle = 0.5 * torch.sin(frame[:, None, None] * 3.0 + 6.0 * chance.uniform(0.0, 1.0, len(SOLVED), 3))
    from holirep_blender.inference.fusion.rotations import apply, from_vector

    local = from_vector(angle * 0.6)
    offsets = rest_offsets(0.05 * chance.normal(12))
    placed = torch.stack([0.3 * frame, 0.1 * frame.sin(), 0.9 + 0.0 * frame], -1)
    turn = torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]).expand(COUNT, 3, 3)
    origin = torch.tensor([0.3, -4.0, 1.2]).expand(COUNT, 3)
    _, relative = forward_kinematics(local[None], offsets[None])
    local_points = apply(turn.transpose(-1, -2)[:, None], relative[0] + placed[:, None] - origin[:, None])
    names = ["head"] * 11 + [side + part for part in (
        "UpperArm", "LowerArm", "Hand", "LittleProximal", "IndexProximal", "ThumbProximal", "UpperLeg", "LowerLeg",
        "Foot", "Foot", "Toes") for side in ("left", "right")]  # fmt: skip
    body = local_points[:, [SOLVED_INDEX[name] for name in names]].numpy()
    focal, size = 600.0, np.array([640.0, 480.0])
    image = np.concatenate([body[..., :2] / body[..., 2:] * focal + size / 2, 0 * body[..., 2:]], -1)
    world = body - body[:, 23:25].mean(1, keepdims=True)
    nothing = {f"seen_{part}": np.full((COUNT, number, 3), np.nan) for part, number in (
        ("face_image", 478), ("left_hand_image", 21), ("left_hand_world", 21), ("right_hand_image", 21),
        ("right_hand_world", 21))}  # fmt: skip
    return dict(
        nothing, seen_body_image=image, seen_body_world=world, seen_body_visibility=np.ones((COUNT, 33)),
        seen_body_confidence=np.ones(COUNT), seen_face_confidence=np.zeros(COUNT), seen_times=frame.numpy(),
        seen_left_hand_confidence=np.zeros(COUNT), seen_right_hand_confidence=np.zeros(COUNT), seen_image_size=size,
        local=local.numpy(), placed=placed.numpy(), offsets=offsets.numpy(), build=np.zeros(12), flat=1.0,
        contacts=np.zeros((COUNT, 6), bool), turn=turn.numpy(), origin=origin.numpy(), focal=focal, size=size,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    for seed in range(3):
        np.savez(folder / f"{seed}.npz", **clip(seed))
    (folder / "broken.npz").write_bytes(b"half a file")
    assert pack(sorted(folder.glob("*.npz")), folder / "packed.npz") == 3
    with np.load(folder / "packed.npz") as stored:
        return {name: stored[name] for name in stored.files}


@pytest.mark.parametrize("vary", [False, True])
def test_truth_and_observations_stay_together(pairs, vary):
    """Mirrored, rolled, backwards: the truth's joints still lie where the tracker saw them."""
    observed, truth = Pairs(pairs, CPU).sample(Chance(3, CPU), 24, vary=vary)
    centre = observed.image_size / 2
    pose = posed(truth.rotations, truth.offsets, truth.up, truth.hips, truth.focal, centre)
    rows = [SOLVED_INDEX[side + part] for part in ("LowerArm", "Hand", "LowerLeg") for side in ("left", "right")]
    away = (pose.picture[:, :, rows] - observed.body_image[:, :, [13, 14, 15, 16, 25, 26], :2]).norm(dim=-1)
    seen = observed.body_valid > 0
    # varied, points get some percent of the body's size of noise; a mirrored side or a wrong roll errs by far more
    assert away[seen].mean() < (8.0 if vary else 0.5)


def test_some_of_the_clips(pairs):
    rows = np.array([False, True, False])
    one = Pairs(chosen(pairs, rows), CPU)
    both = Pairs(pairs, CPU)
    assert len(one) == 1
    assert torch.equal(one.seen["body_image"][0][0], both.seen["body_image"][0][1])


def test_batches_join(pairs):
    which = Pairs(pairs, CPU)
    first, second = which.sample(Chance(1, CPU), 2), which.sample(Chance(2, CPU), 3, 64)
    observed, truth = joined(first, second)
    assert observed.times.shape[0] == truth.rotations.shape[0] == 5
    assert not truth.faced.any()


def test_a_person_bends_where_the_skeleton_does(person):
    """Vertices near a wrist follow it; at rest the kit's own body comes back."""
    offsets = torch.as_tensor(person.offsets, dtype=torch.float32)[None]
    rest = torch.zeros(1, 1, 52, 3, 3)
    rest[0, 0] = torch.as_tensor(np.stack([person.lay[list(person.rows).index(row)].T for row in range(52)]))
    heads = person.body.heads[[person.names.index(name) for name in SOLVED]]
    turned = rest[0, 0].double().numpy().transpose(0, 2, 1)
    vertices = person.posed(turned, heads, np.zeros(len(person.body.expr.names)))
    assert np.abs(vertices - person.rest).max() < 2e-3
    local = torch.eye(3).expand(1, 1, 52, 3, 3)
    turned_all, placed = forward_kinematics(local, offsets)
    tposed = person.posed(turned_all[0, 0].numpy(), placed[0, 0].numpy(), np.zeros(len(person.body.expr.names)))
    hand = np.flatnonzero(person.weights[: person.body.nb, person.names.index("leftHand")] > 0.9)
    wrist = placed[0, 0, SOLVED_INDEX["leftHand"]].numpy()
    assert np.linalg.norm(tposed[hand].mean(0) - wrist) < 0.12
    assert wrist[0] > 0.5


def test_nearer_triangles_hide_farther_ones():
    corners = np.array([(0, 0, 2), (40, 0, 2), (0, 40, 2), (0, 0, 1), (20, 0, 1), (0, 20, 1)], np.float32)
    colours = np.repeat(np.eye(3, dtype=np.float32)[:2], 3, 0)
    depth, picture = np.full((20, 20), np.inf, np.float32), np.zeros((20, 20, 3), np.float32)
    draw(corners, colours, np.array([(0, 1, 2), (3, 4, 5)], np.int32), depth, picture)
    assert np.allclose(picture[2, 2], (0, 1, 0), atol=1e-5)
    assert np.allclose(picture[15, 15], (1, 0, 0), atol=1e-5)
    up = normals(np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)], np.float32), np.array([(0, 1, 2)], np.int32))
    assert np.allclose(up, (0, 0, 1))


def test_contacts_are_told_from_where_the_foot_rests():
    """A sole whose capture lies 5 cm high still stands; one that hovers after a step does not."""
    time = np.arange(90) / 30.0
    height = 0.05 + np.where((time > 1.0) & (time < 2.0), 0.12 * np.sin(np.pi * (time - 1.0)), 0.0)
    way = np.where(time < 1.0, 0.0, np.where(time > 2.0, 0.6, 0.6 * (time - 1.0)))
    points = np.stack([way, 0.0 * way, height], -1)[:, None]
    found = contacts_of(points, 30.0)[:, 0]
    assert found[:28].all()
    assert found[64:].all()
    assert not found[35:56].any()


def test_weights_between_two_runs():
    a, b = {"w": torch.zeros(2, 2)}, {"w": torch.ones(2, 2)}
    assert torch.allclose(blended(a, b, 0.25)["w"].float(), torch.full((2, 2), 0.25))
    with pytest.raises(ValueError, match="different"):
        blended(a, {"w": torch.ones(3, 2)}, 0.5)
