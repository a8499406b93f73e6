import { WorkerEntrypoint } from "cloudflare:workers";
import { adminApp } from "./admin/app.ts";
import type { Environment } from "./bindings.ts";
import { consumeAudit } from "./compose/audit.ts";
import { composeAdmin, composeIssuer, composeReader } from "./compose/control.ts";
import { composeUnlistedCallRecords } from "./compose/inventory.ts";
import { composeKeyUseRecords } from "./compose/keys.ts";
import { composeConfigReader, judgedInstallation, liveApps, type Wire } from "./compose/live.ts";
import {
  startSweeper,
  wireAccount,
  wireCourier,
  wireIdentityRing,
  wireMailCourier,
  wireSigningRing,
  wireSweeper,
} from "./compose/objects.ts";
import { composeShadowRecords } from "./compose/shadow.ts";
import { composeAuthorizer, composeRevocations } from "./compose.ts";
import { type LiveApps, serve } from "./dispatch.ts";
import { issuerApp } from "./issuer/app.ts";
import { AccountObject } from "./objects/account.ts";
import { KeyRingObject } from "./objects/key_ring.ts";
import { MailCourierObject } from "./objects/mail_courier.ts";
import { OutboxCourierObject } from "./objects/outbox_courier.ts";
import { SweeperObject } from "./objects/sweeper.ts";
import type { AskedRequest, AskingShape, Authorization } from "./ports/authorization.ts";

export { AuthorizationTransaction } from "./objects/authorization_transaction.ts";
export { DeviceAuthorization } from "./objects/device_authorization.ts";
export { EdgeFeed } from "./objects/edge_feed.ts";
export { Guesses } from "./objects/guesses.ts";
export { KeyCredits } from "./objects/key_credits.ts";
export { Limiter } from "./objects/limiter.ts";
export { Signals } from "./objects/signals.ts";

/** Everything in one Worker. */
function open(env: Environment): LiveApps {
  const reader = composeReader(env);
  const feed = composeRevocations(reader);
  const side = {
    reader,
    revocations: feed,
    uses: composeKeyUseRecords(env),
    unlisted: composeUnlistedCallRecords(env),
    shadow: { records: composeShadowRecords(env), snapshots: composeConfigReader(env) },
  };
  const wire: Wire = (config, { kept, hash, running }) => ({
    issuer: issuerApp(composeIssuer(env, config, feed, kept)),
    admin: adminApp(composeAdmin(env, config, feed, kept, running)),
    authorizer: composeAuthorizer(env, config, side, kept, hash),
  });
  return liveApps(env, feed, composeConfigReader(env), wire, judgedInstallation(env));
}

const deployment = serve(open, startSweeper);

export default { fetch: deployment.fetch, queue: consumeAudit } satisfies ExportedHandler<Environment>;

/** Where other Workers ask about calls that they received. Whoever has the binding may ask about any. */
export class Authorizer extends WorkerEntrypoint<Environment> implements Authorization {
  authorize(asked: AskedRequest, shape: AskingShape = "rpc") {
    return deployment.authorize(asked, shape, this.env, this.ctx);
  }
}

export class SigningKeyRing extends KeyRingObject<Environment> {
  protected override wire() {
    return wireSigningRing(this.env);
  }
}

export class IdentityKeyRing extends KeyRingObject<Environment> {
  protected override wire() {
    return wireIdentityRing(this.env);
  }
}

export class OutboxCourier extends OutboxCourierObject<Environment> {
  protected override wire() {
    return wireCourier(this.env);
  }
}

export class Account extends AccountObject<Environment> {
  protected override wire() {
    return wireAccount(this.env);
  }
}

export class MailCourier extends MailCourierObject<Environment> {
  protected override wire() {
    return wireMailCourier(this.env);
  }
}

export class Sweeper extends SweeperObject<Environment> {
  protected override wire() {
    return wireSweeper(this.env);
  }
}
