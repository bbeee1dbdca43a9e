import fc from 'fast-check';

import { comparePaths, SortedPaths } from '../src/order';

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
      const [sorted, set] = [new SortedPaths(first), new Set(first)];
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
