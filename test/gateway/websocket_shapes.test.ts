import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { installForProxies, SHAPES } from "../support/shapes.ts";
import { PAGE, socketConfig } from "../support/websockets.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

describe.each(["forward_auth", "rpc", "middleware"] as const)(
  "where somebody else carries the call out: %s",
  (shape) => {
    const ask = (path: string, headers: Record<string, string>) =>
      SHAPES[shape](installForProxies({ config: socketConfig() }), { path, headers }, network);

    it("an upgrade is decided like a GET, the Origin is checked, with the Upgrade field and without it", async () => {
      const credential = bearer(await token(ring));
      for (const upgrade of [{}, { upgrade: "websocket" }] as Record<string, string>[]) {
        expect((await ask("/ws", { ...credential, ...upgrade, origin: PAGE })).status).toBe(200);
        expect((await ask("/ws", { ...upgrade, origin: PAGE })).status).toBe(401);
        const hijacked = await ask("/ws", { ...credential, ...upgrade, origin: "https://evil.test" });
        expect([hijacked.status, hijacked.problem?.code]).toEqual([403, "origin_not_allowed"]);
      }
    });

    it("an upgrade where no route takes one is refused", async () => {
      const answer = await ask("/whoami", { ...bearer(await token(ring)), upgrade: "websocket" });
      expect([answer.status, answer.problem?.code]).toEqual([400, "upgrade_refused"]);
    });

    it("a credential among the subprotocols is refused: whoever carries the call out would hand it on", async () => {
      const offer = { "sec-websocket-protocol": `chat, sallyport.bearer.${await token(ring)}` };
      for (const path of ["/ws", "/ws/public"]) {
        expect((await ask(path, offer)).status).toBe(400);
        expect(logs.lastDecision.reason).toBe("subprotocol_credential");
      }
    });
  },
);
