/** `text` as a lenient server may read it: without regard to case or to compatibility forms. */
export function lenientName(text: string): string {
  return text.normalize("NFKC").toUpperCase().toLowerCase();
}
