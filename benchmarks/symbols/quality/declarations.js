'use strict';

/**
 * Declarations of a source text by its lines: enough to fill an index with real names of five languages. No parser: what
 * a line does not tell is not found.
 *
 * @typedef {{ name: string, kind: string, line: number, column: number, container?: string, signature: string, exported: boolean }} Declared
 */

const NAME = '[A-Za-z_$][\\w$]*';

/** Kinds by keyword, for each language; the name is group `name`, the keyword `word`. */
const LANGUAGES = {
  typescript: {
    extensions: ['.ts', '.js', '.mjs'],
    declaration: new RegExp(
      `^\\s*(?<export>export\\s+)?(?:default\\s+)?(?:declare\\s+)?(?:abstract\\s+)?(?:async\\s+)?(?<word>class|interface|enum|const enum|type|namespace|function\\*?|const|let|var)\\s+(?<name>${NAME})`,
    ),
    member: new RegExp(
      `^\\s+(?:public |private |protected |static |readonly |abstract |async |get |set |\\*)*(?<name>${NAME})(?<shape>\\??\\s*[(<:])`,
    ),
    kinds: {
      class: 'class',
      interface: 'interface',
      enum: 'enum',
      'const enum': 'enum',
      type: 'typeParameter',
      namespace: 'namespace',
      function: 'function',
      'function*': 'function',
      const: 'constant',
      let: 'variable',
      var: 'variable',
    },
    owners: new Set(['class', 'interface', 'namespace', 'enum']),
    notNames: new Set(
      'if for while switch return catch function case default await yield throw new typeof else do try super constructor import with'.split(
        ' ',
      ),
    ),
  },
  rust: {
    extensions: ['.rs'],
    declaration:
      /^\s*(?<export>pub(?:\([a-z :]+\))?\s+)?(?:default )?(?:async )?(?:const )?(?:unsafe )?(?:extern "C" )?(?<word>fn|struct|enum|union|trait|type|const|static|mod|macro_rules!)\s+(?:mut\s+)?(?<name>[A-Za-z_]\w*)/,
    owner:
      /^\s*(?:unsafe )?impl(?:<[^{]*?>)?\s+(?:[^{]*\sfor\s+)?&?(?:'\w+ )?(?:mut )?(?:\w+::)*(?<name>[A-Z]\w*)/,
    kinds: {
      fn: 'function',
      struct: 'struct',
      enum: 'enum',
      union: 'struct',
      trait: 'interface',
      type: 'typeParameter',
      const: 'constant',
      static: 'variable',
      mod: 'module',
      'macro_rules!': 'function',
    },
    owners: new Set(['trait']),
  },
  c: {
    extensions: ['.c', '.h'],
    declaration:
      /^(?<export>)(?<word>#\s*define|typedef struct|struct|enum|union|typedef|(?:[A-Za-z_][\w ]*[ *]))\s*(?<name>[A-Za-z_]\w+)\s*(?<shape>\(|\{|$|\s)/,
    kinds: { define: 'constant', struct: 'struct', enum: 'enum', union: 'struct' },
    owners: new Set(),
  },
  python: {
    extensions: ['.py'],
    declaration: /^\s*(?<export>)(?:async )?(?<word>def|class)\s+(?<name>[A-Za-z_]\w*)/,
    kinds: { def: 'function', class: 'class' },
    owners: new Set(['class']),
  },
};

/** The language of a path, by its extension. */
function languageOf(path) {
  return Object.values(LANGUAGES).find(({ extensions }) =>
    extensions.some((extension) => path.endsWith(extension)),
  );
}

/** @returns {Declared[]} */
function declarationsOf(path, text) {
  const language = languageOf(path);
  if (language === undefined) return [];
  const found = [];
  /** Owners around a line, with their indentation. */
  const owners = [];
  for (const [line, written] of text.split('\n').entries()) {
    if (written.length > 400 || written.trim() === '') continue;
    const indent = written.search(/\S/);
    while (owners.length > 0 && indent <= owners.at(-1).indent) owners.pop();
    const own = declarationOn(language, written) ?? memberOn(language, written, owners);
    if (own !== undefined) {
      const container = owners.at(-1)?.name;
      const isMethod = own.kind === 'function' && container !== undefined;
      found.push({
        name: own.name,
        kind: isMethod ? 'method' : own.kind,
        line,
        column: written.indexOf(own.name),
        ...(container === undefined ? {} : { container }),
        signature: written.trim().slice(0, 120),
        exported: own.exported || (container !== undefined && !own.name.startsWith('_')),
      });
      if (own.owns) owners.push({ name: own.name, indent });
    }
    const owner = language.owner?.exec(written)?.groups.name;
    if (owner !== undefined) owners.push({ name: owner, indent });
  }
  return found;
}

function declarationOn(language, written) {
  const groups = language.declaration.exec(written)?.groups;
  if (groups === undefined) return undefined;
  const { name, word } = groups;
  if (language === LANGUAGES.c) return cDeclaration(groups, written);
  return {
    name,
    kind: language.kinds[word],
    owns: language.owners.has(word),
    exported: (groups.export ?? '') !== '' || !name.startsWith('_'),
  };
}

function cDeclaration({ name, word, shape }, written) {
  const keyword = word.replace(/^#\s*/, '').trim();
  if (/^(return|else|goto|case|extern "C"|if|while|for|switch|do|sizeof)\b/.test(keyword)) return undefined;
  if (keyword === 'define') return { name, kind: 'constant', owns: false, exported: true };
  const kind = /\b(struct|enum|union)$/.exec(keyword)?.[1];
  if (kind !== undefined && /\{\s*$/.test(written)) {
    return { name, kind: kind === 'enum' ? 'enum' : 'struct', owns: false, exported: true };
  }
  if (shape !== '(' || /;\s*$/.test(written)) return undefined;
  return { name, kind: 'function', owns: false, exported: !/\bstatic\b/.test(keyword) };
}

/** Members are read directly inside of classes, interfaces and enumerations. */
function memberOn(language, written, owners) {
  if (language.member === undefined || owners.length === 0) return undefined;
  const indent = written.search(/\S/);
  const unit = owners.at(-1).memberIndent ?? indent;
  owners.at(-1).memberIndent = unit;
  if (indent !== unit) return undefined;
  const groups = language.member.exec(written)?.groups;
  if (groups === undefined || language.notNames.has(groups.name)) return undefined;
  const isCall = /[(<]/.test(groups.shape);
  return { name: groups.name, kind: isCall ? 'method' : 'property', owns: false, exported: false };
}

module.exports = { declarationsOf, languageOf };
