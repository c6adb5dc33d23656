# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a plan on a Dask cluster as it is run on one machine: the same events, the same outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..child import Ending
from ..events import Event, event
from ..runner import Policy, Runner
from ..standing import Standing
from .dask_submit import Cluster, run_on_cluster
from .submission import Submission


class DaskRunner(Runner):
    """A runner whose stages go to a cluster."""

    def __init__(
        self,
        job: Submission,
        cluster: Cluster,
        standings: Mapping[str, Standing],
        policy: Policy,
        tell: Callable[[Event], None],
    ) -> None:
        super().__init__(job.plan, standings, job.words, policy, {}, tell)
        self._job = job
        self._cluster = cluster

    def _work(self) -> None:
        """Gives all stages that are not done to the cluster. Raises DaskError, and KeyboardInterrupt once all ended."""
        todo = [stage for stage in self._plan.stages if self.outcome.states[stage.id] == "left"]
        if todo and not run_on_cluster(self._job, self._cluster, self._policy, todo, self._heard):
            raise KeyboardInterrupt

    def _heard(self, said: dict[str, Any]) -> None:
        """An event of the driver or of a worker, in the batch's own words."""
        kind = said["event"]
        if kind == "cluster":
            facts = {key: said[key] for key in ("scheduler", "workers", "threads")}
            self._tell(event("cluster_joined", **facts))
        if "stage" not in said or self.outcome.states[said["stage"]] != "left":
            return  # workers' events may come after the result
        stage = self._plan.stage(said["stage"])
        if kind == "ended":
            self._finish(stage, Ending(said["code"], said["message"], said["result"]), said["seconds"])
            return
        names = {
            "started": ("stage_started", ("attempt",)),
            "progress": ("stage_progress", ("fraction", "text")),
            "waiting": ("stage_waiting", ("message",)),
            "again": ("stage_retry", ("attempt", "code", "message", "delay")),
        }
        if kind in names:
            name, keys = names[kind]
            facts = {key: said[key] for key in keys}
            self._tell(event(name, shot=stage.shot, stage=stage.name, node=said["node"], **facts))
