'use strict';

const { readFileSync } = require('node:fs');

/** @typedef {import('./index').Row} Row */

/** Ratios to the same rival that differ by less come with the machine. */
const NOISE = 0.15;

/**
 * What moved since the last accepted run, by ratio to the same rival: the machine's speed is in both.
 *
 * @param {string} file the record of that run
 * @param {Row[]} rows of this one
 * @returns {string[]} a line each, also of a bar that is met or missed now and was not; empty where there is no record
 */
function movedSince(file, rows) {
  /** @type {Row[]} */
  let known;
  try {
    known = JSON.parse(readFileSync(file, 'utf8')).rows;
  } catch {
    return [];
  }
  // A name may stand for several rows, such as "the same": the first of one run is the first of another.
  const left = [...known];
  return rows.flatMap((row) => {
    const at = left.findIndex(({ measure }) => measure === row.measure);
    return moved(at < 0 ? undefined : left.splice(at, 1)[0], row);
  });
}

/**
 * @param {Row | undefined} before
 * @param {Row} now
 * @returns {string[]}
 */
function moved(before, now) {
  if (before === undefined) return [`new: ${now.measure}`];
  const lines = [];
  if (before.bar !== undefined && now.bar !== undefined && before.bar.met !== now.bar.met) {
    lines.push(`${now.bar.met ? 'met now' : 'MISSED now'}: ${now.measure} (${now.bar.text})`);
  }
  const rival = now.rivals.find(({ name }) => before.rivals.some((other) => other.name === name));
  const [old, current] =
    rival === undefined ? [before.ours, now.ours] : [ratio(before, rival.name), ratio(now, rival.name)];
  const change = current / old - 1;
  if (Number.isFinite(change) && Math.abs(change) > NOISE) {
    const what = rival === undefined ? `ours, in ${now.unit}` : `ratio of ${rival.name} to ours`;
    lines.push(
      `moved by ${Math.round(change * 100)}%: ${now.measure}: ${what}, ${figure(old)} -> ${figure(current)}`,
    );
  }
  return lines;
}

/**
 * @param {Row} row
 * @param {string} name
 */
function ratio({ ours, rivals }, name) {
  const rival = rivals.find((candidate) => candidate.name === name);
  return rival === undefined ? Number.NaN : rival.value / ours;
}

/** @param {number} value */
function figure(value) {
  return String(Number(value.toPrecision(3)));
}

module.exports = { movedSince };
