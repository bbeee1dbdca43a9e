import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENGINES, makeDirectory } from '../src/installation.js';
import { connect, type Connection } from '../src/mcp-client.js';

const FILES = { 'a.txt': 'one\ntwo\n', 'b.txt': 'same\nsame\n', 'dir/c.txt': 'c\n' };
const MODIFY = '--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n';
const edit = (search: string, replace: string, path = 'a.txt') => ({ path, edits: [{ search, replace }] });

describe.each(ENGINES)('%s', (asked, reported) => {
  let workspace: string;
  let connection: Connection;
  const read = (path: string): string => readFileSync(join(workspace, path), 'utf8');

  beforeAll(async () => {
    workspace = makeDirectory(FILES);
    connection = await connect(workspace, { env: { FISHPLATE_DIFF_ENGINE: asked } });
  });
  afterAll(() => connection.close());

  test('offers its tools with schemas and annotations', async () => {
    const { tools } = await connection.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'list_files',
      'read_file',
      'edit_file',
      'apply_patch',
      'diff',
      'undo',
      'search_symbols',
      'outline',
      'repo_map',
      'checkpoint',
      'restore',
      'timeline',
      'count_tokens',
      'compact_context',
      'remember',
      'recall',
      'forget',
      'run_command',
      'read_output',
      'start_job',
      'poll_job',
      'kill_job',
    ]);
    for (const { name, inputSchema, outputSchema, annotations, description } of tools) {
      expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(outputSchema).toMatchObject({
        type: 'object',
        required: expect.arrayContaining(['ok', 'engines']),
      });
      expect([name, annotations?.openWorldHint]).toEqual([
        name,
        /^(?:run_command|start_job|kill_job)$/.test(name),
      ]);
      expect(description?.length).toBeGreaterThan(40);
    }
    const changing = tools.filter(({ annotations }) => annotations?.readOnlyHint === false);
    expect(changing.map(({ name }) => name)).toEqual([
      'edit_file',
      'apply_patch',
      'undo',
      'checkpoint',
      'restore',
      'remember',
      'forget',
      'run_command',
      'start_job',
      'kill_job',
    ]);
  });

  test('sends the same text for its tools to every client, so that prompts are cached', async () => {
    const other = await connect(makeDirectory(FILES), { env: { FISHPLATE_JSON_ENGINE: asked } });
    const listed = [connection, other].map(async ({ client }) => JSON.stringify(await client.listTools()));
    const [one, two] = await Promise.all(listed);
    await other.close();
    expect(one).toBe(two);
  });

  test('serves every tool: list, read, edit, patch, diff, undo', async () => {
    expect((await connection.call('list_files', {})).data).toMatchObject({
      ok: true,
      files: ['a.txt', 'b.txt', 'dir/c.txt'],
    });
    expect(await connection.call('read_file', { path: 'a.txt' })).toMatchObject({
      text: 'one\ntwo\n',
      data: { totalLines: 2 },
    });
    const edited = await connection.call('edit_file', edit('one', '1'));
    expect(edited.data).toMatchObject({
      ok: true,
      step: 1,
      engines: { diff: reported },
      edits: [{ strategy: 'exact' }],
    });
    const patched = await connection.call('apply_patch', { patch: MODIFY.replace(' one', ' 1') });
    expect(patched.data).toMatchObject({ ok: true, step: 2, engines: { diff: reported } });
    expect(read('a.txt')).toBe('1\n2\n');
    expect((await connection.call('diff', { since: 1 })).text).toContain('-two\n+2\n');
    expect((await connection.call('undo', { steps: 2, dryRun: true })).data).toMatchObject({
      undone: [2, 1],
      dryRun: true,
    });
    expect((await connection.call('undo', { steps: 2 })).data).toMatchObject({
      undone: [2, 1],
      remaining: 0,
    });
    expect(read('a.txt')).toBe('one\ntwo\n');
  });

  test.each([
    ['no match', 'edit_file', edit('three', '3'), 'NO_MATCH'],
    ['ambiguous edit', 'edit_file', edit('same', 'x', 'b.txt'), 'AMBIGUOUS'],
    [
      'ambiguous patch',
      'apply_patch',
      { patch: '--- a/b.txt\n+++ b/b.txt\n@@ -9 +9 @@\n-same\n+x\n' },
      'AMBIGUOUS',
    ],
    ['malformed patch', 'apply_patch', { patch: MODIFY.slice(0, -4) }, 'PATCH_MALFORMED'],
    [
      'hunk header without numbers',
      'apply_patch',
      { patch: MODIFY.replace('-1,2 +1,2', '-x +y') },
      'PATCH_MALFORMED',
    ],
    ['prose for a patch', 'apply_patch', { patch: 'make it better' }, 'PATCH_EMPTY'],
    ['no such file', 'read_file', { path: 'none' }, 'FILE_NOT_FOUND'],
    ['nothing to undo', 'undo', {}, 'NOTHING_TO_UNDO'],
    ['unknown step', 'diff', { since: 99 }, 'STEP_UNKNOWN'],
    ['missing field', 'read_file', {}, 'INPUT_INVALID'],
    ['wrong type', 'read_file', { path: ['a.txt'] }, 'INPUT_INVALID'],
    ['unknown field', 'list_files', { all: true }, 'INPUT_INVALID'],
    ['path outside', 'read_file', { path: '../../etc/passwd' }, 'PATH_OUTSIDE'],
    ['absolute path outside', 'read_file', { path: '/etc/passwd' }, 'PATH_OUTSIDE'],
    ['null byte', 'read_file', { path: 'a.txt\0.png' }, 'PATH_INVALID'],
    ['patch outside', 'apply_patch', { patch: MODIFY.replaceAll('a.txt', '../a.txt') }, 'PATH_OUTSIDE'],
    [
      'git hook',
      'apply_patch',
      { patch: '--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+x\n' },
      'PATH_PROTECTED',
    ],
    [
      'own configuration',
      'apply_patch',
      { patch: '--- /dev/null\n+++ b/fishplate.config.json\n@@ -0,0 +1 @@\n+{}\n' },
      'PATH_PROTECTED',
    ],
    ['10 MB replacement', 'edit_file', edit('one', 'x'.repeat(10_000_000)), 'INPUT_TOO_LARGE'],
    ['10 MB path', 'read_file', { path: 'x'.repeat(10_000_000) }, 'INPUT_TOO_LARGE'],
    ['10 MB patch', 'apply_patch', { patch: MODIFY + 'x'.repeat(10_000_000) }, 'INPUT_TOO_LARGE'],
    ['deep JSON', 'edit_file', { path: 'a.txt', edits: nested(500) }, 'INPUT_TOO_LARGE'],
    ['directory', 'read_file', { path: 'dir' }, 'NOT_A_FILE'],
  ])('answers isError with code and hint, and changes nothing: %s', async (_, tool, input, code) => {
    const answer = await connection.call(tool, input);
    expect(answer).toMatchObject({ isError: true, data: { ok: false, code } });
    expect(String(answer.data['hint']).length).toBeGreaterThan(10);
    expect(answer.text).toContain(code);
    expect([read('a.txt'), read('b.txt')]).toEqual([FILES['a.txt'], FILES['b.txt']]);
    expect(existsSync(join(workspace, '..', 'a.txt'))).toBe(false);
  });

  test('follows no link out of the workspace', async () => {
    const outside = makeDirectory({ 'secret.txt': 'secret\n' });
    symlinkSync(join(outside, 'secret.txt'), join(workspace, 'link.txt'));
    symlinkSync(outside, join(workspace, 'out'));
    const attempts: [string, object][] = [
      ['read_file', { path: 'link.txt' }],
      ['read_file', { path: 'out/secret.txt' }],
      ['edit_file', edit('secret', 'taken', 'out/secret.txt')],
      ['apply_patch', { patch: '--- a/link.txt\n+++ b/link.txt\n@@ -1 +1 @@\n-secret\n+taken\n' }],
      ['apply_patch', { patch: '--- /dev/null\n+++ b/out/new.txt\n@@ -0,0 +1 @@\n+new\n' }],
    ];
    for (const [tool, input] of attempts) {
      const { isError, data, text } = await connection.call(tool, input);
      expect([isError, data['code']]).toEqual([true, 'SYMLINK_REFUSED']);
      expect(text).not.toContain('taken');
    }
    expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret\n');
    expect(existsSync(join(outside, 'new.txt'))).toBe(false);
  });

  test('refuses to undo what someone else changed since, and shows how', async () => {
    await connection.call('edit_file', edit('c', 'C', 'dir/c.txt'));
    writeFileSync(join(workspace, 'dir/c.txt'), 'C\nmine\n');
    const { data } = await connection.call('undo', {});
    expect(data).toMatchObject({ code: 'UNDO_CONFLICT', details: { conflicts: [{ path: 'dir/c.txt' }] } });
    expect(JSON.stringify(data)).toContain('+mine');
    expect(read('dir/c.txt')).toBe('C\nmine\n');
    writeFileSync(join(workspace, 'dir/c.txt'), 'C\n');
    expect((await connection.call('undo', {})).isError).toBe(false);
  });

  test('gives timeline and files as resources, and nothing outside', async () => {
    const { resources } = await connection.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(
      expect.arrayContaining(['fishplate://timeline', 'fishplate://file/dir/c.txt']),
    );
    const [timeline] = (await connection.client.readResource({ uri: 'fishplate://timeline' })).contents;
    const entries = JSON.parse(timeline !== undefined && 'text' in timeline ? timeline.text : '') as {
      tool: string;
    }[];
    expect(entries.length).toBeGreaterThan(10);
    expect(
      (await connection.client.readResource({ uri: 'fishplate://file/dir/c.txt' })).contents,
    ).toMatchObject([{ text: 'c\n' }]);
    for (const path of ['..%2F..%2Fetc%2Fpasswd', '%2Fetc%2Fpasswd', 'none.txt', 'link.txt', '%ff']) {
      await expect(connection.client.readResource({ uri: `fishplate://file/${path}` })).rejects.toThrow();
    }
  });

  test('does not know other tools', async () => {
    await expect(connection.call('constructor', {})).rejects.toThrow();
    await expect(connection.call('shell', { command: 'id' })).rejects.toThrow();
  });
});

