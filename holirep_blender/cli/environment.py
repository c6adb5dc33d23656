# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs about the runtime: doctor, and runtime install, status and remove."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from .errors import CommandError, RUNTIME


def doctor(_options: Namespace) -> tuple[dict[str, Any], str]:
    raise CommandError(RUNTIME, "later")


def runtime(options: Namespace) -> tuple[dict[str, Any], str]:
    raise CommandError(RUNTIME, "later")
