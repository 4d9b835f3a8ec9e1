/* Behaviour shared by every screen. No framework, no inline handlers, no eval. */
(() => {
  'use strict';
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  const remember = (name, value) => {
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${secure}`;
  };

  /* ------------------------------------------------------------------ theme */

  // The server renders data-theme from the cookie, so nothing flashes.
  const systemDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => root.dataset.theme === 'dark' || (root.dataset.theme !== 'light' && systemDark.matches);
  const themeChanged = () => document.dispatchEvent(new CustomEvent('themechange'));
  systemDark.addEventListener('change', themeChanged);

  const toggleTheme = () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    remember('theme', root.dataset.theme);
    themeChanged();
  };

  /* ----------------------------------------------------------------- toasts */

  let toastTimer = 0;

  /* One at a time, six seconds, longer when it offers something to press. */
  const toast = (text, action) => {
    const box = $('.toasts');
    if (!box || !text) return;
    const element = document.createElement('div');
    element.className = 'toast';
    element.append(Object.assign(document.createElement('span'), { textContent: text }));
    if (action?.url && action?.label) {
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: action.label });
      button.addEventListener('click', () => {
        element.remove();
        window.htmx.ajax('POST', action.url, { source: document.body, swap: 'none' });
      });
      element.append(button);
    }
    box.replaceChildren(element);
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => element.remove(), action ? 10000 : 6000);
  };

  // The server may send one along with any htmx answer: HX-Trigger: {"toast": {"text": "…"}}.
  document.addEventListener('toast', ({ detail }) => toast(detail.text ?? detail.value, detail.action));

  // A live region speaks only of what changes after it is there.
  const announceMessages = () => {
    const said = $$('[data-announce]').map((element) => element.textContent.trim().replace(/\s+/g, ' '));
    const voice = $('#announcer');
    if (said.length && voice) setTimeout(() => { voice.textContent = said.join('. '); }, 150);
  };

  /* ----------------------------------------------------------------- clicks */

  const copy = async (element) => {
    const source = document.getElementById(element.dataset.copy);
    let text = element.dataset.copy;
    if (element.hasAttribute('data-copy-address')) text = location.href;
    else if (source) text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text.trim());
      toast(element.dataset.copied || 'Copied');
    } catch {
      toast('Copying is blocked by the browser');
    }
  };

  const expand = (button) => {
    const open = button.getAttribute('aria-expanded') === 'true';
    button.setAttribute('aria-expanded', String(!open));
    hideChildren(button.dataset.expand, open);
  };

  /* Closing a row closes what hangs below its children too; opening shows only the next level. */
  const hideChildren = (parent, hide) => {
    $$(`[data-parent="${CSS.escape(parent)}"]`).forEach((row) => {
      row.hidden = hide;
      const button = $('[data-expand]', row);
      if (button && (hide || button.getAttribute('aria-expanded') === 'true')) {
        hideChildren(button.dataset.expand, hide);
      }
    });
  };

  const closeMenus = (except) => {
    $$('details.menu[open]').forEach((menu) => { if (!menu.contains(except)) menu.open = false; });
  };

  // Beside a menu with choices that are not sent yet, a click sends them and does no more: what it
  // fell on still stands for the old ones.
  document.addEventListener('click', (event) => {
    const menu = $('details.menu[open][data-changed]');
    if (!menu || menu.contains(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    closeMenus(event.target);
  }, true);

  const ACTIONS = '[data-theme-toggle],[data-copy],[data-copy-address],[data-open],[data-close],[data-expand],[data-toast],[data-dismiss]';

  document.addEventListener('click', (event) => {
    closeMenus(event.target);
    const target = event.target.closest(ACTIONS);
    if (!target) return;
    const data = target.dataset;
    if ('themeToggle' in data) toggleTheme();
    else if ('copy' in data || 'copyAddress' in data) copy(target);
    else if ('open' in data) { closeMenus(); document.getElementById(data.open)?.showModal(); }
    else if ('close' in data) target.closest('dialog')?.close();
    else if ('expand' in data) expand(target);
    else if ('dismiss' in data) target.closest('.callout')?.remove();
    else if ('toast' in data) toast(data.toast);
  });

  // Typed confirmation: the destructive button wakes up only on an exact match.
  document.addEventListener('input', ({ target }) => {
    const wanted = target.dataset?.confirm;
    const button = wanted && target.form && $('[data-confirm-target]', target.form);
    if (button) button.disabled = target.value.trim() !== wanted;
  });

  document.addEventListener('change', ({ target }) => {
    if (!target.matches('[data-shortcuts-switch]')) return;
    root.dataset.shortcuts = target.checked ? 'on' : 'off';
    remember('shortcuts', root.dataset.shortcuts);
  });

  /* ---------------------------------------------------------------- filters */

  // Forms that send themselves; without JavaScript they have a button (class nojs). One choice
  // sends at once; several boxes or days in a menu are sent together when it closes.
  document.addEventListener('change', ({ target }) => {
    if (!target.form?.matches('[data-submit-on-change]')) return;
    const menu = target.closest('details.menu[open]');
    if (menu && target.matches('[type="checkbox"], [type="date"]')) menu.dataset.changed = '';
    else target.form.requestSubmit();
  });
  document.addEventListener('toggle', ({ target }) => {
    if (target.open || !target.matches?.('details.menu[data-changed]')) return;
    delete target.dataset.changed;
    target.closest('form')?.requestSubmit();
  }, true);

  let searchTimer = 0;
  document.addEventListener('input', ({ target }) => {
    if (!target.form?.matches('[data-live] [data-search]')) return;
    clearTimeout(searchTimer);
    searchTimer = setTimeout(() => { if (target.isConnected) target.form.requestSubmit(); }, 350);
  });

  /* What is typed while an answer is on its way goes on in the new field, and a space at the end stays. */
  const keepTyping = (place) => {
    const field = $('[data-search] [type="search"]', place);
    const asked = field?.value;
    return () => {
      const fresh = $('[data-search] [type="search"]', place);
      if (!field || !fresh || fresh === field || document.activeElement !== fresh) return;
      const typedOn = field.value !== asked;
      if (!typedOn && field.value.trim() !== fresh.value) return;
      fresh.value = field.value;
      fresh.setSelectionRange(field.selectionStart, field.selectionEnd);
      if (typedOn) fresh.dispatchEvent(new Event('input', { bubbles: true }));
    };
  };

  /* The control is new; the person's place is not. Found by its name, or where it stood if its name tells a value. */
  const nameOf = (element) => element.getAttribute('aria-label') ?? element.textContent;
  const placeOf = (held, place) => {
    if (!place.contains(held) || held.id) return () => null; // htmx itself goes back to an id
    const control = $('summary', held.closest('details.menu') ?? held) ?? held; // menus are closed afterwards
    const { tagName, parentElement } = control;
    const [name, around] = [nameOf(control), parentElement.closest('[id]').id];
    const at = $$(tagName, document.getElementById(around)).indexOf(control);
    return () => $$(tagName, place).find((element) => nameOf(element) === name)
      ?? $$(tagName, document.getElementById(around) ?? place)[at];
  };

  /* Inside [data-live] links and GET forms that stay on the page swap that part and push the
     address. The server answers them with the part; without JavaScript they load the page. */
  let underWay = '';
  const swapLive = async (place, url) => {
    const address = url.pathname + url.search;
    if (address === underWay) return; // Enter in a field that has changed asks twice
    underWay = address;
    const back = placeOf(document.activeElement, place);
    const typing = keepTyping(place);
    window.htmx.trigger(place, 'htmx:abort');
    place.addEventListener('htmx:afterSwap', typing);
    try {
      await window.htmx.ajax('GET', address, { source: place, target: place, swap: 'innerHTML', push: address });
    } catch {
      return; // the next one has overtaken it, or `failed` tells of it
    } finally {
      place.removeEventListener('htmx:afterSwap', typing);
      if (underWay === address) underWay = '';
    }
    if (url.hash) $(url.hash, place)?.scrollIntoView();
    if (document.activeElement === document.body) back()?.focus({ preventScroll: true });
  };

  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest('[data-live] a[href]');
    const place = link?.closest('[data-live]');
    if (!place || !window.htmx || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname !== location.pathname || (link.hash && link.search === location.search)) return;
    event.preventDefault();
    swapLive(place, new URL(link.href));
  });

  document.addEventListener('submit', (event) => {
    const form = event.target;
    const place = form.closest('[data-live]');
    const url = new URL(form.action, location.href);
    if (event.defaultPrevented || !place || !window.htmx || form.method !== 'get' || url.pathname !== location.pathname) return;
    event.preventDefault();
    const values = [...new FormData(form, event.submitter)].filter(([, value]) => value !== '');
    url.search = new URLSearchParams(values).toString();
    swapLive(place, url);
  });

  /* --------------------------------------------------------------- keyboard */

  const typing = (element) => element.closest('input:not([type="checkbox"]):not([type="radio"]),textarea,select,[contenteditable],dialog[open]');

  const focusRow = (step) => {
    const rows = $$('main tbody tr:not([hidden])').map((row) => $('th a, td a', row)).filter(Boolean);
    const here = rows.findIndex((link) => link.closest('tr').contains(document.activeElement));
    rows[here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + step))]?.focus();
  };

  const KEYS = {
    '/': () => $('main [type="search"]')?.focus(),
    '?': () => $('#keys')?.showModal(),
    j: () => focusRow(1),
    k: () => focusRow(-1),
    x: () => $('input[type="checkbox"]', document.activeElement?.closest('tbody tr') ?? document.createElement('p'))?.click(),
    '[': () => $('[data-shift="-1"]')?.click(),
    ']': () => $('[data-shift="1"]')?.click(),
  };

  let goPressed = 0;
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      const menu = $('details.menu[open]');
      if (menu) { menu.open = false; $('summary', menu).focus(); }
    }
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
    if (root.dataset.shortcuts === 'off' || typing(event.target)) return;
    if (Date.now() - goPressed < 1200) {
      goPressed = 0;
      const link = $(`.nav [data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key === 'g') { goPressed = Date.now(); return; }
    const action = KEYS[event.key];
    if (action) { event.preventDefault(); action(); return; }
    const button = $(`main [data-shortcut="${CSS.escape(event.key)}"]:not(:disabled)`);
    if (button) { event.preventDefault(); button.click(); }
  });

  /* ------------------------------------------------------------------- htmx */

  // Polling rests while nobody looks, and catches up on return; and while somebody types or reads a table they opened.
  const inUse = (place) => place.contains(document.activeElement) && typing(document.activeElement)
    || $('details.asdata[open]', place);
  document.addEventListener('htmx:beforeRequest', (event) => {
    if (event.target.matches('[data-poll]') && (document.hidden || inUse(event.target))) event.preventDefault();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) $$('[data-poll]').forEach((element) => window.htmx?.trigger(element, 'refresh'));
  });

  // Polling speaks of a change of state, never of numbers.
  let lastState = null;
  const pulseChanged = () => {
    const pulse = $('[data-pulse-state]');
    if (!pulse) return;
    const { pulseState, pulseText } = pulse.dataset;
    if (lastState !== null && pulseState !== lastState) toast(pulseText || 'All quiet again');
    lastState = pulseState;
  };

  const sessionEnded = () => {
    const dialog = $('#session');
    const link = dialog && $('a[data-sign-in]', dialog);
    if (!link || dialog.open) return;
    link.href = `${link.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;
    dialog.showModal();
  };

  const WORDS = {
    403: 'You may not do that.',
    404: 'That is not there any more.',
    429: 'Too many tries. Wait a minute.',
  };

  /* A part that fails says so where the eye is, and offers to try again. */
  const failed = (detail, text) => {
    const template = $('#failed');
    const place = detail.target?.closest?.('.panel')?.querySelector('.body') ?? $('#messages');
    if (!template || !place) return;
    const callout = template.content.cloneNode(true).firstElementChild;
    const reference = detail.xhr?.getResponseHeader?.('X-Request-ID');
    $('[data-text]', callout).textContent = text;
    $('[data-reference]', callout).textContent = reference ? `ref ${reference}` : '';
    const again = $('[data-again]', callout);
    const { verb, path } = detail.requestConfig ?? {};
    if (verb === 'get') {
      again.addEventListener('click', () => {
        callout.remove();
        if (detail.elt.matches('[data-live]')) swapLive(detail.elt, new URL(path, location.href));
        else window.htmx.ajax('GET', path, { source: detail.elt, target: detail.target });
      });
    } else again.remove();
    $$(':scope > .callout[data-failed]', place).forEach((old) => old.remove());
    place.prepend(callout);
    callout.scrollIntoView({ block: 'nearest' });
  };

  /* A panel that can not look again keeps what it shows, and says how old that is. */
  const stale = (place) => {
    const head = $(':scope > header', place);
    if (!head || 'stale' in place.dataset) return;
    place.dataset.stale = '';
    const since = new Date().toTimeString().slice(0, 5);
    head.append(Object.assign(document.createElement('span'), { className: 'meta warn', textContent: `Not renewed since ${since}` }));
  };

  document.addEventListener('htmx:responseError', ({ detail }) => {
    const { status } = detail.xhr;
    if (detail.elt.matches('[data-poll]')) stale(detail.elt);
    if (status === 401) sessionEnded();
    else if (!detail.elt.matches('[data-poll]')) failed(detail, WORDS[status] ?? `The server answered ${status}. The rest of the page is unaffected.`);
  });
  document.addEventListener('htmx:sendError', ({ detail }) => {
    if (detail.elt.matches('[data-poll]')) stale(detail.elt);
    else failed(detail, 'The server did not answer. The rest of the page is unaffected.');
  });

  // A dialog that comes with an answer opens itself.
  document.addEventListener('htmx:afterSettle', () => {
    $$('dialog[data-show]:not([open])').forEach((dialog) => dialog.showModal());
    pulseChanged();
  });

  /* ------------------------------------------------------------- countdowns */

  // Seconds that were left when it was drawn: the clocks of server and browser may differ. At its end
  // the part around it looks again.
  const ends = new WeakMap();
  const countDown = () => $$('[data-countdown]').forEach((element) => {
    if (!ends.has(element)) ends.set(element, Date.now() + Number(element.dataset.countdown) * 1000);
    const left = Math.max(0, Math.ceil((ends.get(element) - Date.now()) / 1000));
    const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    const two = (number) => String(number).padStart(2, '0');
    element.textContent = hours ? `in ${hours} h ${two(minutes)} min` : `in ${minutes}:${two(seconds)}`;
    if (left) return;
    element.removeAttribute('data-countdown');
    element.textContent = 'now';
    const place = element.closest('[data-poll]');
    if (place) window.htmx?.trigger(place, 'refresh');
  });
  setInterval(countDown, 1000);

  /* ----------------------------------------------------------------- online */

  const online = () => {
    const banner = $('#offline');
    if (banner) banner.hidden = navigator.onLine;
  };
  addEventListener('online', online);
  addEventListener('offline', online);

  addEventListener('DOMContentLoaded', () => { online(); announceMessages(); pulseChanged(); countDown(); });
})();