describe('long calls', () => {
  const FILES_IN_LARGE = 2000;
  let workspace: string;
  let connection: Connection;

  beforeAll(async () => {
    workspace = makeDirectory();
    for (let folder = 0; folder < 20; folder += 1) {
      mkdirSync(join(workspace, `d${folder}`));
      for (let file = 0; file < FILES_IN_LARGE / 20; file += 1)
        writeFileSync(join(workspace, `d${folder}/f${file}.txt`), `${file}\n`);
    }
    connection = await connect(workspace);
  });
  afterAll(() => connection.close());

  test('a listing of 2,000 files tells its progress, growing, up to the end', async () => {
    const progress: number[] = [];
    const onprogress = (step: { progress: number }): void => void progress.push(step.progress);
    const { data } = await connection.call('list_files', {}, { onprogress });
    expect(data).toMatchObject({ total: FILES_IN_LARGE });
    expect(progress.length).toBeGreaterThan(2);
    expect(progress).toEqual([...progress].sort((left, right) => left - right));
  });

  test('pages come together to the whole', async () => {
    const seen: string[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const { data } = await connection.call('list_files', {
        limit: 700,
        ...(after === undefined ? {} : { after }),
      });
      seen.push(...(data['files'] as string[]));
      after = data['next'] as string | undefined;
      more = after !== undefined;
    }
    expect([seen.length, new Set(seen).size]).toEqual([FILES_IN_LARGE, FILES_IN_LARGE]);
  });

  test('a patch over 500 files goes in whole and comes back whole', async () => {
    const paths = Array.from(
      { length: 500 },
      (_, index) => [`d${index % 20}/f${Math.floor(index / 20)}.txt`, Math.floor(index / 20)] as const,
    );
    const patch = paths
      .map(([path, n]) => `--- a/${path}\n+++ b/${path}\n@@ -1 +1 @@\n-${n}\n+changed ${n}\n`)
      .join('');
    expect((await connection.call('apply_patch', { patch })).data).toMatchObject({
      ok: true,
      added: 500,
      removed: 500,
    });
    expect(readFileSync(join(workspace, 'd3/f7.txt'), 'utf8')).toBe('changed 7\n');
    expect((await connection.call('diff', {})).data).toMatchObject({ added: 500, removed: 500 });
    // The last of them does not fit: none may be changed.
    const second = patch.replace(/-24\n\+changed 24\n$/, '-no\n+yes\n');
    expect((await connection.call('apply_patch', { patch: second })).isError).toBe(true);
    expect((await connection.call('undo', {})).data).toMatchObject({ ok: true });
    expect(readFileSync(join(workspace, 'd3/f7.txt'), 'utf8')).toBe('7\n');
  });

  test('a cancelled call stops, changes nothing, and the server goes on', async () => {
    const controller = new AbortController();
    const change = connection.call('apply_patch', {
      patch: '--- a/d0/f0.txt\n+++ b/d0/f0.txt\n@@ -1 +1 @@\n-0\n+x\n',
    });
    // Waits behind the change for the lock, and is cancelled there.
    const waiting = connection.call('undo', {}, { signal: controller.signal });
    const listing = connection.call('list_files', {}, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow();
    await expect(listing).rejects.toThrow();
    expect((await change).isError).toBe(false);
    expect(readFileSync(join(workspace, 'd0/f0.txt'), 'utf8')).toBe('x\n');
    expect((await connection.call('undo', {})).isError).toBe(false);
  });
});

function nested(depth: number): object {
  let value: object = [];
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}
