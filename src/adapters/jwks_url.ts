import * as z from "zod";
import { Outage, orOutage } from "../kernel/outage.ts";
import type { KeySource, PublishedJwk } from "../ports/key_source.ts";

const DEADLINE_MS = 3_000;
const MAX_BYTES = 256 * 1024;

const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(100) });

/**
 * An issuer's keys by URL. The URL comes from the configuration, never from a token; redirects, other content types,
 * and answers that are too slow or too large are an outage.
 */
export function jwksUrl(url: string): KeySource {
  return {
    fetch: () =>
      orOutage("jwks", DEADLINE_MS, async (): Promise<readonly PublishedJwk[]> => {
        const response = await fetch(url, {
          redirect: "manual",
          headers: { accept: "application/jwk-set+json, application/json" },
        });
        const type = response.headers.get("content-type") ?? "";
        if (response.status !== 200 || !/^application\/(?:jwk-set\+)?json\b/i.test(type)) {
          await response.body?.cancel();
          throw new Outage("jwks", { cause: `status ${response.status}` });
        }
        return keySet.parse(JSON.parse(await readBounded(response))).keys;
      }),
  };
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Outage("jwks", { cause: "too large" });
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
