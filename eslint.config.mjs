import { readdirSync } from 'node:fs';

import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const IGNORED = [
  '**/dist/',
  '**/target/',
  '**/coverage/',
  '**/reports/',
  '**/third_party/',
  'apps/runtime/fixtures/',
  'libs/*/napi/',
  'benchmarks/**/*.d.ts',
  'libs/*/tables/*.js',
  '!libs/*/tables/generate.js',
  '**/*.d.ts',
];
const TYPESCRIPT = ['**/*.ts'];
const TESTS = ['**/*.test.ts', '**/test/**/*.ts'];
const globals = (...names) => Object.fromEntries(names.map((name) => [name, 'readonly']));
const NODE = globals(
  'AbortController',
  'Buffer',
  'URL',
  'clearTimeout',
  'console',
  'performance',
  'process',
  'setImmediate',
  'setTimeout',
);
const COMMONJS = globals('__dirname', '__filename', 'exports', 'module', 'require');

/**
 * Arrows never run up, nor sideways between tracks: tracks meet in apps/runtime only.
 *
 * @param {string} files
 * @param {string[]} allowed packages of the workspace that these files may import
 */
function mayImport(files, ...allowed) {
  const exempt = allowed.length === 0 ? '' : `(?!(?:${allowed.join('|')})(?:/|$))`;
  const regex = `^${exempt}(?:@fishplate/|fishplate(?:/|$))`;
  const message = `Arrows never run up, nor sideways between tracks. Allowed here: ${allowed.join(', ') || 'none'}.`;
  const required = `CallExpression[callee.name='require'] > Literal[value=/${regex.replaceAll('/', '\\/')}/]`;
  return {
    files: [files],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex, message }] }],
      'no-restricted-syntax': ['error', { selector: required, message }],
    },
  };
}

/** Tracks stand on these. */
const FOUNDATIONS = ['engine', 'syntax', 'validation'];

const tracks = readdirSync(new URL('libs', import.meta.url)).filter((name) => !FOUNDATIONS.includes(name));

export default defineConfig(
  { ignores: IGNORED },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // `typeof import(...)` names the surface of a module that is loaded when it is needed.
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A library reads its own version where it stands, in src/ as in dist/.
      '@typescript-eslint/no-require-imports': ['error', { allow: ['/package\\.json$'] }],
    },
  },
  {
    files: TESTS,
    rules: {
      // jest's asymmetric matchers are of type any.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // A test may load a module twice, on purpose.
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: NODE },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  { files: ['**/*.{js,cjs}'], languageOptions: { sourceType: 'commonjs', globals: COMMONJS } },
  mayImport('libs/engine/ts/**'),
  mayImport('libs/validation/ts/**', '@fishplate/engine'),
  ...tracks.flatMap((track) => [
    mayImport(
      `libs/${track}/ts/**`,
      '@fishplate/engine',
      '@fishplate/syntax-native',
      `@fishplate/${track}-native`,
      `@fishplate/${track}-tables`,
    ),
    mayImport(
      `apps/${track}-validation/**`,
      '@fishplate/engine',
      '@fishplate/validation',
      '@fishplate/bench-harness',
      `@fishplate/${track}`,
    ),
    mayImport(
      `benchmarks/${track}/**`,
      '@fishplate/engine',
      '@fishplate/bench-harness',
      `@fishplate/${track}`,
    ),
  ]),
  mayImport(
    'apps/runtime/**',
    'fishplate',
    '@fishplate/engine',
    ...tracks.map((track) => `@fishplate/${track}`),
  ),
);
