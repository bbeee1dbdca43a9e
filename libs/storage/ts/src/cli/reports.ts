/** Commands that report: inspect, verify, salvage. */

import { openStore, salvageStore } from '../open';
import type { StoreProblem } from '../types';
import { type Command, DAMAGED, DONE } from './main';

export async function inspect({ directory, json, output, ...options }: Command): Promise<number> {
  const store = await openStore(directory, { ...opening(options), readOnly: true });
  try {
    const checkpoints = store.listCheckpoints();
    const { openReport, engine } = store;
    const report = {
      directory,
      engine,
      openReport,
      stats: store.stats(),
      checkpoints,
      branches: store.branches(),
    };
    if (json) {
      output.write(`${JSON.stringify(report)}\n`);
      return DONE;
    }
    const { firstSeq, lastSeq, segments, logBytes, checkpointBytes } = report.stats;
    const events = Math.max(0, lastSeq - firstSeq + 1);
    output.write(`events       ${events} (${firstSeq} to ${lastSeq})\n`);
    output.write(`log          ${logBytes} bytes in ${segments} segments\n`);
    output.write(`checkpoints  ${checkpoints.length}, ${checkpointBytes} bytes\n`);
    for (const { id, seq, size, stored, base, depth } of checkpoints) {
      const kind = base === null ? 'whole' : `on ${base}, depth ${depth}`;
      output.write(`  ${id}  after event ${seq}, ${size} bytes, ${stored} stored, ${kind}\n`);
    }
    for (const { stream, parent, from } of report.branches) {
      output.write(
        `branch       ${stream} continues ${parent === '' ? 'the unnamed stream' : parent} after ${from}\n`,
      );
    }
    if (openReport.reason !== null) {
      const { droppedBytes, segment, offset, reason } = openReport;
      output.write(
        `torn tail    ${droppedBytes} bytes of segment ${segment} from offset ${offset}: ${reason}\n`,
      );
    }
    return DONE;
  } finally {
    await store.close();
  }
}

export async function verify({ directory, json, output, ...options }: Command): Promise<number> {
  const store = await openStore(directory, { ...opening(options), readOnly: true });
  try {
    const report = await store.verify();
    if (json) output.write(`${JSON.stringify(report)}\n`);
    else {
      const { segments, records, events, checkpoints, problems } = report;
      output.write(
        `${segments} segments, ${records} records, ${events} events, ${checkpoints} checkpoints\n`,
      );
      tellProblems(problems, output);
      output.write(problems.length === 0 ? 'all is well\n' : `${problems.length} damaged\n`);
    }
    return report.problems.length === 0 ? DONE : DAMAGED;
  } finally {
    await store.close();
  }
}

export async function salvage({ directory, json, output, ...options }: Command): Promise<number> {
  const report = await salvageStore(directory, opening(options));
  if (json) {
    output.write(`${JSON.stringify(report)}\n`);
    return DONE;
  }
  const { events, missing, checkpoints, lostCheckpoints, problems, quarantined } = report;
  output.write(`${events} events and ${checkpoints} checkpoints kept\n`);
  for (const [first, last] of missing) output.write(`missing: events ${first} to ${last}\n`);
  for (const id of lostCheckpoints) output.write(`lost: checkpoint ${id}\n`);
  tellProblems(problems, output);
  output.write(`the old log is ${quarantined}\n`);
  return DONE;
}

/** Options of opening that were given. */
export function opening({ engine, allowNetwork }: Pick<Command, 'engine' | 'allowNetwork'>) {
  return { allowNetwork, ...(engine === undefined ? {} : { engine }) };
}

function tellProblems(problems: readonly StoreProblem[], output: NodeJS.WritableStream): void {
  for (const { segment, offset, reason } of problems) {
    output.write(`damaged: segment ${segment}, offset ${offset}: ${reason}\n`);
  }
}
