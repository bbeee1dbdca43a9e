/** What a message of the conversation says: of whatever shape the host records. */

/** Role and text of a message; what is no text is shown as JSON. */
export function messageText(message: unknown): { readonly role: string; readonly text: string } {
  if (typeof message === 'string') return { role: 'message', text: message };
  if (typeof message !== 'object' || message === null || !('content' in message)) {
    return { role: 'message', text: JSON.stringify(message, null, 2) };
  }
  const { role, content } = message as { role?: unknown; content: unknown };
  const name = typeof role === 'string' ? role : 'message';
  const parts: unknown[] = Array.isArray(content) ? content : [content];
  return { role: name, text: parts.map(partText).join('\n') };
}

function partText(part: unknown): string {
  if (typeof part === 'string') return part;
  const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
  return type === 'text' && typeof text === 'string' ? text : JSON.stringify(part, null, 2);
}
