/** Decides over one CONNECT: who it is, whether the client id is theirs, and whether the will may be published. */
import type { Acl } from './acl.ts';
import { anonymousAcl, createAcl } from './acl.ts';
import type { AuthConfig } from './config.ts';
import type { Credentials, Users } from './users.ts';
import { isClientIdAllowed } from './users.ts';

/** CONNACK return codes of MQTT 3.1.1, table 3.1. */
export const RETURN_CODE = { identifierRejected: 2, unavailable: 3, badCredentials: 4, notAuthorized: 5 } as const;

export type Admission =
  | { readonly status: 'admitted'; readonly principal: string; readonly acl: Acl }
  | { readonly status: 'refused'; readonly reason: string; readonly returnCode: 2 | 3 | 4 | 5 };

export interface Applicant {
  readonly clientId: string;
  readonly credentials: Credentials;
  readonly willTopic: string | null;
}

export class Authenticator {
  readonly #auth: AuthConfig;
  readonly #users: Users;
  readonly #ownerOf: (clientId: string) => string | null;

  /** `ownerOf` names the user who has this client id now, by a connection or a persistent session. */
  constructor(auth: AuthConfig, users: Users, ownerOf: (clientId: string) => string | null) {
    this.#auth = auth;
    this.#users = users;
    this.#ownerOf = ownerOf;
  }

  async admit(applicant: Applicant): Promise<Admission> {
    if ('anonymous' in this.#auth) return this.#admitAs('', anonymousAcl, applicant);
    const verdict = await this.#users.authenticate(applicant.credentials);
    if (verdict.status === 'busy') return refused('authentication-busy', RETURN_CODE.unavailable);
    if (verdict.status === 'refused') return refused('bad-credentials', RETURN_CODE.badCredentials);
    if (!isClientIdAllowed(verdict.user, applicant.clientId)) {
      return refused('client-id-not-allowed', RETURN_CODE.identifierRejected);
    }
    return this.#admitAs(verdict.user.name, createAcl(verdict.user, applicant.clientId), applicant);
  }

  /** To be asked again at the moment of admission: two may be authenticated at the same time. */
  isTaken(clientId: string, principal: string): boolean {
    const owner = this.#ownerOf(clientId);
    return owner !== null && owner !== principal;
  }

  #admitAs(principal: string, acl: Acl, applicant: Applicant): Admission {
    // A valid user with another's client id would take over that session and its queued messages.
    if (this.isTaken(applicant.clientId, principal)) return refused('client-id-taken', RETURN_CODE.identifierRejected);
    if (applicant.willTopic !== null && !acl.mayPublish(applicant.willTopic)) {
      return refused('will-not-allowed', RETURN_CODE.notAuthorized);
    }
    return { status: 'admitted', principal, acl };
  }
}

function refused(reason: string, returnCode: 2 | 3 | 4 | 5): Admission {
  return { status: 'refused', reason, returnCode };
}
