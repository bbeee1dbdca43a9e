'use strict';

const { readdirSync, rmSync } = require('node:fs');
const { join } = require('node:path');

const { readReport, sum } = require('../reporting/report');
const { ROOT } = require('./workspace');

/**
 * @typedef {object} Task
 * @property {string} project
 * @property {string} target
 * @property {string} folder
 * @property {string} status
 *
 * @typedef {import('../reporting/report').Counts} Counts
 *
 * @typedef {object} Outcome
 * @property {Task} task
 * @property {Counts | undefined} counts undefined for a task that leaves no report, or did not
 */

/** Targets that leave a report. */
const REPORTING = new Set(['test', 'validate']);
const DONE = new Set(['success', 'local-cache', 'local-cache-kept-existing', 'remote-cache']);

/** Removes the reports of earlier runs, so that none is taken for this one's; Nx brings back those that it has cached. */
function deleteReports() {
  for (const folder of projectFolders())
    rmSync(join(ROOT, folder, 'reports'), { recursive: true, force: true });
}

/** @returns {string[]} */
function projectFolders() {
  return ['tools', ...foldersIn('apps'), ...foldersIn('benchmarks'), ...foldersIn('libs').flatMap(foldersIn)];
}

/** @param {string} parent */
function foldersIn(parent) {
  const entries = readdirSync(join(ROOT, parent), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => `${parent}/${name}`);
}

/**
 * @param {readonly Task[]} tasks
 * @returns {Outcome[]}
 */
function collectReports(tasks) {
  return tasks.map((task) => ({
    task,
    counts: REPORTING.has(task.target)
      ? readReport(join(ROOT, task.folder, 'reports', `${task.target}.json`))
      : undefined,
  }));
}

/**
 * The table of a run, and its last line. A check without tests of its own counts where it fails, as one failure.
 *
 * @param {readonly Outcome[]} outcomes
 * @param {readonly string[]} problems what failed beside the tasks
 * @returns {{ text: string, failed: number }}
 */
function summary(outcomes, problems) {
  const reports = outcomes.filter(({ counts }) => counts !== undefined);
  const broken = [...outcomes.flatMap(complaint), ...problems];
  const total = sum(reports.map(({ counts }) => /** @type {Counts} */ (counts)));
  const failed = total.failed + broken.length;
  const rows = reports.map(({ task, counts }) =>
    row(`${task.project}:${task.target}`, /** @type {Counts} */ (counts)),
  );
  const lines = [
    '',
    ...table([['', 'passed', 'failed', 'skipped'], ...rows.sort(), row('all', total)]),
    ...broken.map((sentence) => `failed: ${sentence}`),
    '',
    `${total.passed} passed, ${failed} failed`,
  ];
  return { text: `${lines.join('\n')}\n`, failed };
}

/**
 * @param {Outcome} outcome
 * @returns {string[]} what the counts of a task do not say
 */
function complaint({ task, counts }) {
  const name = `${task.project}:${task.target}`;
  if (REPORTING.has(task.target) && counts === undefined) return [`${name} left no report (${task.status})`];
  if (DONE.has(task.status) || (counts?.failed ?? 0) > 0) return [];
  return [`${name} (${task.status})`];
}

/**
 * @param {string} name
 * @param {Counts} counts
 */
function row(name, { passed, failed, skipped }) {
  return [name, String(passed), String(failed), String(skipped)];
}

/**
 * @param {string[][]} rows
 * @returns {string[]}
 */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? '').length)),
  );
  return rows.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

module.exports = { collectReports, deleteReports, summary };
