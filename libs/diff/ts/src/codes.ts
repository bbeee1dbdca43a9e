/** The diff track's codes: faults that are thrown, and outcomes that are returned. */

import { type CodeEntry, defineCodes } from '@fishplate/engine';

/** Codes of thrown errors. */
export const DIFF_CODES = defineCodes('diff', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes.',
    hint: 'Pass strings or Uint8Arrays (a Buffer is one) as text, and the documented types elsewhere; the message names the argument.',
  },
  INPUT_TOO_LARGE: {
    summary: 'A text is larger than the engine takes.',
    hint: 'Split the text, or compare files of that size with a tool that streams; details.limit is the limit in bytes.',
  },
  OPTION_INVALID: {
    summary: 'An option has a value outside its range, or does not go with this function.',
    hint: 'The message names the option and the values it takes.',
  },
  PATCH_MALFORMED: {
    summary: 'A patch is not well-formed unified diff text.',
    hint: 'The message names the line; hunk headers must count the lines that follow them, and each hunk line starts with a space, + or -.',
  },
  PATCH_MULTIPLE_FILES: {
    summary: 'A patch for several files was given to a function that patches one text.',
    hint: 'Split it with parsePatch and apply each part to its own file.',
  },
  PATCH_EMPTY: {
    summary: 'A patch names no file, or holds nothing to apply.',
    hint: 'Give `---` and `+++` lines with paths, a `*** Begin Patch` envelope, or search/replace blocks behind a path.',
  },
  PATCH_UNSUPPORTED: {
    summary: 'A patch asks for something other than a change of text files.',
    hint: 'Binary files, links and submodules cannot be patched as text; a move needs the headers `rename from` and `rename to`.',
  },
  PATCH_BINARY: {
    summary: 'A patch says that a binary file changed, and carries no text to apply.',
    hint: 'Copy the file itself; a unified diff holds text changes only.',
  },
  DIFF_TOO_LARGE: {
    summary: 'The exact comparison needs more memory than its limit.',
    hint: 'Give `timeout` or `maxEditLength`, or use unifiedDiff, which turns to a coarser engine by itself.',
  },
  SYNTAX_UNAVAILABLE: {
    summary: 'The parsers of `@fishplate/diff/syntax` cannot be loaded.',
    hint: 'Install @fishplate/syntax-native for this platform (npm leaves optional packages out with --omit=optional), and do not ask for the fallback: there is none.',
  },
  LANGUAGE_UNKNOWN: {
    summary: 'No language was named, and the path has no ending of one that can be parsed.',
    hint: 'Give `language`; the message lists what there is.',
  },
  SYNTAX_TIMED_OUT: {
    summary: 'Parsing took longer than `timeoutMs`.',
    hint: 'Check that the text is of the language named: only other text takes that long. Or give more time.',
  },
  OUTPUT_TOO_LARGE: {
    summary: 'The result is longer than a JavaScript string can be.',
    hint: 'Pass Buffers instead of strings, so that the result is a Buffer too.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Report it with the input that led to it; FISHPLATE_DIFF_ENGINE=fallback avoids the native engine meanwhile.',
  },
});

/** Codes of returned outcomes: what became of one hunk or one edit that was not applied. */
export const DIFF_OUTCOMES = {
  NO_MATCH: {
    summary: 'The text that the hunk or edit expects is nowhere in the source.',
    hint: 'Read the source again and make the change against what it holds now; `nearest` shows the most similar place.',
  },
  AMBIGUOUS: {
    summary: 'The expected text stands at several places that fit equally well.',
    hint: 'Add more surrounding lines, so that only one place fits; `candidates` lists their line numbers.',
  },
  END_OF_FILE: {
    summary:
      'The hunk and the source disagree on whether the last line ends with a newline, or on where the text ends.',
    hint: 'Make the patch against the source as it is; mind `\\ No newline at end of file`.',
  },
  OVERLAP: {
    summary: 'The place that fits lies before the end of the hunk applied before it.',
    hint: 'Hunks must follow each other in the order of the file; make the patch anew.',
  },
  FILE_MISSING: {
    summary: 'A patch changes, moves or deletes a file that is not there.',
    hint: 'Check the path; to create the file, say so in the patch.',
  },
  FILE_EXISTS: {
    summary: 'A patch creates a file where there is one already.',
    hint: 'Change the file instead, or delete it in the patch first.',
  },
  DELETE_MISMATCH: {
    summary: 'A patch deletes a file that holds more than the patch says.',
    hint: 'Read the file again and make the patch against what it holds now.',
  },
  EMPTY_SEARCH: {
    summary: 'The search text of an edit is empty.',
    hint: 'Name the text to replace; to insert, search for a line beside the place and repeat it in the replacement.',
  },
  NO_CHANGE: {
    summary: 'Search and replacement are the same text.',
    hint: 'Leave the edit out, or give the text that it should become.',
  },
} as const satisfies Record<string, CodeEntry>;

/** A code of {@link DIFF_OUTCOMES}. */
export type DiffOutcomeCode = keyof typeof DIFF_OUTCOMES;
