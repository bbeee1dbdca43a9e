'use strict';

// Prints what a listing keeps, in bytes for each byte of its paths: node --expose-gc kept.js <root>

const { listFiles } = require('@fishplate/gitignore');

const used = async () => {
  // What a binding holds is let go in the turn after a collection.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

async function main() {
  await listFiles(__dirname);
  const before = await used();
  const files = await listFiles(process.argv[2]);
  const after = await used();
  const bytes = files.reduce((sum, path) => sum + Buffer.byteLength(path), 0);
  process.stdout.write(String((after - before) / bytes));
}

void main();
