/** Commands that take events out and in, as NDJSON. */

import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { invalid } from '../arguments';
import { openStore } from '../open';
import type { Store } from '../store';
import { type Command, DONE } from './main';
import { opening } from './reports';

/** So many are under way together. */
const BATCH = 256;

export async function exportEvents(command: Command): Promise<number> {
  const { directory, output, from, to, stream } = command;
  const store = await openStore(directory, { ...opening(command), readOnly: true });
  try {
    const selected = {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(stream === undefined ? {} : { stream }),
    };
    for (const { data, ...event } of store.replay(selected)) {
      const content = isUtf8(data) ? { data: data.toString('utf8') } : { base64: data.toString('base64') };
      if (!output.write(`${JSON.stringify({ ...event, ...content })}\n`)) await once(output, 'drain');
    }
    return DONE;
  } finally {
    await store.close();
  }
}

export async function importEvents(command: Command): Promise<number> {
  const { directory, input, output, json, stream } = command;
  const store = await openStore(directory, opening(command));
  try {
    let [line, imported] = [0, 0];
    let waiting: { stream: string; event: string | Buffer }[] = [];
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line++;
      // Some editors put a byte order mark before the first line.
      const content = line === 1 ? text.replace(/^\ufeff/, '') : text;
      if (content.trim() === '') continue;
      const parsed = parseLine(content, line);
      waiting.push(stream === undefined ? parsed : { ...parsed, stream });
      imported++;
      if (waiting.length === BATCH) {
        await appendAll(store, waiting);
        waiting = [];
      }
    }
    await appendAll(store, waiting);
    await store.flush();
    const { lastSeq } = store.stats();
    output.write(
      json
        ? `${JSON.stringify({ imported, lastSeq })}\n`
        : `${imported} events imported, the last is ${lastSeq}\n`,
    );
    return DONE;
  } finally {
    await store.close();
  }
}

async function appendAll(
  store: Store,
  events: readonly { stream: string; event: string | Buffer }[],
): Promise<void> {
  await Promise.all(events.map(({ stream, event }) => store.append(event, { stream, durability: 'os' })));
}

/** An event of the form that export writes. */
function parseLine(text: string, line: number): { stream: string; event: string | Buffer } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`line ${line} is no JSON: ${(error as Error).message}`);
  }
  const { stream = '', data, base64 } = (value ?? {}) as Record<string, unknown>;
  if (typeof stream !== 'string') throw invalid(`line ${line}: stream is not a string`);
  if (typeof data === 'string') return { stream, event: data };
  if (typeof base64 === 'string') {
    const event = Buffer.from(base64, 'base64');
    if (event.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '')) return { stream, event };
    throw invalid(`line ${line}: base64 is not whole`);
  }
  throw invalid(`line ${line} has neither "data" nor "base64" as text`);
}
