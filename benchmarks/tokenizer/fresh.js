'use strict';

// In a process of its own, as JSON: { firstMs, bytes } of a first count with one encoding. node --expose-gc fresh.js <tokenizer>

const TOKENIZERS = {
  ours: () => {
    const { countTokens } = require('@fishplate/tokenizer');
    return (text) => countTokens(text);
  },
  fallback: () => {
    const { countTokens } = require('@fishplate/tokenizer');
    return (text) => countTokens(text, undefined, { engine: 'fallback' });
  },
  'gpt-tokenizer': () => require('gpt-tokenizer/encoding/o200k_base').countTokens,
  tiktoken: () => {
    const encoding = require('tiktoken').get_encoding('o200k_base');
    return (text) => encoding.encode_ordinary(text).length;
  },
};

function resident() {
  globalThis.gc();
  return process.memoryUsage.rss();
}

const { code } = require('./inputs');
const text = code();
const before = resident();
const started = performance.now();
const count = TOKENIZERS[process.argv[2]]();
count('Please read the file and tell me what it exports.');
const firstMs = performance.now() - started;
count(text);
process.stdout.write(JSON.stringify({ firstMs, bytes: resident() - before }));
