'use strict';

// npm test: sets up what is missing, then formatting, lints, types, tests and validation; ends with `N passed, N failed`.

const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { bindingTypes, staleTypes } = require('./binding-types');
const { installIfNeeded, missingOptionals, readLock } = require('./install');
const { explain, missingPrerequisites } = require('./prerequisites');
const { collectReports, deleteReports, summary } = require('./totals');
const { ROOT, runInstalled } = require('./workspace');

/** @typedef {import('./totals').Task} Task */

function main() {
  const { required, native } = missingPrerequisites();
  const missing = [...required, ...native];
  if (missing.length > 0) {
    process.stderr.write(`npm test tests the native engines too.\n${explain(missing)}\n`);
    process.exitCode = 1;
    return;
  }
  installIfNeeded();
  deleteReports();
  const typesBefore = bindingTypes();
  const problems = [...lockProblems(), ...formatProblems()];
  const { tasks, code } = runTasks(['lint', 'typecheck', 'test', 'validate']);
  problems.push(...staleTypes(typesBefore));
  if (code !== 0 && tasks.length === 0) problems.push('nx ran no task');
  const { text, failed } = summary(collectReports(tasks), problems);
  process.stdout.write(text);
  process.exitCode = failed > 0 || code !== 0 ? 1 : 0;
}

/** @returns {string[]} */
function lockProblems() {
  return missingOptionals(readLock(join(ROOT, 'package-lock.json')) ?? {});
}

/** @returns {string[]} */
function formatProblems() {
  return runInstalled('biome', ['ci', ...(process.stdout.isTTY ? [] : ['--colors=off'])]) === 0
    ? []
    : ['formatting: npm run format'];
}

/**
 * @param {readonly string[]} targets
 * @returns {{ tasks: Task[], code: number }}
 */
function runTasks(targets) {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-tasks-'));
  const file = join(folder, 'tasks.json');
  const code = runInstalled(
    'nx',
    ['run-many', '-t', ...targets, '--parallel', '2', '--output-style', 'static', ...process.argv.slice(2)],
    { env: { FISHPLATE_TASK_RESULTS: file } },
  );
  try {
    return { tasks: JSON.parse(readFileSync(file, 'utf8')), code };
  } catch {
    return { tasks: [], code: code || 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
