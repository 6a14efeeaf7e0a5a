// A relying party as an application's developer would write one: openid-client does the protocol and is as strict as it comes.
// One JSON line on standard input configures it; it prints its URL, and ends when standard input closes.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import * as client from 'openid-client';
import * as jose from 'jose';

const lines = createInterface({ input: process.stdin });
const settings = JSON.parse((await lines[Symbol.asyncIterator]().next()).value);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
process.stdin.on('close', () => process.exit(0));

const pending = new Map(); // state -> what the callback is checked against
let configuration;
let tokens;

async function discover() {
  if (configuration) return configuration;
  const method = settings.auth_method ?? (settings.client_secret ? 'client_secret_basic' : 'none');
  const authentication = await {
    client_secret_basic: () => client.ClientSecretBasic(settings.client_secret),
    client_secret_post: () => client.ClientSecretPost(settings.client_secret),
    private_key_jwt: async () => client.PrivateKeyJwt({ key: await jose.importJWK(settings.private_jwk, settings.private_jwk.alg), kid: settings.private_jwk.kid }),
    none: () => client.None(),
  }[method]();
  const issuer = new URL(settings.issuer);
  const metadata = {
    token_endpoint_auth_method: method,
    id_token_signed_response_alg: settings.id_token_alg,
    ...(settings.client_secret ? { client_secret: settings.client_secret } : {}),
  };
  const execute = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];
  configuration = await client.discovery(issuer, settings.client_id, metadata, authentication, { execute });
  return configuration;
}

