// Interleaved side-by-side benchmark of sign-in servers: A B A B ... in one run, ratios at the end.
// Usage: bench/run A.json [B.json ...] [--rows r1,r2] [--seconds 6] [--rounds 3] [--connections 16] [--warm 2] [--server-core 0] [--load-core 1] [--json out.json]
// A target file describes one server; see bench/README.md. Needs Node 18+, the Debian package wrk, taskset.
import { spawn, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync, mkdtempSync, readdirSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, dirname, resolve } from 'node:path';
import http from 'node:http';
import { performance } from 'node:perf_hooks';

const opt = { seconds: 6, rounds: 3, connections: 16, warm: 2, 'server-core': 0, 'load-core': 1, rows: '', json: '' };
const files = [];
for (let i = 2; i < process.argv.length; i++) {
  const a = process.argv[i];
  if (a.startsWith('--')) { const k = a.slice(2); if (!(k in opt)) fail(`unknown option ${a}`); const v = process.argv[++i]; opt[k] = typeof opt[k] === 'number' ? Number(v) : v; }
  else files.push(a);
}
if (!files.length) fail('give one or more target files');
if (opt.seconds > 60 || opt.rounds > 10) fail('bounded: at most 60 s and 10 rounds');
function fail(m) { console.error(m); process.exit(2); }
const sleep = ms => new Promise(r => setTimeout(r, ms));
const tmp = mkdtempSync(join(tmpdir(), 'bench-'));

// The stateful rows run in this process, so it goes on the generator's core too.
try { execFileSync('taskset', ['-cp', String(opt['load-core']), String(process.pid)], { stdio: 'ignore' }); } catch { }

// ---------- process tree accounting ----------
function tree(root) {
  const kids = new Map();
  for (const d of readdirSync('/proc')) {
    if (!/^\d+$/.test(d)) continue;
    try { const s = readFileSync(`/proc/${d}/stat`, 'latin1'); const f = s.slice(s.lastIndexOf(')') + 2).split(' '); const pp = Number(f[1]); if (!kids.has(pp)) kids.set(pp, []); kids.get(pp).push(Number(d)); } catch { }
  }
  const out = [], q = [root];
  while (q.length) { const p = q.pop(); out.push(p); q.push(...(kids.get(p) ?? [])); }
  return out;
}
const TICK = 100;
function cpuSeconds(pids) {
  let t = 0;
  for (const p of pids) try { const s = readFileSync(`/proc/${p}/stat`, 'latin1'); const f = s.slice(s.lastIndexOf(')') + 2).split(' '); t += Number(f[11]) + Number(f[12]) + Number(f[13]) + Number(f[14]); } catch { }
  return t / TICK;
}
function memory(pids) {
  let rss = 0, pss = 0;
  for (const p of pids) try { if (/^(bash|sh)$/.test(readFileSync(`/proc/${p}/comm`, 'latin1').trim())) continue; const s = readFileSync(`/proc/${p}/smaps_rollup`, 'latin1'); rss += Number(/^Rss:\s+(\d+)/m.exec(s)[1]); pss += Number(/^Pss:\s+(\d+)/m.exec(s)[1]); } catch { }
  return { rss: rss / 1024, pss: pss / 1024 };
}
function coreBusy(core) {
  const f = readFileSync('/proc/stat', 'latin1').split('\n').find(l => l.startsWith(`cpu${core} `)).trim().split(/\s+/).slice(1).map(Number);
  const idle = f[3] + f[4]; return { busy: (f.reduce((a, b) => a + b, 0) - idle) / TICK, steal: (f[7] ?? 0) / TICK };
}

