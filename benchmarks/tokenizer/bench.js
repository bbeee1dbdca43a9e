'use strict';

/**
 * The bars of the tokenizer track, against npm tiktoken, js-tiktoken, gpt-tokenizer, ai-tokenizer and, in an addon, the crates
 * tiktoken-rs, bpe-openai and splintr, in one run.
 *
 *     npx nx bench @fishplate/tokenizer-bench
 */

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');

const { compare, loadRivals, table, writeResults } = require('@fishplate/bench-harness');
const { compressContext, countTokens } = require('@fishplate/tokenizer');
const { Tokenizer: AiTokenizer } = require('ai-tokenizer');
const gpt = {
  o200k_base: require('gpt-tokenizer/encoding/o200k_base'),
  cl100k_base: require('gpt-tokenizer/encoding/cl100k_base'),
};
const { Tiktoken: JsTiktoken } = require('js-tiktoken/lite');
const tiktoken = require('tiktoken');

const { compressWithGptTokenizer } = require('./compress-in-script');
const { adversarial, chat, chinese, code, english, history } = require('./inputs');

const ENCODINGS = ['o200k_base', 'cl100k_base'];
const OURS = 'countTokens';
const FALLBACK = 'countTokens, fallback';

const rivals = loadRivals('fishplate-tokenizer-rivals');

/** Milliseconds for each 10,000 tokens. */
const rate = (ms, tokens) => (ms * 10_000) / tokens;

function contenders(encoding, text) {
  const wasm = tiktoken.get_encoding(encoding);
  const script = new JsTiktoken(require(`js-tiktoken/ranks/${encoding}`));
  const ai = new AiTokenizer(require(`ai-tokenizer/encoding/${encoding}`));
  const [bytes, isCl100k] = [Buffer.from(text), encoding === 'cl100k_base'];
  return [
    { name: OURS, run: () => countTokens(text, encoding) },
    { name: FALLBACK, run: () => countTokens(text, encoding, { engine: 'fallback' }) },
    { name: 'gpt-tokenizer', run: () => gpt[encoding].countTokens(text) },
    { name: 'npm tiktoken', run: () => wasm.encode_ordinary(text).length },
    { name: 'js-tiktoken', run: () => script.encode(text, [], []).length },
    { name: 'ai-tokenizer', run: () => ai.count(text) },
    { name: 'the core by itself', run: () => rivals.fishplate(bytes, isCl100k) },
    { name: 'tiktoken-rs', run: () => rivals.tiktokenRs(bytes, isCl100k) },
    { name: 'bpe-openai', run: () => rivals.bpeOpenai(bytes, isCl100k) },
    ...(isCl100k ? [] : [{ name: 'splintr', run: () => rivals.splintr(bytes) }]),
  ];
}

function usual(encoding, name, text, mostMs) {
  const all = contenders(encoding, text);
  const tokens = countTokens(text, encoding);
  const wrong = all.filter(({ run }) => run() !== tokens).map((contender) => contender.name);
  if (wrong.some((each) => each === OURS || each === FALLBACK || each === 'npm tiktoken')) {
    throw new Error(`${name}: other counts by ${wrong.join(', ')}`);
  }
  const [own, ...others] = compare(all, { rounds: 15, warmup: 2, budgetMs: 1500 });
  const ours = rate(own.medianMs, tokens);
  const values = others.map((other) => ({
    name: wrong.includes(other.name) ? `${other.name} (another count)` : other.name,
    value: rate(other.medianMs, tokens),
  }));
  const of = (wanted) => values.find((other) => other.name.startsWith(wanted)).value;
  const bars = [
    [`<= ${mostMs} ms`, ours <= mostMs],
    ['>= 10x gpt-tokenizer', of('gpt-tokenizer') / ours >= 10],
    ['>= 25x npm tiktoken', of('npm tiktoken') / ours >= 25],
  ];
  const measure = `${encoding}, ${name}, 10,000 tokens`;
  const [first, ...rest] = bars.map(([text, met], index) => ({
    measure: index === 0 ? measure : `the same, ${text}`,
    unit: 'ms',
    ours,
    rivals: index === 0 ? values : values.filter((other) => text.endsWith(other.name)),
    bar: { text, met },
  }));
  const script = of(FALLBACK);
  return [
    first,
    ...rest,
    {
      measure: `${measure}, fallback`,
      unit: 'ms',
      ours: script,
      rivals: values.filter((other) => other.name.startsWith('gpt-tokenizer')),
      bar: { text: ">= gpt-tokenizer's speed", met: script <= of('gpt-tokenizer') },
    },
  ];
}

