/** Attacks of `cmd.exe`, for Windows: like those of a shell, with what shows that they succeeded. */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Attack, World } from './attacks';

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

/** The attacks. */
export const ATTACKS_OF_WINDOWS: readonly Attack[] = [
  write(
    'write outside',
    ({ outside }) => `echo x> "${join(outside, 'new')}"`,
    ({ outside }) => join(outside, 'new'),
  ),
  write(
    'write outside by a junction',
    ({ outside }) => `mklink /j j "${outside}"\r\necho x> j\\new`,
    ({ outside }) => join(outside, 'new'),
  ),
  write(
    'write outside by an alternate stream',
    ({ outside }) => `echo x> "${join(outside, 'victim')}:s"`,
    ({ outside }) => `${join(outside, 'victim')}:s`,
  ),
  {
    name: 'delete outside',
    async run({ outside }, shell) {
      await shell(`del /q "${join(outside, 'victim')}"`);
      return !existsSync(join(outside, 'victim'));
    },
  },
  print('read a secret', ({ secret }) => `type "${join(secret, 'key')}"`, 'SECRET-KEY'),
  print(
    'read a secret by a junction',
    ({ secret }) => `mklink /j s "${secret}"\r\ntype s\\key`,
    'SECRET-KEY',
  ),
  print(
    'reach a service of this machine',
    ({ port }) => `curl --http0.9 --silent --max-time 5 http://127.0.0.1:${port}/`,
    'hello',
  ),
];
