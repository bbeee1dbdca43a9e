import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { writePage } from '../src/export/write-page.js';
import { createRuntime } from '../src/index.js';
import { openStore } from '@fishplate/storage';
import { createMask } from '../src/session/masking.js';
import { codeOf, makeWorkspace } from './workspace.js';

const HOSTILE = '</script></style></pre><script>alert(1)</script><img src=x onerror="alert(2)">\'"&amp;';
const UNSEEN = 'a\u202Eb\u2066c\u200Bd\u001b[31me\u0000f\u00adg\u{E0041}h\uFEFFi\u2028j';

/** Elements and attributes that the page is made of. */
const ELEMENTS = new Set(
  (
    '!doctype html head meta title style body input header h1 h2 div span nav label main details summary dl dt dd ' +
    'pre p b footer'
  ).split(' '),
);
const ATTRIBUTES = new Set('lang charset http-equiv content name class type id checked for html'.split(' '));

/** Exports a session of `workspace`. */
async function exported(
  workspace: string,
  session: string,
  env: Record<string, string> = {},
): Promise<string> {
  const file = join(makeWorkspace(), 'page.html');
  const state = join(workspace, '.fishplate');
  const mask = createMask(env);
  await writePage({ state, storage: 'auto', session, file, engine: 'auto', mask, version: '1.2.3' });
  return readFileSync(file, 'utf8');
}

