/** What is proved. */

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { createCheckpointStorage, createEventLog, openStore, salvageStore } from '@fishplate/storage';
import type { AskedEngine, Check } from '@fishplate/validation';

import { content } from './writer';

const other = (engine: AskedEngine): AskedEngine => (engine === 'native' ? 'fallback' : 'native');

export function checks(kills: number): Check[] {
  return [
    {
      name: 'what was acknowledged is there after kill -9, for either engine',
      run: (engine, folder) => survive(engine, folder, kills),
    },
    { name: 'engines that take turns on a store lose nothing', run: takeTurns },
    { name: 'a log that is cut gives the events before the cut, and says so', run: cut },
    { name: 'damage is told with its place, and salvage keeps the rest', run: damage },
    { name: 'a second writer is refused, and readers follow the first', run: share },
    { name: 'checkpoints and event logs of agents come back as they were', run: adapt },
  ];
}

async function survive(engine: AskedEngine, folder: string, kills: number): Promise<string> {
  let known = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = spawn(process.execPath, [join(__dirname, 'writer.js'), folder, engine]);
    let printed = '';
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.split('\n').length > 20 + ((kill * 29) % 90)) child.kill('SIGKILL');
    });
    await ended;
    known = Math.max(known, ...printed.split('\n').slice(0, -1).map(Number));
    const store = await openStore(folder, { engine: kill % 2 === 0 ? engine : other(engine) });
    let count = 0;
    for (const { seq, data } of store.replay()) {
      demand(seq === ++count && data.toString() === content(seq), `event ${seq} is another`);
    }
    await store.close();
    demand(count >= known, `${known} were acknowledged, and ${count} are there`);
  }
  demand(known > 0, 'nothing was acknowledged');
  return `${kills} kills, ${known} events`;
}

async function takeTurns(engine: AskedEngine, folder: string): Promise<string> {
  const rounds = 8;
  for (let round = 0; round < rounds; round++) {
    const store = await openStore(folder, {
      engine: round % 2 === 0 ? engine : other(engine),
      segmentBytes: 32 << 10,
    });
    demand(store.stats().lastSeq === round * 100, `${store.stats().lastSeq} events in round ${round}`);
    for (let saved = 0; saved < round; saved++) {
      const state = await store.loadCheckpoint(`state ${saved}`);
      demand(state?.equals(stateOf(saved)) === true, `checkpoint ${saved} is another`);
    }
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => store.append(content(round * 100 + index + 1))),
    );
    await store.saveCheckpoint(
      `state ${round}`,
      stateOf(round),
      round === 0 ? {} : { base: `state ${round - 1}` },
    );
    const { problems } = await store.verify();
    demand(problems.length === 0, JSON.stringify(problems));
    await store.close();
  }
  return `${rounds} turns`;
}

function stateOf(round: number): Buffer {
  return Buffer.from(
    JSON.stringify({ messages: Array.from({ length: 500 + round }, (_, at) => content(at)) }),
  );
}

async function cut(engine: AskedEngine, folder: string): Promise<string> {
  const store = await openStore(folder, { engine });
  await Promise.all(Array.from({ length: 50 }, (_, index) => store.append(content(index + 1))));
  await store.close();
  const file = lastSegment(folder);
  truncateSync(file, readFileSync(file).length - 30);
  const mended = await openStore(folder, { engine: other(engine) });
  const { droppedBytes, quarantined, recoveredTo } = mended.openReport;
  demand(recoveredTo === 49 && [...mended.replay()].length === 49, `recovered to ${recoveredTo}`);
  demand(quarantined !== null && readFileSync(quarantined).length === droppedBytes, 'nothing is kept aside');
  demand((await mended.append('again')) === 50, 'the next number is another');
  await mended.close();
  return `${droppedBytes} bytes aside`;
}

async function damage(engine: AskedEngine, folder: string): Promise<string> {
  const options = { engine, segmentBytes: 8192 };
  const store = await openStore(folder, options);
  for (let seq = 1; seq <= 200; seq++) store.appendSync(content(seq), { durability: 'os' });
  await store.close();
  const file = join(folder, 'log', '0000000000000001.seg');
  const bytes = readFileSync(file);
  bytes[4000]! ^= 1;
  writeFileSync(file, bytes);
  const damaged = await openStore(folder, { ...options, readOnly: true });
  const { problems } = await damaged.verify();
  await damaged.close();
  demand(problems.length === 1 && problems[0]?.segment === 1, JSON.stringify(problems));
  const report = await salvageStore(folder, options);
  const mended = await openStore(folder, { ...options, engine: other(engine) });
  const kept = [...mended.replay()];
  demand(
    kept.every(({ seq, data }) => data.toString() === content(seq)),
    'an event is another',
  );
  demand(kept.length === report.events && kept.length >= 190, `${kept.length} events kept`);
  await mended.close();
  return `${kept.length} of 200 kept`;
}

async function share(engine: AskedEngine, folder: string): Promise<string> {
  const writer = await openStore(folder, { engine });
  const refused: unknown = await openStore(folder, { engine: other(engine) }).catch(
    (error: unknown) => error,
  );
  demand((refused as { code?: string }).code === 'STORAGE_LOCKED', String(refused));
  await writer.append('first');
  const reader = await openStore(folder, { engine: other(engine), readOnly: true });
  const seen: string[] = [];
  const following = (async () => {
    for await (const { data } of reader.tail({ from: 1 })) {
      seen.push(data.toString());
      if (seen.length === 11) break;
    }
  })();
  for (let index = 0; index < 10; index++) await writer.append(String(index));
  await following;
  demand(seen.join() === 'first,0,1,2,3,4,5,6,7,8,9', seen.join());
  await Promise.all([reader.close(), writer.close()]);
  return '11 events followed';
}

async function adapt(engine: AskedEngine, folder: string): Promise<string> {
  const checkpoint = {
    id: 'one',
    version: 1,
    createdAt: new Date(1_700_000_000_000),
    task: 'prove',
    agentType: 'tester',
    agentId: 'agent',
    status: 'running',
    messages: [{ role: 'user', content: 'é 日本' }],
    pendingToolCalls: [],
    completedToolCalls: [],
    currentStep: 1,
    maxSteps: 2,
    metadata: {},
    childCheckpointIds: [],
  };
  const store = await openStore(folder, { engine });
  await createCheckpointStorage(store).save(checkpoint);
  const log = createEventLog(store);
  for (const sequenceId of [5, 6, 9]) log.append({ sequenceId, type: 'step' });
  log.prune(6);
  await store.close();
  const again = await openStore(folder, { engine: other(engine) });
  const loaded = await createCheckpointStorage(again).load('one');
  demand(JSON.stringify(loaded) === JSON.stringify(checkpoint), JSON.stringify(loaded));
  const ids = createEventLog(again)
    .replay()
    .map(({ sequenceId }) => sequenceId);
  demand(ids.join() === '6,9', ids.join());
  await again.close();
  return 'equal';
}

function lastSegment(folder: string): string {
  const names = readdirSync(join(folder, 'log')).sort();
  return join(folder, 'log', names.at(-1)!);
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
