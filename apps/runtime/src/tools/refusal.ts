/** Makes refusals: the code's own words, and those of this occurrence. */

import { RUNTIME_OUTCOMES, type RuntimeOutcomeCode } from '../codes.js';
import type { EnginesUsed, ToolRefusal } from './tool.js';

/** What a refusal adds to its code. */
export interface RefusalParticulars {
  readonly engines: EnginesUsed;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** Lines that a model should see after message and hint. */
  readonly more?: string | undefined;
}

/** A refusal with one of the runtime's own codes. */
export function refuse(
  code: RuntimeOutcomeCode,
  message: string,
  particulars: RefusalParticulars,
): ToolRefusal {
  return refuseWith(code, RUNTIME_OUTCOMES[code].hint, message, particulars);
}

/** A refusal with a code of a track below, such as `NO_MATCH`. */
export function refuseWith(
  code: string,
  hint: string,
  message: string,
  particulars: RefusalParticulars,
): ToolRefusal {
  const { engines, details, more } = particulars;
  return {
    ok: false,
    code,
    message,
    hint,
    text: `${code}: ${message}\n${hint}${more === undefined || more === '' ? '' : `\n${more}`}`,
    summary: `${code}: ${message}`,
    engines,
    ...(details === undefined ? {} : { details }),
  };
}

/** The refusal for a path where no file is. */
export function refuseMissing(path: string, engines: EnginesUsed): ToolRefusal {
  return refuse('FILE_NOT_FOUND', `no file at ${JSON.stringify(path)}`, { engines, details: { path } });
}

/** The refusal for a file that changed between reading and writing. */
export function refuseChanged(path: string, engines: EnginesUsed): ToolRefusal {
  return refuse('CHANGED_MEANWHILE', `${JSON.stringify(path)} changed on disk during the call`, {
    engines,
    details: { path },
  });
}
