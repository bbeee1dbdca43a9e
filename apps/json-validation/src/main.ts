/**
 * Proves the json track on the machine at hand, with both engines: V8 is asked for the truth.
 *
 *     node dist/main.js [--documents N] [--json FILE]
 *
 * Exit code 1 where a check fails or the native engine does not load.
 */

import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';

import {
  canonicalizeText,
  capability,
  createPartialParser,
  hashJsonText,
  minify,
  openJson,
  repairJson,
  splitNdjson,
  stableStringify,
  validate,
} from '@fishplate/json';
import { type Check, validate as validateTrack } from '@fishplate/validation';

import { documentOf, isAccepted } from './documents';

const LEVELS = 1_000_000;

function checks(documents: number): Check[] {
  return [
    {
      name: 'documents are accepted and refused as V8 does',
      run(engine) {
        let [different, refused] = [0, 0];
        for (let seed = 1; seed <= documents; seed++) {
          const text = documentOf(seed);
          const accepted = isAccepted(text);
          if (!accepted) refused++;
          if (validate(text, { engine }).ok !== accepted) different++;
        }
        if (different > 0 || refused === 0 || refused === documents)
          throw new Error(`${different} different`);
        return `${documents} documents, ${refused} refused, ${different} different`;
      },
    },
    {
      name: 'canonical text and hash are those of the value that V8 reads',
      run(engine) {
        let count = 0;
        for (let seed = 1; seed <= documents / 10; seed++) {
          const text = documentOf(seed);
          if (!isAccepted(text) || /\\u[dD]|[eE]\+?\d{3}|\p{Surrogate}/u.test(text)) continue;
          const stable = stableStringify(JSON.parse(text));
          const hash = createHash('sha256').update(stable).digest('hex');
          if (canonicalizeText(text, { engine }) !== stable) throw new Error(`canonical text of ${text}`);
          if (hashJsonText(Buffer.from(text), { engine }) !== hash) throw new Error(`hash of ${text}`);
          count++;
        }
        if (count === 0) throw new Error('no document');
        return `${count} documents`;
      },
    },
    {
      name: 'a million levels crash nothing',
      run(engine) {
        const text = `${'{"a":['.repeat(LEVELS / 2)}1${']}'.repeat(LEVELS / 2)}`;
        if (!validate(text, { engine }).ok) throw new Error('refused');
        if (validate(text.slice(1), { engine }).ok) throw new Error('accepted without its bracket');
        if (minify(text, { engine }) !== text) throw new Error('minified to another text');
        if (canonicalizeText(text, { engine }) !== text) throw new Error('another canonical text');
        const document = openJson(Buffer.from(text), { engine });
        if (document.count('/a') !== 1) throw new Error('another count');
        return `${text.length} characters`;
      },
    },
    {
      name: 'values of a lazy document are those of JSON.parse',
      run(engine) {
        const records = Array.from({ length: 20_000 }, (_, id) => ({
          id,
          text: `record ${id}`,
          tags: ['a', id],
        }));
        const value = { records, count: records.length };
        const document = openJson(Buffer.from(JSON.stringify(value)), { engine });
        for (let id = 0; id < records.length; id += 997) {
          const found = JSON.stringify(document.get(['records', id]));
          if (found !== JSON.stringify(records[id])) throw new Error(`record ${id} is ${found}`);
        }
        return `${document.count('/records')} records`;
      },
    },
    {
      name: 'filtered lines are those that filtering values gives',
      run(engine) {
        const values = Array.from({ length: 20_000 }, (_, id) => ({
          id,
          role: id % 7 === 0 ? 'user' : 'tool',
        }));
        const buffer = Buffer.from(values.map((value) => JSON.stringify(value)).join('\n'));
        const where = { pointer: '/role', equals: 'user' };
        const found = [...splitNdjson<{ id: number }>(buffer, { where, engine })].map(
          ({ value }) => value.id,
        );
        const expected = values.filter(({ role }) => role === 'user').map(({ id }) => id);
        if (found.join() !== expected.join()) throw new Error(`${found.length} lines`);
        return `${found.length} of ${values.length} lines`;
      },
    },
    {
      name: 'a document that streams by single units ends as its value',
      run() {
        let count = 0;
        for (let seed = 1; seed <= 2000; seed++) {
          const text = documentOf(seed);
          if (!isAccepted(text)) continue;
          const parser = createPartialParser();
          for (let at = 0; at < text.length; at++) parser.push(text[at]!);
          if (JSON.stringify(parser.end()) !== JSON.stringify(JSON.parse(text))) throw new Error(text);
          count++;
        }
        return `${count} documents`;
      },
    },
    {
      name: 'a cut and badly quoted document is repaired',
      run() {
        const { value, repairs } = repairJson("```json\n{'a': True, b: [1, 2,], 'c': 'x");
        const found = JSON.stringify(value);
        if (found !== '{"a":true,"b":[1,2],"c":"x"}') throw new Error(found);
        return `${repairs.length} repairs`;
      },
    },
  ];
}

const { values } = parseArgs({
  options: { documents: { type: 'string', default: '20000' }, json: { type: 'string' } },
});

void validateTrack({
  checks: checks(Number(values.documents)),
  capabilities: [capability({ call: 'native' }), capability({ call: 'fallback' })],
  json: values.json,
});
