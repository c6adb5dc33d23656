// SPDX-License-Identifier: GPL-3.0-or-later
// HoliRep's batch as a job type of Flamenco: put this file into the folder `scripts` beside Flamenco Manager.

// What stands between Blender and `batch` on a worker.
const COMMAND = ["--background", "--factory-startup", "--addons", "bl_ext.user_default.holirep", "-c", "holirep"];

// In Blender, the add-on of HoliRep reads the list when the job is submitted: the Manager cannot, and may not see it.
const READ_STAGES =
  "__import__('importlib').import_module(next((addon.module for addon in bpy.context.preferences.addons" +
  " if addon.module.split('.')[-1] in ('holirep', 'holirep_blender')), 'HoliRep_is_not_enabled_in_this_Blender')" +
  " + '.batch.farm.flamenco').stages_of(abspath(settings.shot_list)," +
  " abspath(settings.output_folder) if settings.output_folder else '')";

const JOB_TYPE = {
  label: "HoliRep Batch",
  description: "Run a HoliRep shot list: replicate, apply, light, bake, preview and export, one task a stage or a shot",
  settings: [
    {
      key: "shot_list", type: "string", subtype: "file_path", required: true, visible: "visible",
      description: "Shot list (.toml or .json), at a place that all workers see",
    },
    {
      key: "output_folder", type: "string", subtype: "dir_path", required: false, visible: "visible",
      description: "Where results go; empty: the folder that the list names",
    },
    {
      key: "task_for", type: "string", choices: ["stage", "shot"], default: "stage", visible: "visible",
      description: "One task for each stage of a shot, or for all stages of a shot together",
    },
    {
      key: "chunk_size", type: "int32", default: 1, propargs: { min: 1, max: 1000 }, visible: "visible",
      description: "Shots in one task: more of them where stages are short",
    },
    {
      key: "jobs", type: "int32", default: 1, propargs: { min: 1, max: 64 }, visible: "visible",
      description: "Stages at a time on a worker, where a task is for whole shots",
    },
    {
      key: "kinds", type: "string", required: false, visible: "visible",
      description: "Where a task is for a stage: only these kinds, with commas, such as: replicate, apply. Empty: all",
    },
    {
      key: "task_type", type: "string", default: "blender", visible: "visible",
      description: "Flamenco's task type: workers that may run it are chosen by it",
    },
    {
      key: "gpu_task_type", type: "string", default: "blender", visible: "visible",
      description: "Task type of stages that want a graphics card",
    },
    {
      key: "options", type: "string", required: false, visible: "visible",
      description: "Further options for every command, such as: --device cpu",
    },
    {
      key: "stages", type: "string", required: true, eval: READ_STAGES, visible: "hidden",
      description: "The plan: shot, stage, kind, whether it wants a graphics card, and what it needs (JSON)",
    },
  ],
};

function compileJob(job) {
  const settings = job.settings;
  const stages = chosenStages(readStages(settings.stages), settings.kinds);
  const groups = settings.task_for === "shot" ? shotGroups(stages, settings) : stageGroups(stages, settings);
  // A shot that does not pass its gates is told by the summary: a task that fails is tried again, by other workers too.
  const later = stages.some((stage) => stage.kind === "quality") ? ["--gates-later"] : [];
  const taskOf = {};
  const tasks = groups.map((group) => {
    const task = author.Task(group.name, group.type);
    group.commands.forEach((words) => task.addCommand(blenderCommand(settings, words.concat(later))));
    group.stages.forEach((stage) => { taskOf[stage.id] = task; });
    return task;
  });
  // Dependencies come before addTask: the Manager takes a task as it is then.
  groups.forEach((group, index) => {
    const needed = new Set();
    group.stages.forEach((stage) => stage.needs.forEach((need) => {
      if (taskOf[need] && taskOf[need] !== tasks[index]) needed.add(taskOf[need]);
    }));
    needed.forEach((task) => tasks[index].addDependency(task));
    job.addTask(tasks[index]);
  });
  const summary = author.Task("summary", taskType(settings.task_type));
  summary.addCommand(blenderCommand(settings, ["--summary-only"]));
  tasks.forEach((task) => summary.addDependency(task));
  job.addTask(summary);
}

