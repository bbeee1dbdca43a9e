/** A plan as a module: JavaScript, or TypeScript that Node or the project's compiler makes JavaScript of. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { RUNTIME_CODES } from '../codes.js';

const MODULES: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']);

/** Whether a path names a module. */
export function isModulePlan(path: string): boolean {
  return MODULES.has(extname(path));
}

/**
 * What the module exports by default: a plan, or a function that gives one. It is run, with the rights of whoever runs fishplate.
 *
 * @throws FishplateError `PLAN_INVALID`.
 */
export async function importPlan(path: string): Promise<unknown> {
  const absolute = resolve(path);
  try {
    const module = (await import(await addressOf(absolute))) as { default?: unknown };
    const exported = module.default;
    return typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  } catch (cause) {
    const message = `${path} cannot be run: ${(cause as Error | undefined)?.message ?? String(cause)}`;
    throw RUNTIME_CODES.error('PLAN_INVALID', message, { cause });
  }
}

async function addressOf(path: string): Promise<string> {
  const isTypeScript = extname(path).endsWith('ts');
  const { typescript } = process.features as { typescript?: unknown };
  if (!isTypeScript || typescript) return pathToFileURL(path).href;
  // A module without a place of its own: it can import what Node brings, and types.
  const code = compile(await readFile(path, 'utf8'), path);
  return `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
}

function compile(source: string, path: string): string {
  const ts = compilerOf(path);
  const { ES2022, ESNext } = { ES2022: ts.ScriptTarget.ES2022, ESNext: ts.ModuleKind.ESNext };
  return ts.transpileModule(source, { fileName: path, compilerOptions: { target: ES2022, module: ESNext } })
    .outputText;
}

/** The part of the compiler that is used. */
interface Compiler {
  readonly ScriptTarget: { readonly ES2022: number };
  readonly ModuleKind: { readonly ESNext: number };
  transpileModule(source: string, options: object): { readonly outputText: string };
}

function compilerOf(path: string): Compiler {
  try {
    return createRequire(path)('typescript') as Compiler;
  } catch (cause) {
    throw new Error(
      `this Node (${process.version}) reads no TypeScript, and the package typescript is not installed beside it`,
      { cause },
    );
  }
}
