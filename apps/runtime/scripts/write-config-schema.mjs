/** Writes schema/fishplate.config.schema.json from the built package; a test holds the file equal to the code. */

import { writeFileSync } from 'node:fs';

import { configJsonSchema } from '../dist/index.js';

const file = new URL('../schema/fishplate.config.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
