'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { command, executableOf } = require('../cargo/executable');

test('a static executable is built apart from others, by flags of its own', () => {
  const args = command('fishplate-x', 'default');
  assert.ok(args.includes('target-feature=+crt-static') && args.includes('--target-dir'), String(args));
  const named = command('fishplate-x', 'x86_64-unknown-linux-musl');
  assert.equal(named[named.indexOf('--target') + 1], 'x86_64-unknown-linux-musl');
  assert.ok(named.indexOf('--target') < named.indexOf('--') && named.includes('--target-dir'), String(named));
  const plain = command('fishplate-x', null);
  assert.ok(!plain.includes('--target-dir') && !plain.includes('--'), String(plain));
});

test('cargo says where an executable is, whatever the target', () => {
  const artifact = {
    reason: 'compiler-artifact',
    target: { name: 'fishplate-x' },
    executable: '/t/x/release/fishplate-x',
  };
  assert.equal(executableOf(JSON.stringify(artifact), 'fishplate-x'), artifact.executable);
  assert.equal(executableOf(JSON.stringify({ ...artifact, executable: null }), 'fishplate-x'), undefined);
  assert.equal(executableOf(JSON.stringify(artifact), 'fishplate-y'), undefined);
  assert.equal(executableOf('   Compiling fishplate-x', 'fishplate-x'), undefined);
});
