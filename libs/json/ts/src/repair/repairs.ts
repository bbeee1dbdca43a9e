/** What may be wrong with JSON that a model wrote. */

/** A fault that was repaired. */
export type RepairKind =
  /** A code fence around the document. */
  | 'fence'
  /** Words before, behind or between documents, left out. */
  | 'prose'
  /** A comment, left out. */
  | 'comment'
  /** White space that JSON does not know, left out. */
  | 'white-space'
  /** A string in other than double quotes. */
  | 'quotes'
  /** A key without quotes. */
  | 'bare-key'
  /** A string without quotes. */
  | 'bare-value'
  /** A quote within a string that should have had a backslash. */
  | 'unescaped-quote'
  /** A string without its closing quote. */
  | 'missing-quote'
  /** A control character within a string, such as a newline. */
  | 'control-character'
  /** A backslash before what is no escape; it stays. */
  | 'escape'
  /** A comma before a closing bracket. */
  | 'trailing-comma'
  /** A comma with nothing before it. */
  | 'extra-comma'
  | 'missing-comma'
  | 'missing-colon'
  /** A key without a value, which became null. */
  | 'missing-value'
  /** A closing bracket of the other kind, or one that was left out in the middle. */
  | 'bracket'
  /** True, False, None, undefined, NaN, Infinity: true, false, and null for the rest. */
  | 'literal'
  /** A number that is spelt otherwise. */
  | 'number'
  /** Three dots in place of what was left out. */
  | 'ellipsis'
  /** A call around a value, such as `Date("...")`. */
  | 'call'
  /** A character that means nothing where it stands, left out. */
  | 'unexpected'
  /** Documents one after another, which became an array. */
  | 'concatenated'
  /** The text ends too early; what was begun stays, and a member without a value goes. */
  | 'truncated';

/** A repair, and where. */
export interface Repair {
  readonly kind: RepairKind;
  /** UTF-16 code units before it in the text that was given. */
  readonly offset: number;
}
