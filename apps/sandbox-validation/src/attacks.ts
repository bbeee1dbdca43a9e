/** Attacks of a shell, each with what shows that it succeeded. The full list is that of libs/sandbox/core/tests. */

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where an attack takes place. */
export interface World {
  readonly workspace: string;
  readonly outside: string;
  /** What the policy lets nobody read. */
  readonly secret: string;
  /** A service of this machine. */
  readonly port: number;
}

/** Runs a script, and answers what it printed. */
export type Shell = (script: string) => Promise<string>;

/** An attack. */
export interface Attack {
  readonly name: string;
  /** The only system on which it can succeed, where that is so. */
  readonly on?: NodeJS.Platform;
  /** Whether it succeeded. */
  run(world: World, shell: Shell): Promise<boolean>;
  /** Takes back what it did. */
  clean?(world: World): void;
}

const write = (name: string, script: (world: World) => string, file: (world: World) => string): Attack => ({
  name,
  async run(world, shell) {
    await shell(script(world));
    return existsSync(file(world));
  },
  clean: (world) => rmSync(file(world), { recursive: true, force: true }),
});

const print = (name: string, script: (world: World) => string, proof: string): Attack => ({
  name,
  run: async (world, shell) => (await shell(script(world))).includes(proof),
});

const node = (program: string): string => `'${process.execPath}' -e "${program}"`;

/** The attacks. */
export const ATTACKS: readonly Attack[] = [
  write(
    'write outside',
    ({ outside }) => `echo x > '${outside}/new'`,
    ({ outside }) => join(outside, 'new'),
  ),
  {
    ...write(
      'write outside by /proc/self/root',
      ({ outside }) => `echo x > '/proc/self/root${outside}/new'`,
      ({ outside }) => join(outside, 'new'),
    ),
    on: 'linux',
  },
  {
    name: 'write outside through a hard link',
    async run({ outside }, shell) {
      await shell(`ln '${outside}/victim' l && echo more >> l`);
      return readFileSync(join(outside, 'victim'), 'utf8').includes('more');
    },
    clean({ outside, workspace }) {
      rmSync(join(workspace, 'l'), { force: true });
      writeFileSync(join(outside, 'victim'), 'victim\n');
    },
  },
  {
    name: 'change a mode outside',
    async run({ outside }, shell) {
      await shell(`chmod 700 '${outside}/victim'`);
      return (statSync(join(outside, 'victim')).mode & 0o777) === 0o700;
    },
    clean({ outside }) {
      rmSync(join(outside, 'victim'));
      writeFileSync(join(outside, 'victim'), 'victim\n');
    },
  },
  print('read a secret', ({ secret }) => `cat '${secret}/key'`, 'SECRET-KEY'),
  print('read a secret by a link', ({ secret }) => `ln -sf '${secret}' s; cat s/key`, 'SECRET-KEY'),
  write(
    'plant a git hook',
    () => 'mkdir -p .git/hooks; echo x > .git/hooks/post-commit',
    ({ workspace }) => join(workspace, '.git/hooks/post-commit'),
  ),
  print(
    'reach a service of this machine',
    ({ port }) =>
      node(`require('net').connect(${port}, '127.0.0.1').on('data', (d) => console.log(String(d)))`),
    'hello',
  ),
  print('signal a process of this machine', () => `kill -0 ${process.pid} && echo alive`, 'alive'),
];
