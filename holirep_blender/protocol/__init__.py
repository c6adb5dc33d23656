# SPDX-License-Identifier: GPL-3.0-or-later
"""What host and worker share to talk to each other: standard library only, Python 3.9 and newer."""
