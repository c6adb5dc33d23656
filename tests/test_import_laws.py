# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of docs/architecture.md: who may import what."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "holirep_blender"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)

BLENDER = {"bpy", "bpy_extras", "bmesh", "gpu", "gpu_extras", "mathutils", "addon_utils", "blf"}
BLENDER_FOLDERS = {"operators", "panels", "scene", "cli"}
BLENDER_FILES = {"registration.py", "preferences.py", "properties.py", "__main__.py"}
"""The add-on's own files; the command line's are the folder cli/ and __main__.py."""
WORKER = {"torch", "av", "cv2", "mediapipe", "scipy", "safetensors"}
PURE = {"motion", "lighting", "quality"}
MAY_IMPORT = {
    "panels": {"panels", "operators", "scene", "runtime", "batch", "motion"},
    "protocol": {"protocol"},
    "operators": {"operators", "scene", "runtime", "batch", "motion"},
    "cli": {"cli", "operators", "scene", "runtime", "batch", "motion", "protocol"},
    "scene": {"scene", "motion", "lighting", "quality"},
    "runtime": {"runtime", "motion", "protocol"},
    "batch": {"batch", "runtime", "protocol"},
    "motion": {"motion"},
    "lighting": {"lighting", "motion"},
    "quality": {"quality", "motion", "lighting"},
    "inference": {"inference", "motion", "lighting", "quality", "protocol"},
}
"""Which folders of the package a folder may import."""
FILES_FOR = {"operators", "panels", "cli"}
"""Folders that may import the add-on's own files beside the folders, which need bpy."""
CLUSTER = "dask_driver.py"
"""A program by itself, which runs in the Python of a Dask cluster."""


def imports(path: Path) -> list[tuple[int, str, str]]:
    """Every import of a module: dots of a relative one, top-level name, and whole name."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(0, alias.name.split(".")[0], alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            names = [name] if name else [alias.name for alias in node.names]
            found += [(node.level, one.split(".")[0], one) for one in names]
    return found


def folder_of(path: Path) -> str:
    """The package's folder that a module is in; empty for its own files."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def target_folder(path: Path, level: int, name: str) -> str | None:
    """The folder that a relative import leads to; None where it stays among the package's own files."""
    base = path.relative_to(PACKAGE).parts[:-1]
    kept = base[: len(base) - (level - 1)]
    whole = (*kept, *name.split("."))
    return whole[0] if len(whole) > 1 or (PACKAGE / whole[0]).is_dir() else None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_import_laws_hold(path):
    folder = folder_of(path)
    with_blender = folder in BLENDER_FOLDERS or (not folder and path.name in BLENDER_FILES)
    for level, top, name in imports(path):
        if level:
            target = target_folder(path, level, name)
            if folder and target is None:
                file = f"{name.split('.')[0]}.py"
                assert folder in FILES_FOR or file not in BLENDER_FILES, f"{folder}/ may not import {file}"
            elif folder:
                assert target in MAY_IMPORT[folder], f"{folder}/ may not import {target}/ ({name})"
            continue
        assert top != "holirep_blender", f"{name}: imports inside the package are relative"
        assert with_blender or top not in BLENDER, f"{name} is only for {sorted(BLENDER_FOLDERS | BLENDER_FILES)}"
        assert folder == "inference" or top not in WORKER, f"{name} is only for inference/"
        if folder in PURE:
            assert top == "numpy" or top in sys.stdlib_module_names, f"{folder}/ has numpy only, not {name}"
        elif folder in ("runtime", "protocol", "batch"):
            allowed = top in sys.stdlib_module_names or (path.name == CLUSTER and top == "distributed")
            assert allowed, f"{folder}/ has the standard library only, not {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_changes_the_path_or_names_the_package(path):
    if path == PACKAGE / "inference" / "__main__.py":
        return  # the worker's entry loads the package from its own folder, under its own name
    text = path.read_text(encoding="utf-8")
    for word in ("sys.path.", "sys.path[", "sys.path =", '"bl_ext.', "'bl_ext.'"):
        assert word not in text, f"{word} in {path.name}"


def test_importing_the_package_loads_neither_bpy_nor_numpy():
    code = "import sys, holirep_blender; print(sorted({'bpy', 'numpy', 'tomllib', 'argparse'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_enabling_loads_no_numpy_of_ours():
    """Numpy and the motion core are loaded by the first verb that needs them: Blender starts as fast as before."""
    code = (
        "import sys, bpy, holirep_blender; before = set(sys.modules); holirep_blender.register();"
        "print(sorted(name for name in set(sys.modules) - before if '.motion' in name or name == 'numpy'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stdout + done.stderr
