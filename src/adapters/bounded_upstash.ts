import { toHex, utf8 } from "../kernel/bytes.ts";
import { boundedText } from "./bounded_text.ts";

/** Where the database's REST endpoint is, and its token. */
export interface UpstashAddress {
  readonly url: string;
  readonly token: string;
}

/** What a take of as many limits as a route may have answers is a hundredth of it. */
const MAX_BYTES = 64 * 1024;

/** SHA-1 of scripts, which is what the database calls them by. There are as many as stand in the source. */
const SCRIPT_NAMES = new Map<string, string>();

/**
 * The commands that counting takes, as calls of our own. The library's client knows all of Redis, which would be a tenth of the
 * authorizer; it reads answers whole, however large, follows redirects with the token, and quotes commands, which hold who is calling, in
 * its errors. Each call is made once and ends after `lateMs`: a repeated one charges twice.
 */
export class BoundedUpstash {
  readonly #url: string;
  readonly #token: string;
  readonly #lateMs: number;

  constructor({ url, token }: UpstashAddress, lateMs: number) {
    this.#url = url.replace(/\/$/, "");
    this.#token = token;
    this.#lateMs = lateMs;
  }

  /** Runs `script`, which is sent along where the database does not have it yet. */
  async run(script: string, keys: readonly string[], args: readonly unknown[]): Promise<unknown> {
    try {
      return await this.evalsha(await scriptName(script), keys, args);
    } catch (error) {
      if (error instanceof UpstashRefusal && error.isScriptUnknown) return this.eval(script, keys, args);
      throw error;
    }
  }

  eval(script: string, keys: readonly string[], args: readonly unknown[]): Promise<unknown> {
    return this.#command(["eval", script, keys.length, ...keys, ...args]);
  }

  evalsha(sha1: string, keys: readonly string[], args: readonly unknown[]): Promise<unknown> {
    return this.#command(["evalsha", sha1, keys.length, ...keys, ...args]);
  }

  /** The values of `fields` of the hash at `key`, each a text, or null where there is none. */
  async hmget(key: string, ...fields: readonly string[]): Promise<readonly (string | null)[]> {
    const values = await this.#command(["hmget", key, ...fields]);
    if (!Array.isArray(values) || values.length !== fields.length) throw new TypeError("not the fields of a hash");
    return values.map((value) => (value === null ? null : String(value)));
  }

  async #command(command: readonly unknown[]): Promise<unknown> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      body: JSON.stringify(command),
      redirect: "manual",
      signal: AbortSignal.timeout(this.#lateMs),
    });
    const answer: unknown = JSON.parse(await boundedText(response.body, MAX_BYTES, "upstash"));
    if (typeof answer !== "object" || answer === null) throw new TypeError("not an answer of the database");
    if ("error" in answer && typeof answer.error === "string") throw new UpstashRefusal(answer.error);
    if (!response.ok || !("result" in answer)) throw new TypeError(`status ${response.status}`);
    return answer.result;
  }
}

/** The database said no. Its words are not kept: they may quote the command. */
class UpstashRefusal extends Error {
  readonly isScriptUnknown: boolean;

  constructor(words: string) {
    const isScriptUnknown = words.includes("NOSCRIPT");
    // The library that counts buckets knows a script that is not there yet by this word.
    super(isScriptUnknown ? "NOSCRIPT" : "the database refused");
    this.isScriptUnknown = isScriptUnknown;
  }
}

async function scriptName(script: string): Promise<string> {
  const known = SCRIPT_NAMES.get(script);
  if (known !== undefined) return known;
  const name = toHex(new Uint8Array(await crypto.subtle.digest("SHA-1", utf8(script))));
  SCRIPT_NAMES.set(script, name);
  return name;
}
