/** A text, how far it has been read, and what was repaired on the way. */

import type { Repair, RepairKind } from './repairs';

const SPACE = /[ \n\r\t]*/y;
/** What other languages take for white space, the mark of byte order among it. */
const OTHER_SPACE = /[\s\u180e\u200b\u2060\ufeff]+/y;
const COMMENT = /\/\/[^\n\r]*|#[^\n\r]*|\/\*[^*]*(?:\*(?!\/)[^*]*)*(?:\*\/)?/y;

/** Reads forward only. */
export class TextCursor {
  at = 0;
  readonly repairs: Repair[] = [];

  constructor(readonly text: string) {}

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The character at hand; empty at the end. */
  peek(): string {
    return this.text[this.at] ?? '';
  }

  repaired(kind: RepairKind, offset = this.at): void {
    this.repairs.push({ kind, offset });
  }

  /** Takes what a sticky expression matches here; empty where it does not. */
  take(expression: RegExp): string {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  /** Whether a sticky expression matches at a place. */
  matches(expression: RegExp, at = this.at): boolean {
    expression.lastIndex = at;
    return expression.test(this.text);
  }

  /** Over white space and comments. */
  skip(): void {
    for (;;) {
      this.take(SPACE);
      const start = this.at;
      if (this.take(OTHER_SPACE) !== '') this.repaired('white-space', start);
      else if (this.take(COMMENT) !== '') this.repaired('comment', start);
      else return;
    }
  }
}
