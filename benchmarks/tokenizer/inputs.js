'use strict';

/** Inputs of the bench, from files of this repository and of what it installs, and from seeds. */

const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const { seeded } = require('@fishplate/bench-harness');

const ROOT = join(__dirname, '..', '..');

/** Characters of each text, about. */
const SIZE = 150_000;

/** The most frequent characters of Chinese text. */
const CHINESE =
  '的一是不了人我在有他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运';

/** Prose from the documentation of this repository, its code blocks and tables left out. */
function english() {
  const files = [
    'README.md',
    'docs/ARCHITECTURE.md',
    'docs/errors.md',
    'docs/dependencies.md',
    'CHANGELOG.md',
  ];
  const libraries = readdirSync(join(ROOT, 'libs')).map((name) => `libs/${name}/ts/README.md`);
  const texts = [...files, ...libraries].map((file) => {
    try {
      return readFileSync(join(ROOT, file), 'utf8');
    } catch {
      return '';
    }
  });
  return filled(
    texts
      .join('\n')
      .replace(/```.*?```/gs, '')
      .replace(/[|`#*_[\]]/g, ''),
  );
}

function code() {
  const folders = [
    'libs/engine/ts/src',
    'libs/diff/ts/src',
    'libs/gitignore/ts/src',
    'apps/runtime/src/tools',
  ];
  const texts = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  );
  return filled(texts.join('\n'));
}

/** Sentences of frequent characters: pieces that no cache has seen. */
function chinese() {
  const random = seeded(7);
  let text = '';
  while (text.length < SIZE) {
    for (let count = 5 + random(25); count > 0; count--) text += CHINESE[random(CHINESE.length)];
    text += '，。、'[random(3)];
  }
  return text;
}

/** A history as JSON. */
function chat() {
  const parts = code().split('\n\n');
  return filled(
    JSON.stringify(
      parts.map((content, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content,
        tool_calls: [
          { id: `call_${index}`, function: { name: 'read_file', arguments: `{"path":"src/${index}.ts"}` } },
        ],
      })),
    ),
  );
}

function filled(text) {
  return text.repeat(Math.ceil(SIZE / text.length)).slice(0, SIZE);
}

/** 200,000 characters each, to tire a tokenizer. */
function adversarial() {
  const random = seeded(11);
  const letters = Array.from({ length: 200_000 }, () => String.fromCharCode(97 + random(26))).join('');
  const units = Array.from({ length: 200_000 }, () => String.fromCharCode(random(0x10000))).join('');
  const han = Array.from({ length: 200_000 }, () => String.fromCharCode(0x4e00 + random(0x5000))).join('');
  const runs = ['a', ' ', '-', '=', '\n', '\t', '*', '/', '#', '_', '.', '1', '中', '\u0301', '\ud800', '\0'];
  return [
    ...runs.map((char) => [`of ${JSON.stringify(char)}`, char.repeat(200_000)]),
    ['of "= "', '= '.repeat(100_000)],
    ['of "aб中"', 'aб中'.repeat(66_666)],
    ['of random letters', letters],
    ['of random code units', units],
    ['of random ideographs', han],
    ['of lines of dashes', `${'-'.repeat(999)}\n`.repeat(200)],
  ];
}

/** Messages of an agent: calls with results of 200 to 8,000 characters. */
function history(count) {
  const random = seeded(5);
  const text = code();
  const messages = [{ role: 'system', content: 'You are an agent.' }];
  for (let index = 0; messages.length < count; index++) {
    const id = `call_${index}`;
    const at = random(text.length - 8000);
    messages.push({ role: 'user', content: text.slice(at, at + 200 + random(400)) });
    messages.push({
      role: 'assistant',
      content: null,
      tool_calls: [
        { id, type: 'function', function: { name: 'read_file', arguments: `{"path":"src/${index}.ts"}` } },
      ],
    });
    messages.push({ role: 'tool', tool_call_id: id, content: text.slice(at, at + 200 + random(7800)) });
  }
  return messages;
}

module.exports = { adversarial, chat, chinese, code, english, history };
