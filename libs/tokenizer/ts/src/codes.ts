/** Codes of the errors that the tokenizer track throws. */

import { defineCodes } from '@fishplate/engine';

export const TOKENIZER_CODES = defineCodes('tokenizer', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes, or holds what cannot be counted.',
    hint: 'The message names the argument, and what it must be.',
  },
  OPTION_INVALID: {
    summary: 'An option has a value outside its range.',
    hint: 'The message names the option and the values it takes.',
  },
  ENCODING_UNKNOWN: {
    summary: 'A name is neither an encoding nor a model whose encoding is known.',
    hint: 'Use one of the names in the message, or give the encoding itself, such as o200k_base.',
  },
  TOKEN_UNKNOWN: {
    summary: 'A number among the tokens is no token of the encoding.',
    hint: 'Decode with the encoding that the tokens were made with; the message says which number it is, and where.',
  },
  SPECIAL_TOKEN_FOUND: {
    summary: 'The text holds a special token that `disallowedSpecial` forbids.',
    hint: 'Remove it from the text, or leave `disallowedSpecial` out to have it counted as ordinary text.',
  },
  LIMIT_TOO_SMALL: {
    summary: 'A single character has more tokens than a chunk may have.',
    hint: 'Give a larger `maxTokens`; no character has more than 4 tokens.',
  },
  BUDGET_TOO_SMALL: {
    summary: 'The system messages alone have more tokens than the budget.',
    hint: 'Give a larger `maxTokens`, or shorten the system messages; `details.needed` says how many tokens they have.',
  },
  DATA_DAMAGED: {
    summary: 'The data is no zstd, is cut off or damaged, or was written with another dictionary.',
    hint: 'Check where the data comes from, and give the dictionary that it was compressed with.',
  },
  OUTPUT_TOO_LARGE: {
    summary: 'The data would be larger than `maxBytes` when it is decompressed.',
    hint: 'Give a larger `maxBytes` where the source can be trusted.',
  },
  SAMPLES_UNFIT: {
    summary: 'No dictionary can be made of the samples.',
    hint: 'Give more samples, some hundred of them, that are alike; or a smaller `maxBytes`.',
  },
  NATIVE_ONLY: {
    summary: 'Dictionaries need the native engine, and a call was to run without it.',
    hint: 'Install the binding for this platform (`capability()` says why it is not used), or do without a dictionary.',
  },
  ENGINE_FAULT: {
    summary: 'The engine failed in a way that it should not.',
    hint: 'Report it with the call that led to it; FISHPLATE_TOKENIZER_ENGINE=fallback avoids the native engine meanwhile.',
  },
});
