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
  wireMailCourier,
  wireSigningRing,
  wireSweeper,
} from "./compose/objects.ts";
import { composeShadowRecords } from "./compose/shadow.ts";
import { composeRevocations } from "./compose.ts";
import { type LiveApps, serve } from "./dispatch.ts";
import { issuerApp } from "./issuer/app.ts";
import { AccountObject } from "./objects/account.ts";
import { KeyRingObject } from "./objects/key_ring.ts";
import { MailCourierObject } from "./objects/mail_courier.ts";
import { OutboxCourierObject } from "./objects/outbox_courier.ts";
import { SweeperObject } from "./objects/sweeper.ts";
import type { ConfigReader } from "./ports/config_reader.ts";
import type {
  AskedRelated,
  AskedRelations,
  IssuerReader as IssuerReaderPort,
  SessionProof,
  SubjectKind,
} from "./ports/issuer_reader.ts";
import type { KeyUse, KeyUseRecords } from "./ports/key_uses.ts";
import type { ShadowDifference, ShadowRecords, ShadowRun } from "./ports/shadow.ts";
import type { UnlistedCall, UnlistedCallRecords } from "./ports/unlisted_calls.ts";
import type { FeedPosition } from "./protocol/edge_feed.ts";

export { AuthorizationTransaction } from "./objects/authorization_transaction.ts";
export { DeviceAuthorization } from "./objects/device_authorization.ts";
export { EdgeFeed } from "./objects/edge_feed.ts";
export { Guesses } from "./objects/guesses.ts";
export { KeyCredits } from "./objects/key_credits.ts";

/** The control plane alone: it mints, revokes and administers, and no request for an API passes here. */
function open(env: Environment): LiveApps {
  const feed = composeRevocations(composeReader(env));
  const wire: Wire = (config, { kept, running }) => ({
    issuer: issuerApp(composeIssuer(env, config, feed, kept)),
    admin: adminApp(composeAdmin(env, config, feed, kept, running)),
    authorizer: null,
  });
  return liveApps(env, feed, composeConfigReader(env), wire, judgedInstallation(env));
}

export default {
  fetch: serve(open, startSweeper).fetch,
  queue: consumeAudit,
} satisfies ExportedHandler<Environment>;

/** What the authorizer's Worker may ask: reading alone, and nothing secret. */
export class IssuerReader extends WorkerEntrypoint<Environment> implements IssuerReaderPort, ConfigReader {
  pull(position: FeedPosition) {
    return composeReader(this.env).pull(position);
  }

  published() {
    return composeReader(this.env).published();
  }

  findApiKey(hash: string) {
    return composeReader(this.env).findApiKey(hash);
  }

  findSession(proof: SessionProof) {
    return composeReader(this.env).findSession(proof);
  }

  findSubjects(kind: SubjectKind, ids: readonly string[]) {
    return composeReader(this.env).findSubjects(kind, ids);
  }

  roleBook() {
    return composeReader(this.env).roleBook();
  }

  checkRelations(asked: AskedRelations) {
    return composeReader(this.env).checkRelations(asked);
  }

  relatedIds(asked: AskedRelated) {
    return composeReader(this.env).relatedIds(asked);
  }

  configPointer() {
    return composeConfigReader(this.env).configPointer();
  }

  configSnapshot(hash: string) {
    return composeConfigReader(this.env).configSnapshot(hash);
  }
}

/** Where the authorizer's Worker tells when keys were used. It reads nothing here. */
export class KeyUses extends WorkerEntrypoint<Environment> implements KeyUseRecords {
  note(uses: readonly KeyUse[]) {
    return composeKeyUseRecords(this.env).note(uses);
  }
}

/** Where the authorizer's Worker tells of calls that no route lists. It reads nothing here. */
export class UnlistedCalls extends WorkerEntrypoint<Environment> implements UnlistedCallRecords {
  note(calls: readonly UnlistedCall[]) {
    return composeUnlistedCallRecords(this.env).note(calls);
  }
}

/** Where the authorizer's Worker tells where what is in shadow differs. It reads nothing here. */
export class Shadow extends WorkerEntrypoint<Environment> implements ShadowRecords {
  note(runs: readonly ShadowRun[], differences: readonly ShadowDifference[]) {
    return composeShadowRecords(this.env).note(runs, differences);
  }
}

export class SigningKeyRing extends KeyRingObject<Environment> {
  protected override wire() {
    return wireSigningRing(this.env);
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
