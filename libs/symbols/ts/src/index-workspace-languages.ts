/** What lines declare in each language, as far as one line can tell. */

import type { Quoting } from './index-workspace-mask';
import type { SymbolKind } from './types';

/** A form of line that declares something; its groups `name`, and perhaps `container` and `before`. */
export interface LineRule {
  readonly form: RegExp;
  readonly kind: SymbolKind;
  /** Where it counts: anywhere, directly in a class or type, or anywhere but there. */
  readonly where?: 'members' | 'outside';
  /** What stands in it has its name as a container, but it is no symbol itself. */
  readonly scopeOnly?: true;
}

export interface LineLanguage {
  readonly name: string;
  readonly endings: readonly string[];
  readonly quoting: Quoting;
  /** Blocks by braces, or by indentation. */
  readonly blocks: 'braces' | 'indentation';
  readonly rules: readonly LineRule[];
  readonly between: '.' | '::';
  readonly isExported: (name: string, line: string, inExported: boolean) => boolean;
  readonly keywords: ReadonlySet<string>;
}

const C_COMMENTS = { line: ['//'], block: [['/*', '*/']] } as const;
const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const NAME = String.raw`(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)`;
const MODIFIERS = String.raw`(?:(?:public|private|protected|internal|static|async|readonly|override|abstract|declare|accessor|final|synchronized|native|default|virtual|inline|constexpr|explicit|friend|extern|unsafe|const)\s+)*`;

function rule(form: string, kind: SymbolKind, more: Omit<LineRule, 'form' | 'kind'> = {}): LineRule {
  return { form: new RegExp(`^\\s*${form.replace('NAME', NAME)}`, 'u'), kind, ...more };
}

const SCRIPT_KEYWORDS = words(
  'if for while switch catch return function new typeof await else do class const let var import export from of in async this super null true false undefined void throw try finally case default break continue extends implements interface type enum public private protected static readonly declare abstract delete instanceof yield as keyof is namespace module string number boolean any unknown never',
);
const EXPORT = String.raw`(?:export\s+)?(?:default\s+)?(?:declare\s+)?`;
const STATEMENT = String.raw`(?!(?:if|for|while|switch|catch|return|function|new|typeof|await|else|do|throw|case|yield|delete)\b)`;

const script = (name: string, endings: readonly string[]): LineLanguage => ({
  name,
  endings,
  quoting: { ...C_COMMENTS, quotes: `'"`, longQuotes: ['`'], characters: false },
  blocks: 'braces',
  between: '.',
  keywords: SCRIPT_KEYWORDS,
  isExported: (found, line, inExported) =>
    /^\s*export\b/.test(line) || (inExported && !found.startsWith('#') && !/^\s*private\b/.test(line)),
  rules: [
    rule(String.raw`${EXPORT}(?:abstract\s+)?class\s+NAME`, 'class'),
    rule(String.raw`${EXPORT}interface\s+NAME`, 'interface'),
    rule(String.raw`${EXPORT}(?:const\s+)?enum\s+NAME`, 'enum'),
    rule(String.raw`${EXPORT}(?:namespace|module)\s+NAME`, 'namespace'),
    rule(String.raw`${EXPORT}type\s+NAME\s*(?:<.*>)?\s*=`, 'typeParameter'),
    rule(String.raw`${EXPORT}(?:async\s+)?function\s*\*?\s*NAME`, 'function'),
    rule(
      String.raw`${EXPORT}(?:const|let|var)\s+NAME\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function\b|\([^)]*\)\s*(?::[^=]+)?=>|[\w$]+\s*=>|<.*>\s*\(|\(\s*$)`,
      'function',
    ),
    rule(String.raw`${EXPORT}const\s+(?!enum\b)NAME\s*[:=]`, 'constant', { where: 'outside' }),
    rule(String.raw`${EXPORT}(?:let|var)\s+NAME\s*[:=;]?`, 'variable', { where: 'outside' }),
    rule(
      String.raw`${MODIFIERS}(?:get\s+|set\s+)?\*?\s*${STATEMENT}(?<name>#?[\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?:<[^(]*>)?\(`,
      'method',
      { where: 'members' },
    ),
    rule(
      String.raw`${MODIFIERS}${STATEMENT}(?<name>#?[\p{ID_Start}$_][\p{ID_Continue}$]*)\s*[?!]?\s*[:=;]`,
      'field',
      { where: 'members' },
    ),
  ],
});

const C_KEYWORDS = words(
  'if for while switch return sizeof else do case default break continue goto static const struct union enum typedef void int char long short unsigned signed float double bool auto extern inline volatile class public private protected namespace using template typename new delete this operator virtual override final nullptr true false throw try catch constexpr noexcept',
);
const NO_CALL = String.raw`(?!(?:if|for|while|switch|return|else|do|case|sizeof|new|delete|throw|using|typedef)\b)`;

