import { chooseEngine, type EngineChoice, engineVariable } from './index';

const env = (value: string): Record<string, string> => ({ FISHPLATE_DIFF_ENGINE: value });

test('each place wins over the ones before it', () => {
  expect(chooseEngine({ track: 'diff', env: {} })).toEqual({ asked: 'auto', askedBy: 'default' });
  expect(chooseEngine({ track: 'diff', env: {}, config: 'fallback' })).toEqual({
    asked: 'fallback',
    askedBy: 'config',
  });
  expect(chooseEngine({ track: 'diff', env: env('native'), config: 'fallback' })).toEqual({
    asked: 'native',
    askedBy: 'environment',
  });
  expect(chooseEngine({ track: 'diff', env: env('native'), config: 'fallback', call: 'auto' })).toEqual({
    asked: 'auto',
    askedBy: 'call',
  });
});

test('an empty variable counts as unset', () => {
  expect(chooseEngine({ track: 'diff', env: env('') }).askedBy).toBe('default');
});

test.each([
  [{ track: 'diff', env: env('rust') }, 'FISHPLATE_DIFF_ENGINE holds "rust"'],
  [{ track: 'diff', env: {}, config: 'js' as EngineChoice }, 'the config entry diff.engine holds "js"'],
  [{ track: 'diff', env: {}, call: 1 as unknown as EngineChoice }, 'the call option `engine` holds 1'],
])('an unknown word is an error that names its place: %j', (request, message) => {
  expect(() => chooseEngine(request)).toThrow(
    expect.objectContaining({
      code: 'ENGINE_CHOICE_INVALID',
      message: expect.stringContaining(message) as string,
    }),
  );
});

test('a word in a place that does not win is not looked at', () => {
  expect(chooseEngine({ track: 'diff', env: env('rust'), call: 'fallback' }).asked).toBe('fallback');
});

test('the variable is named after the track', () => {
  expect(engineVariable('gitignore')).toBe('FISHPLATE_GITIGNORE_ENGINE');
});
