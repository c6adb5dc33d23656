# SPDX-License-Identifier: GPL-3.0-or-later
"""MediaPipe's networks, one small graph each, fed with crops that we cut ourselves.

MediaPipe's ready-made solutions decide on their own where to look and on whom. Here every network is run by itself:
the caller cuts a (rotated) square out of the plate, the graph returns what the network says about that square,
together with its own presence score, and `Region` maps the points back to the plate.

The networks and the sub-graphs named here come inside the MediaPipe wheel; nothing is downloaded.
"""

from __future__ import annotations

from typing import List, Sequence

import cv2
import numpy as np
from mediapipe.python import packet_getter

from .answers import FaceAnswer, Found, HandAnswer, Look, PoseAnswer, hand_answer, pose_answer
from .graphs import FLOAT_NODE, LANDMARKS_NODE, Network, landmarks, size_options, split, tensors
from .regions import Region
from .trimming import trimmed


class PoseNetwork:
    """pose_landmark_full.tflite: 33 landmarks, 2 points that say where to look next, presence."""

    MODEL = "pose_landmark/pose_landmark_full.tflite"
    # Points, presence, heatmaps, points in metres; what is left out, the third, is the mask of the person.
    OUTPUTS = (0, 1, 3, 4)
    SIZE = 256
    COUNT = 39

    def __init__(self) -> None:
        sigmoid = "visibility_activation: SIGMOID presence_activation: SIGMOID"
        text = tensors("pose_model", given=True)
        text += split(["points", "flag", "heatmap", "metres"])
        text += FLOAT_NODE.format(tensor="flag", name="score", activation="NONE")
        text += LANDMARKS_NODE.format(
            tensor="points",
            kind="NORM_LANDMARKS",
            name="rough",
            count=self.COUNT,
            options=size_options(self.SIZE) + " " + sigmoid,
        )
        text += """
        node { calculator: "RefineLandmarksFromHeatmapCalculator"
          input_stream: "NORM_LANDMARKS:rough" input_stream: "TENSORS:heatmap"
          output_stream: "NORM_LANDMARKS:image_points"
          options { [mediapipe.RefineLandmarksFromHeatmapCalculatorOptions.ext] { kernel_size: 7 } } }
        """
        text += LANDMARKS_NODE.format(
            tensor="metres", kind="LANDMARKS", name="world_points", count=self.COUNT, options=""
        )
        models = {"pose_model": trimmed(self.MODEL, self.OUTPUTS)}
        self._network = Network(text, ["score", "image_points", "world_points"], self.SIZE, models)

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> PoseAnswer:
        """What is in the region; `mirrored` shows the network the mirror image and mirrors its answer back."""
        crop = region.cut(image, self.SIZE)
        result = self._network.run(crop[:, ::-1] if mirrored else crop)
        points = landmarks(result["image_points"], self.COUNT)
        world = landmarks(result["world_points"], 33)[:, :3]
        return pose_answer(region, float(packet_getter.get_float(result["score"])), points, world, mirrored)


class HandNetwork:
    """hand_landmark_full.tflite, or the lite one at half the cost: 21 points, presence, handedness."""

    SIZE = 224

    def __init__(self, lite: bool = False) -> None:
        model = "hand_landmark/hand_landmark_lite.tflite" if lite else "hand_landmark/hand_landmark_full.tflite"
        text = tensors(model)
        text += split(["points", "flag", "side", "metres"])
        text += FLOAT_NODE.format(tensor="flag", name="score", activation="NONE")
        text += FLOAT_NODE.format(tensor="side", name="handedness", activation="NONE")
        # 0.4: the hand model's depth is trained at another scale (mediapipe/modules/hand_landmark).
        text += LANDMARKS_NODE.format(
            tensor="points",
            kind="NORM_LANDMARKS",
            name="image_points",
            count=21,
            options=size_options(self.SIZE) + " normalize_z: 0.4",
        )
        text += LANDMARKS_NODE.format(tensor="metres", kind="LANDMARKS", name="world_points", count=21, options="")
        self._network = Network(text, ["score", "handedness", "image_points", "world_points"], self.SIZE)
        self._region = Region(0, 0, 1)
        self._mirrored = False
        self.runs = 0

    def start(self, image: np.ndarray, region: Region, mirrored: bool = False) -> None:
        """Begin on a region of the picture; nothing may be under way.  `mirrored`: as in `PoseNetwork.run`."""
        self._region, self._mirrored = region, mirrored
        self.runs += 1
        crop = region.cut(image, self.SIZE)
        self._network.start(crop[:, ::-1] if mirrored else crop)

    def finish(self) -> HandAnswer:
        """The answer about the region begun with `start`."""
        result = self._network.finish()
        points, world = landmarks(result["image_points"], 21)[:, :3], landmarks(result["world_points"], 21)[:, :3]
        # MediaPipe labels this number "Left", for mirrored selfies; in an unmirrored plate that is the right hand.
        right = float(packet_getter.get_float(result["handedness"]))
        score = float(packet_getter.get_float(result["score"]))
        return hand_answer(self._region, score, right, points, world, self._mirrored)

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> HandAnswer:
        """`start` and `finish`."""
        self.start(image, region, mirrored)
        return self.finish()

    def run_all(self, image: np.ndarray, looks: Sequence[Look]) -> List[HandAnswer]:
        """See `answers.HandLooker`."""
        return [self.run(image, region, mirrored) for region, mirrored in looks]


