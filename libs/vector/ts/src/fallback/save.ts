/** Saving: a temporary file beside the old one, written through to the disk, which then takes its name. */

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { VECTOR_CODES } from '../codes';
import { ByteWriter, writeMetadata } from '../encoding';
import { crc32 } from './crc32';
import { aligned, encodeHeader, HEADER, type Section, SECTIONS } from './header';
import type { Rows } from './rows';

const GRAPH_VERSION = 1;

/** Writes what the rows are now; they may change while it is written. */
export async function writeIndexFile(path: string, rows: Rows, live: number): Promise<void> {
  const contents = {
    labels: [labels(rows)],
    measures: rows.planes('measures'),
    vectors: rows.planes('vectors'),
    codes: rows.planes('codes'),
    graph: graph(rows),
  };
  const { shape, end } = rows;
  const target = await realpath(path).catch(() => path);
  const temporary = join(
    dirname(target),
    `.${basename(target)}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`,
  );
  try {
    const file = await open(temporary, 'wx');
    try {
      const old = await stat(target).catch(() => null);
      // Who could read the old one can read the new one, and nobody else.
      if (old !== null) await file.chmod(old.mode & 0o7777);
      const sections: Record<string, Section> = {};
      let at = HEADER;
      for (const name of SECTIONS) {
        const start = aligned(at);
        const [length, checksum] = await writeAll(file, contents[name], start);
        sections[name] = { start, length, checksum };
        at = start + length;
      }
      const header = {
        shape,
        hasGraph: shape.graph !== undefined,
        end,
        live,
        sections: sections as Record<(typeof SECTIONS)[number], Section>,
      };
      await writeAll(file, [encodeHeader(header)], 0);
      // A last section without bytes still ends where the next one would start.
      await file.truncate(at);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw VECTOR_CODES.error('FILE_FAILED', `cannot save ${target}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function writeAll(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  start: number,
): Promise<[length: number, checksum: number]> {
  let at = start;
  let checksum = 0;
  for (const chunk of chunks) {
    checksum = crc32(chunk, checksum);
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at);
      done += bytesWritten;
      at += bytesWritten;
    }
  }
  return [at - start, checksum];
}

async function syncFolder(folder: string): Promise<void> {
  // Folders cannot be opened for that on Windows, which keeps renames in order.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function labels(rows: Rows): Uint8Array {
  const to = new ByteWriter();
  for (let row = 0; row < rows.end; row++) {
    const key = rows.keys[row];
    if (key === undefined) {
      to.u16(0);
      continue;
    }
    to.text(key, 2);
    writeMetadata(rows.metadata[row], to);
  }
  return to.written();
}

/** What a graph is to be made of: the native engine makes it when it loads the file. */
function graph({ shape }: Rows): Uint8Array[] {
  if (shape.graph === undefined) return [];
  const to = new ByteWriter();
  to.u32(GRAPH_VERSION);
  to.u32(shape.graph.connections);
  to.u32(shape.graph.effort);
  return [to.written()];
}
