/// <reference path="./config.d.ts" />
/** The button, its badge and the card with the first new message, in a shadow root of their own. */

import {STYLE} from './style.js';

const SVG = 'http://www.w3.org/2000/svg';
/** A speech bubble, and what closes it. */
const ICONS = ['M20.5 11.5a8.5 8.5 0 0 1-12.3 7.6L3.5 20.5l1.4-4.7A8.5 8.5 0 1 1 20.5 11.5z', 'm6 9.5 6 6 6-6'];

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children]
 */
export function make(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const name of Object.keys(attributes)) made.setAttribute(name, attributes[name] || '');
  made.append(...children);
  return made;
}

/**
 * @param {import('./texts.js').Texts} texts
 * @param {{side?: string, x?: string, y?: string, launcher?: string}} settings
 * @param {() => void} toggle
 */
export function createLauncher({t, dir}, settings, toggle) {
  const host = make('div', {'data-parley': ''});
  const shadow = host.attachShadow({mode: 'open'});
  const badge = make('span', {class: 'badge'});
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.append(path);
  const button = make('button', {type: 'button', class: 'launcher', 'aria-controls': 'parley-frame'}, [svg, badge]);
  const status = make('div', {role: 'status'});
  const box = make('div', {dir, class: settings.side === (dir === 'ltr' ? 'left' : 'right') ? 'start' : ''}, [status, button]);
  let unread = 0;
  let expanded = false;

  dress(shadow);
  const {x = '20', y = '20'} = settings;
  box.style.cssText = `--brand:${PARLEY_CONFIG.colour};--on:${PARLEY_CONFIG.on_colour};--x:${parseInt(x, 10)}px;--y:${parseInt(y, 10)}px`;
  button.hidden = /^(off|false)$/.test(settings.launcher || '');
  button.addEventListener('click', toggle);
  shadow.append(box);
  label();

  function label() {
    const what = t(expanded ? 'close' : 'open');
    button.setAttribute('aria-label', unread && !expanded ? `${what}, ${t('unread', unread)}` : what);
    button.setAttribute('aria-expanded', String(expanded));
    path.setAttribute('d', ICONS[Number(expanded)] || '');
    badge.hidden = !unread || expanded;
    badge.textContent = unread > 99 ? '99+' : String(unread);
    if (badge.hidden) hidePreview();
  }

  function hidePreview() {
    status.replaceChildren();
  }

  return {
    host,
    box,
    button,

    /** @param {number} n */
    count(n) {
      unread = n;
      label();
    },

    /** @param {boolean} open */
    expand(open) {
      expanded = open;
      label();
    },

    /** The first new message; later ones only count. @param {{author: string, text: string}} message */
    preview({author, text}) {
      if (expanded || status.firstChild) return;
      const message = make('button', {type: 'button', class: 'message', dir: 'auto'}, [make('b', {}, [author]), make('span', {}, [text])]);
      const dismiss = make('button', {type: 'button', class: 'dismiss', 'aria-label': t('close')}, ['×']);
      message.addEventListener('click', toggle);
      dismiss.addEventListener('click', hidePreview);
      status.append(make('div', {class: 'preview'}, [message, dismiss]));
    },
  };
}

/** A constructed sheet passes a page's `style-src 'none'`. @param {ShadowRoot} shadow */
function dress(shadow) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
}
