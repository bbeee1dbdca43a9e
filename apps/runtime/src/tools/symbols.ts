/** `search_symbols`, `outline` and `repo_map`: what the files of the workspace declare. */

import {
  capability,
  createSymbolIndex,
  extractSymbols,
  rankFiles,
  renderMap,
  SYMBOL_KINDS,
  type SymbolHit,
  type SymbolNode,
} from '@fishplate/symbols';
import { countTokens } from '@fishplate/tokenizer';
import { z } from 'zod';

import type { Waiting } from '../symbols/workspace-symbols.js';
import { shownPath } from '../text/shown-path.js';
import { DEFAULT_ENCODING, ENCODING } from './count-tokens.js';
import { refuse, refuseMissing } from './refusal.js';
import { defineTool, READS, type ToolContext } from './tool.js';

/** Hits that one answer holds unless told otherwise, and at most. */
const LIMIT = 20;
const MOST = 500;

/** Tokens of a map unless told otherwise. */
const MAP_TOKENS = 2048;

const kind = z.enum(SYMBOL_KINDS);

const declared = {
  name: z.string(),
  kind: z.string(),
  line: z.int().describe('From 1'),
  endLine: z.int().optional(),
  container: z.string().optional().describe('What it is a member of'),
  signature: z.string().optional(),
  exported: z.boolean(),
};

/** The tool `search_symbols`. */
export const searchSymbols = defineTool({
  name: 'search_symbols',
  title: 'Search symbols',
  description:
    'Finds declarations (functions, classes, methods, types, constants) of the workspace by name: a part of it, its initials (gUN for ' +
    'getUserName), or a misspelling will do; words before it narrow by path or container (config parse, User.save). Best first.',
  inputSchema: z.strictObject({
    query: z.string().min(1).max(1000),
    limit: z.int().positive().max(MOST).optional().describe(`Most symbols; ${LIMIT} unless given`),
    kinds: z.array(kind).optional().describe('Only these kinds'),
    path: z.string().optional().describe('Only files below this directory, or that match this glob'),
  }),
  dataSchema: z.object({
    symbols: z.array(z.object({ ...declared, path: z.string(), score: z.number(), match: z.string() })),
    indexed: z.int().describe('Symbols of the workspace'),
    files: z.int().describe('Files that they are in'),
  }),
  annotations: READS,
  async execute({ query, limit = LIMIT, kinds, path }, context) {
    const index = await context.symbols.fresh(waitingOf(context));
    const hits = index.query(query, {
      limit,
      // Models that want all kinds may say so by naming none.
      ...(kinds === undefined || kinds.length === 0 ? {} : { kinds }),
      ...(path === undefined ? {} : { path }),
    });
    const { symbols: indexed, files } = index.stats();
    const data = { symbols: hits.map(shownHit), indexed, files };
    const text =
      hits.length === 0
        ? `none of ${indexed} symbols fits`
        : hits.map((hit) => `${shownPath(hit.path)}:${lineOf(hit)}`).join('\n');
    return {
      ok: true,
      data,
      text,
      summary: `${hits.length} of ${indexed} symbols`,
      engines: enginesOf(context),
    };
  },
});

/** The tool `outline`. */
export const outline = defineTool({
  name: 'outline',
  title: 'Outline a file',
  description:
    'Shows what a file declares, in its order, members below what they belong to, with line numbers and signatures.',
  inputSchema: z.strictObject({ path: z.string() }),
  dataSchema: z.object({
    language: z.string(),
    symbols: z.array(z.object({ ...declared, depth: z.int().describe('0 at the top') })),
    hasErrors: z.boolean().describe('True where parts do not fit the grammar'),
  }),
  annotations: READS,
  async execute({ path }, context) {
    const { files, config, asked } = context;
    const engines = enginesOf(context);
    const resolved = files.resolve(path, 'read');
    const state = await files.read(resolved, config.limits.maxFileBytes);
    if (state === null) return refuseMissing(resolved, engines);
    const found = await extractSymbols(resolved, state.bytes, {
      engine: asked.symbols,
      maxFileBytes: config.limits.maxFileBytes,
    });
    if (found === null) {
      return refuse('LANGUAGE_UNKNOWN', `${resolved} is of no language that can be outlined`, { engines });
    }
    const index = createSymbolIndex({ engine: asked.symbols });
    try {
      index.updateFiles([found]);
      const symbols = flat(index.outline(resolved), 0);
      const data = { language: found.language, symbols: symbols.map(shownNode), hasErrors: found.hasErrors };
      const lines = symbols.map(({ node, depth }) => `${'  '.repeat(depth)}${lineOf(node)}`);
      const text = lines.length === 0 ? `${resolved} declares nothing` : lines.join('\n');
      return { ok: true, data, text, summary: `${symbols.length} symbols of ${resolved}`, engines };
    } finally {
      index.close();
    }
  },
});

