# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's side of the protocol, as a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from holirep_blender.inference import server
from holirep_blender.inference.errors import PlateError
from holirep_blender.protocol.messages import (
    PROTOCOL_VERSION,
    Progress,
    ProtocolError,
    decode,
    encode,
    partial_path,
)

PACKAGE = Path(server.__file__).resolve().parents[1]


class Worker:
    """A worker that is spoken to line by line."""

    def __init__(self, script: Path = PACKAGE / "inference" / "__main__.py", code: str = "") -> None:
        command = [sys.executable, "-I", "-c", code] if code else [sys.executable, "-I", str(script), "serve"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )

    def ask(self, method: str, **params: object) -> tuple[dict, list[dict]]:
        """The answer, and the notifications before it."""
        self.process.stdin.write(encode({"id": 7, "method": method, "params": params}))
        self.process.stdin.flush()
        notes = []
        while True:
            message = decode(self.process.stdout.readline())
            if message.get("id") == 7:
                return message, notes
            notes.append(message)

    def close(self) -> int:
        self.process.stdin.close()
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


@pytest.fixture
def worker():
    running = Worker()
    yield running
    running.close()


def test_hello_says_who_it_is(worker):
    answer, _ = worker.ask("hello")
    assert answer["result"]["protocol"] == PROTOCOL_VERSION
    assert answer["result"]["pid"] == worker.process.pid
    assert answer["result"]["packages"]["numpy"] == "1.26.4"


def test_it_beats_while_it_is_idle_and_while_it_works(worker):
    worker.ask("hello")
    start = time.monotonic()
    beats = [decode(worker.process.stdout.readline()) for _ in range(3)]
    assert {beat["method"] for beat in beats} == {"heartbeat"}
    assert 1.0 < time.monotonic() - start < 5.0


def test_nonsense_is_refused_and_the_next_request_answered(worker):
    worker.process.stdin.write(b"hello?\n")
    worker.process.stdin.flush()
    lines = iter(lambda: decode(worker.process.stdout.readline()), None)
    refusal = next(message for message in lines if "error" in message)
    assert refusal["id"] is None
    assert worker.ask("fly")[0]["error"]["code"] == -32601
    assert "result" in worker.ask("hello")[0]


def test_it_ends_when_its_input_ends():
    assert Worker().close() in (0, -9)


def test_shutdown_answers_and_ends():
    worker = Worker()
    assert worker.ask("shutdown")[0]["result"] == {}
    worker.process.wait(timeout=10)
    worker.close()


@pytest.mark.skipif(sys.platform == "win32", reason="the C library is looked for as on POSIX")
def test_what_libraries_print_does_not_reach_the_protocol():
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        "import ctypes, os, subprocess\n"
        "from holirep_blender.inference import server, runtime_report\n"
        "def noisy(params, report):\n"
        "    print('python'); os.write(1, b'descriptor\\n')\n"
        "    library = ctypes.CDLL(None); library.puts(b'c library'); library.fflush(None)\n"
        "    subprocess.run([sys.executable, '-c', 'import sys; print(repr(sys.stdin.read()))'])\n"
        "    return {}\n"
        "runtime_report.hello = noisy\n"
        "server.main([])\n"
    )
    worker = Worker(code=code)
    answer, notes = worker.ask("hello")
    assert answer["result"] == {}
    assert {note["method"] for note in notes} <= {"heartbeat"}
    worker.process.stdin.close()
    chatter = worker.process.stderr.read().decode()
    assert {"python", "descriptor", "c library", "''"} <= set(chatter.split("\n"))
    worker.close()


def test_the_folder_of_the_package_may_have_any_name(tmp_path):
    extension = tmp_path / "holirep"
    extension.mkdir()
    shutil.copy(PACKAGE / "__init__.py", extension)
    for part in ("inference", "motion", "protocol"):
        shutil.copytree(PACKAGE / part, extension / part, ignore=shutil.ignore_patterns("__pycache__"))
    # A neighbour of the extension must not become importable.
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise RuntimeError('the wrong numpy')")
    worker = Worker(extension / "inference" / "__main__.py")
    assert worker.ask("hello")[0]["result"]["protocol"] == PROTOCOL_VERSION
    assert worker.ask("replicate", plate="", out="")[0]["error"]["message"] == "No file is chosen for the take."
    worker.close()


