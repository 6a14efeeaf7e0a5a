// Runs the WebAuthn ceremonies of a page. Every text it shows stands in the page already.
for (const box of document.querySelectorAll('[data-passkey]')) begin(box);

function begin(box) {
  const say = (kind, text) => {
    for (const message of box.querySelectorAll('[data-says]')) message.hidden = message.dataset.says !== kind;
    const shown = box.querySelector(`[data-says="${kind}"]`);
    if (shown && text) shown.textContent = text;
  };
  const start = box.querySelector('[data-start]');
  const nameForm = box.querySelector('[data-name-first]');
  // Where the answer of the key goes by a form: its own page follows.
  const answerForm = box.querySelector('input[name=credential]')?.form;
  const registers = ['register', 'register-key', 'setup', 'sign-up'].includes(box.dataset.passkey);

  // Before any ceremony: would it have a chance here?
  const obstacle = location.origin !== box.dataset.origin ? 'origin'
    : !window.isSecureContext ? 'insecure'
    : !window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON ? 'unsupported' : null;
  if (obstacle) {
    say(obstacle);
    report(box, obstacle, obstacle, 0);
    return;
  }
  let conditional = null;
  for (const button of box.querySelectorAll('[data-start], [data-continue]')) button.disabled = false;
  start?.addEventListener('click', () => run(fieldsOf(box)));
  // Enter in a field of that form does what the button does.
  answerForm?.addEventListener('submit', event => {
    event.preventDefault();
    if (start && !start.disabled) run(fieldsOf(box));
  });
  nameForm?.addEventListener('submit', event => {
    event.preventDefault();
    const name = nameForm.querySelector('[name=name]').value.trim();
    run(name ? { name } : {});
  });
  if (box.dataset.conditional) offerAutofill();

  async function offerAutofill() {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
    conditional = new AbortController();
    const mine = conditional;
    // Nobody asked for anything yet, so a browser that offers nothing is no news.
    const options = await post(box, box.dataset.options, {}).catch(() => null);
    if (!options?.ok || mine.signal.aborted) return;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.body);
    const credential = await navigator.credentials.get({ publicKey, mediation: 'conditional', signal: mine.signal }).catch(() => null);
    if (credential) await complete(options.body.challenge, credential).catch(() => say('unknown'));
  }

  async function run(fields) {
    conditional?.abort();
    say(null);
    box.querySelector('[data-report]')?.setAttribute('hidden', '');
    // What the last answer of a key was told is over with the next try.
    if (answerForm) for (const old of document.querySelectorAll('.notice[role=alert]')) old.hidden = true;
    if (start) start.disabled = true;
    const began = performance.now();
    try {
      const options = await post(box, box.dataset.options, fields);
      if (!options.ok) return refused(options);
      const credential = registers
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.body) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.body) });
      await complete(options.body.challenge, credential);
    } catch (error) {
      const after = Math.round(performance.now() - began);
      const guess = guessOf(error.name, after);
      say(guess);
      await report(box, error.name, guess, after);
    } finally {
      if (start) start.disabled = false;
    }
  }

  async function complete(challenge, credential) {
    if (answerForm) {
      answerForm.elements.challenge.value = challenge;
      answerForm.elements.credential.value = JSON.stringify(credential.toJSON());
      document.documentElement.dataset.leaving = 'yes';
      answerForm.submit();
      return;
    }
    const stay = document.querySelector('input[name=stay]');
    const answer = await post(box, box.dataset.complete, credential.toJSON(), { 'Gatehouse-Challenge': challenge, ...(stay?.checked ? { 'Gatehouse-Stay': 'on' } : {}) });
    if (!answer.ok) {
      if (answer.body.unknown && PublicKeyCredential.signalUnknownCredential)
        await PublicKeyCredential.signalUnknownCredential({ rpId: box.dataset.rpId, credentialId: credential.id }).catch(() => {});
      return refused(answer);
    }
    document.documentElement.dataset.leaving = 'yes';
    if ('BroadcastChannel' in window) new BroadcastChannel('gatehouse').postMessage('signed-in');
    const then = document.getElementById('then');
    if (then instanceof HTMLFormElement) then.submit();
    else location.assign(then ? then.getAttribute('href') : answer.body.next);
  }

  function refused(answer) {
    say('refused', answer.body.sentence);
    showReference(box, answer.body.reference);
  }
}

function fieldsOf(box) {
  const form = box.querySelector('[data-fields]');
  if (!form) return box.dataset.pending ? { pending: box.dataset.pending } : {};
  return Object.fromEntries(new FormData(form));
}

// The browser blurs the causes on purpose; time tells some of them apart.
function guessOf(name, after) {
  if (name === 'SecurityError') return 'origin';
  if (name === 'NotSupportedError') return 'unsupported';
  if (name === 'InvalidStateError') return 'already_here';
  if (name === 'TimeoutError') return 'timeout';
  if (name === 'NotAllowedError' || name === 'AbortError') return after < 300 ? 'policy' : after > 60000 ? 'timeout' : 'cancelled';
  return 'unknown';
}

async function post(box, path, body, headers = {}) {
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json', 'Gatehouse-Form': box.dataset.token, ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  let parsed = {};
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = { reference: response.headers.get('Gatehouse-Reference') };
  }
  return { ok: response.ok, body: parsed };
}

async function report(box, errorName, guess, after) {
  const answer = await post(box, box.dataset.reportTo, { ceremony: box.dataset.passkey, error: errorName, guess, after, origin: location.origin }).catch(() => null);
  if (!answer?.ok) return;
  showReference(box, answer.body.reference);
  const text = box.querySelector('[data-report-text]');
  if (text) {
    text.textContent = [`reference: ${answer.body.reference}`, `error: ${errorName}`, `origin: ${location.origin}`, `RP ID: ${box.dataset.rpId}`,
      `secure context: ${window.isSecureContext}`, `after: ${after} ms`, `browser: ${navigator.userAgent}`].join('\n');
  }
}

function showReference(box, reference) {
  if (!reference) return;
  const place = box.querySelector('[data-report]');
  if (!place) return;
  place.hidden = false;
  place.querySelector('[data-reference]').textContent = reference;
}