/** Every tag of a page, with the names of its attributes. */
function tagsOf(page: string): { name: string; attributes: string[] }[] {
  return [...page.matchAll(/<\/?([!a-z][^\s>]*)([^>]*)>/gi)].map(([, name, rest]) => ({
    name: name!.toLowerCase(),
    attributes: [...rest!.matchAll(/([^\s=]+)(?:="[^"]*")?/g)].map(([, attribute]) => attribute!),
  }));
}

test('shows calls, commands, diffs, messages, checkpoints and what was taken back', async () => {
  const workspace = makeWorkspace({ 'a.txt': 'one\ntwo\n' });
  const runtime = createRuntime({
    workspace,
    session: 'shown',
    config: { sandbox: { mode: 'process' } },
    confirm: () => true,
  });
  await runtime.main.record({ role: 'user', content: 'make it better' });
  await runtime.call('edit_file', { path: 'a.txt', edits: [{ search: 'two', replace: '2' }] });
  await runtime.call('run_command', { command: 'echo made > b.txt' }, { idempotencyKey: 'k' });
  await runtime.call('checkpoint', { label: 'here' });
  await runtime.call('edit_file', { path: 'a.txt', edits: [{ search: 'one', replace: '1' }] });
  await runtime.call('undo', {});
  await runtime.call('read_file', { path: 'none' });
  await runtime.close();
  const page = await exported(workspace, 'shown');
  for (const text of [
    'make it better',
    '<span class="d">-two',
    '<span class="a">+2',
    '+++ b/b.txt',
    'cp-1: here',
  ]) {
    expect(page).toContain(text);
  }
  expect(page).toContain('<pre class="command">echo made &gt; b.txt</pre>');
  expect(page.match(/<details class="ok changes undone">/g)).toHaveLength(1);
  expect(page.match(/<details class="refused">/g)).toHaveLength(1);
  expect(page).toContain('undo: 2 steps in force');
});

test('hostile content becomes no markup, and nothing hides', async () => {
  const workspace = makeWorkspace({ 'a.txt': 'one\n' });
  const runtime = createRuntime({ workspace, session: `<b>${HOSTILE}` });
  await runtime.main.record({ role: HOSTILE, content: [{ type: 'text', text: UNSEEN }, HOSTILE, null, 3] });
  await runtime.main.record(HOSTILE);
  await runtime.main.record(null);
  await runtime.call('edit_file', {
    path: 'a.txt',
    edits: [{ search: 'one', replace: HOSTILE + UNSEEN.replace('\u0000', '') }],
  });
  await runtime.call('checkpoint', { label: HOSTILE });
  await runtime.call('run_command', { command: HOSTILE, args: [HOSTILE] }).catch(() => undefined);
  await codeOf(() => runtime.call('read_file', { path: `../${HOSTILE}` }));
  await runtime.close();
  const page = await exported(workspace, `<b>${HOSTILE}`);
  for (const { name, attributes } of tagsOf(page)) {
    expect(ELEMENTS).toContain(name);
    for (const attribute of attributes) expect(ATTRIBUTES).toContain(attribute);
  }
  expect(page.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  expect(page).toContain('\\u{202e}');
  expect(page).toContain('\u2400f');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
});

test('the policy of the page allows its own style sheet, and nothing else', async () => {
  const workspace = makeWorkspace();
  const runtime = createRuntime({ workspace, session: 's' });
  await runtime.call('list_files', {});
  await runtime.close();
  const page = await exported(workspace, 's');
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)!;
  const [, style] = /<style>([^]*?)<\/style>/.exec(page)!;
  const hash = createHash('sha256').update(style!).digest('base64');
  expect(policy).toBe(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
  expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<style>'));
  expect(page).not.toMatch(/\b(?:src|href|url|@import|style)\s*[=(]/);
});

test('secrets of the environment are masked in diffs too', async () => {
  const workspace = makeWorkspace({ '.env': 'KEY=none\n' });
  const runtime = createRuntime({ workspace, session: 's' });
  await runtime.call('edit_file', { path: '.env', edits: [{ search: 'none', replace: 'hunter2-hunter2' }] });
  await runtime.close();
  const page = await exported(workspace, 's', { API_TOKEN: 'hunter2-hunter2' });
  expect(page).toContain('+KEY=[masked: API_TOKEN]');
  expect(page).not.toContain('hunter2');
});

test('ten thousand events make one page', async () => {
  const workspace = makeWorkspace();
  const journal = join(workspace, '.fishplate', 'journal-1');
  mkdirSync(journal, { recursive: true });
  const store = await openStore(join(journal, 'store'), { durability: 'os' });
  const append = (stream: string, event: object) => store.append(JSON.stringify(event), { stream });
  await append('index', { id: 'long' });
  const events = [{ type: 'session', id: 'long', at: '2026-01-01T00:00:00.000Z', version: '1' }] as object[];
  for (let call = 1; call <= 5000; call += 1) {
    events.push({
      type: 'start',
      call,
      callId: `c${call}`,
      tool: 'diff',
      at: '2026-01-01T00:00:01.000Z',
      input: {},
    });
    events.push({
      type: 'end',
      call,
      status: 'ok',
      engines: {},
      summary: `call number ${call}`,
      durationMs: 1,
    });
  }
  await store.appendBatch(
    events.map((event) => JSON.stringify(event)),
    { stream: 'session/long' },
  );
  await store.close();
  const page = await exported(workspace, 'long');
  expect(page.match(/<details /g)).toHaveLength(5000);
  expect(page).toContain('call number 5000');
}, 30_000);

test('a session that is not there, and a file that cannot be written, are errors that leave nothing', async () => {
  const workspace = makeWorkspace();
  const runtime = createRuntime({ workspace, session: 's' });
  await runtime.call('list_files', {});
  await runtime.close();
  expect(await codeOf(() => exported(workspace, 'none'))).toBe('SESSION_UNKNOWN');
  const folder = makeWorkspace({ 'page.html/inside': '' });
  const target = {
    state: join(workspace, '.fishplate'),
    storage: 'auto',
    session: 's',
    engine: 'auto',
  } as const;
  const rest = { mask: createMask({}), version: '1' };
  expect(await codeOf(() => writePage({ ...target, ...rest, file: join(folder, 'page.html') }))).toBe(
    'EXPORT_FAILED',
  );
  expect(await codeOf(() => writePage({ ...target, ...rest, file: join(folder, 'no/page.html') }))).toBe(
    'EXPORT_FAILED',
  );
  expect([readdirSync(folder), existsSync(join(folder, 'page.html/inside'))]).toEqual([['page.html'], true]);
});
