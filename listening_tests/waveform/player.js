// One trial in the browser: play the clip, let the participant choose, send the answer until the server has it.
//
// data:    { trial, url, next_url, choices: [{value, label}], texts, language, refused }
// answer:  { trial, answer: { label, plays, completions, coverage_s, response_s, failed } }, sent as a trigger
//
// An answer is kept in sessionStorage and sent again until the page shows another trial, so that a lost connection, a
// restarted server or an impatient reload do not lose it; the server takes the first and ignores the rest.
// Text is only ever set as textContent: this code runs in the page itself, not in a frame.

const RESEND_MS = 4000;
const DOUBLE_CLICK_MS = 400; // who clicks twice wants to hear the clip, not to stop it at once
const ELSEWHERE = "button, a, input, textarea, select, [role=radio], [role=option], [role=combobox]";
const instances = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  let player = instances.get(parentElement);
  if (!player) {
    player = new Player(parentElement);
    instances.set(parentElement, player);
  }
  player.send = (value) => setTriggerValue("answer", value);
  player.update(data);
  return () => {
    player.close();
    instances.delete(parentElement);
  };
}

class Player {
  constructor(root) {
    this.root = root;
    this.early = null; // the next clip, already loading
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.frame = el("div", { class: "player" });
    root.appendChild(this.frame);
  }

  update(data) {
    document.documentElement.lang = data.language;
    const same = this.data && this.data.trial === data.trial;
    this.data = data;
    if (!same) this.begin();
    else if (data.refused) this.forget();
    else if (this.words !== data.language) this.draw();
    const pending = this.pending();
    if (pending && !data.refused) this.transmit(pending);
    if (data.next_url && (!this.early || this.early.dataset.url !== data.next_url)) this.early = load(data.next_url);
  }

  begin() {
    this.audio?.pause();
    clearInterval(this.timer);
    this.log = { plays: 0, completions: 0, firstSound: null, response: null };
    this.choice = null;
    this.failed = "";
    this.saving = false;
    this.toggled = -Infinity;
    this.tries = 0;
    this.open(this.early && this.early.dataset.url === this.data.url ? this.early : load(this.data.url));
    this.early = null;
    for (const key of Object.keys(sessionStorage))
      if (key.startsWith("earwitness:") && key !== this.storageKey()) sessionStorage.removeItem(key);
    this.draw();
  }

  open(audio) {
    this.audio = audio;
    audio.onplaying = () => {
      this.log.firstSound ??= performance.now();
      this.show();
    };
    audio.onpause = () => this.show();
    audio.ontimeupdate = () => this.show();
    audio.onloadedmetadata = () => this.show();
    audio.onended = () => {
      this.log.completions += 1;
      this.show();
    };
    audio.onerror = () => this.broken();
    if (audio.error) this.broken();
  }

  broken() {
    this.tries += 1;
    if (this.tries <= 2) {
      // a hiccup of the network is the likeliest cause; ask again before bothering the participant
      this.open(load(this.data.url));
      return;
    }
    this.failed = `media error ${this.audio.error ? this.audio.error.code : "unknown"}`;
    this.beacon("failed", this.failed);
    this.draw();
  }

  toggle() {
    if (this.saving || this.failed || performance.now() - this.toggled < DOUBLE_CLICK_MS) return;
    this.toggled = performance.now();
    if (!this.audio.paused) return this.audio.pause();
    if (this.audio.ended || this.audio.currentTime === 0) this.log.plays += 1;
    this.audio.play().catch((error) => {
      if (error.name === "NotSupportedError") this.broken(); // NotAllowedError: the next touch of the button works
    });
  }

  get heard() {
    return this.log.completions > 0;
  }

  choose(value) {
    if (!this.heard || this.saving) return;
    this.choice = value;
    this.log.response = performance.now();
    this.show();
  }

  submit() {
    if (this.saving || (!this.failed && (!this.heard || this.choice === null))) return;
    let coverage = 0;
    for (let i = 0; i < this.audio.played.length; i += 1) coverage += this.audio.played.end(i) - this.audio.played.start(i);
    const { plays, completions, firstSound, response } = this.log;
    const value = {
      trial: this.data.trial,
      answer: {
        label: this.failed ? "" : this.choice,
        plays,
        completions,
        coverage_s: round(coverage),
        response_s: firstSound === null || response === null ? null : round((response - firstSound) / 1000),
        failed: this.failed,
      },
    };
    try {
      sessionStorage.setItem(this.storageKey(), JSON.stringify(value));
    } catch {
      // private windows may have no storage; then the answer is sent from memory only
    }
    this.transmit(value);
  }

