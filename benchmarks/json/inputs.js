'use strict';

/** Documents of the bench, from seeds. */

const { seeded } = require('@fishplate/bench-harness');

const WORDS =
  'the agent reads a file and writes what changed to its log before it asks for the next step of the plan'.split(
    ' ',
  );

/** A history of an agent, of about so many bytes: records of few shapes, whose keys are in no order. */
function history(bytes) {
  const random = seeded(3);
  const messages = [];
  let length = 0;
  for (let index = 0; length < bytes; index++) {
    const record = {
      type: 'message',
      id: `msg_${random(1e9).toString(36)}`,
      role: ['user', 'assistant', 'tool'][random(3)],
      content: sentence(random, 8 + random(24)),
      usage: { output_tokens: random(4000), input_tokens: random(90_000), is_cached: random(3) === 0 },
      score: random(1e6) / 1e4,
      tags: ['alpha', 'beta', random(100)],
      meta: { created: 1_700_000_000 + random(1e7), author: null },
    };
    messages.push(record);
    length += JSON.stringify(record).length + 1;
  }
  return { version: 2, messages, count: messages.length };
}

function sentence(random, words) {
  return Array.from({ length: words }, () => WORDS[random(WORDS.length)]).join(' ');
}

/** Objects each of which has keys of its own, as maps by id have. */
function strangers(count) {
  const random = seeded(4);
  return Array.from({ length: count }, () =>
    Object.fromEntries(Array.from({ length: 6 }, () => [`k${random(1e9).toString(36)}`, random(1000)])),
  );
}

/** The arguments of a tool call that writes a file, of about so many characters. */
function toolArguments(characters) {
  const random = seeded(5);
  const edits = [];
  let length = 0;
  while (length < characters) {
    const edit = { line: random(900), text: `${sentence(random, 12)}\n\t"${sentence(random, 3)}"` };
    edits.push(edit);
    length += JSON.stringify(edit).length + 1;
  }
  return JSON.stringify({ path: 'src/main.ts', edits });
}

module.exports = { history, strangers, toolArguments };
