/** The entry for browsers, bundled as a host would do it, in a real Chromium. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { build } from 'esbuild-wasm';
import { chromium } from 'playwright-core';

import { countTokens, encode, ENCODINGS } from '../src/index';
import { textOf } from './texts';

const CHROMIUM = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, '..', 'src', 'browser.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'tokenizer',
    platform: 'browser',
    conditions: ['@fishplate/source'],
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

test('the bundle holds nothing of Node', async () => {
  const text = await bundle();
  expect(text).not.toMatch(/require\(["'](?:node:|fs|path)/);
  expect(text).not.toContain('tokenizer-native');
}, 60_000);

(CHROMIUM === undefined ? test.skip : test)(
  'counts in headless Chromium as in Node',
  async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on('pageerror', (error) => failures.push(error.message));
      page.on('request', (request) => failures.push(`requested ${request.url()}`));
      await page.addScriptTag({ content: await bundle() });
      const texts = Array.from({ length: 300 }, (_, seed) => textOf(seed + 1));
      for (const encoding of ENCODINGS) {
        const script = `JSON.stringify(${JSON.stringify(texts)}.map((text) => [...tokenizer.encode(text, ${JSON.stringify(encoding)})]))`;
        const found = JSON.parse(await page.evaluate<string>(script)) as number[][];
        expect(found).toEqual(texts.map((text) => [...encode(text, encoding, { engine: 'native' })]));
      }
      const long = 'some words of a long text '.repeat(20_000);
      const later = `tokenizer.countTokensAsync('some words of a long text '.repeat(20000))`;
      expect(await page.evaluate<number>(later)).toBe(countTokens(long));
      const round = `new TextDecoder().decode(tokenizer.decompress(tokenizer.compress('zstd'), { maxBytes: 9 }))`;
      expect(await page.evaluate<string>(round)).toBe('zstd');
      expect(failures).toEqual([]);
    } finally {
      await browser.close();
    }
  },
  120_000,
);
