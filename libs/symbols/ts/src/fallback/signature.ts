/** Signatures as files hold them: without the name of the symbol, so that those of many symbols are one text. */

/** What stands for the name. */
const NAME = '\0';

/** A signature with its name taken out where that stands first; undefined where it is held as it is. */
export function withoutName(signature: string, name: string): string | undefined {
  if (name === '' || signature.includes(NAME)) return undefined;
  const at = signature.indexOf(name);
  return at === -1 ? undefined : signature.slice(0, at) + NAME + signature.slice(at + name.length);
}

/** A signature whose name was taken out. */
export function withName(held: string, name: string): string {
  return held.replace(NAME, () => name);
}
