// Who marked which part of a clip: rows over one axis of time, each part playable. Text is only ever set as textContent.
//
// Given by segments.py:
//   duration_s, peaks   of the clip; peaks as listening_tests/peaks.py makes them, empty where there is no sound
//   sound, missing      FLAC as base64; or "" and why there is none
//   truth               { label, colour, start_s, end_s } or null
//   blocks              as ser_core/segment_figures.py makes them
// Nothing is sent back. Which part is chosen and what plays is only known here.

const FOLD = 24; // more lanes than that are shown as the number of listeners over time until somebody asks for each
const LANE_PX = [2, 12];
const LANES_PX = 150; // what the lanes of a row take together where they can
const THINNEST = 0.004; // of the clip's length; a shorter part is drawn so wide that it is seen

const PLAY = "M4 2.5 13 8 4 13.5Z";
const PAUSE = "M4.5 3v10M11.5 3v10";
const BACK = "M10.5 3 5.5 8l5 5";
const ON = "M5.5 3l5 5-5 5";

/** A clip whose bytes came with the page: only who is signed in gets them, and there is no address to guess. */
class Clip extends Sound {
  constructor(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    super(URL.createObjectURL(new Blob([bytes], { type: "audio/flac" })));
    this.bytes = bytes;
  }

  async open() {
    await null; // the constructor of Sound begins to load before ours has the bytes
    try {
      this.buffer = await decode(this.bytes.slice().buffer);
      this.duration = this.buffer.duration;
    } catch {
      await this.fallBack();
    }
    this.failed = "";
  }

  close() {
    this.stop();
    URL.revokeObjectURL(this.url);
  }
}

