/** Arguments, checked once for both engines. */

import type { EngineChoice } from '@fishplate/engine';

import { SYMBOLS_CODES } from './codes';
import type { CheckedFile, CheckedQuery } from './engine';
import {
  type FileSymbols,
  type IndexedSymbol,
  type QueryOptions,
  SYMBOL_KINDS,
  type SymbolKind,
} from './types';

/** Longest text, in bytes of UTF-8. */
const MAX_TEXT = 1 << 20;

/** Longest query, in bytes of UTF-8. */
const MAX_QUERY = 4096;

const MAX_LIMIT = 10_000;
const DEFAULT_LIMIT = 20;

/** Largest line, column and count. */
const MAX_NUMBER = 0x7fff_ffff;

/** Numbers of the kinds, from 1. */
export const KIND_NUMBERS: ReadonlyMap<string, number> = new Map(
  SYMBOL_KINDS.map((kind, index) => [kind, index + 1]),
);

const LONE_SURROGATE = /\p{Surrogate}/gu;

/** A text that UTF-8 can hold: lone surrogates are replaced, as everywhere on the way to files. */
export function checkText(text: unknown, what: string, limit = MAX_TEXT): string {
  if (typeof text !== 'string') throw invalid(`${what} must be a string, and is ${described(text)}`);
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit) {
    throw SYMBOLS_CODES.error(
      'INPUT_TOO_LARGE',
      `${what} has ${Buffer.byteLength(text)} bytes, and at most ${limit} are supported`,
    );
  }
  return text.replace(LONE_SURROGATE, '\ufffd');
}

export function checkPath(path: unknown): string {
  const text = checkText(path, 'path');
  if (text === '') throw invalid('path must not be empty');
  return text;
}

export function checkQueryText(text: unknown): string {
  return checkText(text, 'the query', MAX_QUERY);
}

export function checkBatch(batch: unknown): CheckedFile[] {
  if (!Array.isArray(batch)) throw invalid(`the batch must be an array of files, and is ${described(batch)}`);
  return batch.map((file: unknown, index) => {
    if (typeof file !== 'object' || file === null) {
      throw invalid(`file ${index} of the batch must be an object, and is ${described(file)}`);
    }
    const { path, symbols, references } = file as FileSymbols;
    return checkFile(path, symbols, references);
  });
}

export function checkFile(path: unknown, symbols: unknown, references: unknown): CheckedFile {
  const checked = checkPath(path);
  if (!Array.isArray(symbols)) throw invalid(`symbols must be an array, and is ${described(symbols)}`);
  return {
    path: checked,
    symbols: symbols.map((symbol: unknown, index) => checkSymbol(symbol, index, checked)),
    references: checkReferences(references),
  };
}

function checkSymbol(given: unknown, index: number, path: string): IndexedSymbol {
  const where = `of symbol ${index} of ${path}`;
  if (typeof given !== 'object' || given === null) {
    throw invalid(`symbol ${index} of ${path} must be an object, and is ${described(given)}`);
  }
  const { name, kind, line, column, endLine, endColumn, container, signature, exported } =
    given as Partial<IndexedSymbol>;
  if (typeof kind !== 'string' || !KIND_NUMBERS.has(kind)) {
    throw invalid(`kind ${where} must be a kind such as function, and is ${described(kind)}`);
  }
  if (exported !== undefined && typeof exported !== 'boolean') {
    throw invalid(`exported ${where} must be true or false, and is ${described(exported)}`);
  }
  return {
    name: checkText(name, `name ${where}`),
    kind,
    line: place(line, 'line', where),
    column: place(column, 'column', where),
    ...(endLine === undefined ? {} : { endLine: place(endLine, 'endLine', where) }),
    ...(endColumn === undefined ? {} : { endColumn: place(endColumn, 'endColumn', where) }),
    ...(container === undefined ? {} : { container: checkText(container, `container ${where}`) }),
    ...(signature === undefined ? {} : { signature: checkText(signature, `signature ${where}`) }),
    exported: exported ?? false,
  };
}

