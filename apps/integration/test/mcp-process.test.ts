import { type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { COMMAND, ended, makeDirectory, startNode } from '../src/installation.js';
import { connect } from '../src/mcp-client.js';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
const callTool = (id: number, name: string, input: string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":${input}}}`;

/** A server with a raw pipe, so that a test can send what no client would. */
function serve(
  workspace: string,
  ...options: string[]
): { child: ChildProcess; send: (line: string) => void; answers: Answers } {
  const child = startNode([COMMAND, 'mcp', '--workspace', workspace, ...options]);
  const answers = new Answers(child);
  return { child, send: (line) => void child.stdin?.write(`${line}\n`), answers };
}

/** What a server writes to stdout, line by line. */
class Answers {
  readonly lines: string[] = [];
  private rest = '';
  private readonly waiting: (() => void)[] = [];

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (this.rest + text).split('\n');
      this.rest = parts.pop() ?? '';
      this.lines.push(...parts);
      for (const wake of this.waiting.splice(0)) wake();
    });
  }

  /** The answer to the request of this id. */
  async to(id: number): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .find((answer) => answer['id'] === id);
      if (found !== undefined) return found;
      await new Promise<void>((wake) => this.waiting.push(wake));
    }
  }
}

test('writes nothing but JSON-RPC to stdout, whatever comes in, and goes on', async () => {
  const { child, send, answers } = serve(makeDirectory({ 'a.txt': 'a\n' }), '--log-level', 'trace');
  send(JSON.stringify(INITIALIZE));
  await answers.to(0);
  send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  for (const line of [
    'not json',
    '{}',
    '[]',
    'null',
    '{"jsonrpc":"2.0"}',
    '\u0000',
    '{"jsonrpc":"1.0","id":9,"method":"x"}',
  ])
    send(line);
  send(callTool(1, 'read_file', `{"path":${deep}}`));
  send(callTool(2, 'no_such_tool', '{}'));
  send(callTool(3, 'read_file', '[]'));
  send('{"jsonrpc":"2.0","id":4,"method":"no/such/method"}');
  send(callTool(5, 'read_file', '{"path":"a.txt","__proto__":{"x":1}}'));
  send(callTool(6, 'read_file', '{"path":"a.txt"}'));
  expect(await answers.to(6)).toMatchObject({ result: { structuredContent: { text: 'a\n' } } });
  child.stdin?.end();
  const { code, stderr } = await ended(child);
  expect(code).toBe(0);
  for (const line of answers.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg');
});

test('answers deep JSON with a coded error', async () => {
  const { child, send, answers } = serve(makeDirectory());
  send(JSON.stringify(INITIALIZE));
  await answers.to(0);
  send(callTool(1, 'edit_file', `{"path":"a","edits":${'['.repeat(3000)}${']'.repeat(3000)}}`));
  expect(await answers.to(1)).toMatchObject({
    result: { isError: true, structuredContent: { code: 'INPUT_TOO_LARGE' } },
  });
  child.stdin?.end();
  expect((await ended(child)).code).toBe(0);
});

describe('ends when its client is gone', () => {
  const start = async (): Promise<ReturnType<typeof serve>> => {
    const server = serve(makeDirectory({ 'a.txt': 'a\n' }));
    server.send(JSON.stringify(INITIALIZE));
    await server.answers.to(0);
    return server;
  };

  test('by the end of its input', async () => {
    const { child } = await start();
    child.stdin?.end();
    expect(await ended(child)).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('by a broken pipe', async () => {
    const { child, send } = await start();
    child.stdout?.destroy();
    send(callTool(1, 'read_file', '{"path":"a.txt"}'));
    send(callTool(2, 'list_files', '{}'));
    const { code, signal } = await ended(child);
    expect([code, signal]).toEqual([0, null]);
  });

  test('with calls under way', async () => {
    const { child, send } = await start();
    for (let id = 1; id < 50; id += 1) send(callTool(id, 'list_files', '{}'));
    child.stdin?.end();
    child.stdout?.destroy();
    expect((await ended(child)).code).toBe(0);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('by %s, without a word', async (signal) => {
    const { child } = await start();
    child.kill(signal);
    expect(await ended(child)).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('because it was killed: a server of its own does not outlive it', async () => {
    const script = `
      import { spawn } from 'node:child_process';
      const server = spawn(process.execPath, [${JSON.stringify(COMMAND)}, 'mcp'], { stdio: ['pipe', 'pipe', 'inherit'] });
      server.stdin.write(${JSON.stringify(JSON.stringify(INITIALIZE))} + '\\n');
      server.stdout.once('data', () => console.log(server.pid));
    `;
    const client = startNode(['--input-type=module', '-e', script]);
    const pid = await new Promise<number>((resolve) =>
      client.stdout?.once('data', (text) => resolve(Number(text))),
    );
    expect(isRunning(pid)).toBe(true);
    client.kill('SIGKILL');
    for (let wait = 0; wait < 100 && isRunning(pid); wait += 1)
      await new Promise((settle) => setTimeout(settle, 50));
    expect(isRunning(pid)).toBe(false);
  });
});

test('two servers on one workspace: each has its own session, and neither undoes the other', async () => {
  const workspace = makeDirectory({ 'a.txt': 'one\ntwo\n', 'b.txt': 'b\n' });
  const [left, right] = await Promise.all([connect(workspace), connect(workspace)]);
  const edit = (path: string, search: string, replace: string) => ({ path, edits: [{ search, replace }] });
  await Promise.all([
    left.call('edit_file', edit('a.txt', 'one', '1')),
    right.call('edit_file', edit('b.txt', 'b', 'B')),
  ]);
  expect((await left.call('diff', {})).data).toMatchObject({ files: [{ path: 'a.txt' }] });
  expect((await right.call('diff', {})).data).toMatchObject({ files: [{ path: 'b.txt' }] });
  await right.call('edit_file', edit('a.txt', 'two', '2'));
  expect((await left.call('undo', {})).data).toMatchObject({ code: 'UNDO_CONFLICT' });
  expect((await right.call('undo', { steps: 2 })).isError).toBe(false);
  expect((await left.call('undo', {})).isError).toBe(false);
  expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('one\ntwo\n');
  await Promise.all([left.close(), right.close()]);
  expect([isRunning(left.pid), isRunning(right.pid)]).toEqual([false, false]);
});

test('many changes at once through one server all arrive', async () => {
  const workspace = makeDirectory({ 'n.txt': '0' });
  const connection = await connect(workspace);
  const calls = Array.from({ length: 40 }, (_, n) =>
    connection.call('edit_file', { path: 'n.txt', edits: [{ search: String(n), replace: String(n + 1) }] }),
  );
  expect((await Promise.all(calls)).filter(({ isError }) => isError)).toEqual([]);
  expect(readFileSync(join(workspace, 'n.txt'), 'utf8')).toBe('40');
  await connection.close();
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
