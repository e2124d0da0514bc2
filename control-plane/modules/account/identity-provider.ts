/**
 * Login with an OpenID Connect provider that the operator configured: authorization code with PKCE, state and nonce. What must come back
 * with the browser (`PendingLogin`) goes into a short-lived cookie and nowhere else. The provider's metadata are read at the first
 * login, and again after a failure: a provider that is away stops its own logins and nothing else.
 */
import * as oidc from 'openid-client';
import { GatewayError } from '../../../shared/errors.js';

export interface IdentityProviderConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface PendingLogin {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What the provider says of a person. */
export interface ExternalIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string;
}

export class IdentityProvider {
  #discovered: Promise<oidc.Configuration> | undefined;

  /** `insecure`: http is good enough (local mode). */
  constructor(
    private readonly config: IdentityProviderConfig,
    private readonly redirectUri: string,
    private readonly insecure: boolean,
  ) {}

  async begin(): Promise<{ url: URL; pending: PendingLogin }> {
    const pending = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
    const url = oidc.buildAuthorizationUrl(await this.#discover(), {
      redirect_uri: this.redirectUri,
      scope: 'openid email profile',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    });
    return { url, pending };
  }

  /** `query`: of the callback. Throws `invalid_session` unless the provider answers for exactly this login. */
  async finish(query: string, pending: PendingLogin): Promise<ExternalIdentity> {
    const configuration = await this.#discover();
    const answered = new URL(this.redirectUri);
    answered.search = query;
    const tokens = await oidc
      .authorizationCodeGrant(configuration, answered, {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      })
      .catch((cause: unknown) => {
        throw new GatewayError('invalid_session', 'The identity provider did not confirm this login. Try again.', { cause });
      });
    const claims = tokens.claims();
    if (typeof claims?.['email'] !== 'string') throw new GatewayError('invalid_session', 'The identity provider gave no email address.');
    return {
      issuer: claims.iss,
      subject: claims.sub,
      email: claims['email'].toLowerCase(),
      emailVerified: claims['email_verified'] === true,
      name: typeof claims['name'] === 'string' ? claims['name'] : '',
    };
  }

  async #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.config;
    this.#discovered ??= oidc.discovery(
      new URL(issuer),
      clientId,
      clientSecret,
      undefined,
      this.insecure ? { execute: [oidc.allowInsecureRequests] } : undefined,
    );
    try {
      return await this.#discovered;
    } catch (cause) {
      this.#discovered = undefined;
      throw new GatewayError('service_unavailable', 'The identity provider cannot be reached. Try again, or log in with a password.', {
        cause,
      });
    }
  }
}
