import { WorkerEntrypoint } from "cloudflare:workers";
import type { Environment } from "./bindings.ts";
import { composeRemoteUnlistedCallRecords } from "./compose/inventory.ts";
import { composeRemoteKeyUseRecords } from "./compose/keys.ts";
import { composeRemoteConfigReader, liveApps } from "./compose/live.ts";
import { wireIdentityRing } from "./compose/objects.ts";
import { composeRemoteShadowRecords } from "./compose/shadow.ts";
import { composeAuthorizer, composeRemoteReader, composeRevocations } from "./compose.ts";
import { type LiveApps, serve } from "./dispatch.ts";
import { KeyRingObject } from "./objects/key_ring.ts";
import type { AskedRequest, AskingShape, Authorization } from "./ports/authorization.ts";

export { Limiter } from "./objects/limiter.ts";
export { Signals } from "./objects/signals.ts";

/** The data plane alone: it decides and routes, and holds neither D1 nor a token-signing key. */
function open(env: Environment): LiveApps {
  const reader = composeRemoteReader(env);
  const feed = composeRevocations(reader);
  const side = {
    reader,
    revocations: feed,
    uses: composeRemoteKeyUseRecords(env),
    unlisted: composeRemoteUnlistedCallRecords(env),
    shadow: { records: composeRemoteShadowRecords(env), snapshots: composeRemoteConfigReader(env) },
  };
  return liveApps(env, feed, composeRemoteConfigReader(env), (config, { kept, hash }) => ({
    issuer: null,
    admin: null,
    authorizer: composeAuthorizer(env, config, side, kept, hash),
  }));
}

const deployment = serve(open);

export default { fetch: deployment.fetch } satisfies ExportedHandler<Environment>;

/** Where other Workers ask about calls that they received. Whoever has the binding may ask about any. */
export class Authorizer extends WorkerEntrypoint<Environment> implements Authorization {
  authorize(asked: AskedRequest, shape: AskingShape = "rpc") {
    return deployment.authorize(asked, shape, this.env, this.ctx);
  }
}

export class IdentityKeyRing extends KeyRingObject<Environment> {
  protected override wire() {
    return wireIdentityRing(this.env);
  }
}
