/**
 * `@fishplate/gitignore`: which files of a directory git sees, and why the others are left out.
 *
 * @packageDocumentation
 */

export type { EngineChoice, EngineName } from '@fishplate/engine';
export { GITIGNORE_CODES } from './codes';
export { explainIgnore, type IgnoreDecision, isIgnored, Matcher, openMatcher } from './matcher';
export { capability } from './native';
export type { ListOptions, MatchOptions, Problem } from './options';
export { type FileEntry, listFileNames, listFiles, walkFiles } from './walk';
