# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch is going to do: stages, each one command in one Blender, and what each needs and leaves."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

STATE = ".holirep"
"""The folder in the output folder in which is noted what is done; it travels with the outputs."""

PICTURE = "picture"
"""The role of the output that shows the shot in the summary."""

GATE = "gate"
"""The role of an input that is waited for and not read: its contents make nothing out of date."""


@dataclass(frozen=True)
class Input:
    """A file that a stage reads.

    ``role`` is its placeholder in the stage's words. ``path`` is absolute, or relative to the list's folder; where
    ``made_by`` names a stage, it is relative to the output folder.
    """

    role: str
    path: str
    made_by: str = ""


@dataclass(frozen=True)
class Output:
    """A file, or a folder of files, that a stage leaves: ``path`` is relative to the output folder.

    Where the command itself writes whole files only, and its result holds the name (``direct``), it is given the name
    itself and not a temporary one.
    """

    role: str
    path: str
    folder: bool = False
    direct: bool = False


@dataclass(frozen=True)
class Stage:
    """One command in one Blender. It holds no path of a machine but those that the list itself says.

    ``words`` are the command's; ``{role}`` stands for the path of an input or output. ``recipe`` is all that the result
    depends on besides the contents of the inputs. ``opens`` says which scene the command works on: ``blend`` (the role
    of an input), and ``character``, ``character_file`` (a role) and ``bring_in`` where a character is to be brought in.
    ``frames`` are those that this stage is about where one was cut into chunks. ``timeout`` is in seconds.
    """

    shot: str
    kind: str
    name: str
    needs: tuple[str, ...]
    words: tuple[str, ...]
    recipe: dict[str, Any]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    opens: dict[str, str] = field(default_factory=dict)
    frames: Optional[tuple[int, int]] = None
    uses_gpu: bool = False
    timeout: Optional[float] = None
    retries: int = 0

    @property
    def id(self) -> str:
        """The name that other stages know it by: ``SHOT/NAME``."""
        return f"{self.shot}/{self.name}"

    @property
    def results(self) -> tuple[Output, ...]:
        """The outputs without the picture for the summary, which nobody misses."""
        return tuple(output for output in self.outputs if output.role != PICTURE)

    def to_json(self) -> dict[str, Any]:
        """For a job's file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Stage:
        """The stage of a job's file."""
        return cls(
            **{
                **values,
                "needs": tuple(values["needs"]),
                "words": tuple(values["words"]),
                "inputs": tuple(Input(**one) for one in values["inputs"]),
                "outputs": tuple(Output(**one) for one in values["outputs"]),
                "frames": tuple(values["frames"]) if values["frames"] else None,
            }
        )


@dataclass(frozen=True)
class Plan:
    """All stages, each after those that it needs. ``root`` is the list's folder, ``output`` the output folder."""

    name: str
    root: Path
    output: Path
    stages: tuple[Stage, ...]

    @property
    def state(self) -> Path:
        """The folder in which is noted what is done."""
        return self.output / STATE

    @property
    def shots(self) -> tuple[str, ...]:
        """The shots' names, in the list's order."""
        return tuple(dict.fromkeys(stage.shot for stage in self.stages))

    def stage(self, identity: str) -> Stage:
        """A stage by its id. Raises KeyError."""
        return self._by_id[identity]

    @property
    def _by_id(self) -> dict[str, Stage]:
        found: Optional[dict[str, Stage]] = self.__dict__.get("_index")
        if found is None:
            found = {stage.id: stage for stage in self.stages}
            object.__setattr__(self, "_index", found)
        return found

    def path_of(self, item: Input | Output) -> Path:
        """Where a file is on this machine."""
        made = isinstance(item, Output) or item.made_by
        return (self.output if made else self.root) / item.path