const cLike = (name: string, endings: readonly string[]): LineLanguage => ({
  name,
  endings,
  quoting: { ...C_COMMENTS, quotes: `"`, longQuotes: [], characters: true },
  blocks: 'braces',
  between: '::',
  keywords: C_KEYWORDS,
  isExported: (_, line) => !/^\s*static\b/.test(line),
  rules: [
    rule(String.raw`#\s*define\s+NAME\(`, 'function'),
    rule(String.raw`#\s*define\s+NAME[ \t]+\S`, 'constant'),
    rule(String.raw`(?:inline\s+)?namespace\s+NAME`, 'namespace'),
    rule(
      String.raw`(?:template\s*<.*>\s*)?class\s+(?:\w+\s+)??NAME\s*(?:final\s*)?(?::[^:].*)?\{?\s*$`,
      'class',
    ),
    rule(String.raw`(?:typedef\s+)?(?:struct|union)\s+NAME\s*(?::[^:].*)?\{?\s*$`, 'struct'),
    rule(String.raw`(?:typedef\s+)?enum\s+(?:class\s+|struct\s+)?NAME\s*(?::[^:].*)?\{`, 'enum'),
    rule(String.raw`using\s+NAME\s*=`, 'typeParameter'),
    rule(String.raw`typedef\s+[^{(]*\bNAME\s*;`, 'typeParameter'),
    rule(
      String.raw`${NO_CALL}${MODIFIERS}[\w:<>,*&\s~]*?(?:(?<container>\w+)::)?(?<name>~?[A-Za-z_]\w*|operator\s*\S{1,2})\s*\([^=;]*(?:\{.*|;|,|\))?\s*$`,
      'function',
      { where: 'outside' },
    ),
    rule(
      String.raw`${NO_CALL}${MODIFIERS}[\w:<>,*&\s~]*?(?<name>~?[A-Za-z_]\w*|operator\s*\S{1,2})\s*\([^=]*[{;,)]\s*$`,
      'method',
      { where: 'members' },
    ),
    rule(String.raw`${NO_CALL}[\w:<>*&\s]+[\s*&]NAME\s*(?:\[[^\]]*\])*\s*(?:=[^;]*)?;`, 'field', {
      where: 'members',
    }),
  ],
});

