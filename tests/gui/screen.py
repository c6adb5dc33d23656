# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Blender on a virtual screen: started from a root folder that holds it, or from this machine's own programs.

``HOLIREP_BLENDER_ROOT`` names a folder with a whole system in it (Blender, Xvfb, xdotool, ImageMagick), into which
commands are sent with chroot; that needs root. Without it the machine's own programs are used, if it has them.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

PROGRAMS = ("blender", "Xvfb", "xdotool", "import")
SIZE = (1600, 1000)

# Private mounts, so that nothing of them is seen outside; all of it ends with the last process in there.
_ENTER = """
set -e
mount -t proc proc "$ROOT/proc"; mount -t sysfs sysfs "$ROOT/sys"; mount -t tmpfs tmpfs "$ROOT/dev/shm"
for folder in $FOLDERS; do mkdir -p "$ROOT$folder"; mount --bind "$folder" "$ROOT$folder"; done
exec chroot "$ROOT" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 LIBGL_ALWAYS_SOFTWARE=1 "$@"
"""


class Screen:
    """A virtual screen with one Blender on it.

    ``folders`` are seen at the same path inside a root; ``size`` is in pixels.
    ``reason`` says why there is no such Blender; else it is empty.
    """

    def __init__(self, work: Path, folders: list[Path], size: tuple[int, int] = SIZE) -> None:
        self.work = work
        self._size = size
        self._root = os.environ.get("HOLIREP_BLENDER_ROOT", "")
        self._folders = [work, *folders]
        self._display = f":{90 + os.getpid() % 900}"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._count = 0

    @property
    def reason(self) -> str:
        """Why there is no Blender with a screen."""
        if self._root:
            there = Path(self._root) / "usr" / "bin"
            lacking = [
                name for name in PROGRAMS if not os.path.lexists(there / name)
            ]  # links of the root lead elsewhere here
            if lacking:
                return f"HOLIREP_BLENDER_ROOT ({self._root}) lacks {', '.join(lacking)}"
            return "" if os.geteuid() == 0 else "HOLIREP_BLENDER_ROOT needs root, for chroot"
        lacking = [name for name in PROGRAMS if shutil.which(name) is None]
        if lacking:
            return (
                f"this machine has no {', '.join(lacking)}; or set HOLIREP_BLENDER_ROOT to a root folder that has them"
            )
        return ""

    def command(self, *words: object, **variables: str) -> tuple[list[str], dict[str, str]]:
        """How a command is run where Blender is: its words and its environment."""
        inside = {"HOME": str(self.work / "home"), "DISPLAY": self._display, **variables}
        if not self._root:
            return [str(word) for word in words], {**os.environ, **inside}
        line = ["unshare", "--mount", "--propagation", "private", "bash", "-c", _ENTER, "enter"]
        line += [f"{name}={value}" for name, value in inside.items()]
        folders = " ".join(str(folder) for folder in self._folders)
        return [*line, *(str(word) for word in words)], {**os.environ, "ROOT": self._root, "FOLDERS": folders}

    def run(self, *words: object, timeout: float = 120.0, **variables: str) -> str:
        """Runs a command to its end and returns its output; raises AssertionError where it fails."""
        line, environment = self.command(*words, **variables)
        done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, log: str, *words: object, **variables: str) -> subprocess.Popen[bytes]:
        """Starts a command that runs on; its output goes to a file in the work folder."""
        line, environment = self.command(*words, **variables)
        with (self.work / log).open("wb") as file:
            process = subprocess.Popen(
                line, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )
        self._processes.append(process)
        return process

    def open(self, driver: Path, **variables: str) -> None:
        """Starts the screen and Blender with the driver, and waits until the driver answers."""
        width, height = self._size
        self.start("xvfb.log", "Xvfb", self._display, "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp")
        time.sleep(1.0)
        self.start(
            "blender.log", "blender", "--gpu-backend", "opengl", "--window-geometry", 0, 0, width, height,
            "--python", driver, BRIDGE=str(self.work / "bridge"), **variables,
        )  # fmt: skip
        self.python("result = bpy.app.version_string", timeout=90.0)

    def close(self) -> None:
        """Ends Blender, then the screen."""
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def python(self, code: str, timeout: float = 30.0) -> Any:
        """Runs Python in the live Blender, between two events, and returns its variable ``result``."""
        bridge = self.work / "bridge"
        bridge.mkdir(exist_ok=True)
        self._count += 1
        answer = bridge / f"{self._count}.json"
        partial = bridge / "command.partial"
        partial.write_text(code)
        partial.rename(bridge / f"{self._count}.py")
        deadline = time.monotonic() + timeout
        while not answer.exists():
            assert time.monotonic() < deadline, f"Blender did not answer; its log ends:\n{self.log()[-3000:]}"
            assert all(process.poll() is None for process in self._processes), f"Blender ended:\n{self.log()[-3000:]}"
            time.sleep(0.02)
        found = json.loads(answer.read_text())
        assert "error" not in found, found.get("error")
        return found["result"]

    def wait_for(self, expression: str, timeout: float) -> Any:
        """Waits until a Python expression in Blender is true."""
        deadline = time.monotonic() + timeout
        while not (found := self.python(f"result = {expression}")):
            if time.monotonic() > deadline:
                state = self.python("result = repr(driver.session())")
                raise AssertionError(f"never true: {expression}\n{state}\n{self.log()[-3000:]}")
            time.sleep(0.1)
        return found

    def log(self) -> str:
        """What Blender has printed."""
        return (self.work / "blender.log").read_text(errors="replace")

    def picture(self, path: Path) -> None:
        """A picture of the whole screen, made after the interface has been redrawn."""
        time.sleep(0.7)
        inside = self.work / "screen.png"
        self.run("import", "-window", "root", inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(inside, path)

    def mouse(self, *words: object) -> None:
        """Moves and presses the real pointer, or types: xdotool's own words."""
        self.run("xdotool", *words)

    def click(self, x: int, y: int) -> None:
        """A click, as a hand does it: from outside, then a moment over the button."""
        self.mouse("mousemove", x - 2, y, "sleep", 0.25, "mousemove", x, y, "sleep", 0.35, "click", 1)

    def press(self, operator: str, until: str, timeout: float = 60.0, across: float = 0.42) -> None:
        """Clicks a button of the sidebar; once more where a slow redraw swallowed the click. Waits for its effect."""
        for _attempt in range(3):
            self.click(*self.button(operator, across))
            deadline = time.monotonic() + 6.0
            while time.monotonic() < deadline:
                if self.python(f"result = bool({until})"):
                    return
                time.sleep(0.1)
        self.wait_for(until, timeout)

    def button(self, operator: str, across: float = 0.42) -> tuple[int, int]:
        """Where in the sidebar a button is that calls an operator: moves the pointer down and asks what is under it."""
        x, top, bottom = self.python(f"result = driver.sidebar_column({across})")
        self.mouse("mousemove", x - 500, bottom - 100, "sleep", 0.2)
        self.wait_for("driver.under_pointer() == ''", 10.0)  # else the button that was pointed at before still answers
        for y in range(top + 6, bottom, 11):
            self.mouse("mousemove", x, y, "sleep", 0.06)
            if self._points_at(operator):
                time.sleep(0.3)
                if self._points_at(operator):
                    return x, y
        raise AssertionError(f"no button for {operator} in the sidebar")

    def _points_at(self, operator: str) -> bool:
        return bool(self.python(f"result = driver.under_pointer().startswith('bpy.ops.{operator}(')"))
