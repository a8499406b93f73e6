import { describe, expect, it } from "vitest";
import { parseGrantSecrets } from "../../../src/adapters/grant_secrets.ts";
import { deviceName, newDeviceCode, openDeviceCode } from "../../../src/issuing/device_code.ts";
import { toBase64url } from "../../../src/kernel/bytes.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import { newUserCode } from "../../../src/protocol/user_code.ts";

const secrets = keyed("A");
const SECRET = toBase64url(new Uint8Array(32).fill(7));

function keyed(symbol: string) {
  const made = parseGrantSecrets(`test:${symbol.repeat(42)}A`, platformRandom);
  if (made === null) throw new Error("the test's key is none");
  return made;
}

/** `text` with another character at `at`. */
function changedAt(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
}

describe("a device code", () => {
  it("leads to the object of its user code, whose letters are nowhere in it", async () => {
    const userCode = newUserCode(platformRandom);
    const name = await deviceName(userCode, secrets);
    const code = await newDeviceCode(name, SECRET, secrets);
    expect(code).toMatch(/^spd_[\w-]{64}\.[\w-]{43}$/);
    expect(await openDeviceCode(code, secrets)).toEqual({ name, secret: SECRET });
    expect(code).not.toContain(userCode);
  });

  it("opens for nobody who changed or made up where it leads", async () => {
    const name = await deviceName(newUserCode(platformRandom), secrets);
    const code = await newDeviceCode(name, SECRET, secrets);
    for (let at = 0; at <= "spd_".length + 64; at++) {
      expect(await openDeviceCode(changedAt(code, at), secrets), `changed at ${at}`).toBeNull();
    }
    const invented = toBase64url(platformRandom(48));
    expect(await openDeviceCode(`spd_${invented}.${SECRET}`, secrets)).toBeNull();
    expect(await openDeviceCode(`spr_${code.slice(4)}`, secrets)).toBeNull();
    expect(await openDeviceCode(`${code}.A`, secrets)).toBeNull();
    expect(await openDeviceCode(code, keyed("B")), "another key's").toBeNull();
    expect(await openDeviceCode(code, secrets), "control").not.toBeNull();
  });
});
