# SPDX-License-Identifier: GPL-3.0-or-later
"""One image file of a sequence as 8-bit sRGB."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Optional

# OpenCV reads OpenEXR only where this is set before its first use.
os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")

import cv2
import numpy as np

from ..errors import PlateError

EXTENSIONS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".bmp", ".webp", ".tga", ".dpx", ".hdr", ".jp2", ".ppm"}

_PPM = re.compile(rb"P6\s+(\d+)\s+(\d+)\s+255\s")
_PPM_HEAD = 64


def read_picture(path: Path) -> np.ndarray:
    """RGB uint8 (H, W, 3).  Alpha is dropped, the EXIF rotation applied; floats are taken as scene linear.

    Raises PlateError where the file cannot be read.
    """
    try:
        if path.suffix.lower() == ".ppm":
            plain = _plain(path)
            if plain is not None:
                return plain
        data = np.fromfile(str(path), np.uint8)
    except OSError as error:
        raise PlateError(f"{path}: cannot be read ({error.strerror}).") from error
    image = None
    if len(data):
        try:
            image = cv2.imdecode(data, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
        except cv2.error:
            image = None
    if image is None:
        raise PlateError(f"{path}: the image is damaged or of a kind that is not supported; save it as PNG or EXR.")
    image = _eight_bit(image)
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB)


def _plain(path: Path) -> Optional[np.ndarray]:
    """A binary PPM of 8 bits (netpbm's P6) read in one go; None for another.

    It is not mapped: whoever looks at a mapped file that is cut off meanwhile is ended by the system.
    """
    with path.open("rb", buffering=0) as file:
        head = _PPM.match(file.read(_PPM_HEAD))
        if head is None:
            return None
        width, height = int(head.group(1)), int(head.group(2))
        if path.stat().st_size < head.end() + 3 * width * height:
            return None
        image = np.empty((height, width, 3), np.uint8)
        file.seek(head.end())
        pixels, done = memoryview(image).cast("B"), 0
        while done < len(pixels):
            count = file.readinto(pixels[done:])
            if not count:
                return None
            done += count
    return image


def _eight_bit(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if image.dtype in (np.float32, np.float64):
        # IEC 61966-2-1: the sRGB transfer curve; highlights above 1 clip, as they do on a display.
        linear = np.clip(np.nan_to_num(image.astype(np.float32)), 0.0, 1.0)
        curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
        return (curve * 255.0 + 0.5).astype(np.uint8)
    raise PlateError(f"images with {image.dtype} samples are not supported; save them with 8 or 16 bits or as EXR.")
