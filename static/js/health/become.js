/** One tree made like another; what stays is kept, with its focus, its selection and what is folded out. */

const OWN = '.chart-read, .chart-cross';

/** @param {Element} from @param {Element} to @param {(added: ParentNode) => void} [onAdded] */
export function become(from, to, onAdded = () => {}) {
  if (from.matches(OWN)) return;
  for (const name of from.getAttributeNames()) if (name !== 'open' && !to.hasAttribute(name)) from.removeAttribute(name);
  for (const {name, value} of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  const old = [...from.childNodes];
  [...to.childNodes].forEach((node, at) => place(from, old[at], node, onAdded));
  for (const gone of old.slice(to.childNodes.length)) gone.remove();
}

/** @param {Element} parent @param {ChildNode | undefined} there @param {ChildNode} node @param {(added: ParentNode) => void} onAdded */
function place(parent, there, node, onAdded) {
  if (there && there.nodeName === node.nodeName) {
    if (there instanceof Element && node instanceof Element) become(there, node, onAdded);
    else if (there.nodeValue !== node.nodeValue) there.nodeValue = node.nodeValue;
    return;
  }
  const made = document.importNode(node, true);
  if (there) there.replaceWith(made);
  else parent.append(made);
  if (made instanceof Element) onAdded(made);
}
