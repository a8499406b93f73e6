import type { ConfigCopies } from "../ports/config_versions.ts";

/** Where isolates look first. */
export interface CopyWriting {
  readonly copies: Pick<ConfigCopies, "put">;
  /** Hears of a copy that could not be written: isolates ask the issuer then. */
  readonly copyLost: (hash: string, error: unknown) => void;
}

/** Writes the copy of `text` before anything points at it: one of what nobody points at harms nobody, and so it is there before anybody looks. Never throws. */
export function writeCopy({ copies, copyLost }: CopyWriting, hash: string, text: string): Promise<void> {
  return copies.put(hash, text).catch((error: unknown) => copyLost(hash, error));
}