class FaceNetwork:
    """face_landmark_with_attention.tflite: 468 mesh points with refined lips and eyes, and 10 iris points."""

    SIZE = 192

    def __init__(self) -> None:
        text = tensors("face_landmark/face_landmark_with_attention.tflite", custom_operators=True)
        text += split(["points", "flag"], [6, 1])
        text += FLOAT_NODE.format(tensor="flag", name="score", activation="SIGMOID")
        text += """
        node { calculator: "TensorsToFaceLandmarksWithAttention"
          input_stream: "TENSORS:points" output_stream: "LANDMARKS:image_points" }
        """
        self._network = Network(text, ["score", "image_points"], self.SIZE)

    def run(self, image: np.ndarray, region: Region) -> FaceAnswer:
        """What is in the region."""
        result = self._network.run(region.cut(image, self.SIZE))
        return FaceAnswer(
            score=float(packet_getter.get_float(result["score"])),
            image=region.to_plate(landmarks(result["image_points"], 478)[:, :3]),
        )


# MediaPipe's graph and the size at which it looks at a picture.
DETECTORS = {
    "body": ("PoseDetectionCpu", 224),
    "palm": ("PalmDetectionCpu", 192),
    "face": ("FaceDetectionShortRangeCpu", 128),
}


class DetectorNetwork:
    """One of MediaPipe's single-shot detectors, of `DETECTORS`."""

    def __init__(self, graph: str, size: int) -> None:
        text = f'input_stream: "image" node {{ calculator: "{graph}"'
        text += ' input_stream: "IMAGE:image" output_stream: "DETECTIONS:found" }'
        self._network = Network(text, ["found"], size)
        self.size = size

    def start(self, image: np.ndarray, region: Region) -> None:
        """Begin on a region of the picture; nothing may be under way."""
        self._region = region
        self._network.start(region.cut(image, self.size, cv2.BORDER_CONSTANT))

    def finish(self) -> List[Found]:
        """The answer about the region begun with `start`."""
        result = self._network.finish()
        if "found" not in result:
            return []
        found = []
        for detection in packet_getter.get_proto_list(result["found"]):
            location = detection.location_data
            rough = location.relative_bounding_box
            points = [(k.x, k.y, 0.0) for k in location.relative_keypoints]
            corners = [(rough.xmin, rough.ymin, 0.0), (rough.xmin + rough.width, rough.ymin + rough.height, 0.0)]
            plate = self._region.to_plate(np.array(corners + points))[:, :2]
            found.append(Found(float(detection.score[0]), plate[:2].reshape(4), plate[2:]))
        return found

    def run(self, image: np.ndarray, region: Region) -> List[Found]:
        """`start` and `finish`."""
        self.start(image, region)
        return self.finish()

    def run_all(self, image: np.ndarray, regions: Sequence[Region]) -> List[List[Found]]:
        """See `answers.DetectorLooker`."""
        return [self.run(image, region) for region in regions]


class MediaPipeNetworks:
    """Networks run by MediaPipe's own interpreter, one picture at a time on the CPU; see `answers.Networks`."""

    def pose(self) -> PoseNetwork:  # noqa: D102
        return PoseNetwork()

    def hand(self, lite: bool = False) -> HandNetwork:  # noqa: D102
        return HandNetwork(lite)

    def face(self) -> FaceNetwork:  # noqa: D102
        return FaceNetwork()

    def detector(self, kind: str) -> DetectorNetwork:  # noqa: D102
        return DetectorNetwork(*DETECTORS[kind])
