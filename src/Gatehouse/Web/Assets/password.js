// Hints beside password fields: caps lock, another alphabet, the keyboard's layout. Nothing is sent anywhere, and typing, pasting and filling in are left alone.
for (const box of document.querySelectorAll('[data-password]')) {
  const input = box.querySelector('input');
  const hints = box.parentElement.querySelector('.hints');
  const say = (hint, on) => {
    const shown = hints?.querySelector(`[data-hint="${hint}"]`);
    if (shown) shown.hidden = !on;
  };
  const show = box.querySelector('[data-show]');
  if (show) {
    show.hidden = false;
    show.addEventListener('click', () => {
      const visible = input.type === 'password';
      input.type = visible ? 'text' : 'password';
      show.setAttribute('aria-pressed', String(visible));
      input.focus();
    });
    // Never left readable when it is sent: the browser would offer it among the things typed before.
    input.form?.addEventListener('submit', () => { input.type = 'password'; });
  }
  const caps = event => { if (event.getModifierState) say('caps', event.getModifierState('CapsLock')); };
  input.addEventListener('keydown', event => {
    caps(event);
    // A letter key that gives no Latin letter: the keyboard is set to Cyrillic, Greek, Hebrew …
    if (/^Key[A-Z]$/.test(event.code) && event.key.length === 1 && !event.altKey && !event.ctrlKey && !event.metaKey) say('script', !/[\u0000-\u024f]/u.test(event.key));
  });
  input.addEventListener('keyup', caps);
  input.addEventListener('mousedown', caps);
  input.addEventListener('blur', () => say('caps', false));
  // What the layout is, not what was typed: it is the same whatever the password.
  navigator.keyboard?.getLayoutMap?.().then(map => {
    say('qwertz', map.get('KeyY') === 'z');
    say('azerty', map.get('KeyQ') === 'a');
  }).catch(() => {});
}
