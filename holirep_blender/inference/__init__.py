# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in the worker only: plates, tracking, and the pipeline from a plate to a take."""
