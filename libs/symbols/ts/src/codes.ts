/** Codes of the errors that the symbols track throws. */

import { defineCodes } from '@fishplate/engine';

export const SYMBOLS_CODES = defineCodes('symbols', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type or value that the function takes.',
    hint: 'The message names the argument and what it may be; lines and columns count from 0.',
  },
  INPUT_TOO_LARGE: {
    summary:
      'A path, name, container, signature or query is longer than an index takes, or the index is full.',
    hint: 'Texts take 1 MiB, queries 4096 bytes, an index 4 GiB of text: cut it, or leave the file out.',
  },
  OPTION_INVALID: {
    summary: 'An option has a value outside its range, or a glob is none.',
    hint: 'The message names the option and the values it takes.',
  },
  ROOT_INVALID: {
    summary: 'The root of a workspace is no directory that can be read.',
    hint: 'Check the path and its permissions; the message has the words of the system.',
  },
  EXTRACTION_TIMED_OUT: {
    summary: 'Reading a text took longer than it may.',
    hint: 'Raise timeoutMs, or leave the file out: text of a language takes a tenth of a second for a megabyte.',
  },
  SYMBOLS_CLOSED: {
    summary: 'The index has been closed.',
    hint: 'Make another one with createSymbolIndex or loadSymbolIndex.',
  },
  SPOOL_CLOSED: {
    summary: 'The output has ended, or has been removed.',
    hint: 'Write before end(), read before remove().',
  },
  SYMBOLS_NOT_FOUND: {
    summary: 'There is no index file of that name, or no directory to save one in.',
    hint: 'Check the path; build the index and save it first.',
  },
  SYMBOLS_IO: {
    summary: 'The system refused to read or write an index file.',
    hint: 'The message has the words of the system: check permissions and room on the disk.',
  },
  SYMBOLS_DAMAGED: {
    summary: 'A file is no index, or its bytes are not what was written.',
    hint: 'Delete it and build the index again: an index holds nothing that the sources do not.',
  },
  SYMBOLS_FORMAT_NEWER: {
    summary: 'The index file was written by a newer release, in a format that this one does not know.',
    hint: 'Use a release that is at least as new, or build the index again.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Report it with the call that led to it; FISHPLATE_SYMBOLS_ENGINE=fallback avoids the native engine meanwhile.',
  },
});

/** A code of this track. */
export type SymbolsCode = keyof typeof SYMBOLS_CODES.entries;
