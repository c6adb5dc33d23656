// SPDX-License-Identifier: GPL-3.0-or-later
// Flamenco Manager's side of a job type, for Node.js: what a script finds there, and how its tasks are taken.
//   node flamenco_stub.js SCRIPT < JOB.json
// prints {"jobType": …, "tasks": […]} or {"error": …}. As in the Manager: a script runs in strict mode and alone, with
// the names that the Manager gives it and no others; names and types of tasks are trimmed and must not be empty; a
// command's parameters are plain data; a task is copied by addTask, so that what is added to it later is lost.
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const TYPES = ["string", "int32", "float", "bool"];
const SUBTYPES = ["file_path", "dir_path", "file_name", "hashed_file_path"];
const VISIBLE = ["visible", "hidden", "submission", "web"];
const KEYS = ["key", "type", "label", "subtype", "choices", "propargs", "description", "default", "eval", "evalInfo",
  "visible", "required", "editable"];

let count = 0;
class AuthoredTask {
  constructor(name, type) {
    this.uuid = "task-" + (count += 1);
    this.name = String(name === undefined ? "" : name).trim();
    this.type = String(type === undefined ? "" : type).trim();
    if (!this.name) throw new Error("author.Task(name, type): name is required");
    if (!this.type) throw new Error("author.Task(name, type): type is required");
    this.commands = [];
    this.dependencies = [];
  }
  addCommand(command) {
    if (!(command instanceof AuthoredCommand)) throw new TypeError("addCommand needs a command");
    this.commands.push(command);
  }
  addDependency(task) {
    if (!(task instanceof AuthoredTask)) throw new TypeError("addDependency needs a task");
    this.dependencies.push(task);
  }
}
class AuthoredCommand {
  constructor(name, parameters) {
    this.name = name;
    this.parameters = JSON.parse(JSON.stringify(parameters));
  }
}

function checkJobType(jobType) {
  if (!jobType || !jobType.label || !Array.isArray(jobType.settings)) throw new Error("no proper JOB_TYPE");
  const seen = new Set();
  for (const one of jobType.settings) {
    for (const key of Object.keys(one)) if (!KEYS.includes(key)) throw new Error(`${one.key}: unknown key ${key}`);
    if (!one.key || seen.has(one.key)) throw new Error(`key of a setting is missing or there twice: ${one.key}`);
    seen.add(one.key);
    if (!TYPES.includes(one.type)) throw new Error(`${one.key}: no such type: ${one.type}`);
    if (one.subtype && !SUBTYPES.includes(one.subtype)) throw new Error(`${one.key}: no such subtype: ${one.subtype}`);
    if (one.visible && !VISIBLE.includes(one.visible)) throw new Error(`${one.key}: no such visibility`);
    if (one.choices && one.type !== "string") throw new Error(`${one.key}: only strings have choices`);
  }
}

function compile(script, submitted) {
  const sandbox = {
    print: () => undefined,
    alert: () => undefined,
    formatTimestampLocal: () => "2026-01-01_000000",
    frameChunker: () => { throw new Error("not for this job type"); },
    shellSplit: (text) => (text.match(/'[^']*'|"[^"]*"|\S+/g) || []).map((word) => word.replace(/^['"]|['"]$/g, "")),
    author: {
      Task: (name, type) => new AuthoredTask(name, type),
      Command: (name, parameters) => new AuthoredCommand(name, parameters),
    },
    path: {
      basename: path.basename, dirname: path.dirname, join: path.join, isAbsolute: path.isAbsolute,
      stem: (name) => path.parse(name).name,
    },
    process: { cwd: () => "/", platform: "linux" },
  };
  const context = vm.createContext(sandbox);
  vm.runInContext(`"use strict";\n${fs.readFileSync(script, "utf8")}`, context, { filename: script });
  const jobType = vm.runInContext("JOB_TYPE", context);
  checkJobType(jobType);
  for (const one of jobType.settings) {
    const value = submitted.settings[one.key];
    if (one.required && (value === undefined || value === "")) throw new Error(`setting ${one.key} is required`);
    if (one.choices && value !== undefined && !one.choices.includes(value)) throw new Error(`${one.key}: ${value}`);
  }
  const tasks = [];
  const job = {
    ...submitted,
    jobID: "job-1",
    created: new Date(0),
    addTask: (task) => {
      if (!(task instanceof AuthoredTask)) throw new TypeError("addTask needs a task");
      tasks.push({
        uuid: task.uuid, name: task.name, type: task.type,
        commands: task.commands.slice(), dependencies: task.dependencies.map((one) => one.uuid),
      });
    },
  };
  vm.runInContext("compileJob", context)(job);
  const known = new Set(tasks.map((task) => task.uuid));
  for (const task of tasks) {
    for (const one of task.dependencies) if (!known.has(one)) throw new Error(`${task.name} depends on no task of the job`);
  }
  return { jobType, tasks };
}

try {
  const found = compile(process.argv[2], JSON.parse(fs.readFileSync(0, "utf8")));
  process.stdout.write(JSON.stringify(found));
} catch (error) {
  process.stdout.write(JSON.stringify({ error: String(error) }));
}
