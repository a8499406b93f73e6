import { expect, test } from "vitest";
import { VerificationKeys } from "../../../src/adapters/jose_verification_keys.ts";
import { Outage } from "../../../src/kernel/outage.ts";

const NOW_MS = 1_800_000_000_000;
const defer = (work: Promise<unknown>) => void work.catch(() => undefined);

test("an unknown key id is an outage while its issuer cannot be asked, also within the cooldown; absent once it could", async () => {
  let isDown = false;
  const keys = new VerificationKeys({
    fetch: async () => {
      if (isDown) throw new Outage("jwks");
      return [];
    },
  });
  expect(await keys.find("unknown", "ES256", NOW_MS, defer)).toBeNull();
  isDown = true;
  await expect(keys.find("new", "ES256", NOW_MS + 3_000, defer)).rejects.toBeInstanceOf(Outage);
  await expect(keys.find("new", "ES256", NOW_MS + 3_500, defer)).rejects.toBeInstanceOf(Outage);
  isDown = false;
  expect(await keys.find("new", "ES256", NOW_MS + 6_000, defer)).toBeNull();
});
