/** Codes of the errors that the vector track throws. */

import { defineCodes } from '@fishplate/engine';

export const VECTOR_CODES = defineCodes('vector', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes, or a buffer is detached.',
    hint: 'Pass a Float32Array over memory that was not transferred to another thread; the message names the argument.',
  },
  DIMS_MISMATCH: {
    summary:
      'A vector has another length than the one that it is compared with, or than the index has dimensions.',
    hint: 'Compare vectors of one embedding model only; the message tells both lengths.',
  },
  VECTOR_NOT_FINITE: {
    summary: 'A vector that an index is to keep, or to search for, holds NaN or an infinity.',
    hint: 'Look at where the embedding comes from; the message tells the place of the first such number.',
  },
  KEY_INVALID: {
    summary: 'A key is no string, is empty, is longer than 65,535 bytes of UTF-8, or has a lone surrogate.',
    hint: 'Use a short, well-formed string, such as the id of a document.',
  },
  TEXT_INVALID: {
    summary: 'A text is no string, or is longer than 67,108,864 UTF-16 code units.',
    hint: 'Cut it into passages, each under a key of its own; these are found better too.',
  },
  EMBEDDING_FAILED: {
    summary:
      'The embedding function of the host failed, or gave something else than a vector of one length for each text.',
    hint: "The message tells which; the index is as it was. A search with `only: 'text'` needs no embedding.",
  },
  METADATA_INVALID: {
    summary: 'Metadata is no plain object of strings, finite numbers, booleans and nulls.',
    hint: 'Keep nested values elsewhere, by the key; the message names the field.',
  },
  FILTER_INVALID: {
    summary: 'A filter has an operator or a value that it cannot have.',
    hint: 'Use values, or objects of $eq, $ne, $in, $nin, $gt, $gte, $lt, $lte, $exists, joined by $and, $or, $not.',
  },
  OPTION_INVALID: {
    summary: 'An option has a value that it cannot have.',
    hint: 'The message names the option and what it must be.',
  },
  ROW_UNKNOWN: {
    summary: 'No vector of the index has that row number.',
    hint: 'Ask rowOf(key) for it; a row number ends with the removal of its key.',
  },
  INDEX_CLOSED: {
    summary: 'The index has been closed.',
    hint: 'Call close() last; load the file again to go on.',
  },
  INDEX_FULL: {
    summary: 'The index has as many rows as row numbers can tell apart.',
    hint: 'Split the vectors over several indexes.',
  },
  OUT_OF_MEMORY: {
    summary: 'The system gives no more memory.',
    hint: 'Keep the vectors as i8 or b1 without rescore, or load the file with mmap.',
  },
  FILE_DAMAGED: {
    summary: 'A file is not what was written: it was cut off, or bytes of it have changed.',
    hint: 'Make the index anew, or take the file from a backup.',
  },
  FILE_UNSUPPORTED: {
    summary: 'A file is no index, is of a newer format, or needs an engine that is not here.',
    hint: 'Update the package where the message names a newer version.',
  },
  FILE_FAILED: {
    summary: 'The system refused a file operation; an older file of that name is as it was.',
    hint: 'The message holds its words: check path, permissions and free space.',
  },
  GRAPH_FAILED: {
    summary: 'The graph of an hnsw index failed.',
    hint: 'Please report it, with the message; an index of kind exact answers the same questions.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Please report it, with the message; the fallback engine may do meanwhile.',
  },
});
