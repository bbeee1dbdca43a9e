import { join } from 'node:path';

import { createRuntime } from '../src/index.js';
import { parsePlan, readPlan } from '../src/plan/plan.js';
import { runPlan } from '../src/plan/run-plan.js';
import { codeOf, makeWorkspace } from './workspace.js';

const FILES = { 'a.txt': 'one\n' };
const step = (extra: object = {}) => ({ tool: 'read_file', input: { path: 'a.txt' }, ...extra });
const run = (steps: object[], options: object = {}) =>
  runPlan(
    parsePlan(JSON.stringify({ steps }), 'plan'),
    createRuntime({ workspace: makeWorkspace(FILES) }),
    options,
  );

test('runs steps in order and checks what each comes to', async () => {
  const seen: number[] = [];
  const report = await run(
    [
      step({ expect: { text: 'one', data: { totalLines: 1 } } }),
      step({ input: { path: 'none' }, expect: { code: 'FILE_NOT_FOUND' } }),
      step({ input: { path: '../x' }, expect: { code: 'PATH_OUTSIDE' } }),
      step({ input: { path: 'none' }, expect: { ok: false } }),
    ],
    { onStep: ({ number }: { number: number }) => seen.push(number) },
  );
  expect(report).toMatchObject({ ok: true, notRun: 0 });
  expect(seen).toEqual([1, 2, 3, 4]);
});

test.each([
  [{ expect: { text: 'two' } }, 'does not contain'],
  [{ expect: { data: { totalLines: 2 } } }, 'totalLines is 1, expected 2'],
  [{ expect: { ok: false } }, 'was expected to fail'],
  [{ expect: { code: 'NO_MATCH' } }, 'was expected to fail'],
  [{ input: { path: 'none' } }, 'it failed: FILE_NOT_FOUND'],
  [{ input: { path: 'none' }, expect: { code: 'NO_MATCH' } }, 'code FILE_NOT_FOUND, expected NO_MATCH'],
  [{ tool: 'nope' }, 'TOOL_UNKNOWN'],
])('stops where %j is not met', async (extra, problem) => {
  const report = await run([step(extra), step()]);
  expect(report).toMatchObject({ ok: false, notRun: 1, steps: [{ asExpected: false }] });
  expect(report.steps[0]?.problem).toContain(problem);
});

test('runs steps that ask for confirmation only where it is given', async () => {
  const confirm = (answer: boolean) => ({ confirm: () => Promise.resolve(answer) });
  expect(await run([step({ confirm: true })])).toMatchObject({
    ok: false,
    steps: [{ code: 'NOT_CONFIRMED', text: expect.stringContaining('--yes') as string }],
  });
  expect(await run([step({ confirm: true })], confirm(false))).toMatchObject({ ok: false });
  expect(await run([step({ confirm: true })], confirm(true))).toMatchObject({ ok: true });
});

test.each([
  ['not JSON', '{'],
  ['no steps', '{"steps":[]}'],
  ['too many steps', JSON.stringify({ steps: Array(101).fill(step()) })],
  ['an unknown key', JSON.stringify({ steps: [step({ wait: 1 })] })],
])('refuses a plan with %s', async (_, text) => {
  expect(await codeOf(() => parsePlan(text, 'plan'))).toBe('PLAN_INVALID');
});

test('reads inputs from files beside the plan', async () => {
  const patch = '--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n';
  const plan = { steps: [{ tool: 'apply_patch', input: {}, inputFiles: { patch: 'x.patch' } }] };
  const place = makeWorkspace({ 'plan.json': JSON.stringify(plan), 'x.patch': patch });
  expect((await readPlan(join(place, 'plan.json'))).steps[0]?.input).toEqual({ patch });
  expect(await codeOf(() => readPlan(join(place, 'none.json')))).toBe('PLAN_INVALID');
});

describe('a plan as a module', () => {
  const step = "{ tool: 'read_file', input: { path: 'a.txt' } }";

  test.each([
    ['plan.mjs', `export default { steps: [${step}] };`],
    ['plan.cjs', `module.exports = { steps: [${step}] };`],
    ['function.mjs', `export default async () => ({ steps: [${step}] });`],
    ['none.mjs', `export const steps = [];`],
    ['throws.mjs', `throw new Error('not today');`],
    ['wrong.mjs', `export default { steps: [{ tool: 1 }] };`],
  ])('%s', async (name, source) => {
    const path = join(makeWorkspace({ [name]: source }), name);
    const isGood = /^(?:plan|function)/.test(name);
    expect(await codeOf(() => readPlan(path))).toBe(isGood ? 'none' : 'PLAN_INVALID');
    if (isGood) expect((await readPlan(path)).steps).toMatchObject([{ tool: 'read_file' }]);
  });
});
