// Passkeys need a script and a browser that knows them: what asks for one is hidden until both are there.
(() => {
  document.addEventListener('DOMContentLoaded', () => {
    if (!window.PublicKeyCredential) return;
    for (const part of document.querySelectorAll('[data-passkey]')) part.hidden = false;
    for (const part of document.querySelectorAll('[data-no-passkey]')) part.hidden = true;
  });

  document.addEventListener('allauth.error', (event) => {
    event.preventDefault();
    const failed = document.querySelector('[data-passkey-failed]');
    if (!failed) return;
    failed.hidden = false;
    failed.setAttribute('role', 'alert');
  });
})();
