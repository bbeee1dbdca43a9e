'use strict';

// Saving and loading states of 100 kB, 1 MB and 10 MB, whole and grown by three messages.

const fs = require('node:fs/promises');
const { join } = require('node:path');

const { compareAsync } = require('@fishplate/bench-harness');
const { openStore } = require('@fishplate/storage');
const { decode, encode } = require('@msgpack/msgpack');
const { pack, unpack } = require('msgpackr');

const { makeStates } = require('./payloads');

const SIZES = [
  ['100 kB', 1e5],
  ['1 MB', 1e6],
  ['10 MB', 1e7],
];

/** @param {() => string} folder a new directory each time */
async function checkpoints(folder) {
  const rows = [];
  for (const [name, bytes] of SIZES) rows.push(...(await ofSize(folder, name, bytes)));
  return rows;
}

async function ofSize(folder, name, bytes) {
  const { state, grown } = makeStates(bytes);
  const store = await openStore(folder(), { engine: 'native' });
  const plain = await openStore(folder(), { engine: 'fallback' });
  const files = folder();
  const [json, grownJson] = [Buffer.from(JSON.stringify(state)), Buffer.from(JSON.stringify(grown))];
  // A changed byte each time: the same state again would not be written.
  let round = 0;
  const changed = (buffer) => {
    buffer.writeUInt32LE(0x30303030 + (round++ % 10), 7);
    return buffer;
  };
  const mine = Buffer.from(json);
  const durably = async (path, content) => {
    const file = await fs.open(path, 'w');
    await file.write(content);
    await file.datasync();
    await file.close();
  };
  await store.saveCheckpoint('base', json);
  await plain.saveCheckpoint('base', json);
  await fs.writeFile(join(files, 'load.msgpack'), encode(state));
  await fs.writeFile(join(files, 'load.msgpackr'), pack(state));
  const timings = await compareAsync(
    [
      { name: 'full', run: () => store.saveCheckpoint('full', changed(mine)) },
      { name: 'full object', run: () => store.saveCheckpoint('object', Buffer.from(JSON.stringify(state))) },
      { name: 'msgpack', run: () => fs.writeFile(join(files, 'a.msgpack'), encode(state)) },
      { name: 'msgpackr', run: () => fs.writeFile(join(files, 'a.msgpackr'), pack(state)) },
      { name: 'bytes', run: () => durably(join(files, 'a.json'), changed(mine)) },
      { name: 'fallback', run: () => plain.saveCheckpoint('full', changed(mine)) },
      { name: 'base', run: () => store.saveCheckpoint('base', json) },
      { name: 'delta', run: () => store.saveCheckpoint('delta', grownJson, { base: 'base' }) },
      { name: 'msgpackr grown', run: () => fs.writeFile(join(files, 'b.msgpackr'), pack(grown)) },
      { name: 'load', run: () => store.loadCheckpoint('full') },
      { name: 'load msgpack', run: async () => decode(await fs.readFile(join(files, 'load.msgpack'))) },
      { name: 'load msgpackr', run: async () => unpack(await fs.readFile(join(files, 'load.msgpackr'))) },
      {
        name: 'load object',
        run: async () => JSON.parse((await store.loadCheckpoint('full')).toString('latin1')),
      },
    ],
    { rounds: bytes > 1e6 ? 21 : 41 },
  );
  const time = (what) => timings.find((timing) => timing.name === what).medianMs;
  const { stored } = store.listCheckpoints().find(({ id }) => id === 'delta');
  await store.close();
  await plain.close();
  const isFastDelta = bytes < 1e7 || time('msgpackr grown') >= 5 * time('delta');
  return [
    {
      measure: `save a state of ${name}, whole, durable`,
      unit: 'ms',
      ours: time('full'),
      rivals: [
        { name: '@msgpack/msgpack and writeFile, not durable', value: time('msgpack') },
        { name: 'msgpackr and writeFile, not durable', value: time('msgpackr') },
        { name: 'write and fdatasync of the same bytes', value: time('bytes') },
        { name: 'our fallback', value: time('fallback') },
      ],
      bar: { text: '50% faster than @msgpack/msgpack', met: time('full') * 1.5 <= time('msgpack') },
    },
    {
      measure: `save a state of ${name}, whole, durable, with JSON.stringify`,
      unit: 'ms',
      ours: time('full object'),
      rivals: [{ name: '@msgpack/msgpack and writeFile, not durable', value: time('msgpack') }],
      bar: undefined,
    },
    {
      measure: `save a state of ${name} that grew by 3 messages, durable`,
      unit: 'ms',
      ours: time('delta'),
      rivals: [{ name: 'msgpackr and writeFile, not durable', value: time('msgpackr grown') }],
      bar: { text: '>= 5x faster than msgpackr at 10 MB, <= 5 kB', met: isFastDelta && stored <= 5000 },
    },
    {
      measure: `load a state of ${name} to bytes`,
      unit: 'ms',
      ours: time('load'),
      rivals: [{ name: '@msgpack/msgpack, to objects', value: time('load msgpack') }],
      bar: { text: '50% faster than msgpack', met: time('load') * 1.5 <= time('load msgpack') },
    },
    {
      measure: `load a state of ${name} to objects, with JSON.parse`,
      unit: 'ms',
      ours: time('load object'),
      rivals: [
        { name: '@msgpack/msgpack', value: time('load msgpack') },
        { name: 'msgpackr', value: time('load msgpackr') },
      ],
      bar: undefined,
    },
  ];
}

module.exports = { checkpoints };
