# SPDX-License-Identifier: GPL-3.0-or-later
"""The light on the face: where it is looked for, and that over-exposed skin tells nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from standing_clip import standing

from benchmarks._quality_lights import LightTruth
from holirep_blender.quality.face_patches import disagreement, face_places, patch_luminance


def test_patches_lie_on_the_tracked_face_and_look_where_the_head_looks():
    take = standing().evidence.take
    places = face_places(take)
    assert len(places.frames) == 8
    for frame, centres, normals in zip(places.frames, places.centres, places.normals):
        face = take.observations.face_image[frame - 1, :, :2]
        known = centres[np.isfinite(centres).all(axis=1)]
        assert (known > face.min(axis=0)).all()
        assert (known < face.max(axis=0)).all()
        ahead = take.camera.world_from_camera[0, :3, 3] - take.root_translation[0]
        assert normals[0] @ ahead > 0.8 * np.linalg.norm(ahead)  # the forehead, towards the camera


def test_a_face_is_asked_for_light_only_where_it_is_not_over_exposed():
    evidence = LightTruth.of(2).evidence(1)
    face, scene = evidence.face, evidence.scene_harmonics
    assert disagreement(face, scene) < 0.12
    turned = LightTruth.of(2).evidence(1, face_turned=40.0).face
    assert disagreement(turned, scene) > 0.3
    bright = face.luminance > np.median(face.luminance)
    clipped = replace(face, luminance=np.where(bright, np.inf, face.luminance))
    assert "over-exposed" in disagreement(clipped, scene)


def test_luminance_is_that_of_the_disk_and_none_beyond_the_picture():
    pixels = np.full((40, 60, 4), 0.2)
    pixels[:, 30:, :3] = 1.0
    values = patch_luminance(pixels, np.array([[10.0, 10.0], [50.0, 20.0], [59.5, 5.0], [np.nan, 1.0]]), 3.0)
    assert values[0] == pytest.approx(0.2)
    assert np.isinf(values[1])
    assert np.isnan(values[2:]).all()
