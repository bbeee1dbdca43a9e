/** Kinds of files by name, as `types` takes them: names and what ripgrep and editors count under them. */

import { GITIGNORE_CODES } from './codes';

const TYPES: Readonly<Record<string, readonly string[]>> = {
  c: ['*.c', '*.h'],
  cpp: ['*.cc', '*.cpp', '*.cxx', '*.hh', '*.hpp', '*.hxx', '*.h'],
  cs: ['*.cs'],
  css: ['*.css', '*.scss', '*.sass', '*.less'],
  docker: ['*Dockerfile*', '*.dockerfile'],
  go: ['*.go'],
  html: ['*.html', '*.htm'],
  java: ['*.java'],
  js: ['*.js', '*.jsx', '*.mjs', '*.cjs', '*.vue'],
  json: ['*.json', '*.jsonc', '*.json5'],
  kotlin: ['*.kt', '*.kts'],
  lua: ['*.lua'],
  make: ['Makefile', 'makefile', 'GNUmakefile', '*.mk'],
  md: ['*.md', '*.mdx', '*.markdown'],
  php: ['*.php'],
  proto: ['*.proto'],
  py: ['*.py', '*.pyi'],
  rb: ['*.rb', 'Gemfile', 'Rakefile', '*.gemspec'],
  rust: ['*.rs'],
  sh: ['*.sh', '*.bash', '*.zsh'],
  sql: ['*.sql'],
  swift: ['*.swift'],
  toml: ['*.toml', 'Cargo.lock'],
  ts: ['*.ts', '*.tsx', '*.mts', '*.cts'],
  txt: ['*.txt'],
  xml: ['*.xml', '*.xsd', '*.xsl', '*.svg'],
  yaml: ['*.yaml', '*.yml'],
  zig: ['*.zig'],
};

/** The globs of kinds of files. @throws FishplateError `OPTION_INVALID`. */
export function globsOf(types: readonly string[]): string[] {
  return types.flatMap((type) => {
    const globs = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    if (globs !== undefined) return globs;
    throw GITIGNORE_CODES.error(
      'OPTION_INVALID',
      `types holds ${JSON.stringify(type)}, which is none of ${Object.keys(TYPES).join(', ')}`,
    );
  });
}
