/** What the runtime logs to: any logger with pino's call shape. Entries hold names, codes and times, never content. */

/** The part of a pino logger that the runtime uses. */
export interface RuntimeLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing; the default. */
export const SILENT_LOGGER: RuntimeLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
