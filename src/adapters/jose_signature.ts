import { compactVerify } from "jose";
import { JOSEError } from "jose/errors";
import type { SignatureAlgorithm } from "../protocol/jws.ts";

/** Whether `key` proves the compact JWS `token` under `algorithm`, which is ours to say and not the token's. */
export async function signatureHolds(
  token: string,
  key: CryptoKey | Uint8Array,
  algorithm: SignatureAlgorithm | "HS256",
): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof JOSEError) return false;
    throw error;
  }
}
