# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoothing of sampled channels: the One-Euro filter, a zero-phase Butterworth filter, and both for rotations."""

from __future__ import annotations

from typing import Callable

import numpy as np
import numpy.typing as npt

from . import rotations

Array = npt.NDArray[np.float64]


def butterworth_lowpass(cutoff_hz: float, fps: float) -> tuple[Array, Array]:
    """Coefficients ``b (3,)``, ``a (3,)`` of a second-order Butterworth low-pass by the bilinear transform.

    Source: Winter, *Biomechanics and Motor Control of Human Movement* (4th ed. 2009), section 3.4.4.
    Raises ValueError where the cutoff is not between 0 and half the frame rate.
    """
    if not 0.0 < cutoff_hz < fps / 2.0:
        raise ValueError(f"the cutoff must be between 0 and half the frame rate ({fps / 2:g} Hz), not {cutoff_hz:g} Hz")
    warped = np.tan(np.pi * cutoff_hz / fps)
    scale = 1.0 / (1.0 + np.sqrt(2.0) * warped + warped**2)
    b = warped**2 * scale * np.array([1.0, 2.0, 1.0])
    a = np.array([1.0, 2.0 * (warped**2 - 1.0) * scale, (1.0 - np.sqrt(2.0) * warped + warped**2) * scale])
    return b, a


_BLOCK = 32
"""Samples that are filtered by one product of matrices instead of one after the other."""


def _filtered_once(samples: Array, b: Array, a: Array) -> Array:
    """Runs the recursive filter along axis 0, started in its steady state for the first sample.

    A block of outputs and the states after it are linear in the block's inputs and the states before it; the matrix of
    that is what the recursion answers to unit inputs and unit states (Burrus, *Block realization of digital filters*,
    1972).
    """
    count, flat = len(samples), samples.reshape(len(samples), -1)
    size = min(_BLOCK, count)
    units = np.eye(size + 2)
    answers, ends = _recursion(units[:size], units[size:], b, a)
    states = np.array([b[1] - a[1] + b[2] - a[2], b[2] - a[2]])[:, None] * flat[:1]
    result = np.empty_like(flat)
    whole = count - count % size
    for start in range(0, whole, size):
        known = np.concatenate([flat[start : start + size], states])
        result[start : start + size] = answers @ known
        states = ends @ known
    result[whole:] = _recursion(flat[whole:], states, b, a)[0]
    return result.reshape(samples.shape)


def _recursion(samples: Array, states: Array, b: Array, a: Array) -> tuple[Array, Array]:
    """Outputs ``(T, C)`` and last states ``(2, C)`` of the filter in transposed direct form II."""
    result = np.empty_like(samples)
    first, second = states
    for index, sample in enumerate(samples):
        result[index] = value = b[0] * sample + first
        first = b[1] * sample - a[1] * value + second
        second = b[2] * sample - a[2] * value
    return result, np.stack([first, second])


def zero_phase(samples: npt.ArrayLike, fps: float, cutoff_hz: float) -> Array:
    """Low-pass without delay: a second-order Butterworth run forwards and backwards (fourth order in all).

    The ends are continued by point reflections of the signal about the end of a line fitted to half a period there,
    so that
    a straight line passes unchanged and a noisy last sample does not become a trend. A cutoff at or
    above 0.45 of the frame rate changes nothing. The single passes use a cutoff higher by 1 / 0.802 (before the
    bilinear transform's warping), so that both together fall to half power at ``cutoff_hz`` (Winter 2009, 3.4.4.2).

    Parameters
    ----------
    samples : (T, ...) without NaN.
    fps, cutoff_hz : hertz.
    """
    values = np.asarray(samples, dtype=np.float64)
    if len(values) < 3 or cutoff_hz >= 0.45 * fps:
        return values.copy()
    single = np.arctan(np.tan(np.pi * cutoff_hz / fps) / 0.802) * fps / np.pi
    b, a = butterworth_lowpass(single, fps)
    # by then a pass has forgotten its start but for a millionth
    pad = int(np.ceil(3.0 * fps / single))
    support = int(np.ceil(0.5 * fps / cutoff_hz)) + 1
    padded, before = values, 0
    while before < pad:
        reach = min(len(padded) - 1, pad - before)
        head = 2.0 * _line_start(padded[:support]) - padded[reach:0:-1]
        tail = 2.0 * _line_start(padded[::-1][:support]) - padded[-2 : -reach - 2 : -1]
        padded, before = np.concatenate([head, padded, tail]), before + reach
    forwards = _filtered_once(padded, b, a)
    return np.ascontiguousarray(_filtered_once(forwards[::-1], b, a)[::-1][pad : pad + len(values)])


def _line_start(samples: Array) -> Array:
    """Value at the first sample of the line through samples ``(n, ...)`` by least squares."""
    centred = np.arange(len(samples)) - (len(samples) - 1) / 2.0
    spread = float(np.sum(centred**2))
    mean = samples.mean(axis=0)
    if spread == 0.0:
        return np.asarray(mean)
    slope = np.tensordot(centred, samples, axes=(0, 0)) / spread
    return np.asarray(mean + slope * centred[0])


def one_euro(
    samples: npt.ArrayLike, fps: float, min_cutoff_hz: float, beta: float, derivative_cutoff_hz: float = 1.0
) -> Array:
    """One-Euro filter (Casiez, Roussel & Vogel, CHI 2012): a causal low-pass whose cutoff grows with the speed.

    Parameters
    ----------
    samples : (T, ...) without NaN; each channel is filtered by itself.
    min_cutoff_hz : cutoff at rest; lower is smoother.
    beta : growth of the cutoff with the speed (hertz per unit per second); higher follows faster.
    derivative_cutoff_hz : cutoff for the speed.
    """
    values = np.asarray(samples, dtype=np.float64)
    result = np.empty_like(values)
    if len(values) == 0:
        return result

    def alpha(cutoff: Array) -> Array:
        return np.asarray(1.0 / (1.0 + fps / (2.0 * np.pi * cutoff)))

    derivative_alpha = alpha(np.asarray(derivative_cutoff_hz))
    result[0] = previous = values[0]
    speed = np.zeros_like(previous)
    for index in range(1, len(values)):
        speed = speed + derivative_alpha * ((values[index] - values[index - 1]) * fps - speed)
        previous = previous + alpha(min_cutoff_hz + beta * np.abs(speed)) * (values[index] - previous)
        result[index] = previous
    return result


def filtered_rotations(quaternions: npt.ArrayLike, channel_filter: Callable[[Array], Array]) -> Array:
    """Applies a filter of channels to unit quaternions ``(T, ..., 4)`` made continuous, and normalises the result.

    Filtering the four components is the chordal approximation; between neighbouring frames, which are close, it agrees
    with the geodesic mean to third order in the angle (Gramkow 2001).
    """
    return rotations.normalized(channel_filter(rotations.continuous(quaternions)))
