// One question each: how it is drawn, what it holds, and what is still missing.
//
// A question is a fieldset, so that one attribute switches all of it off and screen readers name it. Options of a `choice`
// are buttons with number keys; a `scale` and `several` are the browser's own radio buttons and check boxes, drawn anew.

const LONGEST = 2000; // characters; the server keeps no more

class Question {
  /** `asked` is the question of the data; `changed(value)` is called with what was answered, undefined if nothing. */
  constructor(asked, value, texts, changed) {
    this.asked = asked;
    this.texts = texts;
    this.value = value;
    this.change = (next) => {
      this.value = next;
      this.node.classList.remove("lacking");
      changed(next);
    };
    const hints = [asked.optional ? texts.optional : "", asked.kind === "several" ? texts.several : ""].filter(Boolean);
    const hint = hints.length ? el("span", { class: "hint" }, ` (${hints.join(", ")})`) : null;
    const legend = asked.prompt ? el("legend", {}, asked.prompt, hint) : null;
    const name = asked.prompt ? {} : { "aria-label": texts.choose };
    this.node = el("fieldset", { class: `question ${asked.kind}`, ...name }, legend, ...DRAW[asked.kind](this));
    this.show();
  }

  /** What is wrong with a number that was typed, in words; empty if nothing is. */
  get wrong() {
    const { minimum, maximum } = this.asked;
    if (this.unreadable) return this.texts.number;
    if (this.asked.kind !== "number" || this.value === undefined) return "";
    if (this.value >= (minimum ?? -Infinity) && this.value <= (maximum ?? Infinity)) return "";
    const words = this.texts[minimum === null ? "number_most" : maximum === null ? "number_least" : "number_between"];
    return fill(words, { low: minimum, high: maximum });
  }

  /** What keeps the participant from going on, in words; empty if nothing does. */
  get missing() {
    const { asked, texts } = this;
    if (this.wrong) return this.wrong;
    if (this.value !== undefined || asked.optional) return "";
    return asked.prompt ? fill(texts.missing, { what: asked.prompt }) : texts.choose;
  }

  choose(index) {
    const option = this.asked.options[index];
    if (!option || this.node.disabled) return;
    if (this.asked.kind === "several") this.toggle(option.value);
    else this.change(this.read(option.value));
    this.show();
  }

  toggle(value) {
    const chosen = new Set(this.value?.split(" ") ?? []);
    if (!chosen.delete(value)) chosen.add(value);
    const inOrder = this.asked.options.map((option) => option.value).filter((one) => chosen.has(one));
    this.change(inOrder.length ? inOrder.join(" ") : undefined);
  }

  /** The steps of a scale are numbers in the answer, if they are numbers. */
  read(value) {
    return this.asked.kind === "scale" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value;
  }

  show() {
    for (const node of this.node.querySelectorAll("[data-value]")) {
      const chosen = (this.asked.kind === "several" ? (this.value ?? "").split(" ") : [String(this.value)]).includes(node.dataset.value);
      if (node.tagName === "INPUT") node.checked = chosen;
      else node.setAttribute("aria-pressed", String(chosen));
    }
    const wrong = this.node.querySelector(".wrong");
    if (wrong) say(wrong, this.wrong);
  }

  /** Where the participant is sent when this one is missing. */
  focus() {
    this.node.classList.add("lacking");
    this.node.querySelector("input:checked, button, input, textarea")?.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "nearest" });
  }
}

const picture = (path) =>
  path ? svg("svg", { class: "picture", viewBox: "0 0 64 64", "aria-hidden": "true" }, svg("path", { d: path })) : null;

let named = 0; // radio buttons of one scale share a name that nothing else on the page has

const DRAW = {
  choice(question) {
    const buttons = question.asked.options.map((option, i) => {
      const number = i < 9 ? el("span", { class: "digit", "aria-hidden": "true" }, String(i + 1)) : null;
      const attributes = { class: "option", type: "button", "data-value": option.value, onclick: () => question.choose(i) };
      return el("button", attributes, number, picture(option.picture), el("span", {}, option.label));
    });
    const short = question.asked.options.every(({ label }) => [...label].length <= 3);
    return [el("div", { class: short ? "choices short" : "choices" }, ...buttons)];
  },

  several(question) {
    const boxes = question.asked.options.map((option, i) => {
      const box = el("input", { type: "checkbox", "data-value": option.value, onchange: () => question.choose(i) });
      return el("label", { class: "option" }, box, picture(option.picture), el("span", {}, option.label));
    });
    return [el("div", { class: "choices" }, ...boxes)];
  },

  scale(question) {
    const { options, low, high } = question.asked;
    named += 1;
    const worded = options.some((option) => [...option.label].length > 3);
    const steps = options.map((option, i) => {
      const end = i === 0 ? low : i === options.length - 1 ? high : "";
      const spoken = end && end !== option.label ? `${option.label}: ${end}` : option.label;
      const attributes = { type: "radio", name: `scale${named}`, "data-value": option.value, "aria-label": spoken };
      const radio = el("input", { ...attributes, onchange: () => question.choose(i) });
      return el("label", { class: "step" }, radio, picture(option.picture), el("span", { "aria-hidden": "true" }, option.label));
    });
    const row = el("div", { class: worded ? "steps worded" : "steps", style: `--steps: ${options.length}` }, ...steps);
    const ends = low || high ? el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, low), el("span", {}, high)) : null;
    return [el("div", { class: options.some((option) => option.picture) ? "scaled wide" : "scaled" }, row, ends)].filter(Boolean);
  },

  text: (question) => [typed(question, el("input", { type: "text", maxlength: LONGEST, autocomplete: "off" }))],
  long_text: (question) => [typed(question, el("textarea", { rows: 3, maxlength: LONGEST }))],

  number(question) {
    const input = typed(question, el("input", { type: "number", step: "any", inputmode: "decimal", autocomplete: "off" }));
    input.onwheel = () => input.blur(); // a wheel that scrolls the page must not change an answer
    return [input, el("p", { class: "wrong", "aria-live": "polite" })];
  },
};

function typed(question, input) {
  const { kind, prompt } = question.asked;
  input.setAttribute("aria-label", prompt);
  if (question.value !== undefined) input.value = question.value;
  input.oninput = () => {
    const written = input.value;
    question.unreadable = kind === "number" && input.validity.badInput;
    if (kind === "number") question.change(written === "" ? undefined : Number(written));
    else question.change(written.trim() === "" ? undefined : written);
  };
  input.onblur = () => question.show();
  return input;
}
