import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseGrantSecrets } from "../../src/adapters/grant_secrets.ts";
import { fromBase64url, toBase64url } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { GrantSecrets, LocatorPurpose } from "../../src/ports/grant_secrets.ts";
import { newGrantId, newUserId } from "../../src/protocol/ids.ts";
import { formatOpaqueToken, parseOpaqueToken } from "../../src/protocol/opaque_token.ts";

const OLD = `k1:${"A".repeat(43)}`;
const NEW = `k2:${"E".repeat(43)}`;
const PURPOSES: readonly LocatorPurpose[] = ["code", "refresh", "session"];

function secretsOf(secret: string): GrantSecrets {
  const parsed = parseGrantSecrets(secret, platformRandom);
  if (parsed === null) throw new Error("not a grant key");
  return parsed;
}

function locator() {
  return { user: newUserId(platformRandom), grant: newGrantId(platformRandom) };
}

describe("GrantSecrets: locators", () => {
  const secrets = secretsOf(OLD);

  it("what was sealed opens, with a grant and without", async () => {
    for (const purpose of PURPOSES) {
      const whole = locator();
      expect(await secrets.open(await secrets.seal(whole, purpose), purpose)).toEqual(whole);
      const session = { user: whole.user, grant: null };
      expect(await secrets.open(await secrets.seal(session, purpose), purpose)).toEqual(session);
    }
  });

  it("every id that is 16 bytes comes back as it was", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 16, maxLength: 16 }), async (bytes) => {
        const of = () => new Uint8Array(bytes);
        const made = { user: newUserId(of), grant: newGrantId(of) };
        expect(await secrets.open(await secrets.seal(made, "code"), "code")).toEqual(made);
      }),
      { examples: [[new Uint8Array(16)], [new Uint8Array(16).fill(255)]] },
    );
  });

  it("RFC 9700 4.15: two seals of one user have no run of bytes in common but the key's hint", async () => {
    const whole = locator();
    const [one, two] = await Promise.all([secrets.seal(whole, "refresh"), secrets.seal(whole, "refresh")]);
    const [left, right] = [fromBase64url(one) ?? [], fromBase64url(two) ?? []];
    const equal = [...left].filter((byte, at) => at > 0 && byte === right[at]).length;
    expect(left.length).toBe(right.length);
    expect(equal, "by chance one in 256").toBeLessThan(8);
    expect(one).not.toContain(whole.user.slice(4));
  });

  it("is short enough for a cookie and a query", async () => {
    const sealed = await secrets.seal(locator(), "refresh");
    const token = formatOpaqueToken("spr_", sealed, toBase64url(platformRandom(32)));
    expect(token.length).toBeLessThanOrEqual(132);
    expect(parseOpaqueToken("spr_", token)?.sealed).toBe(sealed);
  });

  it("opens for no other purpose", async () => {
    for (const made of PURPOSES) {
      const sealed = await secrets.seal(locator(), made);
      const opened = await Promise.all(PURPOSES.map((purpose) => secrets.open(sealed, purpose)));
      expect(opened.map((found) => found !== null)).toEqual(PURPOSES.map((purpose) => purpose === made));
    }
  });

  it("one changed bit anywhere, one byte more or less: null", async () => {
    const bytes = fromBase64url(await secrets.seal(locator(), "code")) ?? new Uint8Array();
    const open = (changed: Uint8Array) => secrets.open(toBase64url(changed), "code");
    expect(await open(bytes), "positive control").not.toBeNull();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await open(changed), `bit ${bit}`).toBeNull();
    }
    expect(await open(bytes.slice(0, -1))).toBeNull();
    expect(await open(new Uint8Array([...bytes, 0]))).toBeNull();
  });

  it("whatever else is presented: null, never a throw", async () => {
    const texts = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 80 }).map((bytes) => toBase64url(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await secrets.open(text, "code")).toBeNull();
      }),
    );
  });
});

describe("GrantSecrets: keys", () => {
  it("an older key still opens, the first one seals, a dropped one opens no more", async () => {
    const whole = locator();
    const sealed = await secretsOf(OLD).seal(whole, "refresh");
    const both = secretsOf(`${NEW},${OLD}`);
    expect(await both.open(sealed, "refresh")).toEqual(whole);
    const anew = await both.seal(whole, "refresh");
    expect(await secretsOf(NEW).open(anew, "refresh")).toEqual(whole);
    expect(await secretsOf(OLD).open(anew, "refresh")).toBeNull();
    expect(await secretsOf(NEW).open(sealed, "refresh")).toBeNull();
  });

  it.each([
    ["", "empty"],
    ["k1", "no key"],
    [`k1:${"A".repeat(42)}`, "too short"],
    [`k1:${"A".repeat(43)}=`, "padded"],
    [`:${"A".repeat(43)}`, "no id"],
    [`${OLD},${OLD}`, "an id twice"],
    [`${OLD},`, "a comma too many"],
    [`${OLD}:x`, "a part too many"],
  ])("%j is no grant key: %s", (secret) => {
    expect(parseGrantSecrets(secret, platformRandom)).toBeNull();
  });
});

describe("GrantSecrets: successors and digests", () => {
  const secrets = secretsOf(OLD);
  const grant = newGrantId(platformRandom);

  it("one secret has one successor, here and in another isolate; a chain never meets itself", async () => {
    const chain = [toBase64url(platformRandom(32))];
    for (let at = 0; at < 50; at++) chain.push(await secrets.successorOf(grant, chain[at] ?? ""));
    expect(new Set(chain).size).toBe(51);
    expect(await secretsOf(OLD).successorOf(grant, chain[7] ?? "")).toBe(chain[8]);
    expect(chain.every((text) => fromBase64url(text)?.length === 32)).toBe(true);
  });

  it("another grant, another key, another secret: another successor", async () => {
    const own = await secrets.successorOf(grant, "s");
    const others = [
      secrets.successorOf(newGrantId(platformRandom), "s"),
      secrets.successorOf(grant, "t"),
      secretsOf(NEW).successorOf(grant, "s"),
      secrets.digest(grant, "s"),
    ];
    expect(new Set([own, ...(await Promise.all(others))]).size).toBe(5);
  });

  it("a digest names its purpose: what is one text for two purposes has two names, and no two pairs run together", async () => {
    expect(await secrets.digest("csrf", "x")).toBe(await secretsOf(OLD).digest("csrf", "x"));
    const names = [secrets.digest("csrf", "x"), secrets.digest("login", "x"), secretsOf(NEW).digest("csrf", "x")];
    const joints = [secrets.digest("ab", "c"), secrets.digest("a", "bc"), secrets.digest("", "abc")];
    expect(new Set(await Promise.all([...names, ...joints])).size).toBe(6);
  });
});
