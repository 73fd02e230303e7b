/// <reference path="./config.d.ts" />
/** The button, its badge and the card with the first new message, in a shadow root of their own. */

import {STYLE} from './style.js';

const SVG = 'http://www.w3.org/2000/svg';
const ICONS = ['M12 3.75c-5 0-8.75 3.35-8.75 7.75 0 2.3 1 4.3 2.7 5.7L5.5 20.5l3.7-1.65c.9.27 1.8.4 2.8.4 5 0 8.75-3.35 8.75-7.75S17 3.75 12 3.75z', 'm6 9.5 6 6 6-6'];

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

/** @param {string} path */
function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS(SVG, 'path');
  shape.setAttribute('d', path);
  svg.append(shape);
  return svg;
}

/**
 * @param {import('./texts.js').Texts} texts
 * @param {{side?: string, x?: string, y?: string, launcher?: string}} settings
 * @param {{toggle: () => void, open: () => void}} act
 */
export function createLauncher({t, dir}, settings, act) {
  const host = make('div', {'data-parley': ''});
  const shadow = host.attachShadow({mode: 'open'});
  const badge = make('span', {class: 'badge', 'aria-hidden': 'true', hidden: ''});
  const button = make('button', {type: 'button', class: 'launcher', 'aria-controls': 'parley-frame', 'aria-expanded': 'false'}, [...ICONS.map(icon), badge]);
  const status = make('div', {role: 'status'});
  const atStart = settings.side === 'left' ? dir === 'ltr' : settings.side === 'right' && dir === 'rtl';
  const box = make('div', {dir, class: atStart ? 'start' : ''}, [status, button]);
  let unread = 0;
  let expanded = false;

  dress(shadow);
  const pixels = (/** @type {string | undefined} */ value) => `${Number(value) >= 0 && value ? Number(value) : 20}px`;
  for (const [name, value] of [['--brand', PARLEY_CONFIG.colour], ['--on', PARLEY_CONFIG.on_colour], ['--x', pixels(settings.x)], ['--y', pixels(settings.y)]]) box.style.setProperty(name || '', value || '');
  button.hidden = settings.launcher === 'false' || settings.launcher === 'off';
  button.addEventListener('click', act.toggle);
  shadow.append(box);
  label();

  function label() {
    const what = t(expanded ? 'close' : 'open');
    button.setAttribute('aria-label', unread && !expanded ? `${what}, ${t('unread', {n: unread})}` : what);
    button.setAttribute('aria-expanded', String(expanded));
    badge.hidden = !unread || expanded;
    badge.textContent = unread > 99 ? '99+' : String(unread);
  }

  const hidePreview = () => status.replaceChildren();

  return {
    host,
    box,
    button,
    hidePreview,

    /** @param {{unread?: number, expanded?: boolean}} state */
    show(state) {
      if (state.unread !== undefined) unread = state.unread;
      if (state.expanded !== undefined) expanded = state.expanded;
      if (expanded || !unread) hidePreview();
      label();
    },

    /** The first new message; later ones only count. @param {{author: string, text: string}} message */
    preview({author, text}) {
      if (expanded || status.firstChild) return;
      const words = make('span', {dir: 'auto'}, [make('b', {}, [author]), make('span', {class: 'text'}, [text])]);
      const message = make('button', {type: 'button', class: 'message'}, [make('span', {class: 'who', 'aria-hidden': 'true'}, [[...author][0] || '']), words]);
      const dismiss = make('button', {type: 'button', class: 'dismiss', 'aria-label': t('dismiss')}, ['×']);
      message.addEventListener('click', act.open);
      dismiss.addEventListener('click', hidePreview);
      status.append(make('div', {class: 'preview', role: 'group', 'aria-label': t('preview', {name: author})}, [message, dismiss]));
    },
  };
}

/** A constructed sheet passes a page's `style-src 'none'`; older browsers get an element. @param {ShadowRoot} shadow */
function dress(shadow) {
  if (!('adoptedStyleSheets' in shadow)) return /** @type {ShadowRoot} */ (shadow).append(make('style', {}, [STYLE]));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
}
