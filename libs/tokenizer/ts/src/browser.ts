/**
 * `@fishplate/tokenizer/browser`: the same functions in TypeScript alone, of what the Web has. For bundlers; the vocabularies
 * are modules, so that nothing is fetched.
 *
 * @packageDocumentation
 */

export * from './public';