  transmit(value) {
    if (this.saving) return;
    this.saving = true;
    this.audio.pause();
    this.send(value);
    this.timer = setInterval(() => this.send(value), RESEND_MS);
    this.show();
  }

  forget() {
    // the server did not take this answer: it can never be taken, so stop sending it and let the participant answer again
    clearInterval(this.timer);
    sessionStorage.removeItem(this.storageKey());
    this.saving = false;
    this.show();
  }

  pending() {
    try {
      return JSON.parse(sessionStorage.getItem(this.storageKey()));
    } catch {
      return null;
    }
  }

  storageKey() {
    return `earwitness:${this.data.trial}`;
  }

  beacon(kind, detail) {
    navigator.sendBeacon("/api/events", JSON.stringify({ trial: this.data.trial, kind, detail }));
  }

  key(event) {
    const path = event.composedPath();
    const at = path[0];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!path.includes(this.frame) && at.closest?.(ELSEWHERE)) return; // the language picker has keys of its own
    if (event.code === "Space") {
      event.preventDefault();
      if (!event.repeat) this.toggle();
      return;
    }
    const number = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    if (number && number <= this.data.choices.length) this.choose(this.data.choices[number - 1].value);
    else if (event.key === "Enter" && !event.repeat && !(at.tagName === "BUTTON")) this.submit();
  }

  draw() {
    const { texts, choices } = this.data;
    this.words = this.data.language;
    this.button = el("button", { class: "play", type: "button", onclick: () => this.toggle() });
    this.bar = el("div", { class: "done" });
    this.status = el("p", { class: "status", "aria-live": "polite" });
    this.options = choices.map(({ value, label }, i) => {
      const number = el("span", { class: "number", "aria-hidden": "true" }, String(i + 1));
      const name = el("span", {}, label);
      return el("button", { class: "choice", type: "button", "data-value": value, onclick: () => this.choose(value) }, number, name);
    });
    this.next = el("button", { class: "continue", type: "button", onclick: () => this.submit() }, texts.continue);
    const grid = el("div", { class: "choices", role: "group", "aria-label": texts.choose }, ...this.options);
    const line = el("div", { class: "line" }, this.button, el("div", { class: "bar" }, this.bar));
    const failed = [
      el("p", { class: "status", role: "alert" }, texts.failed),
      el("button", { class: "continue quiet", type: "button", onclick: () => this.retry() }, texts.retry),
      el("button", { class: "continue", type: "button", onclick: () => this.submit() }, texts.skip),
    ];
    this.frame.replaceChildren(...(this.failed ? failed : [line, this.status, grid, this.next, el("p", { class: "keys" }, texts.keys)]));
    this.show();
  }

  retry() {
    this.failed = "";
    this.tries = 0;
    this.open(load(this.data.url));
    this.draw();
  }

  show() {
    if (this.failed) return;
    const { texts } = this.data;
    const { audio } = this;
    const playing = !audio.paused && !audio.ended;
    this.button.className = playing ? "play playing" : "play";
    this.button.setAttribute("aria-label", playing ? texts.pause : this.heard ? texts.again : texts.play);
    this.bar.style.width = `${audio.duration ? (100 * audio.currentTime) / audio.duration : 0}%`;
    const says = this.saving ? texts.saving : this.heard ? texts.choose : texts.listen;
    if (this.status.textContent !== says) this.status.textContent = says;
    for (const option of this.options) {
      const chosen = option.dataset.value === this.choice;
      option.disabled = !this.heard || this.saving;
      option.setAttribute("aria-pressed", String(chosen));
    }
    this.next.disabled = !this.heard || this.choice === null || this.saving;
  }

  close() {
    clearInterval(this.timer);
    this.audio?.pause();
    document.removeEventListener("keydown", this.onKey);
  }
}

function load(url) {
  const audio = new Audio();
  audio.preload = "auto";
  audio.dataset.url = url;
  audio.src = url;
  return audio;
}

function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("on")) node[key] = value;
    else node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function round(seconds) {
  return Math.round(seconds * 1000) / 1000;
}
