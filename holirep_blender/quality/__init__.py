# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality of takes: physical figures, scores 0..1 by stated maps, gates, and what pulls a score down; numpy only."""
