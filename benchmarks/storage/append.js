'use strict';

// Appending: one event that the system has, and 64 in flight that are on the disk.

const fs = require('node:fs');
const { join } = require('node:path');

const { compareAsync, quantile } = require('@fishplate/bench-harness');
const { openStore } = require('@fishplate/storage');
const Database = require('./sqlite');
const { ClassicLevel } = require('classic-level');
const { open: openLmdb } = require('lmdb');

const { makeEvents } = require('./payloads');

const EVENTS = 2_000;
const AT_ONCE = 64;

/** @param {() => string} folder a new directory each time */
async function appending(folder) {
  return [...(await toTheSystem(folder)), ...(await toTheDisk(folder))];
}

async function toTheSystem(folder) {
  const events = makeEvents(EVENTS).map((text) => Buffer.from(text));
  const store = await openStore(folder(), { engine: 'native', durability: 'os' });
  const plain = await openStore(folder(), { engine: 'fallback', durability: 'os' });
  const fd = fs.openSync(join(folder(), 'raw'), 'a');
  const jsonl = join(folder(), 'log.jsonl');
  const waits = [];
  const timings = await compareAsync(
    [
      { name: 'ours', run: () => each(events, (event) => timed(waits, () => store.appendSync(event))) },
      { name: 'writev', run: () => each(events, (event) => fs.writevSync(fd, [event])) },
      { name: 'fallback', run: () => each(events, (event) => plain.appendSync(event)) },
      { name: 'jsonl', run: () => each(events, (event) => fs.appendFileSync(jsonl, event)) },
      { name: 'batch', run: () => batches(events, (batch) => store.appendBatch(batch)) },
      { name: 'writev64', run: () => batches(events, (batch) => fs.writevSync(fd, batch)) },
    ],
    { rounds: 15 },
  );
  const time = microseconds(timings, events.length);
  fs.closeSync(fd);
  await store.close();
  await plain.close();
  const p99 = quantile(
    waits.sort((a, b) => a - b),
    0.99,
  );
  return [
    {
      measure: 'append of 1.3 kB, os, one at a time',
      unit: 'us',
      ours: time('ours'),
      rivals: [
        { name: 'fs.writevSync', value: time('writev') },
        { name: 'fs.appendFileSync (JSONL)', value: time('jsonl') },
        { name: 'our fallback', value: time('fallback') },
      ],
      bar: { text: '<= 1.1x fs.writevSync', met: time('ours') <= 1.1 * time('writev') },
    },
    {
      measure: 'append of 1.3 kB, os, 64 a batch',
      unit: 'us',
      ours: time('batch'),
      rivals: [{ name: 'fs.writevSync of 64', value: time('writev64') }],
      bar: { text: '<= 1.1x fs.writevSync', met: time('batch') <= 1.1 * time('writev64') },
    },
    { measure: 'append, os: P99', unit: 'ms', ours: p99, rivals: [], bar: { text: '< 5 ms', met: p99 < 5 } },
  ];
}

async function toTheDisk(folder) {
  const events = makeEvents(AT_ONCE * 8).map((text) => Buffer.from(text));
  const store = await openStore(folder(), { engine: 'native' });
  const plain = await openStore(folder(), { engine: 'fallback' });
  const database = new Database(join(folder(), 'events.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE events (seq INTEGER PRIMARY KEY, time INTEGER, stream TEXT, data BLOB)');
  const insert = database.prepare('INSERT INTO events (time, stream, data) VALUES (?, ?, ?)');
  const transaction = database.transaction((batch) => {
    for (const event of batch) insert.run(Date.now(), '', event);
  });
  const lmdb = openLmdb({ path: join(folder(), 'lmdb'), encoding: 'binary' });
  const level = new ClassicLevel(folder(), { keyEncoding: 'utf8', valueEncoding: 'buffer' });
  await level.open();
  const fd = fs.openSync(join(folder(), 'raw'), 'w');
  // As ours: into room that is there.
  fs.writeSync(fd, Buffer.alloc(32 << 20));
  fs.fsyncSync(fd);
  let [offset, key] = [0, 0];
  const raw = (batch) => {
    offset += fs.writevSync(fd, batch, offset % (30 << 20));
    fs.fdatasyncSync(fd);
  };
  const inFlight = (target) => (batch) => Promise.all(batch.map((event) => target.append(event)));
  const timings = await compareAsync(
    [
      { name: 'ours', run: () => batches(events, inFlight(store)) },
      { name: 'sqlite', run: () => batches(events, transaction) },
      { name: 'raw', run: () => batches(events, raw) },
      { name: 'fallback', run: () => batches(events, inFlight(plain)) },
      {
        name: 'lmdb',
        run: () => batches(events, (batch) => Promise.all(batch.map((event) => lmdb.put(key++, event)))),
      },
      {
        name: 'level',
        run: () =>
          batches(events, (batch) =>
            level.batch(
              batch.map((value) => ({ type: 'put', key: String(key++).padStart(12, '0'), value })),
              { sync: true },
            ),
          ),
      },
    ],
    { rounds: 41 },
  );
  const time = microseconds(timings, events.length);
  fs.closeSync(fd);
  database.close();
  await Promise.all([store.close(), plain.close(), lmdb.close(), level.close()]);
  return [
    {
      measure: 'append of 1.3 kB, group, 64 in flight',
      unit: 'us',
      ours: time('ours'),
      rivals: [
        { name: 'better-sqlite3 (WAL, FULL, 64 a transaction)', value: time('sqlite') },
        { name: 'writev and fdatasync of 64', value: time('raw') },
        { name: 'lmdb', value: time('lmdb') },
        { name: 'classic-level (64 a batch, sync)', value: time('level') },
        { name: 'our fallback', value: time('fallback') },
      ],
      bar: {
        text: '>= 1.2x better-sqlite3, <= 1.2x raw fdatasync',
        met: time('sqlite') >= 1.2 * time('ours') && time('ours') <= 1.2 * time('raw'),
      },
    },
  ];
}

function each(events, run) {
  for (const event of events) run(event);
}

async function batches(events, run) {
  for (let index = 0; index < events.length; index += AT_ONCE)
    await run(events.slice(index, index + AT_ONCE));
}

function timed(waits, run) {
  const start = performance.now();
  run();
  waits.push(performance.now() - start);
}

function microseconds(timings, events) {
  return (name) => (timings.find((timing) => timing.name === name).medianMs * 1000) / events;
}

module.exports = { appending };