function readStages(text) {
  let rows;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    throw new Error("HoliRep Batch: the setting stages is not the plan of a list: " + error);
  }
  if (!Array.isArray(rows) || rows.length === 0) throw new Error("HoliRep Batch: the shot list has no stages");
  return rows.map((row) => {
    const [shot, name, kind, gpu, ...needs] = row;
    return { id: shot + "/" + name, shot: shot, name: name, kind: kind, gpu: Boolean(gpu), needs: needs };
  });
}

function chosenStages(stages, kinds) {
  const wanted = (kinds || "").split(",").map((word) => word.trim()).filter((word) => word);
  if (wanted.length === 0) return stages;
  const there = new Set(stages.map((stage) => stage.kind));
  wanted.forEach((kind) => {
    if (!there.has(kind)) throw new Error("HoliRep Batch: no shot has the stage " + kind);
  });
  return stages.filter((stage) => wanted.includes(stage.kind));
}

// One task for each kind of stage, of so many shots. Stages of a kind that need each other are never in one task,
// nor are those of which one depends on the other by way of a third.
function stageGroups(stages, settings) {
  const depths = {};
  stages.forEach((stage) => {
    depths[stage.id] = 1 + Math.max(0, ...stage.needs.map((need) => depths[need] || 0));
  });
  const keys = stages.map((stage) => JSON.stringify([stage.kind, depths[stage.id], stage.gpu]));
  const groups = [];
  Array.from(new Set(keys)).forEach((key) => {
    const alike = stages.filter((_stage, index) => keys[index] === key);
    chunks(alike, settings.chunk_size).forEach((some) => groups.push({
      name: some.length === 1 ? some[0].id : some[0].kind + " " + some[0].shot + " to " + some[some.length - 1].shot,
      type: taskType(some[0].gpu ? settings.gpu_task_type : settings.task_type),
      stages: some,
      commands: some.map((stage) => ["--shot", stage.shot, "--stage", stage.name]),
    }));
  });
  return groups;
}

// One task for so many shots with all their stages; the batch itself keeps their order.
function shotGroups(stages, settings) {
  const byShot = new Map();
  stages.forEach((stage) => {
    if (!byShot.has(stage.shot)) byShot.set(stage.shot, []);
    byShot.get(stage.shot).push(stage);
  });
  if ((settings.kinds || "").trim()) throw new Error("HoliRep Batch: kinds are chosen where a task is for a stage");
  return chunks(Array.from(byShot.keys()), settings.chunk_size).map((some) => {
    const ours = [].concat(...some.map((shot) => byShot.get(shot)));
    const words = [];
    some.forEach((shot) => words.push("--shot", shot));
    words.push("--jobs", String(settings.jobs || 1));
    return {
      name: some.length === 1 ? some[0] : some[0] + " to " + some[some.length - 1],
      type: taskType(ours.some((stage) => stage.gpu) ? settings.gpu_task_type : settings.task_type),
      stages: ours,
      commands: [words],
    };
  });
}

function chunks(items, size) {
  const length = Math.max(1, Math.floor(size || 1));
  const found = [];
  for (let start = 0; start < items.length; start += length) found.push(items.slice(start, start + length));
  return found;
}

function taskType(name) {
  return (name || "").trim() || "blender";
}

function blenderCommand(settings, words) {
  const output = settings.output_folder ? ["--output", settings.output_folder] : [];
  const options = settings.options ? shellSplit(settings.options) : [];
  return author.Command("exec", {
    exe: "{blender}",
    args: COMMAND.concat(["batch", settings.shot_list], words, output, options),
  });
}