// ---------- small HTTP client with a cookie jar (stateful rows) ----------
const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
function request(url, { method = 'GET', headers = {}, body, jar } = {}) {
  return new Promise((ok, no) => {
    const h = { ...headers };
    if (body !== undefined) h['content-length'] = Buffer.byteLength(body);
    if (jar?.size) h.cookie = [...jar].map(([k, v]) => `${k}=${v}`).join('; ');
    const r = http.request(url, { method, headers: h, agent }, res => {
      let s = ''; res.setEncoding('utf8'); res.on('data', d => { s += d; });
      res.on('end', () => {
        for (const c of res.headers['set-cookie'] ?? []) { const [kv] = c.split(';'); const i = kv.indexOf('='); const v = kv.slice(i + 1); if (jar) { if (v === '' || /expires=thu, 01.jan.1970/i.test(c)) jar.delete(kv.slice(0, i)); else jar.set(kv.slice(0, i), v); } }
        ok({ status: res.statusCode, headers: res.headers, body: s });
      });
    });
    r.on('error', no); r.setTimeout(15000, () => r.destroy(new Error('timeout')));
    if (body !== undefined) r.write(body); r.end();
  });
}
const form = o => new URLSearchParams(o).toString();
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function clientAuth(t, fields) {
  const c = t.client;
  return c.auth === 'basic'
    ? { headers: { ...FORM, authorization: 'Basic ' + Buffer.from(`${encodeURIComponent(c.id)}:${encodeURIComponent(c.secret)}`).toString('base64') }, body: form(fields) }
    : { headers: FORM, body: form({ ...fields, client_id: c.id, client_secret: c.secret }) };
}
const sub = (s, vars) => s?.replace(/\{\{(\w+)\}\}/g, (_, k) => vars[k] ?? '');
// Runs described steps: [{method,path,headers,body,capture:{name:"regex"},expect:[status]}]
async function steps(t, list, jar, vars = {}) {
  let last;
  for (const s of list) {
    last = await request(t.base + sub(s.path, vars), { method: s.method ?? (s.body ? 'POST' : 'GET'), headers: s.headers ?? {}, body: s.body === undefined ? undefined : sub(s.body, vars), jar });
    if (s.expect && !s.expect.includes(last.status)) throw new Error(`${s.path}: ${last.status} ${last.body.slice(0, 160)}`);
    for (const [k, re] of Object.entries(s.capture ?? {})) { const m = new RegExp(re).exec(last.body); if (!m) throw new Error(`${s.path}: no ${k}`); vars[k] = m[1]; }
  }
  return last;
}
async function codeFlow(t, jar, scope) {
  const q = form({ response_type: 'code', client_id: t.client.id, redirect_uri: t.client.redirect_uri, scope, state: 's', nonce: 'n', ...(t.authorizeExtra ?? {}) });
  let url = t.base + t.paths.authorize + '?' + q;
  for (let hop = 0; hop < 12; hop++) {
    const r = await request(url, { jar });
    const to = r.headers.location;
    if (!to) throw new Error(`authorize: ${r.status} ${r.body.slice(0, 200)}`);
    const next = new URL(to, url);
    if (next.href.startsWith(t.client.redirect_uri)) {
      const code = next.searchParams.get('code'); if (!code) throw new Error('no code: ' + next.search);
      const a = clientAuth(t, { grant_type: 'authorization_code', code, redirect_uri: t.client.redirect_uri, ...(t.tokenExtra ?? {}) });
      const k = await request(t.base + t.paths.token, { method: 'POST', ...a });
      if (k.status !== 200) throw new Error(`token: ${k.status} ${k.body.slice(0, 200)}`);
      return JSON.parse(k.body);
    }
    url = next.href;
  }
  throw new Error('too many redirects');
}
async function session(t) { const jar = new Map(t.cookies ? [t.cookies[t.nextCookie = ((t.nextCookie ?? -1) + 1) % t.cookies.length]] : []); if (t.signIn) await steps(t, t.signIn, jar); await codeFlow(t, jar, t.userScope); return jar; }
async function ccToken(t, scope) {
  const a = clientAuth(t, { grant_type: 'client_credentials', ...(scope ? { scope } : {}) });
  const r = await request(t.base + t.paths.token, { method: 'POST', ...a });
  if (r.status !== 200) throw new Error(`client_credentials: ${r.status} ${r.body.slice(0, 200)}`);
  return JSON.parse(r.body).access_token;
}

