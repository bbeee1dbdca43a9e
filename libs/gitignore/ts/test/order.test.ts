import fc from 'fast-check';

import { comparePaths, SortedPaths, sortPaths } from '../src/order';

const PATH = fc.string({ unit: fc.constantFrom('a', 'b', '/', '\uE000', '\uFFFD', '😀', 'é'), maxLength: 6 });

test('paths are compared as their bytes are', () => {
  fc.assert(
    fc.property(PATH, PATH, (left, right) => {
      const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
      expect(Math.sign(comparePaths(left, right))).toBe(bytes);
    }),
  );
});

test('paths that come and go leave those that a set would hold', () => {
  const step = fc.record({ path: PATH, adds: fc.boolean() });
  fc.assert(
    fc.property(fc.array(PATH), fc.array(step), (first, steps) => {
      const [sorted, set] = [new SortedPaths([...new Set(first)].sort(comparePaths)), new Set(first)];
      const stays = (path: string): boolean => path.endsWith('é');
      for (const { path, adds } of steps) {
        if (adds) {
          sorted.add(path);
          set.add(path);
          continue;
        }
        sorted.remove(path, stays);
        for (const known of set) {
          if ((known === path || known.startsWith(`${path}/`)) && !stays(known)) set.delete(known);
        }
      }
      expect(sorted.toArray()).toEqual([...set].sort(comparePaths));
    }),
  );
});

test('many that come at once are those that a set would hold', async () => {
  const list = fc.array(PATH, { maxLength: 60 });
  const sorted = (paths: Iterable<string>): string[] => [...new Set(paths)].sort(comparePaths);
  await fc.assert(
    fc.asyncProperty(list, list, async (first, more) => {
      const paths = new SortedPaths(sorted(first));
      paths.addAll(sorted(more));
      expect(paths.toArray()).toEqual(sorted([...first, ...more]));
      expect(await sortPaths([...first, ...more])).toEqual(sorted([...first, ...more]));
    }),
  );
  const many = Array.from({ length: 20_000 }, (_, index) => `f${(index * 7919) % 20_011}`);
  expect(await sortPaths(many)).toEqual(sorted(many));
});
