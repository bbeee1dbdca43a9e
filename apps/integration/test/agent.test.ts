import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import {
  commandOf,
  type Ended,
  ended,
  fishplate,
  INSTALLED,
  makeDirectory,
  runNode,
  startNode,
} from '../src/installation.js';
import {
  type Behaviour,
  dieInTheMiddle,
  fallSilent,
  neverEnd,
  type OpenAiServer,
  say,
  serveOpenAi,
  type StreamedCall,
} from '../src/openai-server.js';

interface Report {
  readonly session: string;
  readonly ok: boolean;
  readonly code?: string;
  readonly text: string;
  readonly steps: number;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
  readonly approvals: number;
  readonly calls: readonly { tool: string; ok: boolean; code?: string; text: string; replayed?: boolean }[];
  readonly error: { readonly code: string; readonly message: string };
}

const EDIT = { tool: 'edit_file', input: { path: 'a.txt', edits: [{ search: 'one', replace: 'two' }] } };
const READ = { tool: 'read_file', input: { path: 'a.txt' } };
const UNCONFINED = { FISHPLATE_SANDBOX_MODE: 'process' };

let command: string;
const servers: OpenAiServer[] = [];

beforeAll(() => {
  command = commandOf(installWithSdk());
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** The installation, and beside it the AI SDK, as a user has it who wants models. */
function installWithSdk(): string {
  const copy = makeDirectory({ 'package.json': '{ "name": "consumer", "private": true }' });
  const modules = join(copy, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(INSTALLED, 'node_modules'))) {
    const from = join(INSTALLED, 'node_modules', name);
    // What a package finds beside itself is looked for where it really lies.
    if (name === 'fishplate') cpSync(from, join(modules, name), { recursive: true });
    else if (!name.startsWith('.')) symlinkSync(from, join(modules, name), 'junction');
  }
  const require = createRequire(new URL('../../runtime/package.json', import.meta.url));
  mkdirSync(join(modules, '@ai-sdk'));
  for (const name of ['ai', '@ai-sdk/openai-compatible']) {
    const from = dirname(require.resolve(`${name}/package.json`));
    symlinkSync(realpathSync(from), join(modules, name), 'junction');
  }
  return copy;
}

async function serve(behave: Behaviour): Promise<OpenAiServer> {
  const server = await serveOpenAi(behave);
  servers.push(server);
  return server;
}

/** A model that makes these calls, a turn each, and then says that it is done. */
const inOrder =
  (turns: readonly (readonly StreamedCall[])[]): Behaviour =>
  ({ messages }, _, response) => {
    const turn = messages.filter(({ role }) => role === 'assistant').length;
    const calls = turns[turn];
    say(response, calls === undefined ? { text: 'All done.' } : { text: `Turn ${turn}.`, calls });
  };

function run(server: OpenAiServer, workspace: string, args: readonly string[], env = {}): Promise<Ended> {
  const line = ['run', '--model', 'local/m', '--base-url', server.url, '-w', workspace, ...args];
  return runNode([command, ...line], { env: { ...UNCONFINED, ...env } });
}

async function report(
  server: OpenAiServer,
  workspace: string,
  args: readonly string[] = ['--prompt', 'fix it'],
): Promise<Report & { exit: number | null; stderr: string }> {
  const { code, stdout, stderr } = await run(server, workspace, [...args, '--json']);
  return { exit: code, stderr, ...(JSON.parse(stdout) as Report) };
}

const read = (workspace: string): string => readFileSync(join(workspace, 'a.txt'), 'utf8');

test('a model reads, edits and ends; its calls and words are in the session', async () => {
  const workspace = makeDirectory({ 'a.txt': 'one\n' });
  const server = await serve(inOrder([[READ], [EDIT]]));
  const { code, stdout, stderr } = await run(server, workspace, ['--prompt', 'fix it', '--session', 's']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /Turn 0\.[^]*read_file[^]*Turn 1\.[^]*edit_file[^]*All done\.[^]*3 questions, 2 calls/,
  );
  expect(stdout).not.toContain('\u001b');
  expect(read(workspace)).toBe('two\n');
  const [first, , third] = server.asked;
  expect(first?.tools.map((tool) => tool.function.name)).toContain('apply_patch');
  expect(first?.messages.map(({ role }) => role)).toEqual(['system', 'user']);
  expect(third?.messages.map(({ role }) => role)).toEqual([
    'system',
    'user',
    'assistant',
    'tool',
    'assistant',
    'tool',
  ]);
  const ids = third?.messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
  expect(new Set(ids).size).toBe(2);
  expect(third?.messages.flatMap(({ tool_call_id }) => tool_call_id ?? [])).toEqual(ids);
  expect(JSON.stringify(third?.messages.at(3))).toContain('one');
  const undone = await fishplate(['undo', '-w', workspace, '-s', 's']);
  expect([undone.code, read(workspace)]).toEqual([0, 'one\n']);
});

test('malformed calls come back to the model with a reason, and change nothing', async () => {
  const workspace = makeDirectory({ 'a.txt': 'one\n' });
  const server = await serve(
    inOrder([
      [{ tool: 'edit_file', input: '{"path": "a.txt", "edits": [' }],
      [{ tool: 'edit_file', input: '["a.txt"]' }],
      [{ tool: 'rm_rf', input: { path: '/' } }],
      [{ tool: 'edit_file', input: { path: 'a.txt', edits: 'all' } }],
      [{ tool: 'read_file', input: { path: '../../etc/passwd' } }],
      [EDIT, { ...READ, id: 'call_0' }],
    ]),
  );
  const { exit, calls } = await report(server, workspace);
  expect([exit, calls.map(({ code }) => code)]).toEqual([
    0,
    [
      'TOOL_CALL_MALFORMED',
      'INPUT_INVALID',
      'TOOL_CALL_MALFORMED',
      'INPUT_INVALID',
      'PATH_OUTSIDE',
      undefined,
      undefined,
    ],
  ]);
  expect(calls[0]?.text).toContain('Nothing was done');
  // Ids that a server gave twice are two calls all the same.
  expect(calls.at(-1)?.text).toContain('two');
  for (const { messages } of server.asked) {
    for (const { tool_calls = [] } of messages)
      for (const call of tool_calls) expect(JSON.parse(call.function.arguments)).toEqual(expect.any(Object));
  }
});

test('a model that goes round in circles is told, and then stopped', async () => {
  const workspace = makeDirectory({ 'a.txt': 'one\n' });
  const server = await serve((_, number, response) => {
    say(response, { calls: [number % 2 === 0 ? READ : { tool: 'list_files', input: {} }] });
  });
  const { exit, ok, code, steps } = await report(server, workspace);
  expect([exit, ok, code]).toEqual([1, false, 'MODEL_LOOPS']);
  expect(steps).toBeLessThan(15);
  const told = server.asked.find(({ messages }) =>
    JSON.stringify(messages.at(-1)).includes('do something else'),
  );
  expect(told).toBeDefined();
});

test.each([
  ['--max-steps', '3', 'STEPS_EXHAUSTED', 3],
  ['--max-tokens', '20000', 'TOKENS_EXHAUSTED', 2],
])('%s %s bounds the run, and a larger one goes on', async (option, value, code, steps) => {
  const workspace = makeDirectory({ 'a.txt': 'one\n' });
  const server = await serve((_, number, response) => {
    const input = { path: `file-${number}` };
    if (number < 5) say(response, { calls: [{ tool: 'read_file', input }], usage: [9000, 1000] });
    else say(response, { text: 'There is nothing.', usage: [9000, 1000] });
  });
  const stopped = await report(server, workspace, ['--prompt', 'look', '--session', 's', option, value]);
  expect(stopped).toMatchObject({ exit: 1, ok: false, code, steps });
  expect(stopped.usage).toEqual({ inputTokens: 9000 * steps, outputTokens: 1000 * steps });
  const done = await report(server, workspace, ['--resume']);
  expect(done).toMatchObject({ exit: 0, ok: true, steps: 6, session: 's', text: 'There is nothing.' });
});

test('a long conversation is compacted, and the task stays in it', async () => {
  const workspace = makeDirectory({ 'a.txt': 'many words in a line, '.repeat(2000) });
  const turns = Array.from({ length: 6 }, (_, number) => [
    { ...READ, input: { path: 'a.txt', startLine: 1, endLine: number + 1 } },
  ]);
  const server = await serve(inOrder(turns));
  const args = ['--prompt', 'find the needle', '--context-tokens', '15000'];
  const { exit } = await report(server, workspace, args);
  expect(exit).toBe(0);
  const last = JSON.stringify(server.asked.at(-1)?.messages);
  expect(last.length).toBeLessThan(200_000);
  expect(last).toContain('find the needle');
});

describe('a server that', () => {
  test('dies in the middle is asked again, and nothing is done twice', async () => {
    const workspace = makeDirectory({ 'a.txt': 'one\n' });
    const whole = inOrder([[EDIT]]);
    const server = await serve((asked, number, response) => {
      if (number % 2 === 0) dieInTheMiddle(response);
      else whole(asked, number, response);
    });
    const { exit, calls, stderr } = await report(server, workspace);
    expect([exit, calls.length, read(workspace)]).toEqual([0, 1, 'two\n']);
    expect(stderr).toContain('asking again');
  });

  test('is gone ends the run with a code, and the session goes on when it is back', async () => {
    const workspace = makeDirectory({ 'a.txt': 'one\n' });
    const whole = inOrder([[EDIT]]);
    // Up for one question, then down for as long as it is asked.
    let down = 0;
    const flaky = await serve((asked, number, response) => {
      if (number === 0) whole(asked, number, response);
      else if (down++ < 4) response.writeHead(503).end('overloaded');
      else whole(asked, number, response);
    });
    const failed = await report(flaky, workspace, ['--prompt', 'fix it', '--session', 's']);
    expect([failed.exit, failed.error.code, failed.error.message]).toEqual([
      3,
      'MODEL_FAILED',
      expect.stringContaining('503') as string,
    ]);
    const done = await report(flaky, workspace, ['--resume']);
    expect([done.exit, done.ok, done.calls.length, read(workspace)]).toEqual([0, true, 0, 'two\n']);
  });

  test('falls silent is not waited for without end', async () => {
    const server = await serve((_, __, response) => fallSilent(response));
    const args = ['--prompt', 'x', '--model-timeout', '100'];
    const { exit, error } = await report(server, makeDirectory(), args);
    expect([exit, error.code]).toEqual([3, 'MODEL_FAILED']);
    expect(error.message).toContain('nothing came for 100 ms');
  });

  test('never ends its answer is hung up on, and the run ends', async () => {
    const left: Promise<void>[] = [];
    const server = await serve((_, __, response) => {
      left.push(new Promise((resolve) => response.once('close', () => resolve())));
      neverEnd(response);
    });
    const { exit, error } = await report(server, makeDirectory(), ['--prompt', 'x']);
    expect([exit, error.code, left.length]).toEqual([3, 'MODEL_FAILED', 1]);
    expect(error.message).toContain('longer than 2000000 characters');
    await left[0];
  });

  test('says no is not asked again, and its words are shown without the key', async () => {
    const server = await serve(({ headers }, _, response) => {
      response.writeHead(401).end(`no such key: ${headers.authorization}`);
    });
    const { code, stdout } = await run(server, makeDirectory(), ['--prompt', 'x', '--json'], {
      FISHPLATE_MODEL_API_KEY: 'sk-very-secret-key',
    });
    expect([code, server.asked.length]).toEqual([3, 1]);
    expect(stdout).toContain('[masked: FISHPLATE_MODEL_API_KEY]');
    expect(stdout).not.toContain('sk-very-secret');
    expect(server.asked[0]?.headers.authorization).toBe('Bearer sk-very-secret-key');
  });

  test('answers with garbage, or not at all, is no fault of the process', async () => {
    const server = await serve((_, number, response) => {
      if (number % 2 === 0)
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {nothing\n\n');
      else say(response, { text: '' });
    });
    const { exit, error } = await report(server, makeDirectory(), ['--prompt', 'x']);
    expect([exit, error.code, server.asked.length]).toEqual([3, 'MODEL_FAILED', 4]);
  });
});

test('what needs a person is refused where nobody can be asked, and the model hears it', async () => {
  const workspace = makeDirectory({
    'fishplate.config.json': JSON.stringify({ permissions: { ask: ['touch'] } }),
  });
  const touch = { tool: 'run_command', input: { command: 'touch made' } };
  const server = await serve(inOrder([[touch]]));
  const { exit, calls } = await report(server, workspace);
  expect([exit, calls.map(({ code }) => code)]).toEqual([0, ['NOT_CONFIRMED']]);
  expect(JSON.stringify(server.asked[1]?.messages.at(-1))).toContain('NOT_CONFIRMED');
  const bounded = await report(server, workspace, ['--prompt', 'x', '--yes', '--max-approvals', '0']);
  expect([bounded.calls.map(({ code }) => code), existsSync(join(workspace, 'made'))]).toEqual([
    ['NOT_CONFIRMED'],
    false,
  ]);
  const confirmed = await report(server, workspace, ['--prompt', 'x', '--yes']);
  expect([confirmed.approvals, existsSync(join(workspace, 'made'))]).toEqual([1, true]);
});

test('killed in the middle of a call, a run goes on where it was, and does nothing twice', async () => {
  const workspace = makeDirectory({ 'a.txt': 'one\n' });
  const append = (n: number): StreamedCall => ({
    tool: 'run_command',
    input: { command: `echo ${n} >> log.txt` },
  });
  const slow = {
    tool: 'run_command',
    input: { command: 'test -e go || { touch started; sleep 60; }; echo slow >> log.txt' },
  };
  const server = await serve(inOrder([[append(1)], [append(2), slow, append(3)], [append(4)]]));
  const line = [
    'run',
    '--model',
    'local/m',
    '--base-url',
    server.url,
    '-w',
    workspace,
    '--yes',
    '--session',
    's',
    '--json',
  ];
  const child = startNode([command, ...line, '--prompt', 'count'], { env: UNCONFINED });
  child.stdin?.end();
  while (!existsSync(join(workspace, 'started')) && child.exitCode === null)
    await new Promise((settle) => setTimeout(settle, 10));
  child.kill('SIGKILL');
  expect((await ended(child)).signal).toBe('SIGKILL');
  const before = server.asked.length;
  const env = UNCONFINED;
  // The half-done command left a file, which is taken back before it is made again; a folder tells it to be quick.
  mkdirSync(join(workspace, 'go'));
  const { code, stdout } = await runNode([command, ...line], { env });
  const done = JSON.parse(stdout) as Report;
  expect([code, done.ok, done.steps]).toEqual([0, true, 4]);
  expect(readFileSync(join(workspace, 'log.txt'), 'utf8')).toBe('1\n2\nslow\n3\n4\n');
  expect(server.asked.length - before).toBe(2);
}, 60_000);

test('what cannot be used is told before anything is begun', async () => {
  const workspace = makeDirectory();
  const attempt = async (args: readonly string[], env = {}): Promise<unknown[]> => {
    const { code, stdout } = await runNode([command, 'run', '-w', workspace, '--json', ...args], { env });
    return [code, (JSON.parse(stdout) as Report).error.code];
  };
  const prompt = ['--prompt', 'x'];
  expect(await attempt(['--model', 'openai/gpt', ...prompt])).toEqual([2, 'MODEL_UNUSABLE']);
  expect(await attempt(['--model', 'nobody/gpt', ...prompt])).toEqual([2, 'MODEL_UNUSABLE']);
  expect(await attempt(['--model', 'gpt', ...prompt])).toEqual([2, 'USAGE']);
  expect(await attempt(['--model', 'a/b', '--base-url', 'file:///etc/passwd', ...prompt])).toEqual([
    2,
    'USAGE',
  ]);
  expect(await attempt(['--model', 'ollama/x'])).toEqual([2, 'USAGE']);
  expect(await attempt(['--model', 'ollama/x', '--plan', 'x.json', ...prompt])).toEqual([2, 'USAGE']);
  const without = await fishplate(['run', '-w', workspace, '--json', '--model', 'ollama/x', ...prompt]);
  expect([without.code, JSON.parse(without.stdout)]).toMatchObject([
    2,
    { error: { code: 'MODEL_UNUSABLE', hint: expect.stringContaining('npm install ai') as string } },
  ]);
  expect(existsSync(join(workspace, '.fishplate'))).toBe(false);
});
