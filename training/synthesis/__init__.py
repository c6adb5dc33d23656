# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network is trained on: performers, cameras, trackers and light, made up on the GPU."""
