# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that takes a batch's jobs as Blender does, and does what the shot's name says, faults above all."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    child = importlib.import_module("holirep_blender.batch.child")
    digests = importlib.import_module("holirep_blender.batch.digests").Digests()
    records = importlib.import_module("holirep_blender.batch.records")
    standing = importlib.import_module("holirep_blender.batch.standing")
    workplace = importlib.import_module("holirep_blender.batch.workplace")
    plan, stage, travelling = child.read_job(Path(sys.argv[sys.argv.index("--job") + 1]))
    tries = plan.root / f"{stage.shot}.{stage.name}.tries"
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    count = len(tries.read_text())
    print(" 40 % Working", flush=True)
    if stage.shot.startswith("fails") and stage.shot != "fails12":
        print(json.dumps({"ok": False, "exit_code": int(stage.shot[5:]), "error": "as it was told"}))
        return int(stage.shot[5:])
    if stage.shot == "crashes" or (stage.shot == "recovers" and count < 3):
        os.kill(os.getpid(), signal.SIGSEGV)
    if stage.shot == "hangs":
        time.sleep(60)
    if stage.shot == "silent":
        return 0
    place = workplace.Workplace(plan, stage)
    place.open()
    for output in stage.outputs:
        text = f"{stage.id} gpu {os.environ.get('CUDA_VISIBLE_DEVICES')} {travelling}"
        place.path(output).write_text(text)
    time.sleep(0.3)
    key = standing.Keys(plan, digests).of(stage)
    rejected = {"code": 12, "message": "not good enough"} if stage.shot == "fails12" and stage.kind == "light" else {}
    place.hand_over(records.Record(records.STARTED, key, outputs=place.look(digests), **rejected))
    facts = {"exit_code": 12, "error": "not good enough"} if rejected else {}
    print(json.dumps({"ok": not rejected, **facts, "scores": {"overall": {"value": 0.5}}}))
    return 12 if rejected else 0


if __name__ == "__main__":
    sys.exit(main())
