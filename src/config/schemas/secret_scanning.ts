import * as z from "zod/mini";
import { httpUrl } from "../terms.ts";

/** The intake of leaked API keys at `/secret-scanning`; null turns it off. */
export const secretScanning = z.nullable(
  z.strictObject({
    /** Where the sender of reports publishes the keys that it signs them with. */
    keysUrl: z._default(httpUrl, "https://api.github.com/meta/public_keys/secret_scanning"),
  }),
);
