import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import ts from 'typescript';

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
    expect.arrayContaining(['apply_patch', 'edit_file', 'diff', 'undo']),
  );
});

test('the proof would fail: one byte, one mode, one file more or less', async () => {
  const copy = await copyFixture('timespan');
  const before = await treeState(copy.path);
  writeIn(copy.path, 'src/parse.ts', `${readFileSync(join(copy.path, 'src/parse.ts'), 'utf8')} `);
  writeIn(copy.path, 'src/units.ts', readFileSync(join(copy.path, 'src/units.ts')), 0o755);
  writeIn(copy.path, 'more/file', '');
  expect(treeDifferences(before, await treeState(copy.path))).toEqual([
    'more',
    'more/file',
    'src/parse.ts',
    'src/units.ts',
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
});

/** Names of the fixture's tests that fail, run by node on its sources without their types. */
function failingTests(fixture: string): string[] {
  const scratch = makeWorkspace({ 'package.json': '{"type":"module"}' });
  for (const directory of ['src', 'test']) {
    mkdirSync(join(scratch, directory));
    for (const name of readdirSync(join(fixture, directory))) {
      const source = readFileSync(join(fixture, directory, name), 'utf8').replaceAll(".ts';", ".js';");
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      writeFileSync(join(scratch, directory, `${basename(name, '.ts')}.js`), outputText);
    }
  }
  const tests = readdirSync(join(scratch, 'test')).map((name) => join('test', name));
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  try {
    execFileSync(process.execPath, ['--test', '--test-reporter', 'tap', ...tests], {
      cwd: scratch,
      env,
      encoding: 'utf8',
    });
    return [];
  } catch (error) {
    const lines = (error as { stdout: string }).stdout.matchAll(/^\s*not ok \d+ - (.*)$/gm);
    return [...lines].map(([, name]) => name!).filter((name) => !name.includes('.test.js'));
  }
}
