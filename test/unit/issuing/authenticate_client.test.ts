import { beforeAll, describe, expect, it, vi } from "vitest";
import { authenticateClient } from "../../../src/issuing/authenticate_client.ts";
import type { ClientSecretRecord, ClientWithSecrets } from "../../../src/ports/clients.ts";
import type { ClientAuthMethod, PresentedClient } from "../../../src/protocol/client_credentials.ts";
import { hashClientSecret } from "../../../src/protocol/client_secret.ts";
import type { ClientId, ClientSecretId } from "../../../src/protocol/ids.ts";
import { NO_PEOPLE } from "../../../src/protocol/person_facing.ts";

const NOW = 1_800_000_000_000;
const ID = `cli_${"0".repeat(22)}` as ClientId;
let live: ClientSecretRecord;
let ended: ClientSecretRecord;

async function record(text: string, expiresAtMs: number | null): Promise<ClientSecretRecord> {
  const id = `sec_${text}` as ClientSecretId;
  return { id, hash: await hashClientSecret(text), lastFour: "", createdAtMs: 0, expiresAtMs };
}

beforeAll(async () => {
  live = await record("right", null);
  ended = await record("ended", NOW);
});

function client(authMethods: readonly ClientAuthMethod[], disabled = false): ClientWithSecrets {
  const shared = {
    name: "x",
    grantTypes: [],
    scopes: [],
    person: NO_PEOPLE,
    defaultScopes: null,
    roles: [],
    assignments: [],
    attributes: {},
    epoch: 1,
    version: 1,
  };
  return {
    client: { ...shared, id: ID, authMethods, disabled, createdAtMs: 0, updatedAtMs: 0 },
    secrets: [live, ended],
  };
}

function basic(secret: string): PresentedClient {
  return { method: "client_secret_basic", clientId: ID, secret };
}

const NONE: PresentedClient = { method: "none", clientId: ID };

describe("authenticateClient", () => {
  it.each([
    ["the right secret", basic("right"), () => client(["client_secret_basic"])],
    ["a public client without one", NONE, () => client(["none"])],
  ])("takes %s", async (_, presented, found) => {
    expect(await authenticateClient(presented, found(), NOW)).toMatchObject({ ok: true, value: { id: ID } });
  });

  it.each([
    ["a wrong secret", basic("wrong"), () => client(["client_secret_basic"]), "wrong_secret"],
    ["an empty one", basic(""), () => client(["client_secret_basic"]), "wrong_secret"],
    ["the digest instead of the secret", () => basic(live.hash), () => client(["client_secret_basic"]), "wrong_secret"],
    ["what is compared where nobody is", basic("0".repeat(43)), () => null, "unknown_client"],
    ["an ended secret", basic("ended"), () => client(["client_secret_basic"]), "wrong_secret"],
    ["an unknown client", basic("right"), () => null, "unknown_client"],
    ["a disabled client", basic("right"), () => client(["client_secret_basic"], true), "client_disabled"],
    ["a disabled public client", NONE, () => client(["none"], true), "client_disabled"],
    ["no secret of a confidential client", NONE, () => client(["client_secret_basic"]), "method_not_registered"],
    ["a method not registered", basic("right"), () => client(["client_secret_post"]), "method_not_registered"],
    ["a secret of a public client", basic("right"), () => client(["none"]), "method_not_registered"],
  ])("refuses %s, and says the same to the caller", async (_, presented, found, reason) => {
    const claimed = typeof presented === "function" ? presented() : presented;
    expect(await authenticateClient(claimed, found(), NOW)).toEqual({
      ok: false,
      error: { code: "invalid_client", description: "client authentication failed", reason },
    });
  });

  it("hashes the secret once, whether or not there is a client, and whichever of its secrets is right", async () => {
    const digest = vi.spyOn(crypto.subtle, "digest");
    for (const found of [client(["client_secret_basic"]), null, client(["client_secret_post"], true)]) {
      digest.mockClear();
      await authenticateClient(basic("right"), found, NOW);
      expect(digest).toHaveBeenCalledTimes(1);
    }
    digest.mockRestore();
  });
});
