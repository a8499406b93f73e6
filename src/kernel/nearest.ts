/** Longer names are not compared: nobody misspells them by one letter. */
const MAX_LENGTH = 64;

/**
 * The one of `names` that whoever wrote `written` may have meant: at most a third of its letters are wrong, and two at most. Null where
 * none is so near. Letters that changed places count as one.
 */
export function nearest(written: string, names: Iterable<string>): string | null {
  if (written.length > MAX_LENGTH) return null;
  let best: string | null = null;
  let least = Math.min(2, Math.max(1, Math.floor(written.length / 3))) + 1;
  for (const name of names) {
    if (Math.abs(name.length - written.length) >= least || name.length > MAX_LENGTH) continue;
    const far = distance(written, name);
    if (far < least) [best, least] = [name, far];
  }
  return best;
}

/** `; did you mean \`name\`?`, or nothing where no name is near. */
export function didYouMean(written: string, names: Iterable<string>): string {
  const name = nearest(written, names);
  return name === null ? "" : `; did you mean \`${name}\`?`;
}

/** Letters put in, left out, changed, or swapped with their neighbour. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
