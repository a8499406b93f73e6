import { describe, expect, it } from "vitest";
import { platformRandom } from "../../../src/kernel/random.ts";
import { clientSid, newSessionRoot } from "../../../src/protocol/client_sid.ts";
import { newClientId } from "../../../src/protocol/ids.ts";

const CLIENT = newClientId(platformRandom);

describe("OpenID Connect Back-Channel Logout 2.1: the sid of a client", () => {
  it("is the same for one client and one root, and another one where either differs", async () => {
    const [root, other] = [newSessionRoot(platformRandom), newSessionRoot(platformRandom)];
    const sid = await clientSid(CLIENT, root);
    expect(await clientSid(CLIENT, root)).toBe(sid);
    const differing = [await clientSid(newClientId(platformRandom), root), await clientSid(CLIENT, other)];
    expect(new Set([sid, ...differing]).size).toBe(3);
  });

  it("tells nothing of the root: 256 bits of a keyed digest", async () => {
    const root = newSessionRoot(platformRandom);
    const sid = await clientSid(CLIENT, root);
    expect([root, sid]).toEqual([expect.stringMatching(/^[\w-]{43}$/), expect.stringMatching(/^[\w-]{43}$/)]);
    expect(sid).not.toBe(root);
  });

  it("is what it was: a change of the digest would make strangers of all running sessions", async () => {
    const root = newSessionRoot((length) => new Uint8Array(length));
    const sid = await clientSid("cli_0000000000000000000000" as typeof CLIENT, root);
    expect(sid).toBe("iljCTSePbaKZ1ssHN1q7QOnCJ0UCgvJspzhmiJ4FORU");
  });
});