/** The worst of hostile texts, each of 200,000 characters. */
function hostile(encoding) {
  const rows = adversarial().map(([name, text]) => {
    const [own] = compare([{ name, run: () => countTokens(text, encoding) }], { rounds: 7, budgetMs: 300 });
    return { name, value: rate(own.medianMs, countTokens(text, encoding)) };
  });
  rows.sort((one, other) => other.value - one.value);
  const [worst, ...rest] = rows;
  return {
    measure: `${encoding}, the worst of ${rows.length} hostile texts (${worst.name}), 10,000 tokens`,
    unit: 'ms',
    ours: worst.value,
    rivals: rest.slice(0, 4).map(({ name, value }) => ({ name: `ours ${name}`, value })),
    bar: { text: '< 1 ms', met: worst.value < 1 },
  };
}

function short() {
  const text = 'Please read src/index.ts and tell me what it exports..';
  const wasm = tiktoken.get_encoding('o200k_base');
  const [own, script, other, slow] = compare([
    { name: OURS, run: () => countTokens(text) },
    { name: FALLBACK, run: () => countTokens(text, undefined, { engine: 'fallback' }) },
    { name: 'gpt-tokenizer', run: () => gpt.o200k_base.countTokens(text) },
    { name: 'npm tiktoken', run: () => wasm.encode_ordinary(text).length },
  ]);
  return {
    measure: 'one short call, 55 characters',
    unit: 'µs',
    ours: own.medianMs * 1000,
    rivals: [script, other, slow].map(({ name, medianMs }) => ({ name, value: medianMs * 1000 })),
    bar: { text: "<= 1/8 of gpt-tokenizer's", met: own.medianMs <= other.medianMs / 8 },
  };
}

function fresh() {
  const measured = (name) => {
    const runs = Array.from({ length: 7 }, () =>
      JSON.parse(
        execFileSync(process.execPath, ['--expose-gc', join(__dirname, 'fresh.js'), name], {
          encoding: 'utf8',
        }),
      ),
    );
    const median = (key) => runs.map((run) => run[key]).sort((one, other) => one - other)[3];
    return { firstMs: median('firstMs'), megabytes: median('bytes') / 2 ** 20 };
  };
  const own = measured('ours');
  const others = ['fallback', 'gpt-tokenizer', 'tiktoken'].map((name) => ({ name, ...measured(name) }));
  const gptTokenizer = others[1];
  return [
    {
      measure: 'first count, with the import',
      unit: 'ms',
      ours: own.firstMs,
      rivals: others.map(({ name, firstMs }) => ({ name, value: firstMs })),
      bar: { text: '<= 15 ms', met: own.firstMs <= 15 },
    },
    {
      measure: 'resident memory of one encoding, after 150,000 characters',
      unit: 'MB',
      ours: own.megabytes,
      rivals: others.map(({ name, megabytes }) => ({ name, value: megabytes })),
      bar: { text: "<= 70% of gpt-tokenizer's", met: own.megabytes <= 0.7 * gptTokenizer.megabytes },
    },
  ];
}

function contexts() {
  const messages = history(2000);
  const options = { maxTokens: 128_000, model: 'gpt-4o', strategy: 'drop' };
  const ours = compressContext(messages, options);
  const theirs = compressWithGptTokenizer(messages, options.maxTokens);
  if (ours.selectedIndices.join() !== theirs.join()) throw new Error('other messages are kept');
  const [own, other] = compare(
    [
      { name: 'compressContext', run: () => compressContext(messages, options) },
      {
        name: 'the same rules with gpt-tokenizer',
        run: () => compressWithGptTokenizer(messages, options.maxTokens),
      },
    ],
    { rounds: 9, warmup: 1, budgetMs: 8000 },
  );
  return {
    measure: `compressContext, 2,000 messages of ${ours.originalTokens.toLocaleString('en')} tokens, 128,000 kept`,
    unit: 'ms',
    ours: own.medianMs,
    spread: own.spreadMs,
    rivals: [{ name: other.name, value: other.medianMs }],
    bar: { text: '>= 5x', met: other.medianMs / own.medianMs >= 5 },
  };
}

function main() {
  const inputs = [
    ['English', english(), 0.35],
    ['code', code(), 0.35],
    ['chat JSON', chat(), 0.35],
    ['Chinese', chinese(), 0.8],
  ];
  const rows = [
    ...ENCODINGS.flatMap((encoding) => inputs.flatMap((input) => usual(encoding, ...input))),
    ...ENCODINGS.map(hostile),
    short(),
    ...fresh(),
    contexts(),
  ];
  process.stdout.write(`${table(rows)}\n`);
  writeResults('tokenizer', 'npx nx bench @fishplate/tokenizer-bench', rows);
}

main();
