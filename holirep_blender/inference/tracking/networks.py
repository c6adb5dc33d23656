# SPDX-License-Identifier: GPL-3.0-or-later
"""MediaPipe's networks, one small graph each, fed with crops that we cut ourselves.

MediaPipe's ready-made solutions decide on their own where to look and on whom. Here every network is run by itself:
the caller cuts a (rotated) square out of the plate, the graph returns what the network says about that square,
together with its own presence score, and `Region` maps the points back to the plate.

The networks and the sub-graphs named here come inside the MediaPipe wheel; nothing is downloaded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

import cv2
import numpy as np
import mediapipe
from mediapipe.python import _framework_bindings as bindings
from mediapipe.python import packet_creator, packet_getter

from .regions import Region

# The graphs name their models relative to the folder that holds the `mediapipe` package.
bindings.resource_util.set_resource_dir(os.path.dirname(os.path.dirname(os.path.abspath(mediapipe.__file__))))

MICROSECONDS_BETWEEN_PACKETS = 1000


class Network:
    """A MediaPipe graph with one image input, run one image at a time.

    `start` hands over an image and returns at once (the graph has its own thread), `finish` waits for the answer, so
    that several networks can work at the same time; `run` does both.
    """

    def __init__(self, text: str, outputs: Sequence[str], size: int) -> None:
        self.size = size
        self._graph = bindings.calculator_graph.CalculatorGraph(graph_config="num_threads: 1\n" + text)
        self._results: Dict[str, Any] = {}
        for name in outputs:
            self._graph.observe_output_stream(name, self._keep)
        self._graph.start_run({})
        self._time = 0

    def _keep(self, name: str, packet: Any) -> None:
        self._results[name] = packet

    def start(self, image: np.ndarray) -> None:
        self._results = {}
        self._time += MICROSECONDS_BETWEEN_PACKETS
        packet = packet_creator.create_image_frame(
            image_format=bindings.image_frame.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(self._time))

    def finish(self) -> Dict[str, Any]:
        self._graph.wait_until_idle()
        return self._results

    def run(self, image: np.ndarray) -> Dict[str, Any]:
        self.start(image)
        return self.finish()

    def close(self) -> None:
        self._graph.close()


def _landmarks(packet: Any, count: int) -> np.ndarray:
    """(count, 5): x, y, z, visibility, presence of a landmark list packet."""
    points = packet_getter.get_proto(packet).landmark
    return np.array([(p.x, p.y, p.z, p.visibility, p.presence) for p in points[:count]], np.float64)


_TENSORS = """
input_stream: "image"
node {{
  calculator: "ImageToTensorCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:input"
  options {{ [mediapipe.ImageToTensorCalculatorOptions.ext] {{
    output_tensor_width: {size} output_tensor_height: {size} keep_aspect_ratio: true
    output_tensor_float_range {{ min: 0.0 max: 1.0 }} }} }}
}}
node {{
  calculator: "InferenceCalculator" input_stream: "TENSORS:input" output_stream: "TENSORS:tensors"
  {resolver}
  options {{ [mediapipe.InferenceCalculatorOptions.ext] {{
    model_path: "{model}" delegate {{ xnnpack {{}} }} }} }}
}}
"""

_SPLIT = """
node {{
  calculator: "SplitTensorVectorCalculator" input_stream: "tensors"
  {streams}
  options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{ {ranges} }} }}
}}
"""

_FLOAT = """
node {{
  calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:{tensor}" output_stream: "FLOAT:{name}"
  options {{ [mediapipe.TensorsToFloatsCalculatorOptions.ext] {{ activation: {activation} }} }}
}}
"""

_LANDMARKS = """
node {{
  calculator: "TensorsToLandmarksCalculator" input_stream: "TENSORS:{tensor}" output_stream: "{kind}:{name}"
  options {{ [mediapipe.TensorsToLandmarksCalculatorOptions.ext] {{ num_landmarks: {count} {options} }} }}
}}
"""


def _tensors(model: str, size: int) -> str:
    return _TENSORS.format(model="mediapipe/modules/" + model, size=size, resolver="")


def _split(names: Sequence[str], widths: Optional[Sequence[int]] = None) -> str:
    streams, ranges, begin = "", "", 0
    for name, width in zip(names, widths or [1] * len(names)):
        streams += f' output_stream: "{name}"'
        ranges += f" ranges {{ begin: {begin} end: {begin + width} }}"
        begin += width
    return _SPLIT.format(streams=streams, ranges=ranges)


def _size_options(size: int) -> str:
    return f"input_image_width: {size} input_image_height: {size}"


@dataclass
class PoseAnswer:
    """What the pose network says about a region: plate pixels, metres, 0..1."""

    score: float
    image: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    centre: np.ndarray
    circle: np.ndarray


# The body's points with left and right exchanged.
_MIRRORED = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9] + [i + 1 if i % 2 else i - 1 for i in range(11, 33)]


class PoseNetwork:
    """pose_landmark_full.tflite: 33 landmarks, 2 points that say where to look next, presence."""

    SIZE = 256
    COUNT = 39

    def __init__(self) -> None:
        sigmoid = "visibility_activation: SIGMOID presence_activation: SIGMOID"
        text = _tensors("pose_landmark/pose_landmark_full.tflite", self.SIZE)
        text += _split(["points", "flag", "segmentation", "heatmap", "metres"])
        text += _FLOAT.format(tensor="flag", name="score", activation="NONE")
        text += _LANDMARKS.format(
            tensor="points",
            kind="NORM_LANDMARKS",
            name="rough",
            count=self.COUNT,
            options=_size_options(self.SIZE) + " " + sigmoid,
        )
        text += """
        node { calculator: "RefineLandmarksFromHeatmapCalculator"
          input_stream: "NORM_LANDMARKS:rough" input_stream: "TENSORS:heatmap" output_stream: "NORM_LANDMARKS:image_points"
          options { [mediapipe.RefineLandmarksFromHeatmapCalculatorOptions.ext] { kernel_size: 7 } } }
        """
        text += _LANDMARKS.format(tensor="metres", kind="LANDMARKS", name="world_points", count=self.COUNT, options="")
        self._network = Network(text, ["score", "image_points", "world_points"], self.SIZE)

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> PoseAnswer:
        """What is in the region; `mirrored` shows the network the mirror image and mirrors its answer back."""
        crop = region.cut(image, self.SIZE)
        result = self._network.run(crop[:, ::-1] if mirrored else crop)
        points = _landmarks(result["image_points"], self.COUNT)
        world = _landmarks(result["world_points"], 33)[:, :3]
        if mirrored:
            points[:33], world = points[_MIRRORED], world[_MIRRORED]
            points[:, 0] = 1.0 - points[:, 0]
            world[:, 0] *= -1.0
        plate = region.to_plate(points[:, :3])
        return PoseAnswer(
            score=float(packet_getter.get_float(result["score"])),
            image=plate[:33],
            world=region.turn(world),
            visibility=points[:33, 3],
            presence=points[:33, 4],
            centre=plate[33, :2],
            circle=plate[34, :2],
        )


@dataclass
class HandAnswer:
    """What the hand network says about a region. `right` is 1 for a hand that looks like a right one."""

    score: float
    right: float
    image: np.ndarray
    world: np.ndarray


class HandNetwork:
    """hand_landmark_full.tflite: 21 points, presence, handedness."""

    SIZE = 224

    def __init__(self) -> None:
        text = _tensors("hand_landmark/hand_landmark_full.tflite", self.SIZE)
        text += _split(["points", "flag", "side", "metres"])
        text += _FLOAT.format(tensor="flag", name="score", activation="NONE")
        text += _FLOAT.format(tensor="side", name="handedness", activation="NONE")
        # 0.4: the hand model's depth is trained at another scale (mediapipe/modules/hand_landmark).
        text += _LANDMARKS.format(
            tensor="points",
            kind="NORM_LANDMARKS",
            name="image_points",
            count=21,
            options=_size_options(self.SIZE) + " normalize_z: 0.4",
        )
        text += _LANDMARKS.format(tensor="metres", kind="LANDMARKS", name="world_points", count=21, options="")
        self._network = Network(text, ["score", "handedness", "image_points", "world_points"], self.SIZE)
        self._region = Region(0, 0, 1)

    def start(self, image: np.ndarray, region: Region) -> None:
        self._region = region
        self._network.start(region.cut(image, self.SIZE))

    def finish(self) -> HandAnswer:
        result = self._network.finish()
        return HandAnswer(
            score=float(packet_getter.get_float(result["score"])),
            # MediaPipe labels this number "Left", for mirrored selfies; in an unmirrored plate that is the right hand.
            right=float(packet_getter.get_float(result["handedness"])),
            image=self._region.to_plate(_landmarks(result["image_points"], 21)[:, :3]),
            world=self._region.turn(_landmarks(result["world_points"], 21)[:, :3]),
        )

    def run(self, image: np.ndarray, region: Region) -> HandAnswer:
        self.start(image, region)
        return self.finish()


@dataclass
class FaceAnswer:
    """What the face network says about a region: presence 0..1 and (478, 3) plate pixels."""

    score: float
    image: np.ndarray


class FaceNetwork:
    """face_landmark_with_attention.tflite: 468 mesh points with refined lips and eyes, and 10 iris points."""

    SIZE = 192

    def __init__(self) -> None:
        text = _tensors("face_landmark/face_landmark_with_attention.tflite", self.SIZE).replace(
            'output_stream: "TENSORS:tensors"\n  ',
            'output_stream: "TENSORS:tensors"\n  input_side_packet: "OP_RESOLVER:resolver"',
        )
        text += """
        node { calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:resolver"
          options { [mediapipe.TfLiteCustomOpResolverCalculatorOptions.ext] { use_gpu: false } } }
        """
        text += _split(["points", "flag"], [6, 1])
        text += _FLOAT.format(tensor="flag", name="score", activation="SIGMOID")
        text += """
        node { calculator: "TensorsToFaceLandmarksWithAttention"
          input_stream: "TENSORS:points" output_stream: "LANDMARKS:image_points" }
        """
        self._network = Network(text, ["score", "image_points"], self.SIZE)
        self._region = Region(0, 0, 1)

    def start(self, image: np.ndarray, region: Region) -> None:
        self._region = region
        self._network.start(region.cut(image, self.SIZE))

    def finish(self) -> FaceAnswer:
        result = self._network.finish()
        return FaceAnswer(
            score=float(packet_getter.get_float(result["score"])),
            image=self._region.to_plate(_landmarks(result["image_points"], 478)[:, :3]),
        )

    def run(self, image: np.ndarray, region: Region) -> FaceAnswer:
        self.start(image, region)
        return self.finish()


@dataclass
class Found:
    """A detection: score 0..1, box x0 y0 x1 y1 and key points (K, 2), plate pixels."""

    score: float
    box: np.ndarray
    points: np.ndarray


class DetectorNetwork:
    """One of MediaPipe's single-shot detectors: `PoseDetectionCpu`, `PalmDetectionCpu` or `FaceDetectionShortRangeCpu`."""

    def __init__(self, graph: str, size: int) -> None:
        text = f'input_stream: "image" node {{ calculator: "{graph}"'
        text += ' input_stream: "IMAGE:image" output_stream: "DETECTIONS:found" }'
        self._network = Network(text, ["found"], size)
        self.size = size

    def start(self, image: np.ndarray, region: Region) -> None:
        self._region = region
        self._network.start(region.cut(image, self.size, cv2.BORDER_CONSTANT))

    def finish(self) -> List[Found]:
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
        self.start(image, region)
        return self.finish()


def quiet() -> None:
    """Keep MediaPipe's and TensorFlow Lite's greetings out of the log; errors still reach stderr."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
