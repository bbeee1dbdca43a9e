/** Chooses what decides and what runs commands: by mode, transport and engine. */

import { isFishplateError } from '@fishplate/engine';

import { SANDBOX_CODES } from './codes';
import { DEFAULT_IMAGE, openDockerRunner } from './execute/docker';
import { probeDocker } from './execute/docker-client';
import { openProcessRunner } from './execute/process';
import type { Runner } from './execute/runner';
import { openScriptPolicy } from './fallback/policy';
import { helperPath, sidecarPath } from './helper';
import { chooseMode } from './mode';
import { selectNative } from './native';
import { type NativePolicy, openNativePolicy, openNativeRunner } from './native-backend';
import type { CheckedOptions, SandboxOptions } from './options';
import { resolveRules } from './rules';
import type { PolicyEngine } from './files';
import { openSidecarRunner } from './sidecar/runner';

/** What a sandbox works with. */
export interface Backend {
  readonly policyEngine: PolicyEngine;
  readonly runner: Runner;
}

/** @throws FishplateError `ENFORCEMENT_UNAVAILABLE`, `MODE_UNSUPPORTED`, `POLICY_INVALID`, `SIDECAR_UNAVAILABLE`. */
export async function openBackend(checked: CheckedOptions, options: SandboxOptions): Promise<Backend> {
  const mode = chooseMode(options.mode);
  const native = selectNative(options.engine);
  const runsHere = options.transport !== 'sidecar' && (mode === 'native' || mode === 'auto');
  const opened = native === null ? null : openNativePolicy(native, checked, runsHere ? knownHelper() : '');
  const policyEngine = opened?.policyEngine ?? openScriptPolicy(checked);
  const image = options.dockerImage ?? DEFAULT_IMAGE;
  switch (mode) {
    case 'process':
      return { policyEngine, runner: openUnconfined(checked) };
    case 'docker':
      return { policyEngine, runner: await openDocker(checked, image) };
    case 'native':
      return { policyEngine, runner: await openConfined(opened, policyEngine, checked, options) };
    case 'auto':
      return { policyEngine, runner: await openStrongest(opened, policyEngine, checked, options, image) };
  }
}

/** Where the helper is missing, it is told of once a command is to run. */
function knownHelper(): string {
  try {
    return helperPath();
  } catch (error) {
    if (!isFishplateError(error)) throw error;
    return '';
  }
}

/** Named by the caller, and so taken: unless the policy itself says how much it requires. */
function openUnconfined({ policy }: CheckedOptions): Runner {
  if (policy.require !== undefined && policy.require !== 'none') {
    throw SANDBOX_CODES.error(
      'ENFORCEMENT_UNAVAILABLE',
      `mode 'process' confines nothing, and policy.require is ${policy.require}`,
    );
  }
  return openProcessRunner(policy);
}

async function openDocker(checked: CheckedOptions, image: string): Promise<Runner> {
  const probe = await probeDocker();
  if ('reason' in probe) throw SANDBOX_CODES.error('MODE_UNSUPPORTED', `mode 'docker': ${probe.reason}`);
  if (checked.policy.require === 'full') {
    throw SANDBOX_CODES.error(
      'ENFORCEMENT_UNAVAILABLE',
      "mode 'docker' does not hold every clause, and policy.require is full",
    );
  }
  return openDockerRunner(resolveRules(checked), image);
}

/** By this system's kernel: in this process, or by a sidecar where that is asked for or the binding is missing. */
async function openConfined(
  native: NativePolicy | null,
  policyEngine: PolicyEngine,
  checked: CheckedOptions,
  { transport }: SandboxOptions,
): Promise<Runner> {
  if (transport !== 'sidecar' && native !== null) {
    // Says so where it is missing.
    helperPath();
    return openNativeRunner(native.sandbox);
  }
  return openSidecarRunner(checked, sidecarPath(), helperPath(), policyEngine.workspace);
}

async function openStrongest(
  native: NativePolicy | null,
  policyEngine: PolicyEngine,
  checked: CheckedOptions,
  options: SandboxOptions,
  image: string,
): Promise<Runner> {
  try {
    return await openConfined(native, policyEngine, checked, options);
  } catch (cause) {
    if (!isFishplateError(cause) || !TRY_NEXT.has(cause.code)) throw cause;
    try {
      return await openDocker(checked, image);
    } catch (error) {
      if (!isFishplateError(error)) throw error;
      throw SANDBOX_CODES.error(
        'ENFORCEMENT_UNAVAILABLE',
        `nothing here can hold the policy. native: ${cause.message}. docker: ${error.message}`,
        { cause },
      );
    }
  }
}

const TRY_NEXT = new Set(['ENFORCEMENT_UNAVAILABLE', 'SIDECAR_UNAVAILABLE', 'MODE_UNSUPPORTED']);
