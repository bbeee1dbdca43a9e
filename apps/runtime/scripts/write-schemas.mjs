/** Writes what lies in schema/ from the built package; tests hold the files equal to the code. */

import { writeFileSync } from 'node:fs';

import { configJsonSchema } from '../dist/index.js';
import { describeTools } from '../dist/mcp/tool-list.js';
import { TOOLS } from '../dist/tools/index.js';

const write = (name, value) =>
  writeFileSync(new URL(`../schema/${name}`, import.meta.url), `${JSON.stringify(value, null, 2)}\n`);

write('fishplate.config.schema.json', configJsonSchema());
write('mcp-tools.json', describeTools(TOOLS));
