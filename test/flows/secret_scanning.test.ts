import { describe, expect, it } from "vitest";
import { platformRandom } from "../../src/kernel/random.ts";
import { newApiKey } from "../../src/protocol/api_key.ts";
import { stores } from "../support/admin_world.ts";
import { registerUser } from "../support/grant_world.ts";
import { copyOf, FOUND_AT, leakWorld, REPORT_TYPE, report } from "../support/leak_world.ts";
import { captureLogs, secret } from "../support/logs.ts";

const logs = captureLogs();
const world = leakWorld();
const { send, newKey, read } = world;

describe("POST /secret-scanning: a genuine report", () => {
  it("ends the key at once, in the registry, the gate's copies and the feed, and answers in GitHub's form", async () => {
    const { id, text } = await newKey();
    const told = await send(report(text, "ghp_somebodyElses"));
    expect(told.status).toBe(200);
    expect(told.json).toEqual([
      { token_hash: await sha256Hex(text), token_type: REPORT_TYPE, label: "true_positive" },
      { token_hash: await sha256Hex("ghp_somebodyElses"), token_type: REPORT_TYPE, label: "false_positive" },
    ]);
    expect(await copyOf(text)).toBeNull();
    const { entries } = await stores.feed.pull({ generation: "", seq: 0 });
    expect(entries.find((entry) => entry.id === id)?.epoch).toBe(2);
    expect(await read(id)).toMatchObject({
      secrets: [],
      leak: { last_four: text.slice(-4), source: "content", url: FOUND_AT },
    });
    expect(logs.events("api_key_leaked")).toMatchObject([{ key_id: id, last_four: text.slice(-4), owner: null }]);
  });

  it("a rotation is the replacement: the key goes on under its id with all that it is bound to", async () => {
    const { id, text } = await newKey({ allowed_addresses: ["203.0.113.7"] });
    await send(report(text));
    const rotated = await world.admin.call("POST", `/keys/${id}/rotate`, {});
    expect(rotated.status).toBe(201);
    expect(await copyOf(secret(rotated.json.key))).toMatchObject({ terms: { addresses: ["203.0.113.7"] }, epoch: 3 });
    expect(await copyOf(text)).toBeNull();
  });

  it("of a string that a rotation had replaced ends that one and leaves the new one", async () => {
    const { id, text } = await newKey();
    const rotated = secret((await world.admin.call("POST", `/keys/${id}/rotate`, {})).json.key);
    expect(await copyOf(text)).not.toBeNull();
    await send(report(text));
    expect(await copyOf(text)).toBeNull();
    expect(await copyOf(rotated)).toMatchObject({ epoch: 3, disabled: false });
    expect(await read(id)).toMatchObject({ secrets: [{ last_four: rotated.slice(-4) }] });
  });

  it("of both strings of one key, and of several keys, in one message", async () => {
    const one = await newKey();
    const rotated = secret((await world.admin.call("POST", `/keys/${one.id}/rotate`, {})).json.key);
    const other = await newKey();
    const told = await send(report(one.text, rotated, other.text, one.text));
    expect(Object.values(told.json).map((answer) => (answer as { label: string }).label)).toEqual(
      Array(4).fill("true_positive"),
    );
    expect([await copyOf(one.text), await copyOf(rotated), await copyOf(other.text)]).toEqual([null, null, null]);
    const acts = await world.admin.call(
      "GET",
      `/audit?actor=secret_scanning&request_id=${told.headers.get("x-request-id")}`,
    );
    expect(acts.json.data.map(({ target }) => target).sort()).toEqual([one.id, other.id].sort());
    expect(acts.json.data).toMatchObject(
      [one, other].map(() => ({
        action: "end_leaked_strings",
        outcome: "changed",
        changes: { secrets: { after: [] } },
      })),
    );
    expect(await read(one.id)).toMatchObject({ secrets: [] });
  });

  it("that comes again is known, and changes nothing", async () => {
    const { id, text } = await newKey();
    const body = report(text);
    await send(body);
    const after = await read(id);
    for (let times = 0; times < 3; times++) {
      expect((await send(body)).json).toMatchObject([{ label: "true_positive" }]);
    }
    expect(await read(id)).toEqual(after);
    const rotated = secret((await world.admin.call("POST", `/keys/${id}/rotate`, {})).json.key);
    await send(body);
    expect(await copyOf(rotated), "an old report ends no new string").not.toBeNull();
  });

  it("20 at once end it once", async () => {
    const user = await registerUser();
    const { id, text } = await newKey({ owner: user.id });
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(report(text))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await read(id)).toMatchObject({ secrets: [] });
    expect(await mailsTo(user.email)).toBe(1);
  });

  it("wins against a change that is made at the same time", async () => {
    const { id, text } = await newKey();
    await Promise.all([send(report(text)), world.admin.call("PATCH", `/keys/${id}`, { name: "renamed" })]);
    expect(await copyOf(text)).toBeNull();
    expect(await read(id)).toMatchObject({ secrets: [] });
  });

  it("tells the user whose key it is, once, without the string or where it was found; and operators, in the record", async () => {
    const user = await registerUser();
    const { id, text } = await newKey({ owner: user.id, name: "nightly" });
    await send(report(text));
    await send(report(text));
    const mail = await stores.db
      .prepare("SELECT * FROM mail_outbox WHERE recipient = ?")
      .bind(user.email)
      .all<{ kind: string; body: string }>();
    expect(mail.results.map(({ kind }) => kind)).toEqual(["api_key_leaked"]);
    expect(mail.results[0]?.body).toContain(`"nightly" (sk_live_…${text.slice(-4)})`);
    expect(mail.results[0]?.body).not.toContain(text);
    expect(mail.results[0]?.body).not.toContain("github.com");
    const events = await world.admin.call("GET", `/users/${user.id}/security-events`);
    expect(events.json.data).toMatchObject([{ kind: "api_key_leaked", reason: id }]);
  });

  it("writes to nobody where the owner is no user, or was shut out", async () => {
    const user = await registerUser();
    const [named, shut] = [await newKey({ owner: "Team Blue" }), await newKey({ owner: user.id })];
    await world.admin.call("PATCH", `/users/${user.id}`, { disabled: true });
    await send(report(named.text, shut.text));
    expect(await mailsTo(user.email)).toBe(0);
    expect([await copyOf(named.text), await copyOf(shut.text)]).toEqual([null, null]);
  });

  it("of a key that nobody made is false: a right checksum proves nothing", async () => {
    const made = newApiKey("secret", "live", platformRandom);
    expect((await send(report(made, made.slice(0, -1), "x"))).json).toMatchObject([
      { label: "false_positive" },
      { label: "false_positive" },
      { label: "false_positive" },
    ]);
  });

  it("takes what GitHub's own documentation signs as an example", async () => {
    const pem = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq
kCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==
-----END PUBLIC KEY-----`;
    const id = "90a421169f0a406205f1563a953312f0be898d3c7b6c06b681aa86a874555f4a";
    world.publish(() => Response.json({ public_keys: [{ key_identifier: id, key: pem, is_current: true }] }));
    const signature =
      "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=";
    const headers = { "github-public-key-identifier": id, "github-public-key-signature": signature };
    const body = '[{"token":"some_token","type":"some_type","url":"some_url"}]';
    expect(await send(body, { headers })).toMatchObject({ status: 200, json: [{ label: "false_positive" }] });
    expect((await send(`${body} `, { headers })).status).toBe(401);
  });
});

async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function mailsTo(email: string): Promise<number> {
  const sql = "SELECT count(*) AS n FROM mail_outbox WHERE recipient = ? AND kind = 'api_key_leaked'";
  return (await stores.db.prepare(sql).bind(email).first<number>("n")) ?? -1;
}
