'use strict';

module.exports = {
  ...require('../../jest.preset.cjs').esm,
  globalSetup: '<rootDir>/src/global-setup.mjs',
  globalTeardown: '<rootDir>/src/global-teardown.mjs',
  testTimeout: 30_000,
};
