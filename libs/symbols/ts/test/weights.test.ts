import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import * as weights from '../src/fallback/weights';

test('both engines have the same weights', () => {
  const source = readFileSync(join(__dirname, '../../core/src/weights.rs'), 'utf8');
  const written = [...source.matchAll(/const (\w+): (?:i32|\[.*?\]) = (.*?);/gs)];
  const values = Object.fromEntries(
    written.map(([, name, value]) => [
      name,
      JSON.parse(value!.replaceAll('_', '').replace(/,(\s*\])/g, '$1')) as unknown,
    ]),
  );
  expect(values).toEqual({ ...weights });
  expect(written.length).toBeGreaterThan(25);
});
