import * as z from "zod";
import { httpUrl } from "./terms.ts";

/** The intake of leaked API keys at `/secret-scanning`; null turns it off. */
export const secretScanning = z
  .strictObject({
    /** Where the sender of reports publishes the keys that it signs them with. */
    keysUrl: httpUrl.default("https://api.github.com/meta/public_keys/secret_scanning"),
  })
  .nullable();
