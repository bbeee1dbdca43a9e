/** Opening a store through its sidecar: found, or started by whoever needs it first. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { isFishplateError } from '@fishplate/engine';

import type { StorageEngine } from '../engine';
import type { OpenReport } from '../types';
import { SidecarEngine } from './engine';
import { Link } from './link';
import { findPlace } from './place';
import { errorOf, type Fault, PROTOCOL, unavailable } from './protocol';

/** How long the sidecar may take to be there, in ms. */
const START_MS = 20_000;
/** Between two looks at whether another's sidecar is there, in ms. */
const PAUSE_MS = 20;

/** What a sidecar is started with; one that runs already keeps what it was started with. */
export interface SidecarOptions {
  readonly engine: string;
  readonly allowNetwork: boolean;
  readonly segmentBytes: number | undefined;
  readonly salvage: boolean;
}

/** Connects, and opens the same store for reading with `openReader`. `directory` is absolute. */
export async function openSidecar(
  directory: string,
  options: SidecarOptions,
  openReader: () => Promise<StorageEngine>,
): Promise<StorageEngine> {
  const end = Date.now() + START_MS;
  let refused: Error | undefined;
  for (;;) {
    const opened = await connect(directory);
    if (opened !== null) {
      const { link, report, release } = opened;
      try {
        return new SidecarEngine(link, await openReader(), report, release);
      } catch (error) {
        await link.close();
        release();
        throw error;
      }
    }
    if (Date.now() > end) throw refused ?? unavailable(`no sidecar answers within ${START_MS} ms`);
    refused = await start(directory, options);
    // Another's sidecar that begins or ends holds the store for a moment.
    if (refused !== undefined) await delay(PAUSE_MS);
    if (refused !== undefined && Date.now() > end - START_MS + 3000) throw refused;
  }
}

async function connect(
  directory: string,
): Promise<{ link: Link; report: OpenReport; release: () => void } | null> {
  const place = findPlace(directory);
  if (place === null) return null;
  const link = await Link.connect(place.socket);
  if (link === null) {
    place.release();
    return null;
  }
  try {
    const { protocol, openReport } = await link.call<{ protocol: number; openReport: OpenReport }>('open');
    if (protocol !== PROTOCOL) {
      throw unavailable(`the sidecar that runs speaks protocol ${protocol}, and this is ${PROTOCOL}`);
    }
    return { link, report: openReport, release: () => place.release() };
  } catch (error) {
    await link.close();
    place.release();
    // It was just ending.
    if (isFishplateError(error) && error.code === 'STORAGE_POISONED') return null;
    throw error;
  }
}

/** Starts a sidecar; the error where another process holds the store. @throws every other error that it ends with. */
async function start(directory: string, options: SidecarOptions): Promise<Error | undefined> {
  const file = fileOf();
  // From source, as tests run it, it needs the loader of this process.
  const loader = file.endsWith('.ts') ? process.execArgv : [];
  const child = spawn(process.execPath, [...loader, file, directory, JSON.stringify(options)], {
    cwd: '/',
    // Ctrl-C is this process' to handle; the end of its last client is what ends the sidecar.
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(unavailable(`it does not start: ${error.message}`, error)));
  });
  const said = new Promise<string | undefined>((resolve) => {
    const lines = createInterface({ input: child.stdout });
    lines.once('line', resolve);
    lines.once('close', () => resolve(undefined));
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
  try {
    const line = await Promise.race([said, failed]);
    if (line === undefined) throw unavailable('it ended before it listened');
    const { error } = JSON.parse(line) as { error?: Fault };
    if (error === undefined) return undefined;
    const told = errorOf(error);
    if (isFishplateError(told) && told.code === 'STORAGE_LOCKED') return told;
    throw told;
  } finally {
    clearTimeout(timer);
    child.stdout.destroy();
    child.unref();
  }
}

/** The file that the sidecar runs: next to this one, unless a bundler has put everything into one file. */
function fileOf(): string {
  try {
    return require.resolve('./daemon');
  } catch (error) {
    throw unavailable('its file is not there: leave @fishplate/storage out of the bundle', error);
  }
}
