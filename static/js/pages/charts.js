/** Read-outs of drawn charts: by pointer, and by the arrow keys from mark to mark. They say what the table says. */

/** @param {ParentNode} root */
export function readableCharts(root) {
  for (const chart of root.querySelectorAll('figure.chart')) {
    const box = /** @type {HTMLElement | null} */ (chart.querySelector('.chart-box'));
    if (box) listen(/** @type {HTMLElement} */ (chart), box);
  }
}

/** @param {HTMLElement} chart @param {HTMLElement} box */
function listen(chart, box) {
  const hits = /** @type {SVGAElement[]} */ ([...box.querySelectorAll('.chart-hits a')]);
  box.addEventListener('pointermove', (event) => show(chart, box, nearest(hits, event) ?? null));
  box.addEventListener('pointerleave', () => hide(box));
  box.addEventListener('focusin', (event) => show(chart, box, hitOf(event)));
  box.addEventListener('focusout', () => hide(box));
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') return hide(box);
    const next = step(hits, hitOf(event), event.key);
    if (!next) return;
    event.preventDefault();
    for (const hit of hits) if (hit.hasAttribute('href')) hit.setAttribute('tabindex', hit === next ? '0' : '-1');
    next.focus();
  });
}

/** @param {Event} event @returns {SVGAElement | null} */
function hitOf(event) {
  return /** @type {SVGAElement | null} */ (/** @type {unknown} */ (/** @type {Element} */ (event.target).closest('a')));
}

/** The mark under the pointer, or else the one of the nearest bucket. @param {SVGAElement[]} hits @param {PointerEvent} event */
function nearest(hits, event) {
  const under = hitOf(event);
  const area = hits[0]?.ownerSVGElement?.getBoundingClientRect();
  if (under || !area) return under;
  const x = (100 * (event.clientX - area.left)) / area.width;
  const away = (/** @type {SVGAElement} */ hit) => Math.abs(Number(hit.dataset.at) - x);
  return hits.reduce((best, hit) => (away(hit) < away(best) ? hit : best));
}

const STEPS = /** @type {Record<string, [number, number]>} */ ({
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
  Home: [-Infinity, 0],
  End: [Infinity, 0],
});

/** The next mark that leads anywhere, in the direction of a key. @param {SVGAElement[]} hits @param {SVGAElement | null} from @param {string} key */
function step(hits, from, key) {
  const [dx, dy] = STEPS[key] ?? [0, 0];
  if (!from || (!dx && !dy)) return null;
  const line = hits.filter((hit) => hit.hasAttribute('href') && across(hit, dy) === across(from, dy)).sort((a, b) => along(a, dy) - along(b, dy));
  const place = line.indexOf(from) + (dx || dy);
  return line[Math.max(0, Math.min(line.length - 1, place))] ?? null;
}

/** Where a mark is in the direction that is walked. @param {SVGAElement} hit @param {number} dy */
function along(hit, dy) {
  return dy ? hit.getBoundingClientRect().top : Number(hit.dataset.at);
}

/** What marks on one way have in common. @param {SVGAElement} hit @param {number} dy */
function across(hit, dy) {
  if (dy) return hit.dataset.at;
  return hit.closest('[data-chart=heatmap]') ? hit.dataset.row : hit.dataset.column;
}

/** @param {HTMLElement} box */
function hide(box) {
  read(box).hidden = true;
  box.querySelector('.chart-cross')?.setAttribute('visibility', 'hidden');
}

/** @param {HTMLElement} box */
function read(box) {
  return /** @type {HTMLElement} */ (box.querySelector('.chart-read'));
}

/** @param {HTMLElement} chart @param {HTMLElement} box @param {SVGAElement | null} hit */
function show(chart, box, hit) {
  const table = chart.querySelector('table');
  const row = table?.tBodies[0]?.rows[Number(hit?.dataset.row)];
  if (!hit || !table || !row) return;
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  const isCell = chart.dataset.chart === 'heatmap';
  const columns = isCell ? [Number(hit.dataset.column) + 1] : [...row.cells].map((_, at) => at).slice(1);
  const title = document.createElement('b');
  title.textContent = row.cells[0]?.textContent ?? '';
  const list = document.createElement('dl');
  for (const at of columns) list.append(word('dt', heads[at]), word('dd', row.cells[at]));
  const place = read(box);
  place.replaceChildren(title, list);
  place.hidden = false;
  move(box, place, hit, isCell);
}

/** @param {string} tag @param {Element | undefined} from */
function word(tag, from) {
  const made = document.createElement(tag);
  made.textContent = from?.textContent ?? '';
  return made;
}

/** Beside the bucket, on the side that has room. @param {HTMLElement} box @param {HTMLElement} place @param {SVGAElement} hit @param {boolean} isCell */
function move(box, place, hit, isCell) {
  const area = /** @type {SVGElement} */ (hit.ownerSVGElement).getBoundingClientRect();
  const from = area.left - box.getBoundingClientRect().left;
  const x = from + (area.width * Number(hit.dataset.at)) / 100;
  const left = x + 14 + place.offsetWidth > box.clientWidth ? x - 14 - place.offsetWidth : x + 14;
  place.style.setProperty('left', `${Math.max(0, left)}px`);
  const cross = box.querySelector('.chart-cross');
  for (const name of ['x1', 'x2']) cross?.setAttribute(name, `${hit.dataset.at}%`);
  cross?.setAttribute('visibility', isCell ? 'hidden' : 'visible');
}
