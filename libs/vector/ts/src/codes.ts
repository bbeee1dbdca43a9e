/** Codes of the errors that the vector track throws. */

import { defineCodes } from '@fishplate/engine';

export const VECTOR_CODES = defineCodes('vector', {
  INPUT_INVALID: {
    summary: 'An argument is not of a type that the function takes.',
    hint: 'Pass a Uint8Array (a Buffer is one); the message names the argument.',
  },
});
