// npm oidc-provider, a certified server, set up as our own is in the tests: what the two answer is compared.
// One JSON line on standard input configures it; it prints its issuer, and ends when standard input closes.
import { createInterface } from 'node:readline';
import crypto from 'node:crypto';
import { Provider } from 'oidc-provider';

const lines = createInterface({ input: process.stdin });
const settings = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
process.stdin.on('close', () => process.exit(0));

const issuer = `http://localhost:${settings.port}`;
const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(issuer, {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'peer', use: 'sig', alg: 'ES256' }] },
  cookies: { keys: ['not-a-secret-only-a-test'] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clients: [{
    client_id: settings.client_id, client_secret: settings.client_secret, grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    redirect_uris: [settings.callback], post_logout_redirect_uris: [settings.bye], token_endpoint_auth_method: 'client_secret_basic',
  }],
  pkce: { required: () => true },
  conformIdTokenClaims: false,
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'updated_at'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'Ada', preferred_username: 'ada', updated_at: 1, email: 'ada@example.com', email_verified: false }) }),
  features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (_, interaction) => `/i/${interaction.uid}` },
});

// Whoever comes is Ada, unless the request says that nobody is there; she agrees to everything.
provider.use(async (context, next) => {
  if (!context.path.startsWith('/i/')) return next();
  const { prompt, params, session, grantId } = await provider.interactionDetails(context.req, context.res);
  const accountId = session?.accountId ?? 'ada';
  let result = { login: { accountId, remember: true } };
  if (prompt.name === 'consent') {
    const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: true });
  context.respond = false;
});

provider.listen(settings.port, 'localhost', () => process.stdout.write(`${issuer}\n`));
