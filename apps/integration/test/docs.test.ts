import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

test('docs/errors.md is what the tables of codes give', () => {
  const check = spawnSync(process.execPath, ['tools/docs/errors.js', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(check).toMatchObject({ status: 0, stderr: '' });
});
