import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { fishplate, makeDirectory, runNode } from '../src/installation.js';

const UNCONFINED = { FISHPLATE_SANDBOX_MODE: 'process' };

/** Runs a module on a workspace, and gives what it prints as JSON. */
async function script<Result>(workspace: string, source: string, env = {}): Promise<Result> {
  const { code, stdout, stderr } = await runNode(['--input-type=module', '-', workspace], {
    env: { ...UNCONFINED, ...env },
    input: `import { createRuntime } from 'fishplate';\nconst workspace = process.argv[2];\n${source}`,
  });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Result;
}

test('ten sessions at once on one store: none loses a step, and each is taken back by itself', async () => {
  const files = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`f${n}.txt`, '0']));
  const workspace = makeDirectory(files);
  const counts = await script<number[]>(
    workspace,
    `
      const runtime = createRuntime({ workspace });
      const work = async (n) => {
        const session = runtime.session('s' + n);
        for (let step = 0; step < 10; step += 1) {
          const edits = [{ search: String(step), replace: String(step + 1) }];
          const result = await session.call('edit_file', { path: 'f' + n + '.txt', edits });
          if (!result.ok) throw new Error(result.text);
          await session.record({ step });
        }
        return (await session.messages()).length;
      };
      const counts = await Promise.all(Array.from({ length: 10 }, (_, n) => work(n)));
      await runtime.close();
      console.log(JSON.stringify(counts));
    `,
  );
  expect(counts).toEqual(Array.from({ length: 10 }, () => 10));
  const listed = await fishplate(['sessions', '-w', workspace, '--json']);
  const { sessions } = JSON.parse(listed.stdout) as {
    sessions: { id: string; steps: number; messages: number }[];
  };
  expect(sessions.map(({ id }) => id).sort()).toEqual(Array.from({ length: 10 }, (_, n) => `s${n}`));
  for (const session of sessions) expect(session).toMatchObject({ steps: 10, messages: 10 });
  expect((await fishplate(['undo', '-w', workspace, '-s', 's3', '--steps', '10'])).code).toBe(0);
  const read = (n: number): string => readFileSync(join(workspace, `f${n}.txt`), 'utf8');
  expect(Array.from({ length: 10 }, (_, n) => read(n))).toEqual(
    Array.from({ length: 10 }, (_, n) => (n === 3 ? '0' : '10')),
  );
});

interface Phase {
  readonly engines: Readonly<Record<string, string>>;
  readonly results: unknown;
}

test('every engine switched native, fallback, native in mid-session: same answers, nothing lost', async () => {
  const workspace = makeDirectory({ 'a.txt': 'zero\none\ntwo\n', '.gitignore': '*.log\n', 'x.log': 'x\n' });
  const phases = await script<Phase[]>(
    workspace,
    `
      const TRACKS = ['diff', 'gitignore', 'sandbox', 'storage', 'tokenizer'];
      const phases = [];
      const work = async (session, n, dropped) => {
        const engines = {};
        const call = async (tool, input) => {
          const result = await session.call(tool, input);
          if (!result.ok) throw new Error(tool + ': ' + result.text);
          Object.assign(engines, result.engines);
          return result.data;
        };
        await call('edit_file', { path: 'a.txt', edits: [{ search: 'two', replace: 'two\\nstep ' + n }] });
        const { patch } = await call('diff', { since: 2 * n });
        const ran = await call('run_command', { command: 'echo ' + n + ' > made-' + n });
        const { files } = await call('list_files', {});
        const { tokens } = await call('count_tokens', { text: 'how many tokens are these' });
        phases.push({ engines, results: { patch, files: files.length - n, tokens, exitCode: ran.exitCode } });
      };
      // A process for each engine of the store would be the same: a runtime opens it anew.
      for (const [n, engine] of ['native', 'fallback', 'native'].entries()) {
        const engines = Object.fromEntries(TRACKS.map((track) => [track, engine]));
        const runtime = createRuntime({ workspace, session: 'switched', engines, confirm: () => true });
        await work(runtime.main, n);
        const report = runtime.capabilities().tracks;
        for (const { track, engine: used } of report) phases.at(-1).engines[track] ??= used;
        phases.at(-1).engines.store = report.find(({ track }) => track === 'storage').engine;
        await runtime.close();
      }
      console.log(JSON.stringify(phases));
    `,
  );
  expect(
    phases.map(({ engines }) => [
      engines['diff'],
      engines['gitignore'],
      engines['tokenizer'],
      engines['store'],
    ]),
  ).toEqual([
    ['native', 'native', 'native', 'native'],
    ['js', 'js', 'js', 'js'],
    ['native', 'native', 'native', 'native'],
  ]);
  const [first, ...others] = phases.map(({ results }) =>
    JSON.stringify(results).replace(/step \d/g, 'step N'),
  );
  expect(first).toContain('step N');
  for (const { results } of phases) expect(results).toMatchObject({ files: 3, exitCode: 0 });
  expect(others).toHaveLength(2);
  const timeline = await fishplate(['timeline', '-w', workspace, '-s', 'switched', '--json']);
  const { entries } = JSON.parse(timeline.stdout) as { entries: { status: string }[] };
  expect(entries.map(({ status }) => status)).toEqual(Array.from({ length: 15 }, () => 'ok'));
  const env = { FISHPLATE_STORAGE_ENGINE: 'fallback', FISHPLATE_DIFF_ENGINE: 'fallback' };
  const undone = await fishplate(['undo', '-w', workspace, '-s', 'switched', '--steps', '6', '--json'], {
    env,
  });
  expect(undone.code).toBe(0);
  expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('zero\none\ntwo\n');
});

test('the environment switches engines between two calls of one session', async () => {
  const workspace = makeDirectory({ 'a.txt': '0\n' });
  const used = await script<string[]>(
    workspace,
    `
      const runtime = createRuntime({ workspace });
      const used = [];
      for (const [n, engine] of ['native', 'fallback', 'native'].entries()) {
        for (const track of ['DIFF', 'GITIGNORE', 'TOKENIZER']) process.env['FISHPLATE_' + track + '_ENGINE'] = engine;
        const edits = [{ search: String(n), replace: String(n + 1) }];
        const edited = await runtime.call('edit_file', { path: 'a.txt', edits });
        const listed = await runtime.call('list_files', {});
        const counted = await runtime.call('count_tokens', { text: 'x' });
        used.push([edited.engines.diff, listed.engines.gitignore, counted.engines.tokenizer].join(' '));
      }
      const undone = await runtime.call('undo', { steps: 3 });
      await runtime.close();
      console.log(JSON.stringify([...used, undone.ok]));
    `,
  );
  expect(used).toEqual(['native native native', 'js js js', 'native native native', true]);
  expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('0\n');
});