// ---------- the rows ----------
// Each gives {wrk: request} (one fixed request, sent by wrk) or {loop: async (vu) => {}, init: async () => vu} (stateful, closed loop here), or null: the target has no such thing.
const ROWS = {
  discovery: async t => t.paths?.discovery && { wrk: { path: t.paths.discovery } },
  jwks: async t => t.paths?.jwks && { wrk: { path: t.paths.jwks } },
  client_credentials: async t => t.client && { wrk: { path: t.paths.token, method: 'POST', ...clientAuth(t, { grant_type: 'client_credentials', ...(t.client.scope ? { scope: t.client.scope } : {}) }) } },
  introspect: async t => {
    if (!t.client || !t.paths.introspect) return null;
    const token = t.introspectUserToken ? (await codeFlow(t, await session(t), t.userScope)).access_token : await ccToken(t, t.client.scope);
    const q = { path: t.paths.introspect, method: 'POST', ...clientAuth(t, { token }) };
    const r = await request(t.base + q.path, q); if (!/"active":\s*true/.test(r.body)) throw new Error(`introspect: ${r.status} ${r.body.slice(0, 160)}`);
    return { wrk: q };
  },
  userinfo: async t => {
    if (!t.client || !t.paths.userinfo || !t.paths.authorize) return null;
    const token = (await codeFlow(t, await session(t), t.userScope)).access_token;
    const q = { path: t.paths.userinfo, headers: { authorization: `Bearer ${token}` } };
    const r = await request(t.base + q.path, q); if (r.status !== 200) throw new Error(`userinfo: ${r.status} ${r.body.slice(0, 160)}`);
    return { wrk: q };
  },
  code_flow: async t => t.client && t.paths.authorize && { init: () => session(t), loop: jar => codeFlow(t, jar, t.userScope) },
  refresh: async t => t.refreshScope && {
    init: async () => { const jar = await session(t); return { token: (await codeFlow(t, jar, t.refreshScope)).refresh_token }; },
    loop: async vu => {
      const r = await request(t.base + t.paths.token, { method: 'POST', ...clientAuth(t, { grant_type: 'refresh_token', refresh_token: vu.token }) });
      if (r.status !== 200) throw new Error(`refresh: ${r.status} ${r.body.slice(0, 160)}`);
      vu.token = JSON.parse(r.body).refresh_token ?? vu.token;
    },
  },
  password: async t => t.password && { init: async () => ({}), loop: () => steps(t, t.password, new Map()) },
  api_key: async t => t.apiKey && { wrk: t.apiKey },
};
// A target may add rows of its own, or replace one, in "rows".
for (const f of files) { const t = JSON.parse(readFileSync(f)); for (const k of [...Object.keys(t.rows ?? {}), ...(t.preparedRows ?? [])]) ROWS[k] ??= async () => null; }

