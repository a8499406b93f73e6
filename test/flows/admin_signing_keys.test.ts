import { beforeAll, describe, expect, it } from "vitest";
import { type AdminCaller, adminCaller, migrate, mintToken } from "../support/admin_world.ts";

let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

async function activeKids(): Promise<readonly unknown[]> {
  const { data } = (await admin.call("GET", "/signing-keys")).json;
  return data.filter(({ status }) => status === "active").map(({ kid }) => kid);
}

describe("signing keys", () => {
  it("are listed with their state and without their private halves", async () => {
    const told = await admin.call("GET", "/signing-keys");
    expect(told.status).toBe(200);
    const listed = told.json.data.map(({ alg, status }) => `${alg} ${status}`);
    expect(listed.sort()).toEqual(["ES256", "EdDSA", "RS256"].flatMap((alg) => [`${alg} active`, `${alg} next`]));
    expect(Object.keys(told.json.data[0] ?? {}).sort()).toEqual(
      ["activated_at", "alg", "kid", "published_at", "retired_at", "status"].sort(),
    );
    expect(told.text).not.toMatch(/sealed|"d"/);
  });

  it("a rotation makes the next key sign; tokens of the retired one go on", async () => {
    const before = await activeKids();
    const token = await mintToken();
    const told = await admin.call("POST", "/signing-keys/rotate", { algorithms: ["ES256"] });
    expect(told.status).toBe(200);
    expect(told.json.rotations).toMatchObject([{ alg: "ES256", outcome: "rotated" }]);
    expect(await activeKids()).not.toEqual(before);
    const old = { authorization: `Bearer ${token}` };
    expect((await admin.call("GET", "/signing-keys", undefined, old)).status).toBe(200);
  });

  it("a second rotation waits until verifiers know the next key", async () => {
    const told = await admin.call("POST", "/signing-keys/rotate", { algorithms: ["ES256"] });
    expect(told.json.rotations).toMatchObject([{ alg: "ES256", outcome: "scheduled" }]);
  });

  it("without a name every algorithm rotates", async () => {
    const told = await admin.call("POST", "/signing-keys/rotate");
    const outcomes = { ES256: "scheduled", RS256: "rotated", EdDSA: "rotated" };
    const expected = Object.entries(outcomes).map(([alg, outcome]) => ({ alg, outcome }));
    expect(told.json.rotations).toMatchObject(expected);
  });

  it.each([
    [{ algorithms: [] }, "algorithms"],
    [{ algorithms: ["none"] }, "algorithms.0"],
    [{ algorithms: ["ES256", "ES256"] }, "algorithms.1"],
    [{ algorithms: ["ES256", "PS256"] }, "algorithms.1"],
    [{ emergency: "yes" }, "emergency"],
    [{ force: true }, "force"],
  ])("refuses %j and names the field", async (body, field) => {
    const told = await admin.call("POST", "/signing-keys/rotate", body);
    expect(told.status).toBe(400);
    expect(told.json.errors[0]?.field).toBe(field);
  });

  it("an emergency ends every token of the withdrawn key, the operator's own too", async () => {
    const token = await mintToken();
    const own = { authorization: `Bearer ${token}` };
    const told = await admin.call("POST", "/signing-keys/rotate", { emergency: true }, own);
    expect(told.status).toBe(200);
    expect((await admin.call("GET", "/signing-keys", undefined, own)).json.code).toBe("invalid_token");
    expect((await (await adminCaller()).call("GET", "/signing-keys")).status, "a token of the new key").toBe(200);
  });
});
