// Small helpers that know nothing of trials. Text is only ever set as textContent: this code runs in the page itself.

const SVG = "http://www.w3.org/2000/svg";

/** Milliseconds since 1970, finer than Date.now() and comparable across a reload. */
const clock = () => performance.timeOrigin + performance.now();

const round = (seconds) => Math.round(seconds * 1000) / 1000;
const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));

/** "at most {n}" with { n: 3 } -> "at most 3" */
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) node[key] = value;
    else if (typeof value === "boolean") node.toggleAttribute(key, value);
    else node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

function svg(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Says something to eyes and screen readers, once. */
function say(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

/** What survives a reload of this tab; private windows may have no storage, then memory must do. */
const kept = {
  read(key) {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  },
  write(key, value) {
    try {
      sessionStorage.setItem(key, JSON.stringify(value));
    } catch {
      // full or forbidden
    }
  },
  drop(unless) {
    try {
      for (const key of Object.keys(sessionStorage))
        if (key.startsWith("earwitness:") && !unless.includes(key)) sessionStorage.removeItem(key);
    } catch {
      // forbidden
    }
  },
};
