# SPDX-License-Identifier: GPL-3.0-or-later
"""Crowds drawn and watched on one device: the tracker's own networks, squares, and truth that stays the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
cv2 = pytest.importorskip("cv2")
mediapipe = pytest.importorskip("mediapipe")

from holirep_blender.inference.fusion.joints import SOLVED_INDEX  # noqa: E402
from holirep_blender.inference.fusion.kinematics import forward_kinematics  # noqa: E402
from holirep_blender.inference.tracking.networks import HandNetwork, PoseNetwork  # noqa: E402
from holirep_blender.inference.tracking.regions import Region, body_region  # noqa: E402
from training.losses import posed  # noqa: E402
from training.pool import Pool  # noqa: E402
from training.rendering.crowd import Somebody, Surroundings, person_arrays  # noqa: E402
from training.rendering.crowds import crowd  # noqa: E402
from training.rendering.device import NOTHING, covered, squares  # noqa: E402
from training.rendering.people import load_kit_program  # noqa: E402
from training.rendering.raster import draw  # noqa: E402
from training.rendering.watching import Watcher  # noqa: E402
from training.synthesis.chance import Chance  # noqa: E402
from training.synthesis.motion import Motions  # noqa: E402
from training.synthesis.scene import Stage  # noqa: E402

CPU = torch.device("cpu")
FRAMES, SIDE = 6, 256
MODULES = Path(mediapipe.__file__).parent / "modules"


@pytest.fixture(scope="module")
def watcher():
    return Watcher(MODULES, CPU)


@pytest.fixture(scope="module")
def watched(shared_data, pack, watcher):
    """Two clips of one performer, and their pictures."""
    program = shared_data.parent / "tools" / "render_performer.py"
    if not program.is_file():
        pytest.skip("the kit's program is not there")
    person = Somebody(person_arrays(load_kit_program(program), shared_data / "performer", 3), CPU)
    sky = Surroundings.read(shared_data / "hdri" / "park.hdr", CPU)
    with np.load(pack) as stored:
        motions = Motions(dict(stored), ~stored["held_out"], CPU)
    return crowd(Chance(4, CPU), np.random.default_rng(4), motions, [person] * 2, [sky], watcher, FRAMES, SIDE)


def test_squares_are_cut_as_the_tracker_cuts_them():
    picture = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8), (0, 0), 2.0)
    region = Region(50.0, 40.0, 70.0, 0.4)
    rows = torch.tensor([[0, 90, 120, region.x, region.y, region.side, region.rotation, 0.0]])
    ours = squares(torch.from_numpy(picture)[None], rows, 64)[0].permute(1, 2, 0).numpy() * 255.0
    assert np.abs(ours - region.cut(picture, 64)).max() <= 4.0
    rows[0, 7] = 1.0
    mirrored = squares(torch.from_numpy(picture)[None], rows, 64)[0].permute(1, 2, 0).numpy() * 255.0
    assert np.abs(mirrored[:, ::-1] - ours).max() < 1e-3


def test_triangles_cover_what_the_other_rasteriser_draws():
    random = np.random.default_rng(2)
    corners = np.concatenate([random.uniform(-5, 45, (30, 2)), random.uniform(1, 3, (30, 1))], 1).astype(np.float32)
    triangles = random.integers(0, 30, (12, 3)).astype(np.int32)
    depth, picture = np.full((40, 40), np.inf, np.float32), np.zeros((40, 40, 3), np.float32)
    draw(corners, np.ones((30, 3), np.float32), triangles, depth, picture)
    keys = covered(torch.from_numpy(corners)[None].contiguous(), torch.from_numpy(triangles), 40, 40)[0]
    assert ((keys != NOTHING).numpy() == np.isfinite(depth)).mean() > 0.995


def test_the_networks_say_what_the_trackers_say(watched, watcher):
    _, pictures = watched
    image = np.ascontiguousarray(pictures[0, 0].numpy())
    size = torch.tensor([[SIDE, SIDE]], dtype=torch.float32)
    centre, circle = np.array([SIDE / 2, SIDE / 2]), np.array([SIDE / 2 + 20.0, SIDE * 0.15])
    theirs = PoseNetwork().run(image, body_region(centre, circle))
    flat, which = pictures[0, :1], torch.zeros(1, dtype=torch.long)
    ours = watcher.body(flat, which, size, torch.tensor(centre)[None].float(), torch.tensor(circle)[None].float())
    # a crop's levels differ by one here and there, which may move a point that is doubtful
    assert np.median(np.abs(ours.image[0].numpy() - theirs.image)[:, :2]) < 0.3
    assert np.abs(ours.image[0].numpy() - theirs.image)[:, :2].max() < 8.0
    assert np.median(np.abs(ours.world[0].numpy() - theirs.world)) < 0.01
    assert abs(float(ours.score) - theirs.score) < 0.02
    region = Region(SIDE / 2, SIDE / 2, 80.0, 0.3)
    hand = HandNetwork().run(image, region)
    mine = watcher.hands(flat, which, size, torch.tensor([[region.x, region.y, region.side, region.rotation]]))
    assert np.median(np.abs(mine.image[0].numpy() - hand.image)[:, :2]) < 0.5
    assert abs(float(mine.right) - hand.right) < 0.05


@pytest.mark.parametrize("vary", [False, True])
def test_a_pool_keeps_truth_and_observations_together(watched, pack, tmp_path, vary):
    # as in larger pictures, where faces are found
    larger = ("size", "focal", "body_image", "left_hand_image", "right_hand_image")
    kept = {name: values * 4.0 if name in larger else values for name, values in watched[0].items()}
    torch.save(kept, tmp_path / "001_00000.pt")
    with np.load(pack) as stored:
        stage = Stage(dict(stored), CPU, held_out=False)
    pool = Pool(tmp_path, stage, 8, FRAMES)
    assert pool.refresh() == len(pool) == len(kept["size"]) > 0
    assert pool.refresh() == len(pool)
    observed, truth = pool.sample(Chance(6, CPU), 24, vary=vary)
    pose = posed(truth.rotations, truth.offsets, truth.up, truth.hips, truth.focal, observed.image_size / 2)
    hips = pose.picture[:, :, [SOLVED_INDEX["leftUpperLeg"], SOLVED_INDEX["rightUpperLeg"]]].mean(2)
    shoulders = pose.picture[:, :, [SOLVED_INDEX["leftUpperArm"], SOLVED_INDEX["rightUpperArm"]]].mean(2)
    seen, there = observed.body_image[..., :2], observed.body_valid > 0
    torso = (hips - shoulders).norm(dim=-1).clamp_min(10.0)
    for points, true in ((seen[:, :, 23:25].mean(2), hips), (seen[:, :, 11:13].mean(2), shoulders)):
        assert float(((points - true).norm(dim=-1) / torso)[there].median()) < 0.25
    assert bool((truth.faced == 1).all())
    head = pose.picture[:, :, SOLVED_INDEX["head"]]
    apart = (observed.face_image[..., :2].mean(2) - head).norm(dim=-1) / torso
    assert bool((apart[observed.face_valid > 0] < 0.6).all())
    if vary:
        assert float(observed.face_valid.mean()) > 0.05
    turned, _ = forward_kinematics(truth.rotations, truth.offsets)
    assert torch.isfinite(turned).all()
