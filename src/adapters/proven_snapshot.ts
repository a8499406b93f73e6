import { sha256Hex, utf8 } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import type { ConfigReader } from "../ports/config_reader.ts";
import type { ConfigCopies } from "../ports/config_versions.ts";

/**
 * The text of the snapshot called `hash`: from the copy near by, else from the issuer. Whatever either of them says is only believed
 * when it has that hash, so that who can write copies can change no decision. `refused` hears of a copy that could not be read or is
 * something else; no copy is nothing to hear of. Throws `Outage`.
 */
export async function provenSnapshot(
  hash: string,
  copies: Pick<ConfigCopies, "find">,
  issuer: Pick<ConfigReader, "configSnapshot">,
  maxBytes: number,
  refused: (hash: string, error: unknown) => void,
): Promise<string> {
  try {
    const near = await copies.find(hash);
    if (near !== null && (await isProven(near, hash, maxBytes))) return near;
    if (near !== null) refused(hash, "is not what it is called");
  } catch (error) {
    refused(hash, error);
  }
  const text = await issuer.configSnapshot(hash);
  if (text === null) throw new Outage("configuration", { cause: "the issuer does not know the snapshot" });
  if (await isProven(text, hash, maxBytes)) return text;
  throw new Outage("configuration", { cause: "the issuer's snapshot is not what it is called" });
}

async function isProven(text: string, hash: string, maxBytes: number): Promise<boolean> {
  return utf8(text).byteLength <= maxBytes && (await sha256Hex(text)) === hash;
}
