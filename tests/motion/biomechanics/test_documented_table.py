# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path

from holirep_blender.motion.biomechanics.limit_table import PRESETS, LimitTable, preset_label, sided


def _numbers(cell: str) -> tuple[float, float]:
    low, high = cell.replace("−", "-").split("…")
    return float(low), float(high)


def test_the_documented_table_is_the_one_in_force(repository: Path) -> None:
    text = (repository / "docs" / "human-limits.md").read_text(encoding="utf-8")
    tables = [LimitTable.load(preset) for preset in PRESETS]
    header = next(line for line in text.splitlines() if line.startswith("| joint and motion"))
    assert [cell.strip() for cell in header.split("|")[4:-1]] == [preset_label(preset) for preset in PRESETS]
    rows = re.findall(r"^\| (\w+)\.(\w+) \| ([\w ]+) \| (.+) \|$", text, flags=re.MULTILINE)
    assert len(rows) > 50
    for joint, motion, label, cells in rows:
        row = tables[0].row(sided(joint)[0], motion)
        soft, *hard = (_numbers(cell) for cell in cells.split("|"))
        assert (label, soft) == (row.label, row.soft)
        assert hard == [table.hard(sided(joint)[0], motion) for table in tables], f"{joint}.{motion}"
    for finger in ("Middle", "Ring", "Little"):
        for part in ("Proximal", "Intermediate", "Distal"):
            for motion in ("flexion", "abduction", "rotation"):
                index = [table.hard(f"leftIndex{part}", motion) for table in tables]
                assert [table.hard(f"left{finger}{part}", motion) for table in tables] == index