/** The tool `repo_map`. */
export const repoMap = defineTool({
  name: 'repo_map',
  title: 'Map the repository',
  description:
    'Shows the files that matter most, with their main declarations, within a budget of tokens: by who uses what others declare, seen ' +
    'from the files, directories or symbols in focus.',
  inputSchema: z.strictObject({
    focus: z
      .array(z.string())
      .max(1000)
      .optional()
      .describe('Paths of files and directories, and names of symbols'),
    budgetTokens: z.int().positive().max(1_000_000).optional().describe(`${MAP_TOKENS} unless given`),
    encoding: ENCODING,
  }),
  dataSchema: z.object({
    files: z.array(z.object({ path: z.string(), score: z.number(), tokens: z.int(), symbols: z.int() })),
    tokens: z.int(),
  }),
  annotations: READS,
  async execute({ focus = [], budgetTokens = MAP_TOKENS, encoding = DEFAULT_ENCODING }, context) {
    const index = await context.symbols.fresh(waitingOf(context));
    const options = { engine: context.asked.tokenizer };
    const ranked = rankFiles(index, {
      focus,
      budgetTokens,
      countTokens: (text) => countTokens(text, encoding, options),
    });
    // An outline begins with its path.
    const map = renderMap(
      ranked.map((file) => ({
        ...file,
        outline: shownPath(file.path) + file.outline.slice(file.path.length),
      })),
    );
    const files = ranked.map(({ path, score, tokens, symbols }) => ({
      path,
      score,
      tokens,
      symbols: symbols.length,
    }));
    const tokens = countTokens(map, encoding, options);
    const text = map === '' ? `no file fits into ${budgetTokens} tokens` : map;
    const engines = { ...enginesOf(context), tokenizer: context.trackEngines.tokenizer() };
    return {
      ok: true,
      data: { files, tokens },
      text,
      summary: `${files.length} files, ${tokens} tokens`,
      engines,
    };
  },
});

function waitingOf({ signal, onProgress }: ToolContext): Waiting {
  return {
    signal,
    onProgress: onProgress && ((done, total) => onProgress({ done, total, message: 'indexing symbols' })),
  };
}

function enginesOf({ asked }: ToolContext): Record<string, string> {
  return { symbols: capability({ call: asked.symbols }).engine ?? 'none' };
}

/** Lines of language servers count from 0, those of tools from 1. */
function shown({ name, kind, line, endLine, container, signature, exported }: SymbolNode | SymbolHit) {
  return {
    name,
    kind,
    line: line + 1,
    ...(endLine === undefined ? {} : { endLine: endLine + 1 }),
    ...(container === undefined ? {} : { container }),
    ...(signature === undefined || signature === '' ? {} : { signature }),
    exported,
  };
}

function shownHit(hit: SymbolHit) {
  return { ...shown(hit), path: hit.path, score: hit.score, match: hit.tier };
}

function shownNode({ node, depth }: { readonly node: SymbolNode; readonly depth: number }) {
  return { ...shown(node), depth };
}

function lineOf({ name, kind, line, container, signature }: SymbolNode | SymbolHit): string {
  const named = container === undefined ? name : `${container}.${name}`;
  return `${line + 1} ${kind} ${signature === undefined || signature === '' ? named : signature}`;
}

function flat(nodes: readonly SymbolNode[], depth: number): { node: SymbolNode; depth: number }[] {
  return nodes.flatMap((node) => [{ node, depth }, ...flat(node.children, depth + 1)]);
}
