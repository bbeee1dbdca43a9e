/**
 * `@fishplate/tokenizer`: exact token counts, contexts that fit, and zstd.
 *
 * @packageDocumentation
 */

import { offerNative } from './engine';
import { selectNative, zstdOf } from './native';
import { offerZstd } from './zstd';

offerNative(selectNative);
offerZstd((choice) => zstdOf(selectNative(choice)));

export { capability } from './native';
export * from './public';
