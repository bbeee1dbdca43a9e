/** A process that appends until it is killed, and prints what was acknowledged: node writer.js <directory> <engine>. */

import { openStore } from '@fishplate/storage';

/** Content of an event, from its number alone. */
export function content(seq: number): string {
  return `event ${seq} ${'.'.repeat((seq * 37) % 300)}`;
}

async function write(directory: string, engine: 'native' | 'fallback'): Promise<void> {
  const store = await openStore(directory, { engine, segmentBytes: 64 << 10 });
  for (let next = store.stats().lastSeq + 1; ; next += 16) {
    await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const seq = await store.append(content(next + index), {
          durability: index % 2 === 0 ? 'os' : 'group',
        });
        process.stdout.write(`${seq}\n`);
      }),
    );
  }
}

if (require.main === module) {
  const [directory = '', engine] = process.argv.slice(2);
  void write(directory, engine === 'native' ? 'native' : 'fallback');
}
