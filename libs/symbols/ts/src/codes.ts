/** Codes of the errors that the symbols track throws. */

import { defineCodes } from '@fishplate/engine';

export const SYMBOLS_CODES = defineCodes('symbols', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes.',
    hint: 'Pass a Uint8Array (a Buffer is one); the message names the argument.',
  },
});
