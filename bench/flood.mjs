#!/usr/bin/env node
// A flood of password guesses at ten times what can be hashed, and what it does to others: refresh tokens, passkey sign-ins, memory.
// Usage: WORKDIR=/tmp/x ./flood.mjs [seconds]   after ./gatehouse/prepare $WORKDIR/gatehouse (see README). Server on core 0, load on core 1 (taskset). Needs sqlite3.
import { spawn, execFileSync } from 'node:child_process';
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import http from 'node:http';

const seconds = Number(process.argv[2] ?? 10);
const dir = `${process.env.WORKDIR ?? '/tmp'}/gatehouse`;
const base = 'http://localhost:4141';
const env = { ...process.env, PORT: '4141', APP_URL: base, DATA_DIR: `${dir}/flood-data`, TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'error' };
const exe = `${dir}/bin/gatehouse`;
const wait = ms => new Promise(done => setTimeout(done, ms));
const b64 = bytes => Buffer.from(bytes).toString('base64url');
const agent = new http.Agent({ keepAlive: true, maxSockets: 2000 });

function request(method, path, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const req = http.request(base + path, { method, agent, headers: body === undefined ? headers : { 'content-length': Buffer.byteLength(body), ...headers } }, res => {
      const parts = [];
      res.on('data', part => parts.push(part));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, text: Buffer.concat(parts).toString(), ms: Number(process.hrtime.bigint() - began) / 1e6 }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

class Browser {
  cookies = {};
  token = '';
  async send(method, path, options = {}) {
    const headers = { 'sec-fetch-site': 'same-origin', cookie: Object.entries(this.cookies).map(c => c.join('=')).join('; '), ...options.headers };
    const res = await request(method, path, { ...options, headers });
    for (const line of res.headers['set-cookie'] ?? []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.cookies[name] = value;
    }
    this.token = /name="_token" value="([^"]+)"/.exec(res.text)?.[1] ?? this.token;
    return res;
  }
  post(path, fields, headers = {}) {
    return this.send('POST', path, { headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, body: new URLSearchParams({ _token: this.token, ...fields }).toString() });
  }
  json(path, value, headers = {}) {
    return this.send('POST', path, { headers: { 'content-type': 'application/json', 'gatehouse-form': this.token, ...headers }, body: JSON.stringify(value) });
  }
}

// A passkey in a few lines: ES256, attestation none.
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = publicKey.export({ format: 'jwk' });
const credential = randomBytes(32);
const rpHash = createHash('sha256').update('localhost').digest();
const cborBytes = bytes => Buffer.concat([bytes.length < 256 ? Buffer.from([0x58, bytes.length]) : Buffer.from([0x59, bytes.length >> 8, bytes.length & 255]), bytes]);
const cose = Buffer.concat([Buffer.from([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21]), cborBytes(Buffer.from(jwk.x, 'base64url')), Buffer.from([0x22]), cborBytes(Buffer.from(jwk.y, 'base64url'))]);
let counter = 0;
const authData = (flags, rest = Buffer.alloc(0)) => {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(++counter);
  return Buffer.concat([rpHash, Buffer.from([flags]), count, rest]);
};
const clientData = (type, challenge) => Buffer.from(JSON.stringify({ type, challenge, origin: base, crossOrigin: false }));

async function registerPasskey(browser) {
  const options = JSON.parse((await browser.json('/account/passkeys/options', {})).text);
  const data = authData(0x45, Buffer.concat([Buffer.alloc(16), Buffer.from([0, credential.length]), credential, cose]));
  const text = s => Buffer.concat([Buffer.from([0x60 + s.length]), Buffer.from(s)]);
  const attestation = Buffer.concat([Buffer.from([0xa3]), text('fmt'), text('none'), text('attStmt'), Buffer.from([0xa0]), text('authData'), cborBytes(data)]);
  const res = await browser.json('/account/passkeys', { type: 'public-key', id: b64(credential), rawId: b64(credential), response: { clientDataJSON: b64(clientData('webauthn.create', options.challenge)), attestationObject: b64(attestation), transports: ['internal'] } }, { 'gatehouse-challenge': options.challenge });
  if (res.status !== 200) throw new Error(`passkey: ${res.status} ${res.text}`);
  return options.user.id;
}

async function signInByPasskey(browser, handle) {
  const began = process.hrtime.bigint();
  const options = JSON.parse((await browser.json('/passkeys/assertion/options', {})).text);
  const data = authData(0x05);
  const client = clientData('webauthn.get', options.challenge);
  const signature = createSign('sha256').update(Buffer.concat([data, createHash('sha256').update(client).digest()])).sign(privateKey);
  const res = await browser.json('/passkeys/assertion', { type: 'public-key', id: b64(credential), rawId: b64(credential), response: { clientDataJSON: b64(client), authenticatorData: b64(data), signature: b64(signature), userHandle: handle } }, { 'gatehouse-challenge': options.challenge });
  if (res.status !== 200) throw new Error(`passkey sign-in: ${res.status} ${res.text}`);
  return Number(process.hrtime.bigint() - began) / 1e6;
}

const gh = (...args) => execFileSync(exe, args, { env }).toString();
const summary = all => {
  const sorted = [...all].sort((a, b) => a - b);
  const at = q => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]?.toFixed(1) ?? '-';
  return `n=${sorted.length} p50=${at(0.5)} p95=${at(0.95)} p99=${at(0.99)} max=${at(1)} ms`;
};

