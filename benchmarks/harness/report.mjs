// npm run report: docs/benchmarks.html from benchmarks/results/, one file without scripts that any browser shows.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const HERE = dirname(fileURLToPath(import.meta.url));
const RESULTS = join(HERE, '..', 'results');
const PAGE = join(HERE, '..', '..', 'docs', 'benchmarks.html');

const COLORS = { met: '#1a7f5a', missed: '#c2410c', 'no bar': '#64748b' };

/** @typedef {import('./index').Row} Row */

/** Our advantage over a rival: above 1 ours is better, whichever way the unit counts. */
export function advantage(unit, ours, rival) {
  const rate = unit.endsWith('/s');
  const [better, worse] = rate ? [rival, ours] : [ours, rival];
  return better === 0 ? 100 : worse / better;
}

/** @param {Row} row */
function verdictOf({ bar }) {
  return bar === undefined ? 'no bar' : bar.met ? 'met' : 'missed';
}

/** Each rival of each row as a point. */
function pointsOf(rows) {
  return rows.flatMap((row) =>
    row.rivals.map(({ name, value }) => ({
      measure: row.measure,
      verdict: verdictOf(row),
      rival: name,
      ratio: advantage(row.unit, row.ours, value),
    })),
  );
}

/** The ranges that samples fell in, where a bench told them, as parts of the median. */
function spreadsOf(rows) {
  return rows.flatMap(({ measure, ours, spread }) =>
    spread === undefined || ours === 0 ? [] : [{ measure, low: spread[0] / ours, high: spread[1] / ours }],
  );
}

function picture(rows) {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const shown = rows.filter(({ rivals }) => rivals.length > 0);
  const points = pointsOf(shown);
  return Plot.plot({
    document,
    width: 960,
    height: 76 + 22 * shown.length,
    marginLeft: 430,
    marginTop: 20,
    marginBottom: 44,
    style: { background: 'none', color: 'currentColor', fontSize: '12px' },
    x: {
      type: 'log',
      label: 'times as good as the rival, ours = 1 →',
      grid: true,
      tickFormat: (tick) => `${tick}x`,
    },
    y: { domain: shown.map(({ measure }) => measure), label: null },
    color: { domain: Object.keys(COLORS), range: Object.values(COLORS), legend: false },
    marks: [
      Plot.ruleX([1], { stroke: 'currentColor' }),
      Plot.ruleY(spreadsOf(shown), {
        y: 'measure',
        x1: 'low',
        x2: 'high',
        strokeWidth: 5,
        strokeOpacity: 0.25,
      }),
      Plot.ruleY(points, { y: 'measure', x1: 1, x2: 'ratio', stroke: 'verdict', strokeOpacity: 0.4 }),
      Plot.dot(points, {
        y: 'measure',
        x: 'ratio',
        fill: 'verdict',
        r: 4,
        title: ({ rival, ratio }) => `${rival}: ${figure(ratio)}x`,
      }),
    ],
  }).outerHTML;
}

function table({ rows }) {
  const lines = rows.map((row) => {
    const { measure, unit, ours, rivals, bar, spread } = row;
    const others = rivals.map(({ name, value }) => {
      return `${escaped(name)} ${figure(value)} <b>${figure(advantage(unit, ours, value))}x</b>`;
    });
    const range = spread === undefined ? '' : `${figure(spread[0])} to ${figure(spread[1])}`;
    const verdict = verdictOf(row);
    return (
      `<tr><td>${escaped(measure)}</td><td class="number">${figure(ours)} ${escaped(unit)}</td><td class="number">${range}</td>` +
      `<td>${others.join('<br>')}</td><td>${escaped(bar?.text ?? '')}</td><td class="${verdict.replace(' ', '-')}">${verdict}</td></tr>`
    );
  });
  return (
    '<table><thead><tr><th>measure</th><th>ours</th><th>middle half of samples</th><th>rivals</th><th>target</th><th></th></tr></thead>' +
    `<tbody>${lines.join('')}</tbody></table>`
  );
}

function section(result) {
  const { track, command, date, machine, rows } = result;
  const { platform, cpu, cores, memoryGiB, node, load } = machine;
  const bars = rows.filter(({ bar }) => bar !== undefined);
  const met = bars.filter(({ bar }) => bar.met).length;
  return (
    `<section id="${escaped(track)}"><h2>${escaped(track)}</h2><p>${met} of ${bars.length} targets met. <code>${escaped(command)}</code>, ` +
    `${escaped(date)}: ${escaped(cpu)}, ${cores} cores, ${memoryGiB} GiB, ${escaped(platform)}, Node ${escaped(node)}, load ${load} at the end.</p>` +
    `${picture(rows)}<details><summary>Figures</summary>${table(result)}</details></section>`
  );
}

const STYLE = `:root{color-scheme:light dark;--ink:#1f2933;--paper:#fbfaf8;--line:#d5d9de}
@media(prefers-color-scheme:dark){:root{--ink:#e5e7eb;--paper:#15181c;--line:#3a4048}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;max-width:1000px;padding:0 1rem}
svg{max-width:100%;height:auto;color:var(--ink)} table{border-collapse:collapse;width:100%;font-size:13px}
td,th{border-top:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top} .number{white-space:nowrap}
.met{color:${COLORS.met}} .missed{color:${COLORS.missed};font-weight:600} nav a{margin-right:1rem}
summary{cursor:pointer;margin:.5rem 0} code{font-size:13px}`;

/** The page for the results of all tracks. */
export function reportOf(results) {
  const links = results.map(({ track }) => `<a href="#${escaped(track)}">${escaped(track)}</a>`).join('');
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">' +
    `<title>Fishplate: benchmarks</title><style>${STYLE}</style></head><body><h1>Fishplate: benchmarks</h1>` +
    '<p>Each row is one run, in which ours and its rivals took turns on the same input. A dot is a rival: right of the line ours is better. ' +
    'Green: the target is met. Orange: it is missed. Trust the ratios more than the times.</p>' +
    `<nav>${links}</nav>${results.map(section).join('')}</body></html>\n`
  );
}

function figure(value) {
  return String(Number(value.toPrecision(3)));
}

function escaped(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const results = readdirSync(RESULTS)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(RESULTS, name), 'utf8')));
  writeFileSync(PAGE, reportOf(results));
  process.stdout.write('docs/benchmarks.html\n');
}
