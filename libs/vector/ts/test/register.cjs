'use strict';

// Lets a child process of a test run TypeScript from source: node --conditions=@fishplate/source -r register.cjs file.ts

const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const CACHE = join(process.env.FISHPLATE_TEST_CACHE ?? tmpdir(), 'fishplate-vector-transpiled');

require.extensions['.ts'] = (module, file) => {
  const source = readFileSync(file, 'utf8');
  const cached = join(CACHE, `${createHash('sha256').update(source).digest('hex')}.js`);
  let code;
  try {
    code = readFileSync(cached, 'utf8');
  } catch {
    // Loading the compiler takes longer than all the rest, so that its output is kept.
    const { ModuleKind, ScriptTarget, transpileModule } = require('typescript');
    const compilerOptions = {
      module: ModuleKind.CommonJS,
      target: ScriptTarget.ES2022,
      esModuleInterop: true,
    };
    code = transpileModule(source, { compilerOptions }).outputText;
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(`${cached}.${process.pid}`, code);
    renameSync(`${cached}.${process.pid}`, cached);
  }
  module._compile(code, file);
};
