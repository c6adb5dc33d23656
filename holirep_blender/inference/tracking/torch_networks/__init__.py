# SPDX-License-Identifier: GPL-3.0-or-later
"""MediaPipe's networks run by PyTorch, many pictures at a time, from the model files of the installed wheel."""
