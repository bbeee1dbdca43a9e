import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { makeDirectory } from '../src/installation.js';
import { connect, type Connection } from '../src/mcp-client.js';

const uriOf = (directory: string): string => pathToFileURL(directory).href;
const listed = async (connection: Connection): Promise<unknown> =>
  (await connection.call('list_files', {})).data['files'];

test('without --workspace the first root of the client that is a directory is the workspace', async () => {
  const [elsewhere, first, second] = ['cwd.txt', 'first name.txt', 'second.txt'].map((name) =>
    makeDirectory({ [name]: 'x\n' }),
  );
  const log: string[] = [];
  const connection = await connect(null, {
    cwd: elsewhere!,
    roots: () => ['file://elsewhere/share', uriOf(first!), uriOf(second!)],
    onLog: (text) => log.push(text),
  });
  expect(await listed(connection)).toEqual(['first name.txt']);
  const { resources } = await connection.client.listResources();
  expect(resources.map(({ uri }) => uri)).toContain('fishplate://file/first%20name.txt');
  await connection.close();
  const warnings = log.join('').trim().split('\n');
  expect(warnings.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({
      workspace: first,
      others: [second],
      msg: expect.stringContaining('--workspace'),
    }),
  ]);
});

test('--workspace wins over roots, and a client with none has the directory of the server', async () => {
  const [given, root] = ['given.txt', 'root.txt'].map((name) => makeDirectory({ [name]: 'x\n' }));
  let asked = 0;
  const roots = (): string[] => {
    asked += 1;
    return [uriOf(root!)];
  };
  const connections = await Promise.all([
    connect(given!, { roots }),
    connect(null, { cwd: given!, roots: () => [] }),
    connect(null, { cwd: given! }),
  ]);
  expect(await Promise.all(connections.map(listed))).toEqual([['given.txt'], ['given.txt'], ['given.txt']]);
  expect(asked).toBe(0);
  await Promise.all(connections.map((connection) => connection.close()));
});

test('roots that are no directory here are the answer to calls, until the client has others', async () => {
  const workspace = makeDirectory({ 'a.txt': 'a\n' });
  let uris = ['file://elsewhere/share'];
  const connection = await connect(null, { cwd: makeDirectory(), roots: () => uris, onLog: () => undefined });
  expect((await connection.client.listTools()).tools.length).toBeGreaterThan(10);
  expect(await connection.call('list_files', {})).toMatchObject({
    isError: true,
    text: expect.stringContaining('share'),
    data: { ok: false, code: 'WORKSPACE_INVALID', hint: expect.stringContaining('--workspace') },
  });
  await expect(connection.client.listResources()).rejects.toThrow('WORKSPACE_INVALID');
  uris = [uriOf(`${workspace}/none`)];
  await connection.client.sendRootsListChanged();
  expect((await connection.call('list_files', {})).data).toMatchObject({ code: 'WORKSPACE_INVALID' });
  uris = [uriOf(workspace)];
  await connection.client.sendRootsListChanged();
  expect(await listed(connection)).toEqual(['a.txt']);
  await connection.close();
});

test('a client that breaks the protocol when asked for its roots is told so by each call', async () => {
  const connection = await connect(null, {
    roots: () => ['https://example.com/'],
    onLog: () => undefined,
  });
  expect((await connection.call('list_files', {})).data).toMatchObject({
    code: 'WORKSPACE_INVALID',
    message: expect.stringContaining('roots'),
    hint: expect.stringContaining('--workspace'),
  });
  await connection.close();
});

test('roots that change later leave the workspace, its session and its undo as they are, and the log says so', async () => {
  const [workspace, other] = [makeDirectory({ 'a.txt': 'a\n' }), makeDirectory({ 'b.txt': 'b\n' })];
  let uris = [uriOf(workspace)];
  const log: string[] = [];
  const connection = await connect(null, { roots: () => uris, onLog: (text) => log.push(text) });
  const edits = [{ search: 'a', replace: 'A' }];
  expect((await connection.call('edit_file', { path: 'a.txt', edits })).isError).toBe(false);
  uris = [uriOf(other), uriOf(workspace)];
  await connection.client.sendRootsListChanged();
  expect(await listed(connection)).toEqual(['a.txt']);
  expect(log).toEqual([]);
  uris = [uriOf(other)];
  await connection.client.sendRootsListChanged();
  while (log.length === 0) await new Promise((settle) => setTimeout(settle, 20));
  expect(log.join('')).toContain('no root of the client any more');
  expect((await connection.call('undo', {})).isError).toBe(false);
  await connection.close();
});

test('an invalid configuration is the answer to calls, until it is mended', async () => {
  const workspace = makeDirectory({
    'a.txt': 'a\n',
    'fishplate.config.json': '{ "limits": { "maxFileBytes": -1 } }',
  });
  const connection = await connect(workspace);
  expect(await connection.call('list_files', {})).toMatchObject({
    isError: true,
    data: { code: 'CONFIG_INVALID', message: expect.stringContaining('limits.maxFileBytes') },
  });
  writeFileSync(join(workspace, 'fishplate.config.json'), '{}');
  expect(await listed(connection)).toContain('a.txt');
  await connection.close();
});
