/**
 * Proves the gitignore track on the machine at hand, with both engines: git is asked for the truth.
 *
 *     node dist/main.js [--repositories N] [--json FILE]
 *
 * The native engine must agree with git in everything; of the fallback the differences are counted. Exit code 1 where a
 * check fails or the native engine does not load.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { capability, listFiles, openMatcher, walkFiles } from '@fishplate/gitignore';
import { type AskedEngine, type Check, validate } from '@fishplate/validation';

import { type Generated, generate, gitDecisions, gitList } from './generate';

const WITHOUT_GIT = spawnSync('git', ['--version']).status === 0 ? undefined : 'git is not installed';

/** Share of paths that npm `ignore` may see otherwise in these repositories, which are all corners. */
const FALLBACK_SHARE = 0.1;

function checks(repositories: number): Check[] {
  const all = (folder: string): Generated[] =>
    Array.from({ length: repositories }, (_, index) => generate(join(folder, String(index)), index + 1));
  return [
    {
      name: 'listings are those of git ls-files -co --exclude-standard',
      skip: WITHOUT_GIT,
      async run(engine, folder) {
        let [paths, different] = [0, 0];
        for (const { root } of all(folder)) {
          const [ours, theirs] = [new Set(await listFiles(root, { engine })), new Set(gitList(root))];
          paths += theirs.size;
          different += [...ours].filter((path) => !theirs.has(path)).length;
          different += [...theirs].filter((path) => !ours.has(path)).length;
        }
        return judged(engine, paths, different);
      },
    },
    {
      name: 'decisions are those of git check-ignore --no-index -v',
      skip: WITHOUT_GIT,
      run(engine, folder) {
        let [count, different] = [0, 0];
        for (const { root, paths } of all(folder)) {
          const matcher = openMatcher(root, { engine });
          const theirs = gitDecisions(root, paths);
          paths.forEach((path, index) => {
            const found = matcher.explain(path);
            const ours = found === null ? '::' : [found.source, found.line, found.pattern].join(':');
            if (ours !== theirs[index]) different++;
          });
          count += paths.length;
        }
        return judged(engine, count, different);
      },
    },
    {
      name: 'loops, pipes and names with line ends harm nobody',
      async run(engine, folder) {
        mkdirSync(join(folder, 'a'), { recursive: true });
        symlinkSync('..', join(folder, 'a', 'up'));
        writeFileSync(join(folder, 'new\nline'), '');
        spawnSync('mkfifo', [join(folder, 'a', '.gitignore')]);
        const files = await listFiles(folder, { engine, followSymlinks: true });
        if (!files.includes('new\nline') || files.length !== 1) throw new Error(JSON.stringify(files));
        return '1 file';
      },
    },
    {
      name: 'closed directories are told, and the rest is listed',
      async run(engine, folder) {
        if (process.geteuid === undefined) return 'not on this system';
        for (const path of ['open/a', 'closed/b', 'c']) write(folder, path);
        chmodSync(join(folder, 'closed'), 0);
        const problems: string[] = [];
        const list = (): Promise<string[]> =>
          listFiles(folder, { engine, onProblem: ({ path, code }) => problems.push(`${path} ${code}`) });
        const files = await asNobody(folder, list);
        chmodSync(join(folder, 'closed'), 0o755);
        const found = JSON.stringify([files, problems]);
        if (found !== '[["c","open/a"],["closed EACCES"]]') throw new Error(found);
        return '1 directory';
      },
    },
    {
      name: 'what vanishes during a walk is no problem',
      async run(engine, folder) {
        for (let index = 0; index < 400; index++)
          for (let file = 0; file < 20; file++) write(folder, `d${index}/e/file-${file}`);
        let found = 0;
        const problems: string[] = [];
        for await (const batch of walkFiles(folder, {
          engine,
          onProblem: ({ path }) => problems.push(path),
        })) {
          if (found === 0) rmSync(folder, { recursive: true });
          found += batch.length;
        }
        if (found === 0 || found >= 8000 || problems.length > 0)
          throw new Error(`${found}, ${problems.join()}`);
        return `${found} of 8000 files`;
      },
    },
    {
      name: 'an ignore file of a megabyte is read as git reads it',
      skip: WITHOUT_GIT,
      async run(engine, folder) {
        for (const path of ['sub/name-77', 'sub/name-x', 'keep', 'sub/new\nline']) write(folder, path);
        const tail = 'of-some-length/'.repeat(8);
        const patterns = Array.from({ length: 8000 }, (_, index) => `sub/name-${index}*/${tail}x?`);
        write(folder, '.gitignore', [...patterns, 'sub/name-7[0-9]', 'keep'].join('\n'));
        spawnSync('git', ['init', '-q'], { cwd: folder });
        const files = (await listFiles(folder, { engine })).join();
        if (files !== gitList(folder).join() || files.includes('keep')) throw new Error(files);
        return `${patterns.length + 2} patterns`;
      },
    },
    {
      name: '200,000 answers leave no memory behind',
      run(engine, folder) {
        write(folder, '.gitignore', '*.log\n');
        const matcher = openMatcher(folder, { engine });
        const ask = (): void => {
          for (let index = 0; index < 100_000; index++)
            if (!matcher.ignores(`no-${index}/x.log`, false)) throw new Error(String(index));
        };
        ask();
        const before = process.memoryUsage().rss;
        ask();
        const grown = (process.memoryUsage().rss - before) / 2 ** 20;
        if (grown > 60) throw new Error(`${grown.toFixed(0)} MiB`);
        return `${grown.toFixed(0)} MiB more`;
      },
    },
    {
      name: 'an ignore file of 10,000 patterns is answered from',
      run(engine, folder) {
        mkdirSync(folder, { recursive: true });
        const patterns = Array.from({ length: 10_000 }, (_, index) => `dir-${index}/*.o${index % 7}`);
        writeFileSync(join(folder, '.gitignore'), patterns.join('\n'));
        const started = performance.now();
        const matcher = openMatcher(folder, { engine });
        const answers = matcher.ignoresAll(['dir-9999/x.o3', 'dir-9999/x.o4', 'dir-0/x.o0']);
        if (answers.join() !== 'true,false,true') throw new Error(answers.join());
        return `${(performance.now() - started).toFixed(1)} ms`;
      },
    },
  ];
}

function write(folder: string, path: string, content = ''): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Permissions do not bind root: works as an ordinary user who owns `folder`, and may reach it. */
async function asNobody<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid!() !== 0) return work();
  spawnSync('chown', ['-R', '65534', folder]);
  process.seteuid!(65534);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

function judged(engine: AskedEngine, paths: number, different: number): string {
  const detail = `${paths} paths, ${different} different`;
  const allowed = engine === 'native' ? 0 : FALLBACK_SHARE * paths;
  if (paths === 0 || different > allowed) throw new Error(detail);
  return detail;
}

const { values } = parseArgs({
  options: { repositories: { type: 'string', default: '60' }, json: { type: 'string' } },
});

void validate({
  checks: checks(Number(values.repositories)),
  capabilities: [capability({ call: 'native' }), capability({ call: 'fallback' })],
  json: values.json,
});
