# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's Python environment, the worker process and the job list. No bpy: every folder is passed in."""
