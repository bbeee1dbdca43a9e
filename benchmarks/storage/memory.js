'use strict';

// Prints by how much resident memory rises at most while events are read: node --expose-gc memory.js <what> <path>

const { readFileSync } = require('node:fs');

const { openStore } = require('@fishplate/storage');
const { decode } = require('@msgpack/msgpack');

let [highest, looks] = [0, 0];

function look() {
  if (looks++ % 500 === 0) highest = Math.max(highest, process.memoryUsage.rss());
}

async function main() {
  const [what, path] = process.argv.slice(2);
  const store = what === 'msgpack' ? null : await openStore(path, { engine: 'native', readOnly: true });
  globalThis.gc();
  const start = process.memoryUsage.rss();
  let sum = 0;
  if (what === 'buffers' || what === 'lent') {
    for (const { data } of store.replay({ lend: what === 'lent' })) {
      look();
      sum += data.length;
    }
  } else if (what === 'objects') {
    for (const { value } of store.replayJson()) {
      look();
      sum += value.at;
    }
  } else {
    for (const value of decode(readFileSync(path))) {
      look();
      sum += value.at;
    }
  }
  highest = Math.max(highest, process.memoryUsage.rss());
  if (sum === 0) throw new Error('nothing was read');
  process.stdout.write(String(highest - start));
  await store?.close();
}

void main();
