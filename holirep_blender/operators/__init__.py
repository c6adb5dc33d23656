# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user can do: one thin file per verb."""

from __future__ import annotations

from . import (
    add_demo_character,
    apply_take,
    cancel_job,
    clear_rig_map,
    delete_rig_map,
    dismiss_outcome,
    doctor,
    export_take,
    find_rig_map,
    install_runtime,
    load_rig_map,
    open_take,
    open_take_folder,
    pick_performer,
    remove_runtime,
    repair_runtime,
    replicate_performance,
    save_rig_map,
    show_licences,
    solve_again,
    use_runtime,
)

CLASSES = (
    *replicate_performance.CLASSES,
    *cancel_job.CLASSES,
    *dismiss_outcome.CLASSES,
    *pick_performer.CLASSES,
    *apply_take.CLASSES,
    *solve_again.CLASSES,
    *open_take.CLASSES,
    *open_take_folder.CLASSES,
    *export_take.CLASSES,
    *find_rig_map.CLASSES,
    *clear_rig_map.CLASSES,
    *load_rig_map.CLASSES,
    *save_rig_map.CLASSES,
    *delete_rig_map.CLASSES,
    *add_demo_character.CLASSES,
    *install_runtime.CLASSES,
    *repair_runtime.CLASSES,
    *remove_runtime.CLASSES,
    *use_runtime.CLASSES,
    *doctor.CLASSES,
    *show_licences.CLASSES,
)
