// Finds what a participant would look for on a page, by role, name and group, in any browser; told to the page by the tests.
// Open shadow roots are entered, since the player lives in one.

(() => {
  const ROLES = {
    button: "button:not([role=radio]), [role=button], summary",
    radio: "input[type=radio], [role=radio]",
    checkbox: "input[type=checkbox], [role=checkbox]",
    field: "input[type=text], input[type=number], input[type=password], input:not([type]), textarea",
    slider: "[role=slider], input[type=range]",
    link: "a[href]",
  };

  function* everything(root = document) {
    for (const node of root.querySelectorAll("*")) {
      yield node;
      if (node.shadowRoot) yield* everything(node.shadowRoot);
    }
  }

  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();

  /** The text of a node without what is hidden from screen readers. */
  function spoken(node) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || node.getAttribute("aria-hidden") === "true") return "";
    if (["STYLE", "SCRIPT"].includes(node.tagName)) return "";
    return [...node.childNodes].map(spoken).join(" ");
  }

  function name(node) {
    const said = node.getAttribute("aria-label");
    if (said) return tidy(said);
    const by = node.getAttribute("aria-labelledby");
    const root = node.getRootNode();
    if (by) return tidy(by.split(" ").map((id) => root.getElementById(id)).filter(Boolean).map(spoken).join(" "));
    if (node.labels?.length) return tidy([...node.labels].map(spoken).join(" "));
    return tidy(spoken(node));
  }

  /** What holds the node, out of shadow roots too. */
  const parent = (node) => node.parentElement ?? (node.getRootNode().host || null);

  function inGroup(node, group) {
    for (let outer = parent(node); outer; outer = parent(outer)) {
      const legend = outer.tagName === "FIELDSET" && outer.querySelector(":scope > legend");
      const called = legend ? tidy(spoken(legend)) : ["group", "radiogroup"].includes(outer.getAttribute("role")) ? name(outer) : outer.getAttribute("aria-label");
      if (called && tidy(called).startsWith(tidy(group))) return true;
    }
    return false;
  }

  /** Where it is drawn: a radio button of Streamlit's is hidden and its label is what one sees. */
  function drawn(node) {
    const label = node.labels?.[0] ?? (node.matches("input[type=radio], input[type=checkbox]") ? node.closest("label") : null);
    const box = label ?? node;
    const { width, height } = box.getBoundingClientRect();
    return width > 0 && height > 0 && getComputedStyle(box).visibility !== "hidden" ? box : null;
  }

  function find({ role, name: wanted, group, selector }) {
    const fits = [...everything()].filter(
      (node) =>
        node.matches(selector ?? ROLES[role]) &&
        (wanted === undefined || name(node) === tidy(wanted)) &&
        (group === undefined || inGroup(node, group)) &&
        drawn(node),
    );
    return fits.length === 1 ? fits[0] : fits.length ? fits : null;
  }

  function at(x, y) {
    let node = document.elementFromPoint(x, y);
    while (node?.shadowRoot) {
      const inner = node.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === node) break;
      node = inner;
    }
    return node;
  }

  function active() {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return node;
  }

  const off = (node) => Boolean(node.disabled || node.closest("fieldset:disabled") || node.getAttribute("aria-disabled") === "true");
  const holds = (outer, node) => {
    for (let one = node; one; one = parent(one)) if (one === outer) return true;
    return false;
  };

  window.earwitnessTest = {
    /** "" if it is there and can be pressed, else why not. */
    why(what) {
      const node = find(what);
      if (!node) return "is not there";
      if (Array.isArray(node)) return `is there ${node.length} times`;
      return off(node) ? "is switched off" : "";
    },
    /** The middle of what is drawn, scrolled into view, or who covers it. */
    middle(what) {
      const box = drawn(find(what));
      box.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      const { x, y, width, height } = box.getBoundingClientRect();
      const [cx, cy] = [Math.round(x + width / 2), Math.round(y + height / 2)];
      const top = at(cx, cy);
      const covered = top && (holds(box, top) || holds(top, box)) ? "" : (top?.outerHTML ?? "nothing").slice(0, 200);
      return { x: cx, y: cy, width, height, left: x, covered, finger: matchMedia("(pointer: coarse)").matches };
    },
    chosen(what) {
      const node = find(what);
      return node.matches("input") ? node.checked : node.getAttribute("aria-pressed") === "true" || node.getAttribute("aria-checked") === "true";
    },
    /** Where the focus is: at it, at a radio button of the same group, or elsewhere. */
    focus(what) {
      const [node, now] = [find(what), active()];
      if (node === now) return "here";
      return now?.type === "radio" && node?.type === "radio" && now.name === node.name ? "group" : "elsewhere";
    },
    value: (what) => find(what).getAttribute("aria-valuenow"),
    active: () => (active()?.outerHTML ?? "").slice(0, 200),
    count: ({ role, selector }) => [...everything()].filter((node) => node.matches(selector ?? ROLES[role]) && drawn(node)).length,
    /** All that one can read on the page. */
    text: () => tidy([document.body.innerText, ...[...everything()].filter((n) => n.shadowRoot).flatMap((n) => [...n.shadowRoot.children].map((c) => c.innerText))].join("\n")),
    wide: () => document.documentElement.scrollWidth - window.innerWidth,
  };
})();
