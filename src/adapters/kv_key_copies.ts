import * as z from "zod/mini";
import { sha256Base64url } from "../kernel/bytes.ts";
import { orOutage } from "../kernel/outage.ts";
import type { KeptKeys, KeyCopies } from "../ports/key_source.ts";
import { boundedText } from "./bounded_text.ts";

const READ_DEADLINE_MS = 500;
const WRITE_DEADLINE_MS = 10_000;
const MAX_KEYS = 100;
/** As much as an issuer may answer, and what a copy says beside it. */
const MAX_BYTES = 512 * 1024;

const copy = z.strictObject({
  v: z.literal(1),
  issuer: z.string(),
  source: z.string(),
  fetchedAtMs: z.number().check(z.nonnegative()),
  keys: z.array(z.record(z.string(), z.unknown())).check(z.maxLength(MAX_KEYS)),
});

/** Whose keys a copy holds, where they came from, and for how long it may be of use. */
export interface CopiedFrom {
  readonly issuer: string;
  readonly source: string;
  readonly keepSeconds: number;
}

/**
 * Key sets in KV, one per issuer and source. A value that is no copy, or one of another issuer or source, counts as none:
 * the issuer is asked then. How old it may be is for the reader to say.
 */
export class KvKeyCopies implements KeyCopies {
  readonly #kv: KVNamespace;
  readonly #from: CopiedFrom;

  constructor(kv: KVNamespace, from: CopiedFrom) {
    this.#kv = kv;
    this.#from = from;
  }

  read(): Promise<KeptKeys | null> {
    return orOutage("kv", READ_DEADLINE_MS, async () => {
      const parsed = copy.safeParse(parseJson(await this.#text()));
      if (!parsed.success) return null;
      const { issuer, source, keys, fetchedAtMs } = parsed.data;
      return issuer === this.#from.issuer && source === this.#from.source ? { keys, fetchedAtMs } : null;
    });
  }

  write({ keys, fetchedAtMs }: KeptKeys): Promise<void> {
    const { issuer, source, keepSeconds } = this.#from;
    return orOutage("kv", WRITE_DEADLINE_MS, async () => {
      const value = JSON.stringify({ v: 1, issuer, source, fetchedAtMs, keys });
      await this.#kv.put(await this.#name(), value, { expirationTtl: Math.max(60, keepSeconds) });
    });
  }

  async #text(): Promise<string | null> {
    const stream = await this.#kv.get(await this.#name(), "stream");
    return stream === null ? null : boundedText(stream, MAX_BYTES, "kv");
  }

  async #name(): Promise<string> {
    return `keys:${await sha256Base64url(JSON.stringify([this.#from.issuer, this.#from.source]))}`;
  }
}

function parseJson(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