function wrkScript(q) {
  const p = join(tmp, 'r.lua'), l = s => '"' + String(s).replace(/[\\"]/g, '\\$&').replace(/\r?\n/g, '\\n') + '"';
  writeFileSync(p, `wrk.method=${l(q.method ?? 'GET')}\n` + (q.body !== undefined ? `wrk.body=${l(q.body)}\n` : '') +
    Object.entries(q.headers ?? {}).map(([k, v]) => `wrk.headers[${l(k)}]=${l(v)}\n`).join('') +
    'done=function(s,l,r) io.write(string.format("\\nJSON{\\"n\\":%d,\\"us\\":%d,\\"bytes\\":%d,\\"p50\\":%d,\\"p99\\":%d,\\"err\\":%d}\\n",s.requests,s.duration,s.bytes,l:percentile(50),l:percentile(99),s.errors.connect+s.errors.read+s.errors.write+s.errors.timeout' + (q.refused ? '' : '+s.errors.status') + ')) end\n');
  return p;
}
async function load(t, row, seconds) {
  if (row.wrk) {
    const s = wrkScript(row.wrk);
    const out = await new Promise((ok, no) => {
      const c = spawn('taskset', ['-c', String(opt['load-core']), 'wrk', '-t1', `-c${t.connections ?? opt.connections}`, `-d${seconds}s`, '--timeout', '15s', '-s', s, t.base + row.wrk.path], { stdio: ['ignore', 'pipe', 'pipe'] });
      let o = ''; c.stdout.on('data', d => { o += d; }); c.stderr.on('data', d => { o += d; }); c.on('close', () => ok(o)); c.on('error', no);
    });
    const m = /JSON(\{.*\})/.exec(out); if (!m) throw new Error(out.slice(0, 300));
    const j = JSON.parse(m[1]); return { n: j.n - j.err, secs: j.us / 1e6, p50: j.p50 / 1000, p99: j.p99 / 1000, err: j.err };
  }
  const lat = []; let err = 0, why = '';
  if (!row.vus) { row.vus = []; for (let i = 0; i < (t.connections ?? opt.connections); i++) row.vus.push(await row.init()); }
  const t0 = performance.now(), end = t0 + seconds * 1000;
  await Promise.all(row.vus.map(async vu => { while (performance.now() < end) { const a = performance.now(); try { await row.loop(vu); lat.push(performance.now() - a); } catch (e) { err++; why ||= e.message; if (err > 50) return; } } }));
  const secs = (performance.now() - t0) / 1000; lat.sort((a, b) => a - b);
  if (why) console.log(`   ! ${t.name}: ${why}`);
  return { n: lat.length, secs, p50: lat[lat.length >> 1] ?? 0, p99: lat[Math.floor(lat.length * 0.99)] ?? 0, err };
}

async function measured(t, row, seconds) {
  const pids = tree(t.pid), c0 = cpuSeconds(pids), b0 = coreBusy(opt['server-core']);
  let peak = { rss: 0, pss: 0 };
  const see = () => { const m = memory(tree(t.pid)); if (m.rss > peak.rss) peak = m; };
  const timer = setInterval(see, 500);
  const r = await load(t, row, seconds); clearInterval(timer); see();
  const cpu = cpuSeconds(tree(t.pid)) - c0, b1 = coreBusy(opt['server-core']);
  return { ...r, rps: r.n / r.secs, cpu, perCpu: cpu > 0 ? r.n / cpu : NaN, foreign: Math.max(0, (b1.busy - b0.busy - cpu) / r.secs), steal: (b1.steal - b0.steal) / r.secs, ...peak };
}
async function start(file) {
  const t = JSON.parse(readFileSync(file)); t.dir = resolve(dirname(file), t.dir ?? '.');
  const env = { WORKDIR: '/tmp', ...process.env };
  for (const [k, v] of Object.entries(t.env ?? {})) env[k] = v.replaceAll('$WORKDIR', env.WORKDIR);
  if (t.prepare) execFileSync('bash', ['-c', t.prepare], { cwd: t.dir, env, stdio: ['ignore', 'ignore', 'inherit'] });
  // What only prepare can know: client id and secret, session cookies, the refused request.
  if (t.prepared) { const more = JSON.parse(readFileSync(t.prepared.replaceAll('$WORKDIR', env.WORKDIR))); Object.assign(t, { ...more, client: { ...t.client, ...more.client }, rows: { ...t.rows, ...more.rows } }); }
  const log = openSync(join(tmp, t.name + '.log'), 'w'), t0 = performance.now();
  const c = spawn('taskset', ['-c', String(opt['server-core']), 'bash', '-c', `exec ${t.start}`], { cwd: t.dir, env, stdio: ['ignore', log, log], detached: true });
  t.pid = c.pid; c.on('exit', code => { if (!t.stopping) { console.error(`${t.name} ended (${code}); log in ${tmp}`); } t.gone = true; });
  for (; ;) {
    if (t.gone || performance.now() - t0 > 60000) throw new Error(`${t.name} did not become ready; log in ${tmp}`);
    try { const r = await request(t.base + (t.ready ?? t.paths.discovery)); if (r.status === 200) break; } catch { }
    await sleep(5);
  }
  t.coldMs = performance.now() - t0;
  await sleep(2000); t.idle = memory(tree(t.pid));
  return t;
}
const med = a => { const s = a.filter(Number.isFinite).sort((x, y) => x - y); return s.length ? (s.length % 2 ? s[s.length >> 1] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2) : NaN; };
const f = (x, d = 0) => Number.isFinite(x) ? x.toFixed(d) : '-';

const targets = [];
const stop = () => { for (const t of targets) { t.stopping = true; try { process.kill(-t.pid, 'SIGTERM'); } catch { } } };
process.on('SIGINT', () => { stop(); process.exit(130); });
const results = [];
try {
  for (const file of files) { const t = await start(file); targets.push(t); console.log(`${t.name}: cold start ${f(t.coldMs)} ms, idle RSS ${f(t.idle.rss, 1)} MB (PSS ${f(t.idle.pss, 1)})`); }
  const names = opt.rows ? opt.rows.split(',') : Object.keys(ROWS);
  console.log(`load ${readFileSync('/proc/loadavg', 'latin1').trim()}; ${opt.seconds} s x ${opt.rounds} rounds, ${opt.connections} connections, server core ${opt['server-core']}, load core ${opt['load-core']}`);
  console.log('row                 target                      req/s  req/cpu-s    p50ms    p99ms  err  peakRSS  foreign');
  for (const name of names) {
    const rows = [];
    for (const t of targets) { let r = null; try { r = t.rows?.[name] ? { wrk: t.rows[name] } : ROWS[name] && await ROWS[name](t); if (r) await load(t, r, t.warm ?? opt.warm); } catch (e) { console.log(`   ! ${name} ${t.name}: ${e.message}`); r = null; } rows.push(r); }
    const got = targets.map(() => []);
    for (let k = 0; k < opt.rounds; k++) for (let i = 0; i < targets.length; i++) if (rows[i]) got[i].push(await measured(targets[i], rows[i], opt.seconds));
    for (let i = 0; i < targets.length; i++) {
      const g = got[i]; if (!g.length) { console.log(`${name.padEnd(20)}${targets[i].name.padEnd(24)}      n/a`); continue; }
      const o = { row: name, target: targets[i].name, rps: med(g.map(x => x.rps)), perCpu: med(g.map(x => x.perCpu)), p50: med(g.map(x => x.p50)), p99: med(g.map(x => x.p99)), err: g.reduce((a, x) => a + x.err, 0), rss: Math.max(...g.map(x => x.rss)), pss: Math.max(...g.map(x => x.pss)), foreign: med(g.map(x => x.foreign)), spread: (Math.max(...g.map(x => x.perCpu)) / Math.min(...g.map(x => x.perCpu)) - 1) * 100, coldMs: targets[i].coldMs, idleRss: targets[i].idle.rss };
      results.push(o);
      console.log(`${name.padEnd(20)}${o.target.padEnd(24)}${f(o.rps).padStart(9)}${f(o.perCpu).padStart(11)}${f(o.p50, 2).padStart(9)}${f(o.p99, 2).padStart(9)}${String(o.err).padStart(5)}${f(o.rss, 1).padStart(9)}${(f(o.foreign * 100) + '%').padStart(9)}  spread ${f(o.spread)}%`);
    }
    for (let i = 1; i < targets.length; i++) if (got[0].length && got[i].length) {
      const pair = got[0].map((x, k) => x.perCpu / got[i][k].perCpu);
      console.log(`   ratio ${targets[0].name} / ${targets[i].name}: ${f(med(got[0].map((x, k) => x.rps / got[i][k].rps)), 2)} by req/s, ${f(med(pair), 2)} by req/cpu-s [${f(Math.min(...pair), 2)}..${f(Math.max(...pair), 2)}]`);
    }
  }
  if (opt.json) writeFileSync(opt.json, JSON.stringify({ options: opt, results }, null, 1));
} finally { stop(); }
await sleep(300); process.exit(0);
