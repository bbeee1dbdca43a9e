/**
 * `@fishplate/validation`: what the validation apps share.
 *
 * @packageDocumentation
 */

export { type AskedEngine, type Check, expectEqual, type Outcome, runChecks } from './check';
export { validate, type Validation } from './validate';
