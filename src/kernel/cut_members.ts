/** Which members are to go: by name, or by index in a list, and below. A leaf (null) is what goes. */
export interface Cuts {
  readonly [step: string]: Cuts | null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Blanks, the comma and closing brackets. */
const WORD_END: ReadonlySet<number> = new Set([0x20, 0x0a, 0x0d, 0x09, 0x2c, 0x5d, 0x7d]);

/**
 * `text`, which is JSON with no name twice, without the members that `cuts` names. All else stays as it was written, to the letter: numbers,
 * escapes and blanks. Only members of objects go; a leaf at an item of a list is a bug of the caller's, and throws.
 */
export function cutMembers(text: string, cuts: Cuts): string {
  return new Cutter(text).whole(cuts);
}

class Cutter {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(cuts: Cuts): string {
    const before = this.#blank();
    return before + this.#value(cuts) + this.#text.slice(this.#at);
  }

  #value(cuts: Cuts): string {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(cuts);
      case "[":
        return this.#array(cuts);
      default:
        return this.#skipped();
    }
  }

  #object(cuts: Cuts): string {
    const kept: string[] = [];
    this.#at++;
    let before = this.#blank();
    while (this.#text[this.#at] !== "}") {
      const start = this.#at;
      const name = String(JSON.parse(this.#skipped()));
      this.#blank();
      // The colon.
      this.#at++;
      this.#blank();
      const head = before + this.#text.slice(start, this.#at);
      const below = Object.hasOwn(cuts, name) ? cuts[name] : undefined;
      const value = below === undefined || below === null ? this.#skipped() : this.#value(below);
      if (below === null) this.#blank();
      else kept.push(head + value + this.#blank());
      before = this.#afterComma();
    }
    this.#at++;
    return `{${kept.length === 0 ? before : kept.join(",")}}`;
  }

  #array(cuts: Cuts): string {
    const items: string[] = [];
    this.#at++;
    let before = this.#blank();
    for (let index = 0; this.#text[this.#at] !== "]"; index++) {
      const below = Object.hasOwn(cuts, index) ? cuts[index] : undefined;
      if (below === null) throw new Error("an item of a list is to be cut, which would move those behind it");
      items.push(before + (below === undefined ? this.#skipped() : this.#value(below)) + this.#blank());
      before = this.#afterComma();
    }
    this.#at++;
    return `[${items.length === 0 ? before : items.join(",")}]`;
  }

  #afterComma(): string {
    if (this.#text[this.#at] !== ",") return "";
    this.#at++;
    return this.#blank();
  }

  #blank(): string {
    const start = this.#at;
    while (isBlank(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  /** One value as it stands, stepped over. */
  #skipped(): string {
    const start = this.#at;
    let depth = 0;
    do {
      const character = this.#text[this.#at];
      if (character === undefined) throw new Error("the text is no JSON");
      if (character === '"') this.#string();
      else if (depth === 0 && !"{[".includes(character)) this.#word();
      else {
        if ("{[".includes(character)) depth++;
        if ("}]".includes(character)) depth--;
        this.#at++;
      }
    } while (depth > 0);
    return this.#text.slice(start, this.#at);
  }

  #string(): void {
    for (this.#at++; this.#text.charCodeAt(this.#at) !== QUOTE; this.#at++) {
      if (this.#at >= this.#text.length) throw new Error("the text is no JSON");
      if (this.#text.charCodeAt(this.#at) === BACKSLASH) this.#at++;
    }
    this.#at++;
  }

  /** A number, or a word such as `true`. */
  #word(): void {
    const start = this.#at;
    while (this.#at < this.#text.length && !WORD_END.has(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at === start) throw new Error("the text is no JSON");
  }
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}
