/**
 * `@fishplate/engine`: what the track libraries share. Engine choice, the binding loader with its version check,
 * the capability report, and the error class with its tables of codes.
 *
 * @packageDocumentation
 */

export {
  type Binding,
  type BindingSource,
  type LoadedBinding,
  loadBinding,
  platformNames,
  type Requirer,
} from './binding';
export {
  type ChoiceSource,
  chooseEngine,
  type ChosenEngine,
  type EngineChoice,
  type EngineName,
  type EngineRequest,
  engineVariable,
} from './choice';
export { type CodeEntry, defineCodes, ENGINE_CODES, type ErrorCodes, type ErrorParticulars } from './codes';
export { type EngineErrorOptions, type EngineErrors, engineErrors } from './engine-errors';
export { FishplateError, type FishplateErrorInit, isFishplateError } from './errors';
export { type CapabilityReport, type TrackDescription, TrackEngine } from './track';
