# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch came to, as summary.json for pipelines and summary.html for people, with a picture for each shot."""

from __future__ import annotations

import html
import json
import os
import time
from collections.abc import Mapping
from typing import Any, Optional
from urllib.parse import quote

from .events import counted
from .plan import PICTURE, Plan, Stage
from .runner import Outcome
from .standing import Standing
from .whole_files import write_whole

_WORDS = {
    "done": "done",
    "failed": "failed",
    "missing": "not run",
    "stale": "out of date",
    "interrupted": "interrupted",
    "held": "held back",
    "rejected": "gates not passed",
}


def summary(plan: Plan, standings: Mapping[str, Standing], outcome: Optional[Outcome], code: int) -> dict[str, Any]:
    """The JSON object. ``outcome`` is None where nothing was run now."""
    shots: dict[str, dict[str, Any]] = {name: {"name": name, "state": "done", "stages": []} for name in plan.shots}
    for stage in plan.stages:
        row = _stage(plan, stage, standings[stage.id], outcome)
        shot = shots[stage.shot]
        shot["stages"].append(row)
        if row["state"] != "done" and shot["state"] != "failed":
            shot["state"] = "failed" if row["state"] in ("failed", "rejected") else "incomplete"
        if "scores" in row:
            shot["scores"] = row["scores"]
        picture = next((output.path for output in stage.outputs if output.role == PICTURE), None)
        if picture is not None and (plan.output / picture).is_file():
            shot["picture"] = picture
    for shot in shots.values():
        shot["seconds"] = round(sum(row["seconds"] for row in shot["stages"]), 3)
    states = [row["state"] for shot in shots.values() for row in shot["stages"]]
    return {
        "batch": plan.name,
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "exit_code": code,
        "stages": len(states),
        "done": states.count("done"),
        "failed": states.count("failed") + states.count("rejected"),
        "run_now": 0 if outcome is None else outcome.count("done"),
        "shots": list(shots.values()),
    }


def _stage(plan: Plan, stage: Stage, standing: Standing, outcome: Optional[Outcome]) -> dict[str, Any]:
    record = standing.record
    row: dict[str, Any] = {
        "name": stage.name,
        "state": standing.state,
        "seconds": round(record.seconds, 3) if record is not None else 0.0,
        "time": record.time if record is not None else "",
        "outputs": [output.path for output in stage.results],
    }
    pages = {output.path: f"{output.path}/index.html" for output in stage.results if output.folder}
    pages = {path: page for path, page in pages.items() if (plan.output / page).is_file()}
    if pages:
        row["pages"] = pages
    ending = outcome.endings.get(stage.id) if outcome is not None else None
    if standing.state == "rejected":
        row |= {"code": standing.code, "message": standing.message}
    elif outcome is not None and outcome.states[stage.id] in ("failed", "held") and ending is not None:
        row |= {"state": outcome.states[stage.id], "code": ending.code, "message": ending.message}
    elif not standing.done:
        row |= {"code": standing.code, "message": standing.message}
    if record is not None and record.result.get("warnings"):
        row["warnings"] = record.result["warnings"]
    if record is not None and standing.finished and "scores" in record.result:
        row["scores"] = {name: _score(score) for name, score in record.result["scores"].items()}
    log = f".holirep/logs/{stage.shot}/{stage.name}.log"
    if (plan.output / log).is_file():
        row["log"] = log
    return row


def _score(score: Mapping[str, Any]) -> dict[str, Any]:
    return {key: score.get(key) for key in ("title", "value", "gate", "passed")}


def write_summary(plan: Plan, facts: Mapping[str, Any]) -> None:
    """Writes both files into the output folder. Raises OSError."""
    write_whole(plan.output / "summary.json", json.dumps(facts, indent=1))
    write_whole(plan.output / "summary.html", page(facts))


def page(facts: Mapping[str, Any]) -> str:
    """The page: one row a shot, with links to its files and logs."""
    rows = "\n".join(_row(shot) for shot in facts["shots"])
    text = f"{facts['done']} of {counted(facts['stages'], 'stage')} done, {facts['failed']} failed"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(facts["batch"])}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem; background: #1d1f21; color: #ddd; }}
h1 {{ font-size: 1.4rem; margin: 0; }} p {{ color: #999; }} a {{ color: #8ab4f8; text-decoration: none; }}
table {{ border-collapse: collapse; width: 100%; }}
td {{ padding: .6rem; border-top: 1px solid #3a3d40; vertical-align: top; }}
img {{ width: 240px; display: block; }} .none {{ width: 240px; height: 60px; background: #2a2d30; }}
.done {{ color: #7fbf7f; }} .failed {{ color: #f08a7f; }} .other {{ color: #e5c07b; }}
li {{ list-style: none; }} ul {{ margin: 0; padding: 0; }} .small {{ color: #999; font-size: .85em; }}
.scores {{ width: auto; margin-top: .4rem; white-space: nowrap; font-size: .85em; }}
.scores td {{ border: 0; padding: 0 .6rem 0 0; }}
</style></head><body>
<h1>{html.escape(facts["batch"])}</h1>
<p>{text}, {html.escape(facts["written"])}</p>
<table>
{rows}
</table></body></html>
"""


def _row(shot: Mapping[str, Any]) -> str:
    picture = shot.get("picture")
    shown = f'<img src="{quote(picture)}" alt="">' if picture else '<div class="none"></div>'
    stages = "\n".join(_item(row) for row in shot["stages"])
    head = f'<b>{html.escape(shot["name"])}</b><br><span class="{_class(shot["state"])}">{shot["state"]}</span>'
    head += f'<br><span class="small">{shot["seconds"]:.1f} s</span>'
    head += _scores(shot.get("scores", {}))
    return f"<tr><td>{shown}</td><td>{head}</td><td><ul>{stages}</ul></td></tr>"


def _scores(scores: Mapping[str, Mapping[str, Any]]) -> str:
    """A line for each score that could be measured, against its gate where it has one."""
    rows = ""
    for name, score in scores.items():
        if score["value"] is not None:
            state = "small" if not score["gate"] else "done" if score["passed"] else "failed"
            gate = f" of {score['gate']:g}" if score["gate"] else ""
            value = f'<td class="{state}">{score["value"]:.2f}{gate}</td>'
            rows += f"<tr><td>{html.escape(str(score['title'] or name))}</td>{value}</tr>"
    return f'<table class="scores">{rows}</table>' if rows else ""


def _item(row: Mapping[str, Any]) -> str:
    pages = row.get("pages", {})
    links = " ".join(
        f'<a href="{quote(pages.get(path, path))}">{html.escape(os.path.basename(path))}</a>' for path in row["outputs"]
    )
    if row["state"] != "done":
        message = f'<span class="small">{html.escape(str(row.get("message", "")))}</span>'
        links = f"{links} {message}" if row["state"] == "rejected" else message
    log = f' <a class="small" href="{quote(row["log"])}">log</a>' if "log" in row else ""
    warnings = "".join(f'<div class="small">Warning: {html.escape(str(one))}</div>' for one in row.get("warnings", ()))
    state = f'<span class="{_class(row["state"])}">{_WORDS.get(row["state"], row["state"])}</span>'
    return f"<li>{html.escape(row['name'])}: {state} {links}{log}{warnings}</li>"


def _class(state: str) -> str:
    return {"done": "done", "failed": "failed", "rejected": "failed"}.get(state, "other")
