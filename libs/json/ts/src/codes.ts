/** Codes of the errors that the json track throws. */

import { defineCodes } from '@fishplate/engine';

export const JSON_CODES = defineCodes('json', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes.',
    hint: 'The message names the argument, and what it must be.',
  },
  OPTION_INVALID: {
    summary: 'An option has a value outside its range.',
    hint: 'The message names the option and the values it takes.',
  },
  JSON_INVALID: {
    summary: 'The text is no JSON.',
    hint: 'Look at the place in `details`; `repairJson` reads what models get wrong, `parsePartial` what is cut off.',
  },
  TEXT_NOT_UTF8: {
    summary: 'The bytes are not UTF-8.',
    hint: 'Find out in which encoding they are, and give the text as a string.',
  },
  TOO_LARGE: {
    summary: 'The text is longer than `maxLength`, or a result would be longer than a string can be.',
    hint: 'Give a larger `maxLength` where the source can be trusted; split what is larger than a string.',
  },
  TOO_DEEP: {
    summary: 'Objects and arrays are nested deeper than the limit, or deeper than the stack reaches.',
    hint: 'Give a larger `maxDepth` where the source can be trusted; a pointer has 1,024 parts at most.',
  },
  TOO_MANY_KEYS: {
    summary: 'The objects of the text have more keys than `maxKeys`.',
    hint: 'Give a larger `maxKeys` where the source can be trusted.',
  },
  KEY_DUPLICATE: {
    summary: 'An object has a key twice, and `duplicateKeys` is error.',
    hint: 'Refuse the text, since readers disagree on what it means; or have the last one count.',
  },
  KEY_FORBIDDEN: {
    summary: 'An object has the key `__proto__`, and `protoKeys` is error.',
    hint: 'Refuse the text, or have the key removed.',
  },
  NUMBER_NOT_FINITE: {
    summary:
      'A number is NaN or infinite, or its text is beyond what a double holds: RFC 8785 has no form for it.',
    hint: 'Give it as a string; `stableStringify` writes null for it, as JSON.stringify does.',
  },
  LONE_SURROGATE: {
    summary: 'A string holds half of a surrogate pair: RFC 8785 has no form for it.',
    hint: 'Find where a string was cut in the middle of a character; `stableStringify` escapes it, as JSON.stringify does.',
  },
  VALUE_HAS_NO_JSON: {
    summary: 'A value has no JSON: undefined, a function or a symbol by itself, or a BigInt anywhere.',
    hint: 'Give a value that has one, or a `toJSON` that returns one.',
  },
  VALUE_CYCLIC: {
    summary: 'A value holds itself.',
    hint: 'Break the cycle; the cause names where it closes.',
  },
  POINTER_INVALID: {
    summary: 'A JSON pointer is none.',
    hint: 'It is empty, or begins with /; ~0 stands for ~ and ~1 for /. An array of keys does without.',
  },
  DOCUMENT_CLOSED: {
    summary: 'A document was asked after it was closed.',
    hint: 'Ask before `close()`, or open it again.',
  },
  PARSER_ENDED: {
    summary: 'A partial parser was given a chunk after its end, or after an error.',
    hint: 'Make a new parser for each document.',
  },
  NOT_REPAIRABLE: {
    summary: 'The text holds nothing that could be meant as JSON.',
    hint: 'Ask the model again; the message says what was looked for.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Report it with the call that led to it; FISHPLATE_JSON_ENGINE=fallback avoids the native engine meanwhile.',
  },
});

/** A code of this track. */
export type JsonCode = keyof typeof JSON_CODES.entries;
