import {
  type Attributes,
  context,
  metrics,
  type MeterProvider,
  type SpanOptions,
  type SpanStatus,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';

import { createRuntime, type RuntimeLogger } from '../src/index.js';
import { codeOf, makeWorkspace } from './workspace.js';

interface Told {
  name: string;
  attributes: Attributes;
  status?: SpanStatus;
  ended: boolean;
}

const spans: Told[] = [];
const points: { name: string; value: number; attributes: Attributes }[] = [];

/** What an SDK would be, as far as the API calls it. */
const tracers = {
  getTracer: () => ({
    startSpan(name: string, { attributes = {} }: SpanOptions = {}) {
      const told: Told = { name, attributes: { ...attributes }, ended: false };
      spans.push(told);
      return {
        setAttributes: (more: Attributes) => Object.assign(told.attributes, more),
        setStatus: (status: SpanStatus) => (told.status = status),
        end: () => (told.ended = true),
      };
    },
  }),
} as unknown as TracerProvider;
const instrument = (name: string) => ({
  add: (value: number, attributes: Attributes) => points.push({ name, value, attributes }),
  record: (value: number, attributes: Attributes) => points.push({ name, value, attributes }),
});
const meters = {
  getMeter: () => ({ createCounter: instrument, createHistogram: instrument }),
} as unknown as MeterProvider;

const secret = 'hunter2-hunter2';

beforeEach(() => {
  spans.length = 0;
  points.length = 0;
  process.env['TEST_API_TOKEN'] = secret;
});
afterEach(() => {
  delete process.env['TEST_API_TOKEN'];
  trace.disable();
  metrics.disable();
  context.disable();
});

test('nothing is measured where no SDK is registered', async () => {
  const runtime = createRuntime({ workspace: makeWorkspace() });
  expect((await runtime.call('list_files', {})).ok).toBe(true);
  await runtime.close();
  expect([spans, points]).toEqual([[], []]);
});

test('each call is a span, a count and a time, with how it ended', async () => {
  trace.setGlobalTracerProvider(tracers);
  metrics.setGlobalMeterProvider(meters);
  const runtime = createRuntime({ workspace: makeWorkspace({ 'a.txt': 'one\n' }), session: 's' });
  const edited = await runtime.call('edit_file', {
    path: 'a.txt',
    edits: [{ search: 'one', replace: 'two' }],
  });
  await runtime.call('read_file', { path: 'none' });
  expect(await codeOf(() => runtime.call('read_file', { path: '../x' }))).toBe('PATH_OUTSIDE');
  await runtime.close();
  expect(spans).toMatchObject([
    {
      name: 'execute_tool edit_file',
      attributes: {
        'gen_ai.tool.name': 'edit_file',
        'gen_ai.tool.call.id': edited.callId,
        'fishplate.session': 's',
        'fishplate.status': 'ok',
        'fishplate.step': 1,
        'fishplate.engine.diff': edited.engines['diff'],
      },
    },
    { attributes: { 'fishplate.status': 'refused', 'error.type': 'FILE_NOT_FOUND' } },
    { attributes: { 'fishplate.status': 'failed', 'error.type': 'PATH_OUTSIDE' }, status: { code: 2 } },
  ]);
  expect(spans.every(({ ended }) => ended)).toBe(true);
  expect(
    points
      .filter(({ name }) => name === 'fishplate.calls')
      .map(({ value, attributes }) => [value, attributes['fishplate.status']]),
  ).toEqual([
    [1, 'ok'],
    [1, 'refused'],
    [1, 'failed'],
  ]);
  expect(
    points
      .filter(({ name }) => name === 'fishplate.call.duration')
      .every(({ value }) => value > 0 && value < 60),
  ).toBe(true);
});

test('secrets of the environment are in neither spans nor logs', async () => {
  trace.setGlobalTracerProvider(tracers);
  metrics.setGlobalMeterProvider(meters);
  const lines: string[] = [];
  const log = (fields: object, message: string): void => void lines.push(JSON.stringify([fields, message]));
  const logger: RuntimeLogger = { debug: log, info: log, warn: log, error: log };
  const runtime = createRuntime({ workspace: makeWorkspace(), session: `s-${secret}`, logger });
  await runtime.call('read_file', { path: `${secret}.txt` });
  await codeOf(() => runtime.call('read_file', { path: `../${secret}` }));
  await runtime.close();
  const all = JSON.stringify([spans, points, lines]);
  expect(all).toContain('[masked: TEST_API_TOKEN]');
  expect(all).not.toContain(secret);
  expect([spans.length, lines.length > 1]).toEqual([2, true]);
});
