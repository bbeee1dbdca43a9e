/** A document that is read where it is asked about. */

import type { DocumentReader, Failure } from '../engine';
import { decode } from '../input';
import { failureOf, notUtf8 } from './failures';
import { type Part, partsAt, valueEnd } from './members';
import { elementIndex, pointerTokens } from './pointer';
import { PROBLEM, Refusal, skipSpace } from './scan';

/** The parts of a container that was asked about. */
interface Container {
  readonly elements: readonly Part[] | undefined;
  /** Of equal keys the last, in the place of the first. */
  readonly members: ReadonlyMap<string, Part>;
}

/** The document of the engine in TypeScript. */
export class ScriptDocument implements DocumentReader {
  private readonly text: string = '';
  private readonly root: number = 0;
  private readonly refused: Failure | null = null;
  private readonly containers = new Map<number, Container>();

  constructor(bytes: Uint8Array) {
    const text = decode(bytes);
    if (text === undefined) {
      this.refused = notUtf8(bytes);
      return;
    }
    this.text = text;
    this.root = skipSpace(text, 0);
    if (this.root === text.length) this.refused = failureOf(text, new Refusal(this.root, PROBLEM.end));
  }

  failure(): Failure | null {
    return this.refused;
  }

  slice(pointer: string): string | null | Failure {
    return this.ask(pointer, (start) => {
      const end = valueEnd(this.text, start);
      if (start === this.root) this.nothingFollows(end);
      return this.text.slice(start, end);
    });
  }

  start(pointer: string): number {
    const start = this.ask(pointer, (found) => found);
    return typeof start === 'number' ? Buffer.byteLength(this.text.slice(0, start)) : -1;
  }

  count(pointer: string): number | null | Failure {
    return this.ask(pointer, (start) => {
      const container = this.container(start);
      return container === undefined ? null : (container.elements?.length ?? container.members.size);
    });
  }

  keys(pointer: string): string[] | null | Failure {
    return this.ask(pointer, (start) => {
      const container = this.container(start);
      if (container === undefined || container.elements !== undefined) return null;
      return [...container.members.keys()];
    });
  }

  private ask<Answer>(pointer: string, answer: (start: number) => Answer): Answer | null | Failure {
    if (this.refused !== null) return this.refused;
    let tokens: string[];
    try {
      tokens = pointerTokens(pointer);
    } catch (error) {
      return failureOf(pointer, error);
    }
    try {
      const start = this.find(tokens);
      return start === undefined ? null : answer(start);
    } catch (error) {
      return failureOf(this.text, error);
    }
  }

  private find(tokens: readonly string[]): number | undefined {
    let start = this.root;
    for (const token of tokens) {
      const container = this.container(start);
      const part = container?.elements?.[elementIndex(token)] ?? container?.members.get(token);
      if (part === undefined) return undefined;
      ({ start } = part);
    }
    return start;
  }

  private container(start: number): Container | undefined {
    let known = this.containers.get(start);
    if (known === undefined) {
      const read = partsAt(this.text, start);
      if (read === undefined) return undefined;
      const { isObject, parts, end } = read;
      if (start === this.root) this.nothingFollows(end);
      const members = new Map<string, Part>();
      if (isObject) for (const part of parts) members.set(part.name!, part);
      known = { elements: isObject ? undefined : parts, members };
      this.containers.set(start, known);
    }
    return known;
  }

  private nothingFollows(end: number): void {
    const rest = skipSpace(this.text, end);
    if (rest < this.text.length) throw new Refusal(rest, PROBLEM.trailing);
  }
}
