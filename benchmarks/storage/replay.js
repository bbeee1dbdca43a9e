'use strict';

// Replaying 100,000 events, to Buffers and to objects, and the memory that it takes.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { join } = require('node:path');

const { compareAsync } = require('@fishplate/bench-harness');
const { openStore } = require('@fishplate/storage');
const Database = require('./sqlite');
const { encode } = require('@msgpack/msgpack');

const { makeEvents } = require('./payloads');

const EVENTS = 100_000;

/** @param {() => string} folder a new directory each time */
async function replaying(folder) {
  const texts = makeEvents(EVENTS);
  const directory = folder();
  const store = await openStore(directory, { engine: 'native' });
  for (let index = 0; index < EVENTS; index += 1000)
    await store.appendBatch(texts.slice(index, index + 1000), { durability: 'os' });
  await store.flush();
  const plain = await openStore(directory, { engine: 'fallback', readOnly: true });
  const database = new Database(join(folder(), 'events.db'));
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE events (seq INTEGER PRIMARY KEY, time INTEGER, stream TEXT, data BLOB)');
  const insert = database.prepare('INSERT INTO events (time, stream, data) VALUES (?, ?, ?)');
  database.transaction(() => {
    for (const text of texts) insert.run(Date.now(), '', Buffer.from(text));
  })();
  const select = database.prepare('SELECT seq, time, stream, data FROM events ORDER BY seq');
  const msgpack = join(folder(), 'events.msgpack');
  fs.writeFileSync(msgpack, encode(texts.map((text) => JSON.parse(text))));
  const [first] = store.replayJson({ from: EVENTS, limit: 1 });
  if (JSON.stringify(first.value) !== texts.at(-1)) throw new Error('the last event is another');
  const timings = await compareAsync(
    [
      { name: 'buffers', run: () => count(store.replay(), (event) => event.data.length) },
      { name: 'sqlite', run: () => count(select.iterate(), (row) => row.data.length) },
      { name: 'fallback', run: () => count(plain.replay(), (event) => event.data.length) },
      { name: 'objects', run: () => count(store.replayJson(), (event) => event.value.at) },
      { name: 'parse', run: () => count(texts, (text) => JSON.parse(text).at) },
      {
        name: 'sqlite objects',
        run: () => count(select.iterate(), (row) => JSON.parse(row.data.toString()).at),
      },
    ],
    { rounds: 11 },
  );
  const time = (name) => timings.find((timing) => timing.name === name).medianMs;
  database.close();
  await plain.close();
  await store.close();
  const memory = (what, path) =>
    Number(
      execFileSync(process.execPath, ['--expose-gc', join(__dirname, 'memory.js'), what, path], {
        encoding: 'utf8',
      }),
    ) /
    2 ** 20;
  const [buffers, lent, objects, loader] = [
    memory('buffers', directory),
    memory('lent', directory),
    memory('objects', directory),
    memory('msgpack', msgpack),
  ];
  const isSmall = (value) => value <= 16 && value <= 0.6 * loader;
  return [
    {
      measure: 'replay of 100,000 events of 1.3 kB to Buffers',
      unit: 'ms',
      ours: time('buffers'),
      rivals: [
        { name: 'better-sqlite3 iterate', value: time('sqlite') },
        { name: 'our fallback', value: time('fallback') },
      ],
      bar: { text: '<= 1/5 of better-sqlite3', met: time('buffers') <= time('sqlite') / 5 },
    },
    {
      measure: 'replay of 100,000 events of 1.3 kB to objects',
      unit: 'ms',
      ours: time('objects'),
      rivals: [
        { name: 'JSON.parse alone', value: time('parse') },
        { name: 'better-sqlite3 iterate and JSON.parse', value: time('sqlite objects') },
      ],
      bar: {
        text: '< 500 ms, <= 1.3x JSON.parse',
        met: time('objects') < 500 && time('objects') <= 1.3 * time('parse'),
      },
    },
    {
      measure: 'resident memory of that replay to Buffers, over the start',
      unit: 'MiB',
      ours: buffers,
      rivals: [{ name: '@msgpack/msgpack of a file', value: loader }],
      bar: { text: '<= 16 MiB, <= 60% of msgpack', met: isSmall(buffers) },
    },
    {
      measure: 'resident memory of that replay to lent Buffers, over the start',
      unit: 'MiB',
      ours: lent,
      rivals: [{ name: '@msgpack/msgpack of a file', value: loader }],
      bar: { text: '<= 16 MiB, <= 60% of msgpack', met: isSmall(lent) },
    },
    {
      measure: 'resident memory of that replay to objects, over the start',
      unit: 'MiB',
      ours: objects,
      rivals: [{ name: '@msgpack/msgpack of a file', value: loader }],
      bar: { text: '<= 16 MiB, <= 60% of msgpack', met: isSmall(objects) },
    },
  ];
}

function count(items, value) {
  let sum = 0;
  for (const item of items) sum += value(item);
  return sum;
}

module.exports = { replaying };
