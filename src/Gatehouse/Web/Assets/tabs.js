// Several tabs at the sign-in page: when one gets in, the others follow, each to where it was going.
if ('BroadcastChannel' in window) {
  const channel = new BroadcastChannel('gatehouse');
  if (document.querySelector('[data-signed-in]')) channel.postMessage('signed-in');
  const waits = document.querySelector('[data-waits]');
  if (waits) channel.addEventListener('message', event => {
    if (event.data === 'signed-in' && !document.documentElement.dataset.leaving) location.replace(waits.dataset.waits);
  });
}
