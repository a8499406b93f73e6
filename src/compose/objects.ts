import { BackchannelLogout } from "../adapters/backchannel_logout.ts";
import { D1Outbox } from "../adapters/d1/outbox.ts";
import { D1Perishables } from "../adapters/d1/retention.ts";
import { joseKeyMaker } from "../adapters/jose_keys.ts";
import { JoseTokenSigner, SIGNER_KEY_MS } from "../adapters/jose_token_signer.ts";
import { KvApiKeys } from "../adapters/kv_api_keys.ts";
import { type Environment, need, readBindings } from "../bindings.ts";
import { longestTokens } from "../config/deployed.ts";
import { logEvent, logFault } from "../http/log.ts";
import { faultText } from "../kernel/fault_text.ts";
import { Outage, orOutage } from "../kernel/outage.ts";
import { configTruth, retell, rolesTruth, shadowTruth } from "../managing/retell.ts";
import { sweep } from "../managing/sweep.ts";
import type { AccountWiring } from "../objects/account.ts";
import type { KeyRingWiring } from "../objects/key_ring.ts";
import type { MailCourierWiring } from "../objects/mail_courier.ts";
import type { CourierWiring } from "../objects/outbox_courier.ts";
import type { SweeperWiring } from "../objects/sweeper.ts";
import type { UserFence } from "../ports/users.ts";
import type { UserId } from "../protocol/ids.ts";
import { signingAlgorithms } from "./config.ts";
import { configCopies } from "./live.ts";
import { composeAccountEvents, composeMailCourier } from "./mail.ts";
import { composeLeaverSweep } from "./relations.ts";
import { roleBookCopies } from "./roles.ts";
import {
  IDENTITY_RING,
  installedConfig,
  issuerStores,
  keyEncryption,
  ONE,
  SIGNING_RING,
  signingEncryption,
} from "./stores.ts";

/*
 * The wiring of the Durable Objects: what each is given by the entry that exports it.
 */

/** An identity key signs for a day, is published an hour ahead, and outlives the last identity it signed by far. */
const IDENTITY_RING_SETTINGS = { rotateAfterMs: 86_400_000, publishLeadMs: 3_600_000, retainMs: 3_600_000 };

/** The platform ends what is left behind an answer after 30 s, and says nothing. */
const SWEEPER_DEADLINE_MS = 5_000;

/** What the signing-key ring's object needs. */
export function wireSigningRing(env: Environment): KeyRingWiring {
  const config = installedConfig(env);
  const { issuer } = config;
  const { feed } = issuerStores(readBindings(env));
  return {
    algorithms: signingAlgorithms(config),
    settings: {
      rotateAfterMs: issuer.signingKeys.rotateAfterSeconds * 1000,
      publishLeadMs: issuer.signingKeys.publishLeadSeconds * 1000,
      retainMs: longestTokens(issuer).any * 1000 + SIGNER_KEY_MS,
    },
    maker: joseKeyMaker(signingEncryption(env), SIGNING_RING),
    feed,
  };
}

/** What the identity-key ring's object needs. */
export function wireIdentityRing(env: Environment): KeyRingWiring {
  return {
    algorithms: ["ES256"],
    settings: IDENTITY_RING_SETTINGS,
    maker: joseKeyMaker(keyEncryption(readBindings(env), "IDENTITY_KEK"), IDENTITY_RING),
    feed: null,
  };
}

/** What the outbox's courier carries between. */
export function wireCourier(env: Environment): CourierWiring {
  const bindings = readBindings(env);
  const { feed, keys } = issuerStores(bindings);
  const copies = new KvApiKeys(need(bindings, "API_KEYS"));
  return { outbox: new D1Outbox(need(bindings, "DB")), truth: keys, copies, feed };
}

/** What the courier of mail carries between; null where nothing carries mail on. */
export function wireMailCourier(env: Environment): MailCourierWiring | null {
  return composeMailCourier(readBindings(env), installedConfig(env));
}

/** What the sweeper does. */
export function wireSweeper(env: Environment): SweeperWiring {
  const bindings = readBindings(env);
  const config = installedConfig(env);
  const { retention, passwords } = config.issuer;
  const sweeping = {
    perishables: new D1Perishables(need(bindings, "DB")),
    keep: {
      sentMailMs: retention.sentMailSeconds * 1000,
      unsentMailMs: retention.unsentMailSeconds * 1000,
      securityEventMs: retention.securityEventSeconds * 1000,
      auditMs: retention.auditSeconds * 1000,
      unlistedCallMs: retention.unlistedCallSeconds * 1000,
      shadowMs: retention.shadowSeconds * 1000,
      unconfirmedUserMs: retention.unconfirmedUserSeconds * 1000,
    },
    linkMs: composeMailCourier(bindings, config) === null ? passwords.linkSeconds * 1000 : null,
    swept: (what: string, rows: number) => logEvent("swept", { what, rows }),
    failed: (what: string, error: unknown) => logFault("sweep_failed", { what, error: faultText(error) }),
  };
  const { configs, shadows, roles, feed } = issuerStores(bindings);
  const copies = configCopies(bindings);
  const untold = (event: string) => (error: unknown) => logFault(event, { error: faultText(error) });
  const sweepLeaversOnce = composeLeaverSweep(bindings);
  return {
    sweep: async (nowMs) => {
      await retell({ truth: configTruth(configs), feed, copies, failed: untold("config_not_retold") });
      await retell({ truth: shadowTruth(shadows, configs), feed, copies, failed: untold("shadow_not_retold") });
      await retell({
        truth: rolesTruth(roles),
        feed,
        copies: roleBookCopies(bindings),
        failed: untold("role_book_not_retold"),
      });
      await sweepLeaversOnce(nowMs);
      return sweep(sweeping, nowMs);
    },
    everyMs: retention.sweepSeconds * 1000,
  };
}

/** Sees to it that the sweeper goes its rounds; whether it does. Never throws: what is over can wait. */
export async function startSweeper(env: Environment): Promise<boolean> {
  try {
    const sweeper = () => need(readBindings(env), "SWEEPER").getByName(ONE);
    await orOutage("sweeper", SWEEPER_DEADLINE_MS, async () => sweeper().expect());
    return true;
  } catch (error) {
    logFault("sweeper_not_started", { error: faultText(error) });
    return false;
  }
}

async function fenced(user: UserId, users: UserFence): Promise<boolean> {
  try {
    await users.fence(user);
    return true;
  } catch (error) {
    if (!(error instanceof Outage)) throw error;
    logFault("user_not_fenced", { user_id: user, cause: faultText(error) });
    return false;
  }
}

/** What an account's object needs. */
export function wireAccount(env: Environment): AccountWiring {
  const bindings = readBindings(env);
  const { feed, clients, ring, users } = issuerStores(bindings);
  const config = installedConfig(env);
  return {
    feed,
    events: composeAccountEvents(bindings, config),
    clients: new BackchannelLogout({
      issuer: need(bindings, "ISSUER_URL"),
      clients,
      signer: () => new JoseTokenSigner(ring, signingEncryption(env), SIGNING_RING),
      fetch: (request) => fetch(request),
    }),
    longestTokenMs: longestTokens(config.issuer).access * 1000,
    isUser: async (user) => (await users.find(user)) !== null,
    fenceUser: (user) => fenced(user, users),
  };
}
