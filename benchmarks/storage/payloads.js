'use strict';

const { seeded } = require('@fishplate/bench-harness');

const WORDS =
  'the agent read file tool call result error line function return value test path commit message'.split(' ');

/**
 * Events as of an agent's log: JSON of about 1.3 kB.
 *
 * @param {number} count
 * @returns {string[]}
 */
function makeEvents(count) {
  const random = seeded(11);
  return Array.from({ length: count }, (_, index) => JSON.stringify(makeMessage(random, index)));
}

function makeMessage(random, index) {
  const text = Array.from({ length: 160 }, () => WORDS[random(WORDS.length)]).join(' ');
  return {
    sequence: index,
    type: 'message',
    role: ['user', 'assistant', 'tool'][index % 3],
    at: 1_700_000_000_000 + index * 137,
    content: text,
    usage: { input: random(9000), output: random(2000), cost: random(1000) / 1e5 },
    tags: ['a', 'b', String(random(50))],
  };
}

/**
 * State of an agent of about `bytes` bytes of JSON, and the same three messages later.
 *
 * @param {number} bytes
 */
function makeStates(bytes) {
  const random = seeded(bytes);
  const messages = [];
  for (let size = 0; size < bytes; size += 1100) messages.push(makeMessage(random, messages.length));
  const state = { id: 'state', version: 1, agentId: 'agent', status: 'running', messages, currentStep: 7 };
  const more = [0, 1, 2].map((index) => makeMessage(random, messages.length + index));
  return { state, grown: { ...state, messages: [...messages, ...more], currentStep: 8 } };
}

module.exports = { makeEvents, makeStates };
