'use strict';

/**
 * The bars of the storage track, against better-sqlite3, lmdb, classic-level, JSONL by appendFile, MessagePack in files, and
 * the system calls themselves, in one run.
 *
 *     npx nx bench @fishplate/storage-bench
 */

const { mkdirSync, mkdtempSync, realpathSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { table, writeResults } = require('@fishplate/bench-harness');

const { appending } = require('./append');
const { checkpoints } = require('./checkpoint');
const { replaying } = require('./replay');

async function main() {
  const root = realpathSync(
    mkdtempSync(join(process.env.FISHPLATE_BENCH_DIR ?? tmpdir(), 'fishplate-bench-')),
  );
  let folders = 0;
  const folder = () => {
    const path = join(root, String(folders++));
    mkdirSync(path);
    return path;
  };
  try {
    const rows = [];
    for (const part of [appending, replaying, checkpoints]) rows.push(...(await part(folder)));
    process.stdout.write(`${table(rows)}\n`);
    writeResults('storage', 'npx nx bench @fishplate/storage-bench', rows);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

void main();
