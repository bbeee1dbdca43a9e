import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { runDemo } from '../src/demo/demo.js';
import { copyFixture, FIXTURES } from '../src/demo/fixture.js';
import { treeDifferences, treeState } from '../src/demo/tree-state.js';
import { examine } from '../src/doctor/report.js';
import { createRuntime } from '../src/index.js';
import { readPlan } from '../src/plan/plan.js';
import { makeWorkspace, writeIn } from './workspace.js';

test.each(['auto', 'fallback'] as const)('the demo proves its undo (%s)', async (diff) => {
  const report = await runDemo({ engines: { diff } });
  expect(report).toMatchObject({
    ok: true,
    plan: { ok: true, notRun: 0 },
    proof: { ok: true, differences: [] },
  });
  expect(report.proof.before).toBe(report.proof.after);
  expect(report.plan.steps.map(({ tool }) => tool)).toEqual(
    expect.arrayContaining(['apply_patch', 'run_command', 'edit_file', 'diff', 'undo']),
  );
});

test('the proof would fail: one byte, one mode, one file more or less', async () => {
  const copy = await copyFixture('timespan');
  const before = await treeState(copy.path);
  writeIn(copy.path, 'src/parse.js', `${readFileSync(join(copy.path, 'src/parse.js'), 'utf8')} `);
  writeIn(copy.path, 'src/units.js', readFileSync(join(copy.path, 'src/units.js')), 0o755);
  writeIn(copy.path, 'more/file', '');
  expect(treeDifferences(before, await treeState(copy.path))).toEqual([
    'more',
    'more/file',
    'src/parse.js',
    'src/units.js',
  ]);
  await copy.remove();
  expect(existsSync(copy.path)).toBe(false);
});

test("the fixture's bug is real: its tests fail, and pass once the demo's patch is applied", async () => {
  const copy = await copyFixture('timespan');
  expect(failingTests(copy.path)).toEqual(['carries a rounded unit into the next one']);
  const plan = await readPlan(join(FIXTURES, 'timespan-plan.json'));
  const fix = plan.steps.find(({ tool }) => tool === 'apply_patch')!;
  expect(
    await createRuntime({ workspace: copy.path }).call('apply_patch', fix.input as { patch: string }),
  ).toMatchObject({ ok: true });
  expect(failingTests(copy.path)).toEqual([]);
  await copy.remove();
});

test('doctor reports every track and proves containment', async () => {
  const report = await examine({ workspace: makeWorkspace() });
  expect(report).toMatchObject({ ok: true, node: process.versions.node });
  expect(report.probes).toHaveLength(4);
  expect(report.probes.map(({ outcome }) => outcome)).toEqual(Array(4).fill('refused'));
  expect(report.capabilities.tracks).toHaveLength(8);
  expect(report.sandbox.probes.map(({ outcome }) => outcome)).toEqual(
    Array(report.sandbox.effective === null ? 0 : 5).fill('refused'),
  );
});

/** Names of the fixture's tests that fail, run by node. */
function failingTests(fixture: string): string[] {
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  try {
    execFileSync(process.execPath, ['--test', '--test-reporter', 'tap'], {
      cwd: fixture,
      env,
      encoding: 'utf8',
    });
    return [];
  } catch (error) {
    const lines = (error as { stdout: string }).stdout.matchAll(/^\s*not ok \d+ - (.*)$/gm);
    return [...lines].map(([, name]) => name!).filter((name) => !name.includes('.test.js'));
  }
}
