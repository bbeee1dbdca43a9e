'use strict';

const { seeded } = require('@fishplate/bench-harness');

/** Words of program text; repeated lines (`}` and blank ones) come as often as in real files. */
const WORDS =
  'const let return await value index result buffer offset length token parse write read open close map key'.split(
    ' ',
  );

function sourceLine(random) {
  const kind = random(20);
  if (kind === 0) return '';
  if (kind === 1) return '  }';
  const words = Array.from({ length: 3 + random(4) }, () => WORDS[random(WORDS.length)]);
  return `${' '.repeat(2 * random(4))}${words.join(' ')} ${random(100_000)};`;
}

/** A text of `lines` lines of some 36 bytes. */
function source(lines, seed) {
  const random = seeded(seed);
  return Array.from({ length: lines }, () => sourceLine(random));
}

/** Changes `share` of the lines; beside one in ten of them a line is added, and one in ten is deleted instead. */
function edited(lines, share, seed) {
  const random = seeded(seed);
  const result = [];
  const edits = Math.round(lines.length * share);
  const places = new Set();
  while (places.size < edits) places.add(random(lines.length));
  lines.forEach((line, index) => {
    if (!places.has(index)) {
      result.push(line);
      return;
    }
    const kind = random(10);
    if (kind === 0) return;
    result.push(`${sourceLine(random)} // changed`);
    if (kind === 1) result.push(sourceLine(random));
  });
  return result;
}

/** Moves a block of a sixth of the text from its first third to its last. */
function moved(lines) {
  const size = Math.floor(lines.length / 6);
  const block = lines.slice(size, 2 * size);
  const rest = [...lines.slice(0, size), ...lines.slice(2 * size)];
  const target = 4 * size;
  return [...rest.slice(0, target), ...block, ...rest.slice(target)];
}

const text = (lines, newline = '\n') => lines.map((line) => line + newline).join('');

/** The pairs of tracks/diff: name, lines, old and new text. */
function pairs(count) {
  const base = source(count, 1);
  const old = text(base);
  return {
    '1% edits': [old, text(edited(base, 0.01, 2))],
    '10% edits': [old, text(edited(base, 0.1, 3))],
    '50% edits': [old, text(edited(base, 0.5, 4))],
    'block move': [old, text(moved(base))],
    unrelated: [old, text(source(count, 99))],
    'CRLF against LF': [text(base, '\r\n'), old],
  };
}

/** 200 lines with 5 edits: what an agent's usual change looks like. */
function smallPair() {
  const base = source(200, 5);
  return [text(base), text(edited(base, 0.025, 6))];
}

/** `count` lines, a word changed in every twentieth and a line in every fiftieth. */
function linePair(count) {
  const random = seeded(9);
  const base = source(count, 10);
  const changed = base.map((line) =>
    random(50) === 0 ? sourceLine(random) : random(20) === 0 ? line.replace(/\w+/, 'changed') : line,
  );
  return [text(base), text(changed)];
}

/** `count` lines with 1% edits. */
function largePair(count) {
  const base = source(count, 7);
  return [text(base), text(edited(base, 0.01, 8))];
}

module.exports = { largePair, linePair, pairs, smallPair };