const own = () => `http://localhost:${server.address().port}`;
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><html lang="en"><title>Test app</title><main><h1>Test app</h1>${body}</main></html>`);
}

const claimsPage = (response, claims) =>
  answer(response, 200, `<pre id=claims>${escaped(JSON.stringify(claims, null, 2))}</pre>
    <form method=post action=/refresh><button>Refresh</button></form><p><a href=/login>Sign in again</a></p>`);

function errorPage(response, error) {
  const facts = {
    name: error.name, code: error.code, message: error.message, error: error.error, error_description: error.error_description,
    status: error.status, cause: error.cause instanceof URLSearchParams ? Object.fromEntries(error.cause) : error.cause?.message ?? error.cause,
  };
  answer(response, 400, `<pre id=error>${escaped(JSON.stringify(facts, null, 2))}</pre><p><a href=/login>Sign in</a></p>`);
}

async function readBody(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

async function login(response, url) {
  const config = await discover();
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const redirectUri = own() + settings.callback;
  pending.set(state, { verifier, state, nonce, redirectUri });
  const parameters = {
    redirect_uri: redirectUri,
    scope: settings.scope,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...(settings.response_mode ? { response_mode: settings.response_mode } : {}),
    ...settings.extra,
    ...Object.fromEntries(url.searchParams),
  };
  response.writeHead(303, { location: client.buildAuthorizationUrl(config, parameters).href });
  response.end();
}

// The second opinion on the ID token, from the keys as they stand at this moment.
async function verifyIdToken(config, idToken) {
  const { jwks_uri: uri, issuer } = config.serverMetadata();
  const keys = await (await fetch(uri)).json();
  const { payload, protectedHeader } = await jose.jwtVerify(idToken, jose.createLocalJWKSet(keys), {
    issuer,
    audience: settings.client_id,
    algorithms: [settings.id_token_alg],
  });
  return { payload, protectedHeader };
}

async function describe(config, answered, expectedSubject) {
  const claims = { token_response: { ...answered, access_token: undefined, refresh_token: undefined, id_token: undefined } };
  claims.has_refresh_token = Boolean(answered.refresh_token);
  if (answered.id_token) {
    const { payload, protectedHeader } = await verifyIdToken(config, answered.id_token);
    Object.assign(claims, { id_token: payload, id_token_header: protectedHeader });
    expectedSubject = payload.sub;
  }
  claims.sub = expectedSubject;
  claims.userinfo = await client.fetchUserInfo(config, answered.access_token, expectedSubject);
  return claims;
}

async function callback(request, response, url) {
  const config = await discover();
  let current = url;
  let given = url.searchParams;
  if (request.method === 'POST') {
    const body = await readBody(request);
    given = new URLSearchParams(body);
    current = new Request(url, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
  }
  const expected = pending.get(given.get('state'));
  if (!expected) throw new Error('unexpected state');
  pending.delete(expected.state);
  const answered = await client.authorizationCodeGrant(config, current, {
    pkceCodeVerifier: expected.verifier,
    expectedState: expected.state,
    expectedNonce: expected.nonce,
    idTokenExpected: true,
    ...(settings.extra.max_age ? { maxAge: Number(settings.extra.max_age) } : {}),
  });
  const claims = await describe(config, answered);
  tokens = { ...answered, sub: claims.sub };
  claimsPage(response, claims);
}

async function refresh(response) {
  if (!tokens?.refresh_token) throw new Error('no refresh token');
  const config = await discover();
  const answered = await client.refreshTokenGrant(config, tokens.refresh_token);
  const claims = await describe(config, answered, tokens.sub);
  tokens = { ...tokens, ...answered };
  claimsPage(response, claims);
}

// A service account: no person, a token for an API, checked as the API would check it.
async function machine(response) {
  const config = await discover();
  const answered = await client.clientCredentialsGrant(config, { ...settings.extra });
  const { jwks_uri: uri, issuer } = config.serverMetadata();
  const keys = jose.createLocalJWKSet(await (await fetch(uri)).json());
  const claims = { token_response: { ...answered, access_token: undefined } };
  if (answered.access_token.includes('.')) {
    const { payload, protectedHeader } = await jose.jwtVerify(answered.access_token, keys, { issuer, audience: settings.extra.resource ?? issuer, typ: 'at+jwt' });
    Object.assign(claims, { access_token: payload, access_token_header: protectedHeader });
  }
  claims.before = await client.tokenIntrospection(config, answered.access_token);
  await client.tokenRevocation(config, answered.access_token);
  claims.after = await client.tokenIntrospection(config, answered.access_token);
  claimsPage(response, claims);
}

// What the person's tokens are said to be, and what is left of them once they are given back.
async function giveBack(response) {
  const config = await discover();
  const claims = { before: await client.tokenIntrospection(config, tokens.access_token), refresh: await client.tokenIntrospection(config, tokens.refresh_token, { token_type_hint: 'refresh_token' }) };
  await client.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
  claims.after = await client.tokenIntrospection(config, tokens.access_token);
  claimsPage(response, claims);
}

// RP-initiated logout as openid-client builds it.
async function logout(response) {
  const config = await discover();
  const url = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: `${own()}/bye`, state: 'bye' });
  response.writeHead(303, { location: url.href });
  response.end();
}

// A second opinion on any token of the issuer: signature, issuer, audience, time and kind, by jose alone.
async function verify(request, response) {
  const { token, typ, audience, algorithm } = JSON.parse(await readBody(request));
  const config = await discover();
  const { jwks_uri: uri, issuer } = config.serverMetadata();
  const { payload, protectedHeader } = await jose.jwtVerify(token, jose.createRemoteJWKSet(new URL(uri)), {
    issuer, audience, typ, algorithms: [algorithm], requiredClaims: ['iat', 'exp', 'sub'],
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ payload, protectedHeader }));
}

// A single-page application with oidc-client-ts: everything happens in the browser.
const modules = {
  '/modules/oidc-client-ts.js': 'oidc-client-ts/dist/esm/oidc-client-ts.js',
  '/modules/jwt-decode.js': 'jwt-decode/build/esm/index.js',
};

async function module(response, path) {
  response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });
  response.end(await readFile(new URL(`node_modules/${path}`, import.meta.url)));
}

function spa(response) {
  const options = {
    authority: settings.issuer, client_id: settings.client_id, redirect_uri: `${own()}/spa`, post_logout_redirect_uri: `${own()}/spa`,
    scope: settings.scope, loadUserInfo: true, automaticSilentRenew: false, monitorSession: false,
  };
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><html lang="en"><title>Single-page app</title>
<script type="importmap">{"imports":{"jwt-decode":"/modules/jwt-decode.js","oidc-client-ts":"/modules/oidc-client-ts.js"}}</script>
<main><h1>Single-page app</h1><p id=state>starting</p><pre id=user></pre><button id=in>Sign in</button> <button id=renew>Renew</button> <button id=out>Sign out</button></main>
<script type="module">
import { UserManager, WebStorageStateStore } from 'oidc-client-ts';
const manager = new UserManager({ ...${JSON.stringify(options)}, userStore: new WebStorageStateStore({ store: sessionStorage }) });
const say = (text) => { document.getElementById('state').textContent = text; };
const show = (user) => { document.getElementById('user').textContent = user ? JSON.stringify({ profile: user.profile, access_token: user.access_token, id_token: user.id_token, expires_in: user.expires_in }) : ''; };
const attempt = (work) => work().catch((error) => say('error: ' + error.message));
document.getElementById('in').onclick = () => attempt(() => manager.signinRedirect());
document.getElementById('renew').onclick = () => attempt(async () => { say('renewing'); show(await manager.signinSilent()); say('renewed'); });
document.getElementById('out').onclick = () => attempt(() => manager.signoutRedirect({ state: 'bye' }));
await attempt(async () => {
  const query = new URLSearchParams(location.search);
  if (query.has('code') || query.has('error')) {
    const user = await manager.signinRedirectCallback();
    history.replaceState(null, '', '/spa');
    show(user);
    say('signed in');
  } else if (query.has('state')) {
    await manager.signoutRedirectCallback();
    history.replaceState(null, '', '/spa');
    say('signed out');
  } else {
    const user = await manager.getUser();
    show(user);
    say(user ? 'signed in' : 'nobody');
  }
});
</script></html>`);
}

async function route(request, response) {
  const url = new URL(own() + request.url);
  const key = `${request.method} ${url.pathname}`;
  if (key === 'GET /') return answer(response, 200, '<p><a href=/login>Sign in</a></p>');
  if (key === 'GET /login') return login(response, url);
  if (key === 'POST /refresh') return refresh(response);
  if (key === 'POST /machine') return machine(response);
  if (key === 'POST /give-back') return giveBack(response);
  if (key === 'GET /logout') return logout(response);
  if (key === 'GET /bye') return answer(response, 200, `<pre id=bye>${escaped(url.searchParams.get('state'))}</pre>`);
  if (key === 'POST /verify') return verify(request, response);
  if (key === 'GET /spa') return spa(response);
  if (request.method === 'GET' && modules[url.pathname]) return module(response, modules[url.pathname]);
  if (key === 'POST /control') {
    Object.assign(settings, JSON.parse(await readBody(request)));
    configuration = undefined;
    return answer(response, 200, '<p>Changed.</p>');
  }
  if (url.pathname === settings.callback && ['GET', 'POST'].includes(request.method)) return callback(request, response, url);
  return answer(response, 404, '<p>Nothing here.</p>');
}

const server = createServer((request, response) => {
  route(request, response).catch((error) => errorPage(response, error));
});
server.listen(settings.port, 'localhost', () => process.stdout.write(`${own()}\n`));