/** All languages; the same endings as the native engine. */
export const LINE_LANGUAGES: readonly LineLanguage[] = [
  script('typescript', ['ts', 'mts', 'cts']),
  script('tsx', ['tsx']),
  script('javascript', ['js', 'mjs', 'cjs', 'jsx']),
  {
    name: 'python',
    endings: ['py', 'pyi'],
    quoting: { line: ['#'], block: [], quotes: `'"`, longQuotes: ['"""', "'''"], characters: false },
    blocks: 'indentation',
    between: '.',
    keywords: words(
      'def class return if elif else for while in is not and or import from as with try except finally raise pass break continue lambda None True False self global nonlocal yield async await del assert',
    ),
    isExported: (name) => !name.startsWith('_') || /^__.*__$/.test(name),
    rules: [
      rule(String.raw`class\s+NAME`, 'class'),
      rule(String.raw`(?:async\s+)?def\s+NAME`, 'function'),
      rule(String.raw`type\s+NAME\s*(?:\[.*\])?\s*=`, 'typeParameter'),
      rule(String.raw`(?<name>[A-Z][A-Z0-9_]*)\s*(?::[^=]+)?=(?!=)`, 'constant', { where: 'outside' }),
      rule(String.raw`NAME\s*(?::[^=]+)?=(?!=)`, 'variable', { where: 'outside' }),
      rule(String.raw`NAME\s*(?::.+|=(?!=).*)$`, 'field', { where: 'members' }),
    ],
  },
  {
    name: 'rust',
    endings: ['rs'],
    quoting: { ...C_COMMENTS, quotes: '', longQuotes: ['"'], characters: true },
    blocks: 'braces',
    between: '::',
    keywords: words(
      'fn let mut pub use mod struct enum trait impl for in if else while loop match return self Self super crate as ref move where const static type unsafe async await dyn break continue true false',
    ),
    isExported: (_, line) => /^\s*(?:pub\b|macro_rules!)/.test(line),
    rules: [
      rule(
        String.raw`(?:pub(?:\([^)]*\))?\s+)?(?:(?:const|async|unsafe|extern\s*(?:"[^"]*")?)\s+)*fn\s+NAME`,
        'function',
      ),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?(?:struct|union)\s+NAME`, 'struct'),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?enum\s+NAME`, 'enum'),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?(?:unsafe\s+)?trait\s+NAME`, 'interface'),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?mod\s+NAME\s*\{`, 'module'),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?type\s+NAME`, 'typeParameter'),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?const\s+NAME\s*:`, 'constant', { where: 'outside' }),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?static\s+(?:mut\s+)?NAME\s*:`, 'variable', {
        where: 'outside',
      }),
      rule(String.raw`macro_rules!\s*NAME`, 'function'),
      rule(String.raw`(?:unsafe\s+)?impl\b[^{]*\bfor\s+[&'\w\s]*?(?:\w+::)*NAME`, 'class', {
        scopeOnly: true,
      }),
      rule(String.raw`(?:unsafe\s+)?impl\b(?:<[^{]*?>)?\s+(?:\w+::)*NAME`, 'class', { scopeOnly: true }),
      rule(String.raw`(?:pub(?:\([^)]*\))?\s+)?NAME\s*:[^:]`, 'field', { where: 'members' }),
      rule(String.raw`(?<name>[A-Z]\w*)\s*(?:[,({=]|$)`, 'enumMember', { where: 'members' }),
    ],
  },
  {
    name: 'go',
    endings: ['go'],
    quoting: { ...C_COMMENTS, quotes: '"', longQuotes: ['`'], characters: true },
    blocks: 'braces',
    between: '.',
    keywords: words(
      'func package import type struct interface map chan go defer return if else for range switch case default select var const break continue fallthrough goto nil true false',
    ),
    isExported: (name) => /^\p{Lu}/u.test(name),
    rules: [
      rule(String.raw`func\s+\(\s*(?:\w+\s+)?\*?(?<container>\w+)[^)]*\)\s*NAME`, 'method'),
      rule(String.raw`func\s+NAME`, 'function'),
      rule(String.raw`type\s+NAME\s*(?:\[[^\]]*\]\s*)?struct\b`, 'struct'),
      rule(String.raw`type\s+NAME\s*(?:\[[^\]]*\]\s*)?interface\b`, 'interface'),
      rule(String.raw`type\s+NAME\s*=`, 'typeParameter'),
      rule(String.raw`type\s+NAME\s`, 'class'),
      rule(String.raw`const\s+NAME\b`, 'constant', { where: 'outside' }),
      rule(String.raw`var\s+NAME\b`, 'variable', { where: 'outside' }),
      rule(String.raw`NAME\(`, 'method', { where: 'members' }),
      rule(String.raw`NAME\s+[\w*\[\].]+`, 'field', { where: 'members' }),
    ],
  },
  {
    name: 'java',
    endings: ['java'],
    quoting: { ...C_COMMENTS, quotes: '"', longQuotes: ['"""'], characters: true },
    blocks: 'braces',
    between: '.',
    keywords: words(
      'public private protected static final abstract class interface enum record extends implements throws throw new return if else for while do switch case default break continue try catch finally this super null true false void int long short byte char float double boolean import package synchronized instanceof',
    ),
    isExported: (_, line) => !/\bprivate\b/.test(line),
    rules: [
      rule(String.raw`${MODIFIERS}(?:sealed\s+)?(?:class|record)\s+NAME`, 'class'),
      rule(String.raw`${MODIFIERS}@?interface\s+NAME`, 'interface'),
      rule(String.raw`${MODIFIERS}enum\s+NAME`, 'enum'),
      rule(
        String.raw`(?:@\w+(?:\([^)]*\))?\s+)*${MODIFIERS}(?:<[^(]*>\s*)?(?!(?:return|new|else|throw)\b)[\w.<>\[\],?\s]+\s+NAME\s*\(`,
        'method',
        { where: 'members' },
      ),
      rule(String.raw`${MODIFIERS}(?<name>[A-Z]\w*)\s*\([^;]*\{`, 'constructor', { where: 'members' }),
      rule(
        String.raw`(?:@\w+(?:\([^)]*\))?\s+)*${MODIFIERS}(?!(?:return|new|package|import)\b)[\w.<>\[\],?]+\s+NAME\s*[=;,]`,
        'field',
        { where: 'members' },
      ),
    ],
  },
  cLike('c', ['c', 'h']),
  cLike('cpp', ['cc', 'cpp', 'cxx', 'c++', 'hh', 'hpp', 'hxx', 'h++', 'inl', 'ipp', 'tpp']),
  {
    name: 'ruby',
    endings: ['rb', 'rake', 'gemspec', 'ru'],
    quoting: {
      line: ['#'],
      block: [['\n=begin', '\n=end']],
      quotes: '',
      longQuotes: ['"', "'"],
      characters: false,
    },
    blocks: 'indentation',
    between: '::',
    keywords: words(
      'def class module end if elsif else unless case when while until for in do begin rescue ensure return yield self nil true false and or not then super require',
    ),
    isExported: (_, line) => !/^\s*(?:private|protected)\b/.test(line),
    rules: [
      rule(String.raw`class\s+(?:(?<container>[A-Z]\w*)::)?NAME`, 'class'),
      rule(String.raw`module\s+(?:(?<container>[A-Z]\w*)::)?NAME`, 'module'),
      rule(
        String.raw`(?:private\s+|protected\s+)?def\s+(?:self\.)?(?<name>[\p{ID_Start}_][\p{ID_Continue}]*[?!=]?)`,
        'function',
      ),
      rule(String.raw`(?<name>[A-Z]\w*)\s*=(?!=)`, 'constant'),
      rule(String.raw`attr_(?:reader|writer|accessor)\s+:(?<name>\w+)`, 'property'),
    ],
  },
];
