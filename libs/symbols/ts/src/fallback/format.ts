/** An index as bytes: docs/formats/symbols.md. */

import { crc32 } from 'node:zlib';

import { SYMBOLS_CODES } from '../codes';
import type { CheckedFile } from '../engine';
import { type IndexedSymbol, SYMBOL_KINDS } from '../types';
import { KIND_NUMBERS } from '../check';
import { compareTexts } from './order';
import { withName, withoutName } from './signature';
import type { Name, Store, StoredFile } from './store';

const MAGIC = Buffer.from('FPSYMBOL');

/** The format that is written, and the newest that is read. */
const FORMAT = 2;

/** Magic, format, checksum of both, length of the body. */
const HEADER = 24;

/** Checksum of all before it. */
const TRAILER = 4;

const EXPORTED = 1 << 5;
const END_LINE = 1 << 6;
const END_COLUMN = 1 << 7;
const KIND = EXPORTED - 1;

const LARGEST = 0xffff_fffe;

/** Equal indexes give equal bytes, however they came about. */
export function toBytes(store: Store): Buffer {
  const names = new Numbers();
  const signatures = new Numbers();
  const body = new Writer();
  body.number(store.symbols);
  body.number(store.files.size);
  const files = [...store.files.values()].sort((a, b) => compareTexts(a.path, b.path));
  for (const file of files) writeFile(file, names, signatures, body);
  const texts = new Writer();
  for (const { order } of [names, signatures]) {
    texts.number(order.length);
    for (const text of order) texts.number(Buffer.byteLength(text));
    for (const text of order) texts.raw(text, Buffer.byteLength(text));
  }
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.writeUInt32LE(FORMAT, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  header.writeBigUInt64LE(BigInt(texts.length + body.length), 16);
  const whole = Buffer.concat([header, texts.bytes(), body.bytes(), Buffer.alloc(TRAILER)]);
  whole.writeUInt32LE(crc32(whole.subarray(0, -TRAILER)), whole.length - TRAILER);
  return whole;
}

/** The files of an index. @throws FishplateError `SYMBOLS_DAMAGED`, `SYMBOLS_FORMAT_NEWER`. */
export function filesOf(bytes: Buffer): CheckedFile[] {
  const { format, end } = checked(bytes);
  const reader = new Reader(bytes, end);
  const [names, signatures] = [reader.texts(format), reader.texts(format)];
  const symbols = format === 1 ? undefined : reader.count();
  const files: CheckedFile[] = [];
  let before = '';
  for (let left = reader.count(); left > 0; left--) {
    const path = reader.text();
    if (compareTexts(path, before) <= 0) throw reader.damaged('paths are not in their order');
    before = path;
    files.push(readFile(path, reader, { format, names, signatures }));
  }
  if (!reader.isAtEnd()) throw reader.damaged('bytes follow the last file');
  const found = files.reduce((sum, file) => sum + file.symbols.length, 0);
  if (symbols !== undefined && symbols !== found) {
    throw reader.damaged('it has not as many symbols as it tells');
  }
  return files;
}

function writeFile(file: StoredFile, names: Numbers, signatures: Numbers, body: Writer): void {
  body.text(file.path);
  body.number(file.symbols.length);
  let line = 0;
  for (const { symbol } of file.symbols) {
    const { endLine, endColumn, container, signature } = symbol;
    body.number(names.of(symbol.name));
    body.byte(
      KIND_NUMBERS.get(symbol.kind)! |
        (symbol.exported ? EXPORTED : 0) |
        (endLine === undefined ? 0 : END_LINE) |
        (endColumn === undefined ? 0 : END_COLUMN),
    );
    body.difference(line, symbol.line);
    body.number(symbol.column);
    if (endLine !== undefined) body.difference(symbol.line, endLine);
    if (endColumn !== undefined) body.number(endColumn);
    body.number(container === undefined ? 0 : names.of(container) + 1);
    if (signature === undefined) body.number(0);
    else {
      const held = withoutName(signature, symbol.name);
      body.number(signatures.of(held ?? signature) * 2 + (held === undefined ? 1 : 2));
    }
    line = symbol.line;
  }
  const references: [Name, number][] = [...file.references];
  references.sort(([a], [b]) => compareTexts(a.text, b.text));
  body.number(references.length);
  for (const [{ text }, count] of references) {
    body.number(names.of(text));
    body.number(count);
  }
}

/** Texts of a file by their numbers. */
interface Texts {
  readonly format: number;
  readonly names: readonly string[];
  readonly signatures: readonly string[];
}

function readFile(path: string, reader: Reader, texts: Texts): CheckedFile {
  const { names } = texts;
  const symbols: IndexedSymbol[] = [];
  let line = 0;
  for (let left = reader.count(); left > 0; left--) {
    const name = reader.of(names);
    const head = reader.byte();
    const kind = SYMBOL_KINDS[(head & KIND) - 1];
    if (kind === undefined) throw reader.damaged('a kind is unknown');
    line = reader.difference(line);
    const column = reader.value();
    const endLine = head & END_LINE ? reader.difference(line) : undefined;
    const endColumn = head & END_COLUMN ? reader.value() : undefined;
    const container = reader.option(names);
    const signature = readSignature(name, reader, texts);
    symbols.push({
      name,
      kind,
      line,
      column,
      ...(endLine === undefined ? {} : { endLine }),
      ...(endColumn === undefined ? {} : { endColumn }),
      ...(container === undefined ? {} : { container }),
      ...(signature === undefined ? {} : { signature }),
      exported: (head & EXPORTED) !== 0,
    });
  }
  const references = new Map<string, number>();
  const count = reader.count();
  for (let left = count; left > 0; left--) references.set(reader.of(names), reader.value());
  if (references.size !== count) throw reader.damaged('a file has two counts for one name');
  return { path, symbols, references: [...references] };
}

function readSignature(name: string, reader: Reader, { format, signatures }: Texts): string | undefined {
  if (format === 1) return reader.option(signatures);
  const number = reader.value();
  if (number === 0) return undefined;
  const held = reader.chosen(signatures, (number - 1) >> 1);
  return number % 2 === 0 ? withName(held, name) : held;
}

/** The format, and where the body ends, of a file whose checksums are right. */
function checked(bytes: Buffer): { format: number; end: number } {
  if (bytes.length < HEADER) throw damaged(bytes.length, 'it ends within its header');
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw damaged(0, 'it does not start as an index file does');
  }
  if (bytes.readUInt32LE(12) !== crc32(bytes.subarray(0, 12))) {
    throw damaged(8, 'the checksum of its header is wrong');
  }
  const format = bytes.readUInt32LE(8);
  if (format > FORMAT) {
    throw SYMBOLS_CODES.error(
      'SYMBOLS_FORMAT_NEWER',
      `the index file has format ${format}, and this release reads formats up to ${FORMAT}; use a newer release or build the index again`,
    );
  }
  if (format === 0) throw damaged(8, 'there is no format 0');
  const end = bytes.length - TRAILER;
  if (bytes.readBigUInt64LE(16) !== BigInt(end - HEADER)) {
    throw damaged(bytes.length, 'it has not the length that its header tells');
  }
  if (bytes.readUInt32LE(end) !== crc32(bytes.subarray(0, end)))
    throw damaged(HEADER, 'its checksum is wrong');
  return { format, end };
}

