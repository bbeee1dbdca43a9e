'use strict';

/** How long queries, edits and loading take. */

const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { quantile } = require('@fishplate/bench-harness');
const { createSymbolIndex, loadSymbolIndex } = require('@fishplate/symbols');

/** Milliseconds of each call; sorted. */
function timed(calls) {
  const times = calls.map((call) => {
    const start = process.hrtime.bigint();
    call();
    return Number(process.hrtime.bigint() - start) / 1e6;
  });
  return times.sort((a, b) => a - b);
}

/** Texts as they are typed at the beginning: one letter and two. */
const SHORT = [...'abcdefgst', 'se', 'st', 'pa', 'xz', 'to', 're', 'ge'];

/** Queries of all classes, with those of one and two letters. */
function queryRows(index, rivals, queries) {
  const texts = [...queries, ...SHORT.map((text) => ({ text }))];
  const run = (search) => {
    for (const { text } of texts.slice(0, 50)) search(text, 20);
    return timed(
      texts.map(
        ({ text }) =>
          () =>
            search(text, 20),
      ),
    );
  };
  const ours = run((text, limit) => index.query(text, { limit }));
  const others = rivals.names
    .filter(({ name }) => name !== 'fuse.js')
    .map(({ name, search }) => ({ name, times: run(search) }));
  const row = (name, share, limit) => ({
    measure: `query of 100,000 symbols, ${name} over all classes`,
    unit: 'ms',
    ours: quantile(ours, share),
    rivals: others.map((other) => ({ name: other.name, value: quantile(other.times, share) })),
    bar: { text: `< ${limit} ms`, met: quantile(ours, share) < limit },
  });
  return [row('P50', 0.5, 1), row('P99', 0.99, 5)];
}

/** The corpus ten times, in other folders and with other names. */
function largeRows(files, queries) {
  const index = createSymbolIndex({ engine: 'native' });
  index.updateFiles(files);
  for (let copy = 1; copy < 10; copy++) {
    const mark = (Math.imul(copy, 2_654_435_761) >>> 0).toString(36).slice(0, 3);
    index.updateFiles(
      files.map(({ path, symbols }) => ({
        path: `copy${copy}/${path}`,
        symbols: symbols.map((symbol) => ({ ...symbol, name: `${symbol.name}${mark}` })),
      })),
    );
  }
  for (const { text } of queries.slice(0, 50)) index.query(text);
  const times = timed(
    queries.map(
      ({ text }) =>
        () =>
          index.query(text),
    ),
  );
  const { symbols } = index.stats();
  index.close();
  return [
    {
      measure: `query of ${symbols.toLocaleString('en')} symbols, P99 over all classes`,
      unit: 'ms',
      ours: quantile(times, 0.99),
      rivals: [],
      bar: { text: '< 25 ms', met: quantile(times, 0.99) < 25 },
    },
  ];
}

/** Files of 200 symbols, changed one after the other. */
function updateRows(index, files) {
  const pool = files.flatMap(({ symbols }) => symbols);
  const edits = Array.from({ length: 600 }, (_, edit) => ({
    path: `edited/${edit % 40}.ts`,
    symbols: pool.slice(edit * 150, edit * 150 + 200),
  }));
  for (const { path, symbols } of edits.slice(0, 100)) index.updateFile(path, symbols);
  const times = timed(
    edits.map(
      ({ path, symbols }) =>
        () =>
          index.updateFile(path, symbols),
    ),
  );
  for (const { path } of edits) index.removeFile(path);
  return [
    {
      measure: 'updateFile of 200 symbols in an index of 100,000, P99',
      unit: 'ms',
      ours: quantile(times, 0.99),
      rivals: [],
      bar: { text: '< 10 ms', met: quantile(times, 0.99) < 10 },
    },
  ];
}

/** Saving and loading, against JSON of the same files. */
async function fileRows(index, files) {
  const folder = mkdtempSync(join(tmpdir(), 'fishplate-symbols-'));
  try {
    const path = join(folder, 'index');
    const [saves, loads, parses] = [[], [], []];
    const json = JSON.stringify(files);
    for (let round = 0; round < 15; round++) {
      saves.push(await elapsed(() => index.save(path)));
      loads.push(await elapsed(async () => (await loadSymbolIndex(path, { engine: 'native' })).close()));
      parses.push(await elapsed(async () => JSON.parse(json)));
    }
    const median = (times) =>
      quantile(
        [...times].sort((a, b) => a - b),
        0.5,
      );
    return [
      {
        measure: 'load of 100,000 symbols',
        unit: 'ms',
        ours: median(loads),
        rivals: [{ name: 'JSON.parse of the same', value: median(parses) }],
        bar: { text: '< 50 ms', met: median(loads) < 50 },
      },
      {
        measure: 'save of 100,000 symbols, with fsync',
        unit: 'ms',
        ours: median(saves),
        rivals: [],
        bar: undefined,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function elapsed(run) {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

module.exports = { fileRows, largeRows, queryRows, updateRows };
