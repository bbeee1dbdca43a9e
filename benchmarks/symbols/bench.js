'use strict';

/**
 * The symbols track against its rivals, on 100,000 symbols of the quality set, in one run.
 *
 *     npx nx bench @fishplate/symbols-bench
 */

const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { table, writeResults } = require('@fishplate/bench-harness');
const { createSymbolIndex } = require('@fishplate/symbols');

const { fileRows, largeRows, queryRows, updateRows } = require('./latency');
const { filesWithEnds } = require('./memory');
const { qualityRows } = require('./quality');
const { readCorpus } = require('./quality/corpus');
const { rivalsOf } = require('./rivals');

/** What a Map of objects takes, and the index. */
async function memoryRows() {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-symbols-'));
  try {
    const file = join(folder, 'index');
    const index = createSymbolIndex({ engine: 'native' });
    index.updateFiles(filesWithEnds());
    await index.save(file);
    index.close();
    const measured = (kind) =>
      JSON.parse(
        execFileSync(process.execPath, ['--expose-gc', join(__dirname, 'memory.js'), kind, file], {
          encoding: 'utf8',
        }),
      );
    const [map, own] = [measured('map'), measured('index')];
    // What the index tells of itself does not count what loading left behind; the larger of both is reported.
    const ours = Math.max(own.bytes, own.told);
    return [
      {
        measure: 'memory of 100,000 symbols with kind, place, end, container and signature',
        unit: 'MB',
        ours: ours / 1e6,
        rivals: [{ name: 'Map of the same objects', value: map.bytes / 1e6 }],
        bar: { text: '<= 50% of the Map', met: ours * 2 <= map.bytes },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The binding gives what the fallback gives: a wrong answer is not worth timing. */
function checkEngines(index, files, queries) {
  const fallback = createSymbolIndex({ engine: 'fallback' });
  fallback.updateFiles(files);
  for (const { text } of queries.filter((_, at) => at % 40 === 0)) {
    const [ours, theirs] = [index, fallback].map((own) =>
      JSON.stringify(own.query(text).map(({ score, path }) => [score, path])),
    );
    if (ours !== theirs) throw new Error(`the engines differ on ${text}`);
  }
}

async function main() {
  const { files, reported } = readCorpus();
  const index = createSymbolIndex({ engine: 'native' });
  index.updateFiles(files);
  checkEngines(index, files, reported);
  const symbols = files.flatMap(({ path, symbols: own }) =>
    own.map(({ name, container }) => ({ path, name, container })),
  );
  const rivals = { names: rivalsOf(symbols, false), paths: rivalsOf(symbols, true) };
  const rows = [
    ...qualityRows(index, rivals, reported),
    ...queryRows(index, rivals, reported),
    ...updateRows(index, files),
    ...(await fileRows(index, files)),
    ...(await memoryRows()),
    ...largeRows(files, reported),
  ];
  process.stdout.write(`${table(rows)}\n`);
  writeResults('symbols', 'npx nx bench @fishplate/symbols-bench', rows);
}

void main();
