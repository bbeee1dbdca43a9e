/**
 * Finds and loads a track's Node-API binding: the platform package first, then a local build.
 *
 * napi-rs would generate a loader of some 800 lines a package, which costs about 2 ms each at start.
 */

import { ENGINE_CODES } from './codes';
import { isFishplateError } from './errors';

/** What every binding exports beside its functions. */
export interface Binding {
  /** The version it was built as. */
  version(): string;
}

/** What a binding is loaded with: Node's `require`, without asking for Node's types. */
export interface Requirer {
  (specifier: string): unknown;
  resolve(specifier: string): string;
}

/** Where a binding is looked for. */
export interface BindingSource {
  /** The `require` of the library that loads it, so that resolution starts there. */
  readonly require: Requirer;
  /** For example `@fishplate/diff-native`. */
  readonly nativePackage: string;
  /** For example `diff`, as in `diff.linux-x64-gnu.node`. */
  readonly binaryName: string;
  /** The version that the binding must have. */
  readonly version: string;
}

/** A binding that loaded, and from where. */
export interface LoadedBinding<Native extends Binding> {
  readonly native: Native;
  readonly path: string;
  readonly version: string;
}

/** The platform names of napi-rs for a machine, most likely first. */
export function platformNames(platform: string = process.platform, arch: string = process.arch): string[] {
  switch (platform) {
    // Only the one whose C library is here loads; npm installs only that one.
    case 'linux':
      return [`linux-${arch}-gnu`, `linux-${arch}-musl`];
    case 'win32':
      return [`win32-${arch}-msvc`];
    default:
      return [`${platform}-${arch}`];
  }
}

/**
 * Loads the binding for this machine.
 *
 * @throws FishplateError `BINDING_MISSING`, `BINDING_LOAD_FAILED` or `BINDING_VERSION_MISMATCH`.
 */
export function loadBinding<Native extends Binding>(source: BindingSource): LoadedBinding<Native> {
  const { nativePackage, binaryName } = source;
  const names = platformNames();
  const candidates = names.flatMap((name) => [
    `${nativePackage}-${name}`,
    `${nativePackage}/${binaryName}.${name}.node`,
  ]);
  let failure: { path: string; cause: unknown } | undefined;
  for (const candidate of candidates) {
    let path: string;
    try {
      path = source.require.resolve(candidate);
    } catch {
      continue;
    }
    try {
      return checkVersion(source.require(path) as Native, path, source);
    } catch (cause) {
      failure ??= { path, cause };
    }
  }
  if (failure === undefined) {
    throw ENGINE_CODES.error(
      'BINDING_MISSING',
      `no binding of ${nativePackage} for ${names.join(' or ')}; looked for ${candidates.join(', ')}`,
    );
  }
  if (isFishplateError(failure.cause)) throw failure.cause;
  throw ENGINE_CODES.error(
    'BINDING_LOAD_FAILED',
    `loading ${failure.path} failed: ${String(failure.cause)}`,
    {
      cause: failure.cause,
    },
  );
}

function checkVersion<Native extends Binding>(
  native: Native,
  path: string,
  source: BindingSource,
): LoadedBinding<Native> {
  const version = typeof native.version === 'function' ? native.version() : 'unknown';
  if (version !== source.version) {
    throw ENGINE_CODES.error(
      'BINDING_VERSION_MISMATCH',
      `${path} is version ${version}, the library is ${source.version}`,
      { details: { path, binding: version, library: source.version } },
    );
  }
  return { native, path, version };
}
