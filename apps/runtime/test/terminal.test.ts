import { createStyle, fit, formatDuration, paintDiff, visible, visibleLine } from '../src/cli/terminal.js';

test('makes visible what could steer a terminal or hide in text', () => {
  expect(visible('\u001b[31mred\u001b[0m\u0007')).toBe('␛[31mred␛[0m␇');
  expect(visible('a\r\nb\tc')).toBe('a␍\nb\tc');
  expect(visible('\u009b31m\u007f')).toBe('\\u{9b}31m␡');
  expect(visible('abc\u202edef\u2066\u200b')).toBe('abc\\u{202e}def\\u{2066}\\u{200b}');
  expect(visible('häß 漢字 😀')).toBe('häß 漢字 😀');
  expect(visibleLine('two\nlines')).toBe('two␊lines');
});

test('colours terminals only, and obeys NO_COLOR and FORCE_COLOR', () => {
  const red = (isTTY: boolean, env: Record<string, string>) => createStyle({ isTTY }, env).red('x') !== 'x';
  expect([red(true, {}), red(false, {}), red(true, { NO_COLOR: '1' }), red(true, { TERM: 'dumb' })]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect([red(false, { FORCE_COLOR: '1' }), red(true, { FORCE_COLOR: '0' })]).toEqual([true, false]);
});

test('shows times, columns and diffs', () => {
  expect([formatDuration(1.26), formatDuration(1204)]).toEqual(['1.3 ms', '1.20 s']);
  expect([fit('abc', 5), fit('abcdef', 5)]).toEqual(['abc  ', 'abcd…']);
  expect(paintDiff('+a\u001b\n b', createStyle({ isTTY: false }, {}))).toBe('+a␛\n b');
});
