/** Paths in texts that have one a line. */

/** A name with a line end in it would look like two, or like a line of another kind: it is shown as a JSON string. */
export function shownPath(path: string): string {
  return /[\n\r]/.test(path) ? JSON.stringify(path) : path;
}
