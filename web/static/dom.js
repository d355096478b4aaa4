// Elements made of data. Data only ever become text nodes and attributes, so nothing in them can run.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const element = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);

export const drawn = (tag, attributes, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

// Writing the same text again would make screen readers and the browser work for nothing.
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function fill(node, children) {
  node.replaceChildren(...children);
}

const shown = new WeakMap();

// Builds a node's children anew only when the data changed, so that focus, selection and scroll survive a round.
export function renew(node, data, children) {
  const text = JSON.stringify(data);
  if (shown.get(node) === text) return;
  shown.set(node, text);
  fill(node, children());
}
