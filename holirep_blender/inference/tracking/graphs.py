# SPDX-License-Identifier: GPL-3.0-or-later
"""Small MediaPipe graphs: one image in, the answers of one network out."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Dict, Mapping, Optional, Sequence

import mediapipe
import numpy as np
from mediapipe.python import _framework_bindings as bindings
from mediapipe.python import packet_creator, packet_getter

# The graphs name their models relative to the folder that holds the `mediapipe` package.
bindings.resource_util.set_resource_dir(os.path.dirname(os.path.dirname(os.path.abspath(mediapipe.__file__))))

MICROSECONDS_BETWEEN_PACKETS = 1000


class Network:
    """A MediaPipe graph with one image input, run one image at a time.

    `start` hands over an image and returns at once (the graph has its own thread), `finish` waits for the answer, so
    that several networks can work at the same time; `run` does both.  `models` are the contents of the model files that
    `tensors` was told to expect under these names.
    """

    def __init__(
        self, text: str, outputs: Sequence[str], size: int, models: Optional[Mapping[str, bytes]] = None
    ) -> None:
        self.size = size
        self._graph = bindings.calculator_graph.CalculatorGraph(graph_config="num_threads: 1\n" + text)
        self._results: Dict[str, Any] = {}
        # The graph holds what it calls for ever, unseen by Python: it must not hold us.
        for name in outputs:
            self._graph.observe_output_stream(name, self._results.__setitem__)
        files = (models or {}).items()
        self._graph.start_run({name: packet_creator.create_string(content) for name, content in files})
        self._time = 0

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # a graph that failed has nothing left to close
            self._graph.close()

    def start(self, image: np.ndarray) -> None:
        """Hand over an RGB uint8 image; nothing may be under way."""
        self._results.clear()
        self._time += MICROSECONDS_BETWEEN_PACKETS
        packet = packet_creator.create_image_frame(
            image_format=bindings.image_frame.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(self._time))

    def finish(self) -> Dict[str, Any]:
        """Wait; the output streams' packets by name, without those that stayed empty."""
        self._graph.wait_until_idle()
        return dict(self._results)

    def run(self, image: np.ndarray) -> Dict[str, Any]:
        """`start` and `finish`."""
        self.start(image)
        return self.finish()


def landmarks(packet: Any, count: int) -> np.ndarray:
    """(count, 5): x, y, z, visibility, presence of a landmark list packet, 0 where the graph does not tell them."""
    # Each point is a record of the same length, two bytes and then a tag and a float32 for each number: asked one by
    # one, a face's numbers take a third of a millisecond, in which no other thread runs.
    content = np.frombuffer(packet_getter.get_proto(packet).SerializeToString(), np.uint8)
    fields = content.reshape(-1, 2 + content[1])[:count, 2:].reshape(count, -1, 5)
    result = np.zeros((count, 5))
    result[:, : fields.shape[1]] = np.ascontiguousarray(fields[:, :, 1:]).view("<f4")[..., 0]
    return result


TENSORS = """
input_stream: "image"
node {{
  calculator: "TensorConverterCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:input"
  options {{ [mediapipe.TensorConverterCalculatorOptions.ext] {{ zero_center: false }} }}
}}
node {{
  calculator: "InferenceCalculator" input_stream: "TENSORS:input" output_stream: "TENSORS:tensors"
  {packets}
  options {{ [mediapipe.InferenceCalculatorOptions.ext] {{ {path} delegate {{ xnnpack {{}} }} }} }}
}}
"""

MODEL_NODE = """
node {{ calculator: "TfLiteModelCalculator" input_side_packet: "MODEL_BLOB:{name}" output_side_packet: "MODEL:model" }}
"""

CUSTOM_OPERATORS = """
node { calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:resolver"
  options { [mediapipe.TfLiteCustomOpResolverCalculatorOptions.ext] { use_gpu: false } } }
"""

SPLIT = """
node {{
  calculator: "SplitTensorVectorCalculator" input_stream: "tensors"
  {streams}
  options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{ {ranges} }} }}
}}
"""

FLOAT_NODE = """
node {{
  calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:{tensor}" output_stream: "FLOAT:{name}"
  options {{ [mediapipe.TensorsToFloatsCalculatorOptions.ext] {{ activation: {activation} }} }}
}}
"""

LANDMARKS_NODE = """
node {{
  calculator: "TensorsToLandmarksCalculator" input_stream: "TENSORS:{tensor}" output_stream: "{kind}:{name}"
  options {{ [mediapipe.TensorsToLandmarksCalculatorOptions.ext] {{ num_landmarks: {count} {options} }} }}
}}
"""


def tensors(model: str, *, given: bool = False, custom_operators: bool = False) -> str:
    """The nodes from an image to a network's output tensors.

    `model` is a file below `mediapipe/modules`, or, where `given`, the name under which `Network` gets the file's
    contents.  The image is cut to the network's size already, so its values are only scaled to 0..1:
    `ImageToTensorCalculator`, which MediaPipe's own graphs use, would warp it once more to the same numbers.
    """
    text, packets, path = "", "", f'model_path: "mediapipe/modules/{model}"'
    if given:
        text, packets, path = MODEL_NODE.format(name=model), 'input_side_packet: "MODEL:model"', ""
    if custom_operators:
        text += CUSTOM_OPERATORS
        packets += ' input_side_packet: "OP_RESOLVER:resolver"'
    return text + TENSORS.format(packets=packets, path=path)


def split(names: Sequence[str], widths: Optional[Sequence[int]] = None) -> str:
    """The node that takes the output tensors apart under the given names, `widths` tensors each (default one)."""
    streams, ranges, begin = "", "", 0
    for name, width in zip(names, widths or [1] * len(names)):
        streams += f' output_stream: "{name}"'
        ranges += f" ranges {{ begin: {begin} end: {begin + width} }}"
        begin += width
    return SPLIT.format(streams=streams, ranges=ranges)


def size_options(size: int) -> str:
    """Options of a landmarks node whose network looks at a square of this size."""
    return f"input_image_width: {size} input_image_height: {size}"


def quiet() -> None:
    """Keep MediaPipe's and TensorFlow Lite's greetings out of the log; errors still reach stderr."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
