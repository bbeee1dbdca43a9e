import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { DEFAULT_PROTECTED, DEFAULT_READ_DENY, resolveRules } from '../src/rules';
import { checkedOptions, makeWorld } from './world';

/** A list of strings in the Rust core. */
function rustList(name: string): string[] {
  const source = readFileSync(join(__dirname, '../../core/src/policy/defaults.rs'), 'utf8');
  const [, body] = new RegExp(`pub const ${name}: &\\[&str\\] = &\\[([^\\]]*)\\];`).exec(source)!;
  return [...body!.matchAll(/"([^"]*)"/g)].map(([, item]) => item!);
}

test('the default lists are those of the Rust core, in its order', () => {
  expect(rustList('DEFAULT_PROTECTED').length).toBeGreaterThan(10);
  expect([...DEFAULT_PROTECTED]).toEqual(rustList('DEFAULT_PROTECTED'));
  expect([...DEFAULT_READ_DENY]).toEqual(rustList('DEFAULT_READ_DENY'));
});

test('every path is absolute, and clauses stand for what is named and for where it leads', () => {
  const top = makeWorld();
  const ws = join(top, 'ws');
  symlinkSync(join(top, 'secret'), join(ws, 'link'));
  symlinkSync(ws, join(top, 'alias'));
  const rules = resolveRules(
    checkedOptions(
      join(top, 'alias'),
      {
        writableRoots: ['../root2', '.', '~/.ssh'],
        readDeny: ['link', './x/../y/', '~/.netrc'],
        protectedPaths: ['a/./b', '../out'],
        protectDefaults: false,
      },
      join(top, 'home'),
    ),
  );
  expect(rules).toMatchObject({
    workspace: ws,
    writableRoots: [ws, join(top, 'root2'), join(top, 'home/.ssh')],
    readDeny: [join(ws, 'link'), join(top, 'secret'), join(ws, 'y'), join(top, 'home/.netrc')],
    protectedPaths: [
      ...[join(ws, 'a/b'), join(top, 'out')],
      ...[join(top, 'root2/a/b')],
      ...[join(top, 'home/.ssh/a/b'), join(top, 'home/out')],
    ],
  });
  expect(rules.denied.map(({ name }) => name)).toEqual([
    ...['policy.readDeny[0]', 'policy.readDeny[0]', 'policy.readDeny[1]', 'policy.readDeny[2]'],
  ]);
});

test('modes have the roots that they say', () => {
  const ws = join(makeWorld(), 'ws');
  const of = (mode: 'read-only' | 'full-access'): object => {
    const { writableRoots, protectedPaths, guarded } = resolveRules(checkedOptions(ws, { mode }));
    return { writableRoots, protects: protectedPaths.length > 0, guards: guarded.length > 0 };
  };
  expect(of('read-only')).toEqual({ writableRoots: [], protects: false, guards: true });
  expect(of('full-access')).toEqual({ writableRoots: ['/'], protects: true, guards: true });
});

test('without a home directory its secrets are no clauses', () => {
  const top = makeWorld();
  expect(resolveRules(checkedOptions(join(top, 'ws'))).denied).toEqual([]);
  const home = join(top, 'home');
  expect(resolveRules(checkedOptions(join(top, 'ws'), {}, home)).readDeny).toContain(join(home, '.ssh'));
});

test('a workspace behind a name that is not UTF-8 is refused, not confused', () => {
  const top = makeWorld();
  const odd = Buffer.concat([Buffer.from(`${top}/`), Buffer.from([0xff])]);
  mkdirSync(odd);
  symlinkSync(odd, join(top, 'odd'));
  expect(() => resolveRules(checkedOptions(join(top, 'odd')))).toThrow(
    expect.objectContaining({ code: 'WORKSPACE_INVALID', message: expect.stringContaining('UTF-8') }),
  );
});
