import { describe } from "vitest";
import { D1ActionLinks } from "../../src/adapters/d1/action_links.ts";
import { D1Consents } from "../../src/adapters/d1/consents.ts";
import { D1PairwiseSubjects } from "../../src/adapters/d1/pairwise_subjects.ts";
import { D1Users } from "../../src/adapters/d1/users.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { noDatabase } from "../support/broken_database.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { actionLinksContract } from "./action_links_contract.ts";
import { changesByLinkContract } from "./changes_by_link_contract.ts";
import { consentsContract } from "./consents_contract.ts";
import { pairwiseSubjectsContract } from "./pairwise_subjects_contract.ts";
import { userDirectoryContract } from "./user_directory_contract.ts";

const broken = noDatabase();

describe("D1", () => {
  const { db } = backstage;
  userDirectoryContract({ ready: migrate, make: () => new D1Users(db), broken: () => new D1Users(broken) });
  const users = new D1Users(db);
  actionLinksContract({
    ready: migrate,
    users,
    make: () => new D1ActionLinks(db),
    broken: () => new D1ActionLinks(broken),
  });
  changesByLinkContract({
    ready: migrate,
    make: () => new D1Users(db),
    broken: () => new D1Users(broken),
    links: new D1ActionLinks(db),
  });
  consentsContract({ ready: migrate, users, make: () => new D1Consents(db), broken: () => new D1Consents(broken) });
  pairwiseSubjectsContract({
    ready: migrate,
    make: () => new D1PairwiseSubjects(db, platformRandom),
    broken: () => new D1PairwiseSubjects(broken, platformRandom),
  });
});
