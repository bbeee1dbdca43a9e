'use strict';

/**
 * What could be faster than `JSON.stringify` and `JSON.parse`, measured: objects walked through Node-API, a serialiser compiled
 * from a schema, one compiled from the shapes that it meets. docs/readiness/json-decision.md holds the figures.
 *
 *     node benchmarks/json/decision.js
 *     npx -y -p node@24 node benchmarks/json/decision.js
 */

const { compare, loadRivals } = require('@fishplate/bench-harness');
const { stableStringify } = require('@fishplate/json');
const build = require('fast-json-stringify');

const { history } = require('./inputs');

const SCHEMA = {
  type: 'object',
  properties: {
    version: { type: 'integer' },
    messages: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          type: { type: 'string' },
          id: { type: 'string' },
          role: { type: 'string' },
          content: { type: 'string' },
          usage: {
            type: 'object',
            properties: {
              output_tokens: { type: 'integer' },
              input_tokens: { type: 'integer' },
              is_cached: { type: 'boolean' },
            },
          },
          score: { type: 'number' },
          tags: { type: 'array', items: {} },
          meta: {
            type: 'object',
            properties: { created: { type: 'integer' }, author: { type: 'null' } },
          },
        },
      },
    },
    count: { type: 'integer' },
  },
};

// eslint-disable-next-line no-control-regex
const SPECIAL = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Writes each shape by code made for it when it is first met. */
function shapeCompiler() {
  const writers = new Map();
  const quoted = (text) => (SPECIAL.test(text) ? JSON.stringify(text) : `"${text}"`);
  const write = (value) => {
    if (typeof value === 'string') return quoted(value);
    if (typeof value !== 'object' || value === null) return String(value);
    if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
    const keys = Object.keys(value);
    const name = keys.join('\0');
    let writer = writers.get(name);
    if (writer === undefined) {
      const members = keys.map(
        (key) => `${JSON.stringify(`${JSON.stringify(key)}:`)} + write(o[${JSON.stringify(key)}])`,
      );
      writer = new Function('write', `return (o) => '{' + ${members.join(" + ',' + ")} + '}'`)(write);
      writers.set(name, writer);
    }
    return writer(value);
  };
  return write;
}

function main() {
  const addon = loadRivals('fishplate-json-rivals');
  const bySchema = build(SCHEMA);
  const byShape = shapeCompiler();
  process.stdout.write(`Node ${process.version}: times of V8 divided by theirs; above 1 they are faster\n`);
  for (const [name, bytes] of [
    ['1 kB', 1e3],
    ['100 kB', 1e5],
    ['1 MB', 1e6],
    ['10 MB', 1e7],
  ]) {
    const value = history(bytes);
    const text = JSON.stringify(value);
    if (bySchema(value) !== text || byShape(value) !== text) throw new Error('another text');
    if (addon.marshalledStringify(value).length !== text.length) throw new Error('another length');
    if (JSON.stringify(addon.marshalledParse(text)).length !== text.length) throw new Error('another value');
    report(name, 'stringify', () => JSON.stringify(value), {
      'through Node-API': () => addon.marshalledStringify(value),
      'fast-json-stringify, by schema': () => bySchema(value),
      'compiled by shape': () => byShape(value),
      'stableStringify, sorted': () => stableStringify(value),
    });
    report(name, 'parse', () => JSON.parse(text), { 'through Node-API': () => addon.marshalledParse(text) });
  }
}

function report(size, what, v8, others) {
  const contenders = [
    { name: 'V8', run: v8 },
    ...Object.entries(others).map(([name, run]) => ({ name, run })),
  ];
  const [first, ...rest] = compare(contenders, { rounds: 15, budgetMs: 1500 });
  const ratios = rest.map(({ name, medianMs }) => `${name} ${(first.medianMs / medianMs).toFixed(2)}`);
  process.stdout.write(
    `${what.padEnd(10)} ${size.padEnd(7)} V8 ${first.medianMs.toPrecision(3)} ms; ${ratios.join(', ')}\n`,
  );
}

main();