function place(value: unknown, what: string, where: string): number {
  if (isCount(value, 0, MAX_NUMBER)) return value;
  throw invalid(
    `${what} ${where} must be a whole number from 0 to ${MAX_NUMBER}, and is ${described(value)}`,
  );
}

function checkReferences(references: unknown): (readonly [string, number])[] {
  if (references === undefined) return [];
  if (typeof references !== 'object' || references === null || Array.isArray(references)) {
    throw invalid(`references must be an object of names and counts, and is ${described(references)}`);
  }
  const counts = new Map<string, number>();
  for (const [name, count] of Object.entries(references) as [string, unknown][]) {
    if (!isCount(count, 1, MAX_NUMBER)) {
      throw invalid(`the count of ${name} must be a whole number from 1, and is ${described(count)}`);
    }
    const checked = checkText(name, 'a name of references');
    counts.set(checked, Math.min((counts.get(checked) ?? 0) + count, MAX_NUMBER));
  }
  return [...counts];
}

export function checkQuery(options: unknown): CheckedQuery {
  checkObject(options);
  const { limit = DEFAULT_LIMIT, kinds, path, fuzzy = true, boostPaths = [] } = options as QueryOptions;
  if (!isCount(limit, 0, MAX_LIMIT)) {
    throw option(`limit must be a whole number from 0 to ${MAX_LIMIT}, and is ${described(limit)}`);
  }
  if (typeof fuzzy !== 'boolean') throw option(`fuzzy must be true or false, and is ${described(fuzzy)}`);
  if (!Array.isArray(boostPaths))
    throw option(`boostPaths must be an array, and is ${described(boostPaths)}`);
  return {
    limit,
    kinds: checkKinds(kinds),
    path: path === undefined ? undefined : filter(path, 'path'),
    fuzzy,
    boostPaths: boostPaths.map((boosted: unknown) => filter(boosted, 'boostPaths')),
  };
}

function filter(path: unknown, what: string): string {
  if (typeof path !== 'string') throw option(`${what} must be of strings, and is ${described(path)}`);
  return path.replace(LONE_SURROGATE, '\ufffd');
}

function checkKinds(kinds: unknown): number {
  if (kinds === undefined) return 0;
  if (!Array.isArray(kinds) || kinds.length === 0) {
    throw option(`kinds must be an array of one kind or more, and is ${described(kinds)}`);
  }
  let set = 0;
  for (const kind of kinds as SymbolKind[]) {
    const number = KIND_NUMBERS.get(kind);
    if (number === undefined)
      throw option(`kinds must hold kinds such as function, and holds ${described(kind)}`);
    set |= 1 << number;
  }
  return set;
}

/** @throws FishplateError `OPTION_INVALID` where options are none. */
export function checkObject(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw option(`options must be an object, and is ${described(options)}`);
  }
}

/** A symbol or an object could not even be named by the check behind this one. */
export function checkEngine(engine: unknown): EngineChoice | undefined {
  if (engine !== undefined && typeof engine !== 'string') {
    throw option(`engine must be auto, native or fallback, and is ${described(engine)}`);
  }
  return engine as EngineChoice | undefined;
}

/** A path of the file system. */
export function checkFilePath(path: unknown): string {
  if (typeof path !== 'string') throw invalid(`path must be a string, and is ${described(path)}`);
  if (path === '' || path.includes('\0')) throw invalid('path must not be empty, nor hold a NUL');
  return path;
}

function isCount(value: unknown, from: number, to: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to;
}

function invalid(message: string): Error {
  return SYMBOLS_CODES.error('INPUT_INVALID', message);
}

function option(message: string): Error {
  return SYMBOLS_CODES.error('OPTION_INVALID', message);
}

function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? `an array of ${value.length}` : `of type ${typeof value}`;
}