function damaged(offset: number, reason: string): Error {
  return SYMBOLS_CODES.error('SYMBOLS_DAMAGED', `the index file is damaged at byte ${offset}: ${reason}`);
}

/** Numbers for texts, in the order of their first use. */
class Numbers {
  readonly order: string[] = [];
  private readonly numbers = new Map<string, number>();

  of(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.order.push(text) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }
}

class Writer {
  length = 0;
  private buffer = Buffer.alloc(1 << 16);

  byte(value: number): void {
    this.room(1);
    this.buffer[this.length++] = value;
  }

  /** Seven bits a byte, the lowest first; the highest bit of a byte tells that more follow. */
  number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** Twice the difference, and one less where it is negative. */
  difference(from: number, to: number): void {
    this.number(to < from ? (from - to) * 2 - 1 : (to - from) * 2);
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.number(length);
    this.raw(text, length);
  }

  /** A text of so many bytes, without telling how many. */
  raw(text: string, length: number): void {
    this.room(length);
    this.length += this.buffer.write(text, this.length);
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private room(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.length + bytes));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

class Reader {
  private at = HEADER;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(
    private readonly bytes: Buffer,
    private readonly end: number,
  ) {}

  damaged(reason: string): Error {
    return damaged(this.at, reason);
  }

  isAtEnd(): boolean {
    return this.at === this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw this.damaged('it ends within a file');
    return this.bytes[this.at++]!;
  }

  /** A number that a symbol can have. */
  value(): number {
    return this.small(this.number());
  }

  difference(from: number): number {
    const coded = this.number();
    const half = Math.ceil(coded / 2);
    return this.small(coded % 2 === 0 ? from + half : from - half);
  }

  /** How many things follow, each of which takes a byte at least. */
  count(): number {
    const count = this.value();
    if (count > this.end - this.at) throw this.damaged('it tells of more than there is');
    return count;
  }

  text(): string {
    return this.decoded(this.count());
  }

  /** All names, or all signatures. */
  texts(format: number): string[] {
    if (format === 1) return Array.from({ length: this.count() }, () => this.text());
    const lengths = Array.from({ length: this.count() }, () => this.value());
    const texts = lengths.map((length) => this.decoded(length));
    if (new Set(texts).size !== texts.length) throw this.damaged('a text is there twice');
    return texts;
  }

  private decoded(length: number): string {
    if (length > this.end - this.at) throw this.damaged('it ends within a text');
    const bytes = this.bytes.subarray(this.at, this.at + length);
    let text: string;
    try {
      text = this.decoder.decode(bytes);
    } catch {
      throw this.damaged('a text is not UTF-8');
    }
    this.at += length;
    return text;
  }

  of(texts: readonly string[]): string {
    return this.chosen(texts, this.value());
  }

  option(texts: readonly string[]): string | undefined {
    const number = this.value();
    return number === 0 ? undefined : this.chosen(texts, number - 1);
  }

  chosen(texts: readonly string[], number: number): string {
    const text = texts[number];
    if (text === undefined) throw this.damaged('there is no text of that number');
    return text;
  }

  private number(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 35; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw this.damaged('a number is too large');
  }

  private small(value: number): number {
    if (value < 0 || value > LARGEST) throw this.damaged('a number is too large');
    return value;
  }
}
