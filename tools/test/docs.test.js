'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { describe, it } = require('node:test');

const ROOT = join(__dirname, '..', '..');

/** @type {string[]} */
const PAGES = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && !/third_party|fixtures/.test(path) && existsSync(join(ROOT, path)));

/** @param {string} text */
function withoutCode(text) {
  return text
    .replace(/```[\s\S]*?```/g, '')
    .replace(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code));
}

/** @param {string} heading as GitHub makes its anchor */
function anchor(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** @param {string} path */
function anchorsOf(path) {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading));
}

describe('documents', () => {
  it('are there', () => assert.ok(PAGES.length > 20));

  for (const page of PAGES) {
    it(`link to what is there: ${page}`, () => {
      const text = withoutCode(readFileSync(join(ROOT, page), 'utf8'));
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [file = '', fragment] = target.split('#');
        const path = file === '' ? join(ROOT, page) : join(ROOT, dirname(page), decodeURI(file));
        assert.ok(existsSync(path), `${target} leads nowhere`);
        if (fragment !== undefined && path.endsWith('.md')) {
          assert.ok(anchorsOf(path).includes(fragment), `${target}: no such heading`);
        }
      }
    });
  }

  it('name commands that are there', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const page of PAGES) {
      for (const [, script = ''] of readFileSync(join(ROOT, page), 'utf8').matchAll(/`npm run ([\w:-]+)/g)) {
        // A library's own scripts are none of these.
        if (!page.startsWith('libs/')) assert.ok(script in scripts, `${page}: npm run ${script}`);
      }
    }
  });
});