const icon = (path) => svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: path }));
const picture = (name, width, height, ...paths) =>
  svg("svg", { class: name, viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...paths);
const s = (seconds) => seconds.toFixed(2);

/** One label as one group or one model gave it: its lanes, its density, its posterior. */
class Row {
  constructor(timeline, who, { label, colour, parts, covered, curve }) {
    Object.assign(this, { timeline, who, label: label.replace("_", " "), colour, parts, covered, curve });
    this.lanes = parts.reduce((most, { lane }) => Math.max(most, lane + 1), 0);
    this.folded = this.lanes > FOLD;
    this.at = 0;
    this.draw();
  }

  get part() {
    return this.parts[this.at];
  }

  draw() {
    const { label, parts, who } = this;
    const count = this.lanes > 1 ? ` · ${this.lanes}` : "";
    const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = this.colour;
    const words = el("span", { class: "words" }, label, el("span", { class: "quiet" }, count));
    this.button = el("button", { type: "button", class: "head", "aria-label": `Play ${label}, ${who}` }, icon(PLAY), swatch, words);
    this.button.onclick = () => this.timeline.press(this, this.at);
    this.unfold = null;
    if (this.lanes > FOLD) {
      this.unfold = el("button", { type: "button", class: "unfold", "aria-expanded": "false" }, `Show each of ${this.lanes}`);
      this.unfold.onclick = () => this.turn();
    }
    this.track = el("div", { class: "track" });
    if (parts.length) {
      const name = `${who}, ${label}: choose a part`;
      const range = { "aria-valuemin": 1, "aria-valuemax": parts.length };
      for (const [key, value] of Object.entries({ role: "slider", tabindex: 0, "aria-label": name, ...range })) this.track.setAttribute(key, value);
      this.track.onkeydown = (event) => this.key(event);
      this.track.onclick = (event) => this.timeline.press(this, this.nearest(event), true);
    }
    this.node = el("div", { class: "row" }, el("div", { class: "heads" }, this.button, this.unfold), this.track);
    this.fill();
  }

  turn() {
    this.folded = !this.folded;
    this.unfold.setAttribute("aria-expanded", String(!this.folded));
    say(this.unfold, this.folded ? `Show each of ${this.lanes}` : "Show how many");
    this.fill();
    this.mark();
  }

  fill() {
    const { duration } = this.timeline;
    const shown = [];
    if (this.curve.length) shown.push(this.area("curve", curvePath(this.curve, duration), 1));
    this.picked = svg("path", { class: "picked" });
    if (this.folded) shown.push(this.area("density", densityPath(this.covered, duration, this.lanes), this.lanes));
    else if (this.lanes) {
      const bars = svg("path", { d: this.parts.map((part) => this.bar(part)).join("") });
      bars.style.fill = this.colour;
      this.lanesPicture = picture("lanes", duration, this.lanes, bars, this.picked);
      this.lanesPicture.style.height = `${this.lanes * clamp(LANES_PX / this.lanes, ...LANE_PX)}px`;
      shown.push(this.lanesPicture);
    }
    this.track.replaceChildren(...shown);
  }

  area(name, d, height) {
    const path = svg("path", { d });
    path.style.fill = this.colour;
    return picture(name, this.timeline.duration, height, path);
  }

  bar({ start_s, end_s, lane }) {
    const width = Math.max(end_s - start_s, THINNEST * this.timeline.duration);
    const from = Math.min(start_s, this.timeline.duration - width);
    return `M${from} ${lane + 0.08}h${width}v0.84h${-width}z`;
  }

  /** The part under a pointer: of the nearest lane, or, where they are folded, the one that is most in the middle of it. */
  nearest(event) {
    const box = this.track.getBoundingClientRect();
    const time = ((event.clientX - box.left) / box.width) * this.timeline.duration;
    const lanes = this.folded ? null : this.lanesPicture.getBoundingClientRect();
    const lane = lanes && clamp(Math.floor(((event.clientY - lanes.top) / lanes.height) * this.lanes), 0, this.lanes - 1);
    const off = ({ start_s, end_s }) => Math.max(start_s - time, time - end_s, 0) + Math.abs((start_s + end_s) / 2 - time) / 1000;
    const near = this.parts.map((part, i) => [part, i]).filter(([part]) => lane === null || part.lane === lane);
    return near.reduce((best, one) => (off(one[0]) < off(best[0]) ? one : best))[1];
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const last = this.parts.length - 1;
    const to = { ArrowRight: this.at + 1, ArrowDown: this.at + 1, ArrowLeft: this.at - 1, ArrowUp: this.at - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) this.timeline.choose(this, clamp(to, 0, last), true);
    else if ((event.key === "Enter" || event.key === " ") && !event.repeat) this.timeline.press(this, this.at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  describe() {
    const { start_s, end_s, who, note } = this.part;
    return [`${who}: ${s(start_s)} to ${s(end_s)} s, ${s(end_s - start_s)} s long`, note].filter(Boolean).join("; ");
  }

  mark() {
    const { chosen, playing } = this.timeline;
    const here = chosen === this;
    this.button.querySelector("path").setAttribute("d", here && playing ? PAUSE : PLAY);
    this.button.disabled = !this.parts.length || !this.timeline.ready;
    this.node.classList.toggle("chosen", here);
    this.picked.setAttribute("d", here ? this.bar(this.part) : "");
    if (!this.parts.length) return;
    this.track.setAttribute("aria-valuenow", String(this.at + 1));
    this.track.setAttribute("aria-valuetext", `${this.at + 1} of ${this.parts.length}, ${this.describe()}`);
  }
}

function densityPath(covered, duration, of) {
  let d = `M0 ${of}`;
  for (const [time, number] of covered) d += `H${time}V${of - number}`;
  return `${d}H${duration}V${of}z`;
}

function curvePath(curve, duration) {
  const points = curve.map(([time, p]) => `L${time} ${1 - p}`).join("");
  return `M0 1V${1 - curve[0][1]}${points}H${duration}V1z`;
}

class Timeline {
  constructor(root) {
    this.root = root;
    this.frame = () => this.tick();
  }

  update(data) {
    const given = JSON.stringify(data);
    if (given === this.given) return; // the page ran again, and nothing is new
    this.close();
    this.given = given;
    this.data = data;
    this.duration = data.duration_s;
    this.ready = this.playing = false;
    this.draw();
    this.load();
    this.paint();
  }

  close() {
    cancelAnimationFrame(this.next);
    this.sound?.close();
    this.sound = null;
    this.node?.remove();
  }

  async load() {
    if (!this.data.sound) return say(this.trouble, this.data.missing);
    const sound = (this.sound = new Clip(this.data.sound));
    try {
      await sound.ready;
    } catch {
      if (sound === this.sound) say(this.trouble, "This browser cannot play the clip.");
      return;
    }
    if (sound !== this.sound) return;
    this.ready = true;
    this.paint();
  }

  // --- choosing and playing ---

  /** Choose a part and play it; what plays already is stopped instead, unless something else was pointed at. */
  press(row, at, pointed = false) {
    const same = this.chosen === row && row.at === at;
    if (this.playing && same && !pointed) return this.sound.stop();
    this.choose(row, at);
    this.play();
  }

  choose(row, at, spoken = false) {
    this.sound?.stop();
    const before = this.chosen;
    this.chosen = row;
    row.at = at;
    this.readout.setAttribute("aria-live", spoken ? "off" : "polite"); // the slider says it itself
    before?.mark();
    this.paint();
  }

  step(by) {
    const row = this.chosen;
    this.choose(row, clamp(row.at + by, 0, row.parts.length - 1));
    this.play();
  }

  play() {
    if (!this.ready) return;
    const { start_s, end_s } = this.chosen.part;
    this.playing = true;
    say(this.trouble, "");
    const over = (_, ended, at) => {
      this.playing = false;
      this.place(at);
      this.paint();
    };
    const refused = () => say(this.trouble, "The browser wants another press.");
    this.sound.play(start_s, Math.min(end_s, this.sound.duration), { over, refused });
    this.paint();
    this.tick();
  }

  tick() {
    cancelAnimationFrame(this.next);
    if (!this.sound?.playing) return;
    this.sound.tick();
    if (!this.sound.playing) return;
    this.place(this.sound.position);
    this.next = requestAnimationFrame(this.frame);
  }

  place(at) {
    this.head.hidden = false;
    this.head.style.left = `${(100 * clamp(at, 0, this.duration)) / this.duration}%`;
    this.head.dataset.at = at.toFixed(3);
  }

  // --- drawing ---

  draw() {
    const { truth, blocks, peaks } = this.data;
    this.head = el("div", { class: "playhead", hidden: true });
    const over = el("div", { class: "over", "aria-hidden": "true" }, this.band(truth), this.head);
    const all = { start_s: 0, end_s: this.duration, lane: 0, who: "The whole clip", note: "" };
    this.whole = new Row(this, "the clip", { label: "Whole clip", colour: "transparent", parts: [all], covered: [], curve: [] });
    this.whole.track.prepend(this.outline(peaks));
    this.rows = [this.whole];
    const shown = [this.whole.node];
    if (truth) {
      const part = { ...truth, lane: 0, who: "The truth", note: "" };
      this.rows.push(new Row(this, "the truth", { ...truth, label: `Truth: ${truth.label}`, parts: [part], covered: [], curve: [] }));
      shown.push(this.rows.at(-1).node);
    }
    for (const block of blocks) shown.push(this.section(block));
    this.chosen = this.rows.find((row) => blocks.length && row.who === blocks[0].title && row.parts.length) ?? this.whole;
    this.toggle = el("button", { type: "button", class: "tool", "aria-label": "Play the chosen part" }, icon(PLAY));
    this.toggle.onclick = () => this.press(this.chosen, this.chosen.at);
    this.back = el("button", { type: "button", class: "tool", "aria-label": "Previous part of this row" }, icon(BACK));
    this.back.onclick = () => this.step(-1);
    this.on = el("button", { type: "button", class: "tool", "aria-label": "Next part of this row" }, icon(ON));
    this.on.onclick = () => this.step(1);
    this.readout = el("p", { class: "readout" });
    this.trouble = el("p", { class: "trouble", role: "status" });
    const bar = el("div", { class: "transport" }, this.back, this.toggle, this.on, el("div", { class: "told" }, this.readout, this.trouble));
    const grid = el("div", { class: "grid" }, over, ...shown, el("div", { class: "row axis", "aria-hidden": "true" }, el("div", {}), this.ruler()));
    this.node = el("div", { class: "timeline", role: "group", "aria-label": "Who marked which part of the clip" }, grid, bar);
    this.root.append(this.node);
  }

  band(truth) {
    const node = el("div", { class: "band", hidden: !truth });
    if (!truth) return node;
    node.style.left = `${(100 * truth.start_s) / this.duration}%`;
    node.style.width = `${(100 * (truth.end_s - truth.start_s)) / this.duration}%`;
    return node;
  }

  outline(peaks) {
    const count = peaks.length / 2;
    const loudest = Math.max(1, ...peaks.map(Math.abs));
    const y = (value, least) => (1 - (0.94 * value) / loudest - least).toFixed(3);
    const top = Array.from({ length: count }, (_, i) => `${i + 0.5} ${y(peaks[2 * i + 1], 0.01)}`);
    const bottom = Array.from({ length: count }, (_, i) => `${i + 0.5} ${y(peaks[2 * i], -0.01)}`).reverse();
    const path = svg("path", { d: count ? `M${[...top, ...bottom].join("L")}Z` : "" });
    return picture("wave", Math.max(count, 1), 2, path);
  }

  section({ title, said, shares, of, rows }) {
    const made = rows.map((row) => new Row(this, title, row));
    this.rows.push(...made);
    return el(
      "section",
      { "aria-label": title },
      el("p", { class: "title" }, title, el("span", { class: "quiet" }, ` ${said}`)),
      of > 1 && shares.length ? this.together(shares, of) : null,
      ...made.map(({ node }) => node),
    );
  }

  /** How many of a group marked each moment with an emotion, whichever. */
  together(shares, of) {
    const most = Math.round(of * Math.max(...shares.map(([, share]) => share)));
    const path = svg("path", { d: densityPath(shares, this.duration, 1) });
    const words = el("p", { class: "heads quiet" }, `At once: at most ${most} of ${of}`);
    return el("div", { class: "row" }, words, el("div", { class: "track" }, picture("density all", this.duration, 1, path)));
  }

  ruler() {
    const rough = this.duration / 7;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const ruler = el("div", { class: "ruler" });
    for (let n = 0; n * step <= this.duration * 0.98; n += 1) {
      const mark = el("span", {}, `${(n * step).toFixed(digits)} s`);
      mark.style.left = `${(100 * n * step) / this.duration}%`;
      ruler.append(mark);
    }
    return ruler;
  }

  paint() {
    const { chosen } = this;
    for (const row of this.rows) row.mark();
    this.toggle.disabled = !this.ready;
    this.toggle.querySelector("path").setAttribute("d", this.playing ? PAUSE : PLAY);
    this.back.disabled = !this.ready || chosen.at === 0;
    this.on.disabled = !this.ready || chosen.at === chosen.parts.length - 1;
    const row = chosen === this.whole || chosen.label.startsWith("Truth") ? "" : `${chosen.who}, ${chosen.label} · `;
    say(this.readout, row + chosen.describe());
  }
}

const timelines = new WeakMap();

export default function ({ data, parentElement }) {
  if (!timelines.has(parentElement)) timelines.set(parentElement, new Timeline(parentElement));
  timelines.get(parentElement).update(data);
  return () => {
    timelines.get(parentElement)?.close();
    timelines.delete(parentElement);
  };
}
