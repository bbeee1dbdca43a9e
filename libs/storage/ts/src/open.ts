/** Opening and salvaging stores. */

import { resolve } from 'node:path';

import { isFishplateError } from '@fishplate/engine';

import {
  checkBoolean,
  checkDirectory,
  checkNumber,
  checkOptions,
  invalid,
  kindOf,
  levelOf,
} from './arguments';
import type { EngineOptions, StorageEngine } from './engine';
import { openFallback } from './fallback/open';
import { salvageFallback } from './fallback/salvage';
import { selectNative, type StorageNative } from './native';
import { openNative, salvageNative } from './native-engine';
import { openSidecar } from './sidecar/open';
import { Store } from './store';
import type { EngineFlag, OpenOptions, SalvageReport } from './types';

const SMALLEST_SEGMENT = 4096;
const LARGEST_SEGMENT = 2 ** 30;

/** Opens the store in a directory, and makes it where there is none (unless read-only). */
export async function openStore(dir: string, options?: OpenOptions): Promise<Store> {
  // Files are opened as long as the store is: it stays where it is when the process changes its directory.
  const directory = resolve(checkDirectory(dir));
  const given = checkOptions(options);
  const level = levelOf(given.durability ?? 'group');
  const native = selectNative(given.engine);
  const checked: EngineOptions = {
    readOnly: checkBoolean(given.readOnly, 'readOnly'),
    allowNetwork: checkBoolean(given.allowNetwork, 'allowNetwork'),
    segmentBytes: segmentBytes(given.segmentBytes),
    mmap: checkBoolean(given.mmap, 'mmap'),
  };
  const isShared = checkTransport(given.transport) && !checked.readOnly;
  const salvage = checkBoolean(given.salvage, 'salvage');
  if (salvage && checked.readOnly) throw invalid('salvage writes, so that it is not for readOnly');
  if (isShared) {
    const { allowNetwork, segmentBytes } = checked;
    const engine = native === null ? 'fallback' : 'native';
    return opened(
      await openSidecar(directory, { engine, allowNetwork, segmentBytes, salvage }, () =>
        openWith(native, directory, { ...checked, readOnly: true }),
      ),
    );
  }
  const open = (): Promise<StorageEngine> => openWith(native, directory, checked);
  try {
    return opened(await open());
  } catch (error) {
    if (!salvage || !isFishplateError(error) || error.code !== 'STORAGE_CORRUPT') throw error;
    const salvaged = await salvageWith(native, directory, checked);
    return opened(await open(), salvaged);
  }

  function opened(engine: StorageEngine, salvaged?: SalvageReport): Store {
    const report = salvaged === undefined ? engine.openReport : { ...engine.openReport, salvaged };
    return new Store(engine, directory, level, checked.readOnly, report);
  }
}

/**
 * Makes a damaged store usable again, with every event and checkpoint that is still valid; the old log goes to `quarantine/`.
 * Nobody may have the store open.
 */
export async function salvageStore(
  dir: string,
  options?: { engine?: EngineFlag; segmentBytes?: number; allowNetwork?: boolean },
): Promise<SalvageReport> {
  const directory = resolve(checkDirectory(dir));
  const given = checkOptions(options);
  return salvageWith(selectNative(given.engine), directory, {
    readOnly: false,
    allowNetwork: checkBoolean(given.allowNetwork, 'allowNetwork'),
    segmentBytes: segmentBytes(given.segmentBytes),
    mmap: false,
  });
}

function openWith(
  native: StorageNative | null,
  directory: string,
  options: EngineOptions,
): Promise<StorageEngine> {
  return native === null ? openFallback(directory, options) : openNative(native, directory, options);
}

function salvageWith(
  native: StorageNative | null,
  directory: string,
  options: EngineOptions,
): Promise<SalvageReport> {
  return native === null ? salvageFallback(directory, options) : salvageNative(native, directory, options);
}

/** Whether the writer is a sidecar. */
function checkTransport(value: unknown): boolean {
  if (value !== undefined && value !== 'inproc' && value !== 'sidecar') {
    const shown = typeof value === 'string' ? JSON.stringify(value) : kindOf(value);
    throw invalid(`transport is ${shown}; it must be 'inproc' or 'sidecar'`);
  }
  return value === 'sidecar';
}

function segmentBytes(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const bytes = checkNumber(value, 'segmentBytes', SMALLEST_SEGMENT);
  if (bytes > LARGEST_SEGMENT)
    throw invalid(`segmentBytes is ${bytes}; at most ${LARGEST_SEGMENT} is possible`);
  return bytes;
}
