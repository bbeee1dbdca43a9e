/** Which encoding each model has: tiktoken's table, with the models that came after it. */

import type { Encoding } from './encodings';

const O200K = ['gpt-5', 'gpt-4.5', 'gpt-4.1', 'gpt-4o', 'chatgpt-4o-latest', 'o1', 'o3', 'o4-mini'];
const CL100K = [
  ...['gpt-4', 'gpt-3.5-turbo', 'gpt-3.5', 'gpt-35-turbo', 'davinci-002', 'babbage-002'],
  ...['text-embedding-ada-002', 'text-embedding-3-small', 'text-embedding-3-large'],
];
const P50K = [
  ...['text-davinci-003', 'text-davinci-002', 'code-davinci-002', 'code-davinci-001'],
  ...['code-cushman-002', 'code-cushman-001', 'davinci-codex', 'cushman-codex'],
];
const R50K = [
  ...['text-davinci-001', 'text-curie-001', 'text-babbage-001', 'text-ada-001'],
  ...['davinci', 'curie', 'babbage', 'ada', 'gpt2', 'gpt-2'],
  ...['text-similarity-davinci-001', 'text-similarity-curie-001', 'text-similarity-babbage-001'],
  ...['text-similarity-ada-001', 'text-search-davinci-doc-001', 'text-search-curie-doc-001'],
  ...['text-search-babbage-doc-001', 'text-search-ada-doc-001', 'code-search-babbage-code-001'],
  'code-search-ada-code-001',
];

function all(models: readonly string[], encoding: Encoding): [string, Encoding][] {
  return models.map((model) => [model, encoding]);
}

/** Names that stand for themselves. */
export const MODELS: Readonly<Record<string, Encoding>> = Object.fromEntries([
  ...all(O200K, 'o200k_base'),
  ...all(CL100K, 'cl100k_base'),
  ...all(P50K, 'p50k_base'),
  ...all(['text-davinci-edit-001', 'code-davinci-edit-001'], 'p50k_edit'),
  ...all(R50K, 'r50k_base'),
]);

/** Starts of names, the longest first: versions, sizes, fine-tuned models, deployments. */
export const PREFIXES: readonly (readonly [start: string, Encoding])[] = [
  ...all(['gpt-5-', 'gpt-5.', 'gpt-4.5-', 'gpt-4.1-', 'gpt-4o-', 'chatgpt-4o-', 'o1-', 'o3-'], 'o200k_base'),
  ...all(['o4-mini-', 'codex-mini', 'computer-use-preview'], 'o200k_base'),
  ...all(['ft:gpt-4o', 'ft:gpt-4.1', 'ft:o4-mini'], 'o200k_base'),
  ...all(['gpt-oss'], 'o200k_harmony'),
  ...all(['gpt-4-', 'gpt-3.5-turbo-', 'gpt-35-turbo-', 'ft:gpt-4', 'ft:gpt-3.5-turbo'], 'cl100k_base'),
  ...all(['ft:davinci-002', 'ft:babbage-002'], 'cl100k_base'),
].sort(([one], [other]) => other.length - one.length);
