'use strict';

const { countTokens } = require('gpt-tokenizer/encoding/o200k_base');

/**
 * The rules of `compressContext` with strategy `drop`, for a history whose calls have one result each, counted by
 * gpt-tokenizer.
 *
 * @returns {number[]} places of the messages that are kept
 */
function compressWithGptTokenizer(messages, maxTokens) {
  const tokens = messages.map(({ role, content, tool_calls: calls }) => {
    let count = 3 + countTokens(role) + (content === null ? 0 : countTokens(content));
    for (const { function: called } of calls ?? [])
      count += countTokens(called.name) + countTokens(called.arguments);
    return count;
  });
  const kept = [];
  let used = 3;
  messages.forEach(({ role }, index) => {
    if (role !== 'system') return;
    kept.push(index);
    used += tokens[index];
  });
  for (let index = messages.length - 1; index >= 0; index--) {
    const { role } = messages[index];
    if (role === 'system') continue;
    const unit = role === 'tool' ? [index - 1, index] : [index];
    const room = used + unit.reduce((sum, each) => sum + tokens[each], 0);
    if (room > maxTokens) break;
    used = room;
    kept.push(...unit);
    index = unit[0];
  }
  return kept.sort((one, other) => one - other);
}

module.exports = { compressWithGptTokenizer };