rmSync(`${dir}/flood-data`, { recursive: true, force: true });
const server = spawn('taskset', ['-c', '0', exe], { env, stdio: 'inherit' });
process.on('exit', () => server.kill('SIGKILL'));
for (let i = 0; i < 200; i++) {
  if (await request('GET', '/healthz').then(r => r.status === 200).catch(() => false)) break;
  await wait(50);
}
execFileSync('sqlite3', [`${dir}/flood-data/${execFileSync('ls', [`${dir}/flood-data`]).toString().split('\n').find(f => f.endsWith('.db'))}`,
  `insert into settings (name, value, updated_at) values ('passwords', '{"Enabled":true}', 0); insert into versions (name, version) values ('settings', 1) on conflict (name) do update set version = version + 1;`]);
const client = JSON.parse(gh('client', 'add', '--name', 'Bench', '--trusted', '--redirect-uri', 'http://127.0.0.1:9/cb', '--auth-method', 'client_secret_post', '--json'));
gh('user', 'add', '--email', 'ada@example.com', '--name', 'Ada');
const url = JSON.parse(gh('user', 'link', 'ada@example.com', '--json')).url;
const ada = new Browser();
await ada.send('GET', url.slice(base.length));
await ada.post('/link', { t: url.split('?t=')[1] });
const handle = await registerPasskey(ada);
await signInByPasskey(ada, handle);

const verifier = 'bench-verifier-0123456789-0123456789-0123456789';
const challenge = createHash('sha256').update(verifier).digest('base64url');
let at = `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=${encodeURIComponent('http://127.0.0.1:9/cb')}&scope=openid%20offline_access&state=s&nonce=n&code_challenge=${challenge}&code_challenge_method=S256`;
let code;
for (let i = 0; i < 5 && !code; i++) {
  const res = await ada.send('GET', at);
  code = /[?&]code=([^&]+)/.exec(res.headers.location ?? '')?.[1];
  at = res.headers.location?.replace(base, '') ?? at;
}
if (!code) throw new Error(`no code: ${at}`);
const token = fields => request('POST', '/token', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ client_id: client.client_id, client_secret: client.client_secret, ...fields }).toString() });
let refresh = JSON.parse((await token({ grant_type: 'authorization_code', code, redirect_uri: 'http://127.0.0.1:9/cb', code_verifier: verifier })).text).refresh_token;

async function others(stop) {
  const [tokens, passkeys] = [[], []];
  await Promise.all([
    (async () => {
      while (!stop()) {
        const res = await token({ grant_type: 'refresh_token', refresh_token: refresh });
        refresh = JSON.parse(res.text).refresh_token ?? (() => { throw new Error(`refresh: ${res.status} ${res.text}`); })();
        tokens.push(res.ms);
        await wait(10);
      }
    })(),
    (async () => {
      while (!stop()) {
        passkeys.push(await signInByPasskey(ada, handle));
        await wait(20);
      }
    })(),
  ]);
  return { tokens, passkeys };
}

const strangers = await Promise.all(Array.from({ length: 100 }, async () => {
  const browser = new Browser();
  await browser.send('GET', '/sign-in');
  return browser;
}));
let guesses = 0;
const guess = () => {
  const n = guesses++;
  return strangers[n % 100].post('/sign-in/password', { name: `user${n}@example.com`, password: `a guess of mine ${n}` }, { 'x-forwarded-for': `${11 + n % 200}.${(n >> 8) % 256}.${n % 251}.1` });
};
const during = ms => { const end = Date.now() + ms; return () => Date.now() > end; };
const memory = () => Object.fromEntries([...readFileSync(`/proc/${server.pid}/status`, 'ascii').matchAll(/^(VmRSS|VmHWM):\s+(\d+) kB/gm)].map(m => [m[1], `${(m[2] / 1024).toFixed(0)} MB`]));

await others(during(6000));
// How much can be hashed: a handful of strangers who each wait for their answer.
let judged = 0;
const until = during(4000);
await Promise.all(Array.from({ length: 12 }, async () => { while (!until()) if ((await guess()).status === 403) judged++; }));
const capacity = judged / 4;
await wait(1000);
const before = memory();
const quiet = await others(during(seconds * 1000));

const rate = capacity * 10;
const [statuses, refused, answered] = [{}, [], []];
const stop = during(seconds * 1000);
let inFlight = 0;
const flood = (async () => {
  const began = Date.now();
  let sent = 0;
  while (!stop()) {
    for (const due = (Date.now() - began) / 1000 * rate; sent < due; sent++) {
      inFlight++;
      guess().then(res => {
        statuses[res.status] = (statuses[res.status] ?? 0) + 1;
        (res.status === 503 || res.status === 429 ? refused : answered).push(res.ms);
      }, () => { statuses.failed = (statuses.failed ?? 0) + 1; }).finally(() => { inFlight--; });
    }
    await wait(2);
  }
  while (inFlight > 0) await wait(10);
  return sent / seconds;
})();
const flooded = await others(stop);
const sent = await flood;
console.log(`capacity ${capacity.toFixed(0)} guesses/s; flood ${sent.toFixed(0)}/s for ${seconds} s: ${JSON.stringify(statuses)}`);
console.log(`refused (503, 429): ${summary(refused)}`);
console.log(`judged (403):       ${summary(answered)}`);
console.log(`refresh  quiet:     ${summary(quiet.tokens)}`);
console.log(`refresh  flooded:   ${summary(flooded.tokens)}`);
console.log(`passkey  quiet:     ${summary(quiet.passkeys)}`);
console.log(`passkey  flooded:   ${summary(flooded.passkeys)}`);
console.log(`memory   before ${JSON.stringify(before)}, after ${JSON.stringify(memory())}`);
process.exit(0);
