/** Spans and metrics of calls by the OpenTelemetry API. Nothing is exported here: the host registers an SDK, or nothing happens. */

import type { Attributes, Span } from '@opentelemetry/api';

import { type Mask, maskAll } from './session/masking.js';
import type { ToolOutcome } from './tools/tool.js';
import { packageVersion } from './version.js';

type Api = typeof import('@opentelemetry/api');

/** A call that begins. */
export interface MeasuredCall {
  readonly tool: string;
  readonly callId: string;
  readonly session: string;
}

/** Where every API of version 1 keeps what a host has registered: without it there is no reason to load one. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

const NAME = 'fishplate';

/** The measurements of one runtime. */
export class Telemetry {
  private loading: Promise<Api> | undefined;
  private instruments: { ended: (attributes: Attributes, seconds: number) => void } | undefined;

  constructor(private readonly mask: Mask) {}

  /** Runs a call within a span, which is that of the host's own spans below it, and counts it. */
  async measure<Data>(call: MeasuredCall, run: () => Promise<ToolOutcome<Data>>): Promise<ToolOutcome<Data>> {
    if (!Object.hasOwn(globalThis, REGISTERED)) return run();
    this.loading ??= import('@opentelemetry/api');
    const api = await this.loading;
    const { ended } = this.prepared(api);
    const span = api.trace.getTracer(NAME, packageVersion()).startSpan(`execute_tool ${call.tool}`, {
      kind: api.SpanKind.INTERNAL,
      attributes: this.shown({
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': call.tool,
        'gen_ai.tool.call.id': call.callId,
        'fishplate.session': call.session,
      }),
    });
    const started = performance.now();
    const end = (status: string, code: string | undefined): void => {
      const attributes = { 'gen_ai.tool.name': call.tool, 'fishplate.status': status };
      ended(
        code === undefined ? attributes : { ...attributes, 'error.type': code },
        (performance.now() - started) / 1000,
      );
      span.end();
    };
    try {
      const outcome = await api.context.with(api.trace.setSpan(api.context.active(), span), run);
      this.tell(span, outcome);
      end(outcome.ok ? 'ok' : 'refused', outcome.ok ? undefined : outcome.code);
      return outcome;
    } catch (error) {
      const { code = 'TOOL_FAULT', message } = error as { code?: string; message?: string };
      span.setAttributes(this.shown({ 'fishplate.status': 'failed', 'error.type': code }));
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: this.mask(message ?? String(error)) });
      end('failed', code);
      throw error;
    }
  }

  private tell<Data>(span: Span, outcome: ToolOutcome<Data>): void {
    const engines = Object.entries(outcome.engines).map(([part, engine]) => [
      `fishplate.engine.${part}`,
      engine,
    ]);
    span.setAttributes(
      this.shown({
        'fishplate.status': outcome.ok ? 'ok' : 'refused',
        'fishplate.summary': outcome.summary.slice(0, 300),
        ...(Object.fromEntries(engines) as Attributes),
        ...(outcome.ok
          ? outcome.step === undefined
            ? {}
            : { 'fishplate.step': outcome.step }
          : { 'error.type': outcome.code }),
      }),
    );
  }

  private prepared(api: Api): NonNullable<Telemetry['instruments']> {
    if (this.instruments !== undefined) return this.instruments;
    const meter = api.metrics.getMeter(NAME, packageVersion());
    const calls = meter.createCounter('fishplate.calls', { description: 'Calls of tools', unit: '{call}' });
    const duration = meter.createHistogram('fishplate.call.duration', {
      description: 'Time that calls of tools took',
      unit: 's',
    });
    this.instruments = {
      ended(attributes, seconds) {
        calls.add(1, attributes);
        duration.record(seconds, attributes);
      },
    };
    return this.instruments;
  }

  private shown(attributes: Attributes): Attributes {
    return maskAll(attributes, this.mask);
  }
}
