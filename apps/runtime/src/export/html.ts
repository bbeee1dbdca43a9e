/** Text as HTML: nothing of what it holds becomes markup, and nothing hides in it. */

import { visible, visibleLine } from '../text/visible.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text of several lines, for an element or an attribute in quotes. */
export function escapeText(text: string): string {
  return escape(visible(text));
}

/** Text of one line. */
export function escapeLine(text: string): string {
  return escape(visibleLine(text));
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A unified diff, each line by what it does. */
export function diffHtml(patch: string): string {
  const lines = patch.replace(/\n$/, '').split('\n');
  return `<pre class="diff">${lines.map(diffLine).join('')}</pre>`;
}

function diffLine(line: string): string {
  return `<span class="${lineClass(line)}">${escapeText(line)}\n</span>`;
}

function lineClass(line: string): string {
  if (/^(?:\+\+\+ |--- |diff |index |old mode |new mode |new file |deleted file |Binary files )/.test(line))
    return 'h';
  if (line.startsWith('+')) return 'a';
  if (line.startsWith('-')) return 'd';
  return line.startsWith('@@') ? 'r' : 'c';
}

/** Text cut to a length, which says how much is missing. */
export function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}\n… ${text.length - length} more characters`;
}
