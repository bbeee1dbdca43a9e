'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { after, before, describe, it } = require('node:test');
const { pathToFileURL } = require('node:url');

const { movedSince } = require('../../benchmarks/harness/moved');

const ROOT = join(__dirname, '..', '..');

describe('a run of a benchmark beside the last accepted one', () => {
  const row = {
    measure: 'a list',
    unit: 'ms',
    ours: 1,
    rivals: [{ name: 'git', value: 4 }],
    bar: { text: '>= 2x git', met: true },
  };
  /** @type {string} */
  let folder;
  /** @type {string} */
  let record;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fishplate-benchmarks-'));
    record = join(folder, 'list.json');
    writeFileSync(record, JSON.stringify({ rows: [row] }));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('says nothing of a machine that is slower as a whole', () => {
    assert.deepEqual(movedSince(record, [{ ...row, ours: 3, rivals: [{ name: 'git', value: 12.5 }] }]), []);
  });

  it('names a ratio that moved, and a bar that is missed now', () => {
    const now = { ...row, ours: 4, bar: { text: '>= 2x git', met: false } };
    assert.deepEqual(movedSince(record, [now]), [
      'MISSED now: a list (>= 2x git)',
      'moved by -75%: a list: ratio of git to ours, 4 -> 1',
    ]);
  });

  it('names what is measured for the first time, and has no record to compare with', () => {
    assert.deepEqual(movedSince(record, [{ ...row, measure: 'another' }]), ['new: another']);
    assert.deepEqual(movedSince(join(folder, 'none.json'), [row]), []);
  });
});

describe('the report of the benchmarks', () => {
  it('is that of the results, without scripts, and shows hostile names as text', () => {
    const results = [
      {
        track: 'list',
        command: 'npx nx bench list',
        date: '2026-01-01',
        machine: { platform: 'linux-x64', cpu: '<script>', cores: 2, memoryGiB: 24, node: 'v20', load: 0 },
        rows: [
          { measure: 'a & b', unit: 'ms', ours: 2, rivals: [{ name: '<img>', value: 8 }], spread: [1, 3] },
          {
            measure: 'a rate',
            unit: 'M/s',
            ours: 2,
            rivals: [{ name: 'git', value: 1 }],
            bar: { text: '>= 1', met: true },
          },
        ],
      },
    ];
    const report = pathToFileURL(join(ROOT, 'benchmarks', 'harness', 'report.mjs')).href;
    const program = `import { reportOf } from ${JSON.stringify(report)}; process.stdout.write(reportOf(${JSON.stringify(results)}))`;
    const page = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    assert.doesNotMatch(page, /<script|<img/);
    assert.ok(page.includes('1 of 1 targets met'));
    // 8 ms beside 2 ms, and 2 a second beside 1 a second.
    assert.ok(page.includes('<b>4x</b>'));
    assert.ok(page.includes('<b>2x</b>'));
  });

  it('in the repository is that of the results in it', () => {
    const written = readFileSync(join(ROOT, 'docs', 'benchmarks.html'), 'utf8');
    const tracks = [...written.matchAll(/<section id="([^"]+)">/g)].map(([, track]) => track);
    for (const track of tracks) {
      const { date, rows } = JSON.parse(
        readFileSync(join(ROOT, 'benchmarks', 'results', `${track}.json`), 'utf8'),
      );
      const section = written.slice(written.indexOf(`<section id="${track}">`));
      assert.ok(section.includes(`, ${date}: `));
      for (const { ours } of rows) assert.ok(section.includes(`>${Number(ours.toPrecision(3))} `));
    }
    assert.ok(tracks.length > 0);
  });
});
