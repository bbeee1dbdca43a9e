'use strict';

const { join } = require('node:path');

const shared = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{src,test}/**/*.test.ts'],
  moduleFileExtensions: ['ts', 'js', 'cjs', 'mjs', 'json', 'node'],
  reporters: ['default', join(__dirname, 'tools', 'reporting', 'jest-reporter.js')],
};

const TYPESCRIPT = '^.+\\.ts$';
const OPTIONS = { tsconfig: '<rootDir>/tsconfig.json' };

/** CommonJS libraries: run from source, also the workspace packages that they import. */
exports.library = {
  ...shared,
  testEnvironmentOptions: { customExportConditions: ['@fishplate/source', 'node', 'node-addons'] },
  transform: { [TYPESCRIPT]: ['ts-jest', OPTIONS] },
};

/** ES modules, on built libraries: named exports of a CommonJS library exist for them only once it is compiled. */
exports.esm = {
  ...shared,
  extensionsToTreatAsEsm: ['.ts'],
  transform: { [TYPESCRIPT]: ['ts-jest', { ...OPTIONS, useESM: true }] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};
