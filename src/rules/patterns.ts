import { linearPatternFault } from "../kernel/linear_pattern.ts";
import { Lru } from "../kernel/lru.ts";
import { LIMITS } from "./limits.ts";
import { RuleInputError } from "./rule_input.ts";

/** Why nothing may be matched against `source`; null where it may. */
export function patternFault(source: string): string | null {
  return source.length > LIMITS.pattern ? `is longer than ${LIMITS.pattern} characters` : linearPatternFault(source);
}

/** Patterns, proven to take time proportional to the text's length, and kept. Those that come with a call are proven at the call. */
export class Patterns {
  readonly #known: Lru<RegExp>;

  /** Remembers `max` patterns. */
  constructor(max: number) {
    this.#known = new Lru({ maxEntries: max, maxBytes: max * LIMITS.pattern * 2 });
  }

  /** Whether `source` matches a part of `text`. Throws `RuleInputError` where that could take long. */
  matches(text: string, source: string): boolean {
    if (text.length > LIMITS.matchedText) {
      throw new RuleInputError(`\`matches\` looks at ${LIMITS.matchedText} characters at most`);
    }
    return this.#pattern(source).test(text);
  }

  #pattern(source: string): RegExp {
    const known = this.#known.get(source);
    if (known !== undefined) return known;
    if (patternFault(source) !== null)
      throw new RuleInputError("the pattern of `matches` is none that is matched in linear time");
    const pattern = new RegExp(source, "u");
    this.#known.set(source, pattern, source.length * 2);
    return pattern;
  }
}
