'use strict';

/**
 * The bars of the json track, against V8, safe-stable-stringify, fast-json-stable-stringify, canonicalize, fast-json-stringify,
 * simdjson, partial-json and jsonrepair, in one run. Results are compared before they are timed.
 *
 *     npx nx bench @fishplate/json-bench
 */

const { createHash } = require('node:crypto');

const { compare, table, writeResults } = require('@fishplate/bench-harness');
const json = require('@fishplate/json');
const fastStable = require('fast-json-stable-stringify');
const { jsonrepair } = require('jsonrepair');
const partialJson = require('partial-json');
const safeStable = require('safe-stable-stringify');

const { history, strangers, toolArguments } = require('./inputs');
const { simdjson } = require('./simdjson');

const SIZES = [
  ['1 kB', 1e3],
  ['100 kB', 1e5],
  ['1 MB', 1e6],
  ['10 MB', 1e7],
];

/**
 * @param {string} measure
 * @param {() => unknown} ours
 * @param {[name: string, run: () => unknown, isOther?: boolean][]} rivals those marked may answer otherwise, with a reason
 * @param {{ text: string, least: number } | undefined} bar against the first rival
 */
function row(measure, ours, rivals, bar, options) {
  const expected = JSON.stringify(ours());
  for (const [name, run, isOther] of rivals) {
    if (isOther !== true && JSON.stringify(run()) !== expected)
      throw new Error(`${measure}: ${name} gives another result`);
  }
  const contenders = [{ name: 'ours', run: ours }, ...rivals.map(([name, run]) => ({ name, run }))];
  const [own, ...others] = compare(contenders, { rounds: 31, budgetMs: 2500, ...options });
  return {
    measure,
    unit: 'ms',
    ours: own.medianMs,
    spread: own.spreadMs,
    rivals: others.map(({ name, medianMs }) => ({ name, value: medianMs })),
    ...(bar === undefined
      ? {}
      : { bar: { text: bar.text, met: others[0].medianMs / own.medianMs >= bar.least } }),
  };
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

function plain([name, bytes]) {
  const value = history(bytes);
  const text = JSON.stringify(value);
  const never = { text: '>= 0.97x of V8', least: 0.97 };
  return [
    row(
      `stringify, ${name}`,
      () => json.stringify(value),
      [['JSON.stringify', () => JSON.stringify(value)]],
      never,
    ),
    row(`parse, ${name}`, () => json.parse(text), [['JSON.parse', () => JSON.parse(text)]], never),
  ];
}

async function stable([name, bytes]) {
  const { default: canonicalize } = await import('canonicalize');
  const value = history(bytes);
  return row(
    `stableStringify from objects whose shapes repeat, ${name}`,
    () => json.stableStringify(value),
    [
      ['safe-stable-stringify', () => safeStable(value)],
      ['fast-json-stable-stringify', () => fastStable(value)],
      ['canonicalize', () => canonicalize(value)],
      ['JSON.stringify, unsorted', () => JSON.stringify(value), true],
    ],
    { text: '>= 1.3x', least: 1.3 },
  );
}

function fromBytes([name, bytes]) {
  const buffer = Buffer.from(JSON.stringify(history(bytes)));
  const text = buffer.toString();
  const read = () => JSON.parse(buffer.toString());
  const third = { text: '>= 3x', least: 3 };
  const check =
    simdjson === undefined ? [] : [['simdjson.isValid, from a string', () => simdjson.isValid(text)]];
  return [
    row(
      `canonicalizeText from a Buffer, ${name}`,
      () => json.canonicalizeText(buffer),
      [
        ['JSON.parse + safe-stable-stringify', () => safeStable(read())],
        ['the fallback', () => json.canonicalizeText(buffer, { engine: 'fallback' })],
      ],
      third,
    ),
    row(
      `hashJsonText from a Buffer, ${name}`,
      () => json.hashJsonText(buffer),
      [['JSON.parse + safe-stable-stringify + SHA-256', () => sha256(safeStable(read()))]],
      third,
    ),
    row(
      `validate a Buffer, ${name}`,
      () => json.validate(buffer).ok,
      [['JSON.parse', () => read() !== undefined], ...check],
      { text: '>= 5x', least: 5 },
    ),
    row(`minify a Buffer, ${name}`, () => json.minify(buffer), [
      ['JSON.parse + JSON.stringify', () => JSON.stringify(read())],
    ]),
    row(`format a Buffer, ${name}`, () => json.format(buffer), [
      ['JSON.parse + JSON.stringify', () => JSON.stringify(read(), null, 2)],
    ]),
  ]; // prettier-ignore
}

function lazy([name, bytes]) {
  const value = history(bytes);
  const buffer = Buffer.from(JSON.stringify(value));
  const last = value.messages.length - 1;
  const ours = () => {
    const document = json.openJson(buffer);
    const found = [
      document.get('/count'),
      document.get(`/messages/${last >> 1}/usage`),
      document.get(`/messages/${last}/role`),
    ];
    document.close();
    return found;
  };
  const theirs = () => {
    const { count, messages } = JSON.parse(buffer.toString());
    return [count, messages[last >> 1].usage, messages[last].role];
  };
  const document = json.openJson(buffer);
  return [
    row(
      `openJson + 3 gets, ${name}`,
      ours,
      [['JSON.parse', theirs]],
      bytes === 1e6 ? { text: '>= 10x', least: 10 } : undefined,
    ),
    row(`a get from an open document, ${name}`, () => document.get(`/messages/${last}/role`), [
      ['JSON.parse each time', () => JSON.parse(buffer.toString()).messages[last].role],
    ]),
  ]; // prettier-ignore
}

function lines() {
  const { messages } = history(1e7);
  const buffer = Buffer.from(messages.map((message) => JSON.stringify(message)).join('\n'));
  const { id } = messages[messages.length >> 1];
  const count = (where) => {
    let found = 0;
    for (const { line } of json.splitNdjson(buffer, { where })) found += Math.sign(line);
    return found;
  };
  const filtered = (keeps) =>
    buffer
      .toString()
      .split('\n')
      .filter((line) => keeps(JSON.parse(line))).length;
  const bar = { text: '>= 10x', least: 10 };
  const options = { rounds: 9 };
  return [
    row(
      'NDJSON of 10 MB, one line by its id',
      () => count({ pointer: '/id', equals: id }),
      [['JSON.parse of each line', () => filtered((value) => value.id === id)]],
      bar,
      options,
    ),
    row(
      'NDJSON of 10 MB, a third of the lines by role',
      () => count({ pointer: '/role', equals: 'tool' }),
      [['JSON.parse of each line', () => filtered((value) => value.role === 'tool')]],
      bar,
      options,
    ),
    row(
      'NDJSON of 10 MB, by a number',
      () => count({ pointer: '/usage/output_tokens', equals: 7 }),
      [['JSON.parse of each line', () => filtered((value) => value.usage.output_tokens === 7)]],
      bar,
      options,
    ),
  ]; // prettier-ignore
}

function streams() {
  const text = toolArguments(1e5);
  const chunks = text.match(/[^]{1,20}/g);
  const ours = (snapshots) => () => {
    const parser = json.createPartialParser({ snapshots });
    for (const chunk of chunks) parser.push(chunk);
    return parser.end();
  };
  const theirs = () => {
    let [soFar, value] = ['', undefined];
    for (const chunk of chunks) value = partialJson.parse((soFar += chunk));
    return value;
  };
  const cut = text.slice(0, -40);
  return [
    row(
      'createPartialParser, 100 kB of arguments in 20-character chunks',
      ours('live'),
      [['partial-json, anew for each chunk', theirs]],
      { text: '>= 50x', least: 50 },
      { rounds: 9 },
    ),
    row(
      'the same with frozen snapshots',
      ours('frozen'),
      [['partial-json, anew for each chunk', theirs]],
      undefined,
      { rounds: 9 },
    ),
    row('parsePartial, 100 kB once', () => json.parsePartial(cut).value, [
      ['partial-json', () => partialJson.parse(cut)],
    ]),
    row('repairJson, 100 kB with a fence and single quotes', () => json.repairJson(broken(text)).value, [
      ['jsonrepair', () => JSON.parse(jsonrepair(broken(text)))],
    ]),
  ]; // prettier-ignore
}

/** As a model may write it: a fence, bare keys, a comma at the end. */
function broken(text) {
  return `\`\`\`json\n${text.replaceAll('"line":', 'line:').replace(/\]\}$/, ',]}')}\n\`\`\``;
}

async function main() {
  const rows = SIZES.flatMap(plain);
  for (const size of SIZES) rows.push(await stable(size));
  const value = strangers(2000);
  rows.push(
    row(
      'stableStringify of 2,000 objects of which no two have a shape',
      () => json.stableStringify(value),
      [['safe-stable-stringify', () => safeStable(value)]],
      { text: '>= 1x', least: 1 },
    ),
    ...SIZES.slice(1).flatMap(fromBytes),
    ...SIZES.slice(1).flatMap(lazy),
    ...lines(),
    ...streams(),
  ); // prettier-ignore
  process.stdout.write(`${table(rows)}\n`);
  writeResults('json', 'npx nx bench @fishplate/json-bench', rows);
}

void main();
