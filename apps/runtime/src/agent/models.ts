/**
 * Models by name: `provider/model`, through the Vercel AI SDK, which is loaded only here.
 *
 * Addresses and keys come from the command line and the environment, never from a workspace: a repository must not say where its contents go.
 */

import type { LanguageModel } from 'ai';

import { RUNTIME_CODES } from '../codes.js';
import type { Environment } from '../config/levels.js';

/** The part of the package `ai` that is used. */
export type AiSdk = Pick<typeof import('ai'), 'streamText' | 'tool' | 'jsonSchema'>;

/** A model that can be asked. */
export interface ModelConnection {
  readonly sdk: AiSdk;
  readonly model: LanguageModel;
  /** As it was asked for. */
  readonly name: string;
}

/** The environment variable that gives the address of a server. */
export const BASE_URL_VARIABLE = 'FISHPLATE_MODEL_BASE_URL';

/** The environment variable that gives its key, where the provider has none of its own. */
export const KEY_VARIABLE = 'FISHPLATE_MODEL_API_KEY';

interface Provider {
  readonly baseURL: string;
  /** Variable of the key; undefined for servers of this machine, which need none. */
  readonly key?: string;
}

/** Providers whose servers speak the OpenAI protocol. */
export const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: { baseURL: 'https://api.openai.com/v1', key: 'OPENAI_API_KEY' },
  anthropic: { baseURL: 'https://api.anthropic.com/v1', key: 'ANTHROPIC_API_KEY' },
  google: { baseURL: 'https://generativelanguage.googleapis.com/v1beta/openai', key: 'GEMINI_API_KEY' },
  openrouter: { baseURL: 'https://openrouter.ai/api/v1', key: 'OPENROUTER_API_KEY' },
  mistral: { baseURL: 'https://api.mistral.ai/v1', key: 'MISTRAL_API_KEY' },
  deepseek: { baseURL: 'https://api.deepseek.com/v1', key: 'DEEPSEEK_API_KEY' },
  groq: { baseURL: 'https://api.groq.com/openai/v1', key: 'GROQ_API_KEY' },
  xai: { baseURL: 'https://api.x.ai/v1', key: 'XAI_API_KEY' },
  ollama: { baseURL: 'http://127.0.0.1:11434/v1' },
  lmstudio: { baseURL: 'http://127.0.0.1:1234/v1' },
};

/** Connects to a model; sends nothing yet. @throws FishplateError `MODEL_UNUSABLE`. */
export async function connectModel(
  name: string,
  baseURL: string | undefined,
  env: Environment = process.env,
): Promise<ModelConnection> {
  const [provider, id] = splitName(name);
  const known = Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider] : undefined;
  const address = baseURL ?? (env[BASE_URL_VARIABLE] || known?.baseURL);
  if (address === undefined) {
    throw unusable(
      `${JSON.stringify(provider)} is none of ${Object.keys(PROVIDERS).join(', ')}`,
      `Give the address of a server that speaks the OpenAI protocol by --base-url or ${BASE_URL_VARIABLE}.`,
    );
  }
  checkAddress(address);
  const isOwnAddress = address === known?.baseURL;
  // The key of a provider goes to that provider, not to an address that somebody gave.
  const apiKey = (isOwnAddress && known.key !== undefined && env[known.key]) || env[KEY_VARIABLE];
  if (isOwnAddress && known.key !== undefined && !apiKey) {
    throw unusable(`there is no key for ${provider}`, `Set the environment variable ${known.key}.`);
  }
  const [sdk, { createOpenAICompatible }] = await load();
  const headers = provider === 'anthropic' && isOwnAddress ? { 'anthropic-version': '2023-06-01' } : {};
  const options = { name: provider, baseURL: address, includeUsage: true, headers };
  const connected = createOpenAICompatible({ ...options, ...(apiKey ? { apiKey } : {}) });
  return { sdk, model: connected.chatModel(id), name };
}

function splitName(name: string): [string, string] {
  const slash = name.indexOf('/');
  if (slash > 0 && slash < name.length - 1) return [name.slice(0, slash), name.slice(slash + 1)];
  throw RUNTIME_CODES.error('USAGE', `--model takes provider/model, not ${JSON.stringify(name)}`);
}

function checkAddress(address: string): void {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw RUNTIME_CODES.error('USAGE', `${JSON.stringify(address)} is no address`);
  }
  if (url.protocol === 'https:' || url.protocol === 'http:') return;
  throw RUNTIME_CODES.error('USAGE', `${JSON.stringify(address)} is not http or https`);
}

async function load(): Promise<[AiSdk, typeof import('@ai-sdk/openai-compatible')]> {
  try {
    return await Promise.all([import('ai'), import('@ai-sdk/openai-compatible')]);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw unusable(
      'the Vercel AI SDK is not installed',
      'Run `npm install ai@6 @ai-sdk/openai-compatible@2`: only models need them.',
      cause,
    );
  }
}

function unusable(message: string, hint: string, cause?: unknown): Error {
  return RUNTIME_CODES.error('MODEL_UNUSABLE', message, { hint, cause });
}