@pytest.mark.parametrize(
    ("params", "kind", "words"),
    [
        ({}, "user", "No file is chosen"),
        ({"out": "take.txt"}, "user", "rename take.txt to take.npz"),
        ({"out": "/no/such/folder/a.npz"}, "user", "/no/such/folder"),
        ({"out": "{tmp}/a.npz"}, "user", "No plate is chosen"),
        ({"out": "{tmp}/a.npz", "plate": "{tmp}/none.mov"}, "plate", "none.mov"),
        ({"out": "{tmp}/a.npz", "plate": "x.mov", "frame_range": [1]}, "user", "two whole frame numbers"),
        ({"out": "{tmp}/a.npz", "plate": "x.mov", "method": "magic"}, "user", "magic"),
        ({"out": "{tmp}/a.npz", "plate": "x.mov", "smoothing": "much"}, "user", "much"),
        ({"out": "{tmp}/a.npz", "plate": "x.mov", "smoothing_strength": "a"}, "user", "not a number"),
        ({"out": "{tmp}/a.npz", "plate": "x.mov", "performer_height": 17}, "user", "0.5 and 2.6"),
    ],
)
def test_wrong_settings_are_said_in_one_sentence(params, kind, words, tmp_path):
    from holirep_blender.inference.replicate import replicate

    class Report:
        def __call__(self, progress: Progress) -> None: ...
        def warn(self, message: str) -> None: ...

    filled = {
        name: value.replace("{tmp}", str(tmp_path)) if isinstance(value, str) else value
        for name, value in params.items()
    }
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which kind it is, is what is tested
        replicate(filled, Report())
    failure = server.describe_failure(caught.value)
    assert failure["data"]["kind"] == kind, failure
    assert words in failure["message"]
    assert "\n" not in failure["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (PlateError("a.mov: no frames."), "plate", "a.mov"),
        (MemoryError(), "memory", "ran out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20 MiB"), "memory", "ran out of memory"),
        (ModuleNotFoundError("No module named 'cv2'", name="cv2"), "runtime", "'cv2'"),
        (ImportError("DLL load failed while importing cv2"), "runtime", "Repair Runtime"),
        (OSError(28, "No space left on device"), "disk", "no space left"),
        (PermissionError(13, "Permission denied", "/takes/a.npz"), "disk", "/takes/a.npz"),
        (ValueError("shapes do not fit"), "internal", "shapes do not fit"),
    ],
)
def test_failures_in_words(error, kind, words):
    failure = server.describe_failure(error)
    assert failure["data"]["kind"] == kind
    assert words in failure["message"]
    assert type(error).__name__ in failure["data"]["traceback"]


def test_messages_are_single_lines_of_json():
    line = encode({"id": 1, "result": {"text": "two\nlines", "word": "Ä"}})
    assert line.count(b"\n") == 1
    assert decode(line) == {"jsonrpc": "2.0", "id": 1, "result": {"text": "two\nlines", "word": "Ä"}}
    with pytest.raises(ValueError, match="JSON"):
        encode({"result": float("nan")})
    for wrong in (b"", b"text\n", b"[1]\n", b'{"id": 1}\n', b"\xff\xfe\n"):
        with pytest.raises(ProtocolError):
            decode(wrong)


def test_progress_of_a_newer_worker_is_understood():
    progress = Progress("Tracking", 1, 4, frame=12, fps=7.5, fraction=0.25)
    sent = json.loads(json.dumps(progress.to_json()))
    assert Progress.from_json({**sent, "mood": "good"}) == progress


def test_the_partial_file_is_the_workers_own(tmp_path):
    out = tmp_path / "take.npz"
    assert partial_path(out, 5) != partial_path(out, 6)
    assert partial_path(out, os.getpid()).parent == tmp_path
