// The waveform on which a part of the recording is marked: drag, resize by handles, arrow keys, zoom, play only the part.
//
// The state is the player's: `segments` [{ start, end, sure }] in seconds, in order, never overlapping, and `part`, which is
// "whole" or "none" where one of these was pressed. A part that was added by its button becomes an answer only when one of
// its edges was moved: an untouched one says nothing.

const STEP_S = 0.01; // of an arrow key; with shift ten times as much
const GRIP_PX = { touch: 22, pen: 16, mouse: 8 }; // how near to an edge a press takes hold of it
const MOVED_PX = 4; // less is a tap
const CLOSEST_S = 0.2; // what fills the width at most when zoomed
const WIDEST_PEAKS = 0.6; // a view narrower than this share of the clip is drawn from the samples, if they are there

const ICONS = {
  play: "M4 2.5 13 8 4 13.5Z",
  pause: "M4.5 3v10M11.5 3v10",
  loop: "M13 8a5 5 0 1 1-1.5-3.6M11.8 1.2v3.4H8.4",
  closer: "M7 7m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M10.3 10.3 14 14M5 7h4M7 5v4",
  wider: "M7 7m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M10.3 10.3 14 14M5 7h4",
  mark: "M3.5 2v12M12.5 2v12M6 8h4",
  cross: "M3.5 3.5l9 9M12.5 3.5l-9 9",
};

class Editor {
  constructor(player) {
    this.player = player;
    this.rule = player.data.segment;
    this.clip = player.data.clips[0];
    this.duration = Math.floor((this.clip.duration_s ?? 1) * 1000) / 1000; // what is marked is told to the millisecond
    this.shortest = Math.min(this.rule.shortest_s, this.duration);
    this.longest = this.rule.longest_s > 0 ? Math.max(this.rule.longest_s, this.shortest) : this.duration;
    this.view = [0, this.duration];
    this.chosen = 0;
    this.repeats = false;
    this.pointers = new Map();
    this.head = null;
    this.draw();
    this.resizes = new ResizeObserver(() => this.paint());
    this.resizes.observe(this.wave);
  }

  get state() {
    return this.player.state;
  }

  get segments() {
    return this.state.part ? [] : this.state.segments;
  }

  get sound() {
    return this.player.sounds[0];
  }

  // --- the answer ---

  get part() {
    return this.state.part || (this.segments.length ? "segment" : "");
  }

  get marked() {
    return this.segments.map(({ start, end }) => [start, end]);
  }

  get missing() {
    const { texts } = this.player.data;
    if (this.state.part) return "";
    if (!this.segments.length) return texts["part.missing"];
    return this.segments.every(({ sure }) => sure) ? "" : texts["part.move"];
  }

  focus() {
    const first = this.node.querySelector("[role=slider]") ?? this.add;
    first.focus({ preventScroll: true });
    this.node.scrollIntoView({ block: "nearest" });
  }

  // --- what may be marked ---

  /** Between which times a segment may lie: its neighbours' edges. */
  gap(i) {
    return [this.segments[i - 1]?.end ?? 0, this.segments[i + 1]?.start ?? this.duration];
  }

  moveEdge(i, edge, to) {
    const segment = this.segments[i];
    const [low, high] = this.gap(i);
    const { start, end } = segment;
    const nearest = edge === "start" ? end - this.shortest : start + this.shortest;
    const farthest = edge === "start" ? Math.max(low, end - this.longest) : Math.min(high, start + this.longest);
    const at = edge === "start" ? clamp(to, farthest, nearest) : clamp(to, nearest, farthest);
    segment[edge] = round(at);
    segment.sure = true;
    this.warn(edge === "start" ? to > nearest + 1e-6 : to < nearest - 1e-6, Math.abs(to - at) > 1e-6 && at !== low && at !== high);
  }

  moveAll(i, by, from) {
    const [low, high] = this.gap(i);
    const size = from.end - from.start;
    const start = round(clamp(from.start + by, low, high - size));
    Object.assign(this.segments[i], { start, end: round(start + size), sure: true });
  }

  /** Mark from one time to another, as far as neighbours and the longest part allow; the segment's place in the list. */
  mark(anchor, to) {
    const others = this.base;
    if (others.some(({ start, end }) => anchor > start && anchor < end)) return -1;
    const low = Math.max(0, ...others.filter(({ end }) => end <= anchor).map(({ end }) => end));
    const high = Math.min(this.duration, ...others.filter(({ start }) => start >= anchor).map(({ start }) => start));
    let [start, end] = [clamp(Math.min(anchor, to), low, high), clamp(Math.max(anchor, to), low, high)];
    const long = end - start > this.longest + 1e-6;
    if (long) [start, end] = to < anchor ? [end - this.longest, end] : [start, start + this.longest];
    this.warn(false, long);
    const segment = { start: round(start), end: round(end), sure: true };
    this.state.part = "";
    this.state.segments = [...others, segment].sort((a, b) => a.start - b.start);
    return this.state.segments.indexOf(segment);
  }

  /** What was just marked, made as long as it must be. */
  lengthen(i) {
    const segment = this.segments[i];
    if (segment.end - segment.start >= this.shortest - 1e-6) return;
    const [low, high] = this.gap(i);
    segment.end = round(Math.min(segment.start + this.shortest, high));
    segment.start = round(Math.max(segment.end - this.shortest, low));
    this.warn(true, false);
    if (segment.end - segment.start < this.shortest - 1e-3) this.remove(i); // there is no room for it between its neighbours
  }

  warn(tooShort, tooLong) {
    const { texts } = this.player.data;
    const words = tooShort
      ? fill(texts["part.shortest"], { s: this.seconds(this.shortest, 3, 0) })
      : tooLong
        ? fill(texts["part.longest"], { s: this.seconds(this.longest, 3, 0) })
        : "";
    this.warning = words;
  }

  /** Put a part into the widest gap of what is seen, for keys and fingers to move. */
  addOne() {
    if (this.state.part) this.state.part = "";
    const edges = [this.view[0], ...this.segments.flatMap(({ start, end }) => [start, end]), this.view[1]];
    const gaps = [];
    for (let i = 0; i + 1 < edges.length; i += 2)
      gaps.push([clamp(edges[i], ...this.view), clamp(edges[i + 1], ...this.view)]);
    const [from, to] = gaps.reduce((best, gap) => (gap[1] - gap[0] > best[1] - best[0] ? gap : best));
    const size = clamp((to - from) / 3, this.shortest, Math.min(this.longest, to - from));
    if (size > to - from + 1e-6) return;
    const middle = (from + to) / 2;
    const segment = { start: round(middle - size / 2), end: round(middle + size / 2), sure: false };
    this.state.segments = [...this.state.segments, segment].sort((a, b) => a.start - b.start);
    this.chosen = this.state.segments.indexOf(segment);
    this.warning = "";
    this.commit();
    this.handle(this.chosen, "start").focus();
  }

  remove(i) {
    this.state.segments.splice(i, 1);
    this.chosen = 0;
    if (this.sound.run?.part) this.sound.stop();
  }

  press(part) {
    this.state.part = this.state.part === part ? "" : part;
    this.warning = "";
    if (this.sound.run?.part) this.sound.stop();
    this.commit();
  }

  commit() {
    this.player.marked();
  }

  // --- playing ---

  playPart() {
    const segment = this.segments[this.chosen];
    if (!segment || !this.on) return;
    if (this.sound.run?.part) this.sound.stop();
    else this.player.play(0, [segment.start, segment.end], this.repeats);
  }

  /** What plays follows what is marked: the part starts again with its new edges. */
  replay() {
    if (!this.sound.run?.part) return;
    this.sound.stop();
    if (this.repeats) this.playPart();
  }

  follow(at) {
    this.head = at;
    const [from, to] = this.view;
    if (at !== null && this.sound.playing && to - from < this.duration - 1e-6 && (at > to || at < from) && !this.grabbed)
      this.look(at - (to - from) * 0.05);
    this.place(this.needle, at ?? -1);
  }

  // --- seeing ---

  /** Show what begins at `from`, with the width as it is or as given. */
  look(from, span = this.view[1] - this.view[0]) {
    const width = clamp(span, Math.min(CLOSEST_S, this.duration), this.duration);
    const start = clamp(from, 0, this.duration - width);
    this.view = [start, start + width];
    this.paint();
  }

  zoom(factor, around = null) {
    const [from, to] = this.view;
    const segment = this.segments[this.chosen];
    const middle = around ?? (segment ? (segment.start + segment.end) / 2 : this.head || (from + to) / 2);
    const span = clamp((to - from) * factor, Math.min(CLOSEST_S, this.duration), this.duration);
    const share = around === null ? 0.5 : (middle - from) / (to - from);
    this.look(middle - share * span, span);
  }

  reveal(at) {
    const [from, to] = this.view;
    if (at < from || at > to) this.look(at - (to - from) / 2);
  }

  // --- fingers and mouse ---

  time(event) {
    const box = this.wave.getBoundingClientRect();
    return this.view[0] + ((event.clientX - box.left) / box.width) * (this.view[1] - this.view[0]);
  }

  down(event) {
    if (!this.on || (event.pointerType === "mouse" && event.button !== 0)) return;
    event.preventDefault(); // no selection of text, and the focus stays where it is
    this.pointers.set(event.pointerId, event.clientX);
    if (this.pointers.size === 2) return this.pinch();
    if (this.pointers.size > 2) return;
    this.stage.setPointerCapture(event.pointerId);
    const at = clamp(this.time(event), 0, this.duration);
    this.before = JSON.stringify([this.state.segments, this.state.part]);
    this.grabbed = { x: event.clientX, at, moved: false, ...this.hold(event, at) };
    if (this.grabbed.edge) this.handle(this.grabbed.i, this.grabbed.edge).focus({ preventScroll: true });
    this.paint();
  }

  /** What a press takes hold of: an edge, a part, or nothing yet. */
  hold(event, at) {
    const own = event.target.closest?.("[role=slider]");
    if (own) return { i: Number(own.dataset.i), edge: own.dataset.edge };
    const grip = ((GRIP_PX[event.pointerType] ?? GRIP_PX.touch) / this.wave.clientWidth) * (this.view[1] - this.view[0]);
    const edges = this.segments.flatMap((segment, i) => ["start", "end"].map((edge) => ({ i, edge, off: Math.abs(segment[edge] - at) })));
    const inside = this.segments.findIndex(({ start, end }) => at > start && at < end);
    // inside a part that is hardly wider than the grip, the middle still moves all of it
    const near = edges.filter(({ i, off }) => off < (i === inside ? Math.min(grip, (this.segments[i].end - this.segments[i].start) / 4) : grip));
    const [nearest] = near.sort((a, b) => a.off - b.off);
    if (nearest) return { i: nearest.i, edge: nearest.edge };
    if (inside >= 0) return { i: inside, from: { ...this.segments[inside] } };
    return { i: -1 };
  }

  move(event) {
    if (!this.pointers.has(event.pointerId)) return;
    this.pointers.set(event.pointerId, event.clientX);
    if (this.pinched) return this.spread();
    const { grabbed } = this;
    if (!grabbed) return;
    if (!grabbed.moved && Math.abs(event.clientX - grabbed.x) < MOVED_PX) return;
    if (!grabbed.moved && !grabbed.edge && !grabbed.from && !this.free()) return;
    grabbed.moved = true;
    const at = this.time(event);
    this.warning = "";
    if (grabbed.edge) this.moveEdge(grabbed.i, grabbed.edge, at + (grabbed.offset ??= this.segments[grabbed.i][grabbed.edge] - grabbed.at));
    else if (grabbed.from) this.moveAll(grabbed.i, at - grabbed.at, grabbed.from);
    else grabbed.i = this.mark(grabbed.at, clamp(at, 0, this.duration));
    if (grabbed.i >= 0) this.chosen = grabbed.i;
    this.edgeOn(at);
    this.paint();
    this.player.show();
  }

  /** Whether there may be one more part; a single one is replaced by a new one. */
  free() {
    const { texts } = this.player.data;
    const full = this.segments.length >= this.rule.count;
    this.base = this.rule.count === 1 || this.state.part ? [] : this.segments;
    if (!full || this.rule.count === 1) return true;
    this.warning = fill(texts["part.most"], { n: this.rule.count });
    this.paint();
    return false;
  }

  /** A drag that leaves what is seen takes the view along. */
  edgeOn(at) {
    const [from, to] = this.view;
    if (at > to) this.look(from + (at - to));
    else if (at < from) this.look(from - (from - at));
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.pinched) {
      if (!this.pointers.size) this.pinched = null;
      return;
    }
    const { grabbed } = this;
    this.grabbed = null;
    if (!grabbed) return;
    if (grabbed.moved) {
      const made = grabbed.i >= 0 && !grabbed.edge && !grabbed.from;
      if (made) this.lengthen(grabbed.i);
      this.commit();
      if (made) this.handle(grabbed.i, this.time(event) < grabbed.at ? "start" : "end")?.focus({ preventScroll: true });
      this.replay();
    } else if (!grabbed.edge) {
      if (grabbed.from) this.chosen = grabbed.i;
      this.player.seek(0, grabbed.at);
      this.paint();
    }
  }

  /** The page scrolls instead, or a second finger came: as if nothing had been touched. */
  cancel(event) {
    this.pointers.delete(event.pointerId);
    this.undo();
    if (!this.pointers.size) this.pinched = null;
  }

  undo() {
    if (this.grabbed?.moved) [this.state.segments, this.state.part] = JSON.parse(this.before);
    this.grabbed = null;
    this.chosen = clamp(this.chosen, 0, this.state.segments.length - 1);
    this.paint();
    this.player.show();
  }

  pinch() {
    this.undo();
    const [one, other] = [...this.pointers.values()];
    this.pinched = { apart: Math.max(20, Math.abs(one - other)), view: this.view, middle: this.time({ clientX: (one + other) / 2 }) };
  }

  spread() {
    const [one, other] = [...this.pointers.values()];
    if (other === undefined) return;
    const { apart, view, middle } = this.pinched;
    const span = clamp(((view[1] - view[0]) * apart) / Math.max(20, Math.abs(one - other)), Math.min(CLOSEST_S, this.duration), this.duration);
    const box = this.wave.getBoundingClientRect();
    this.look(middle - (((one + other) / 2 - box.left) / box.width) * span, span);
  }

  wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(Math.exp(clamp(event.deltaY, -50, 50) / 100), this.time(event));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const [from, to] = this.view;
      if (to - from > this.duration - 1e-6) return;
      event.preventDefault();
      this.look(from + ((event.deltaX || event.deltaY) / this.wave.clientWidth) * (to - from));
    }
  }

  // --- keyboard ---

  key(event, handle) {
    const { edge } = handle.dataset;
    const i = Number(handle.dataset.i);
    const segment = this.segments[i];
    if (!this.on || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 10 * STEP_S : STEP_S;
    const to = {
      ArrowLeft: () => segment[edge] - step,
      ArrowDown: () => segment[edge] - step,
      ArrowRight: () => segment[edge] + step,
      ArrowUp: () => segment[edge] + step,
      PageDown: () => segment[edge] - 10 * STEP_S,
      PageUp: () => segment[edge] + 10 * STEP_S,
      Home: () => (edge === "start" ? this.gap(i)[0] : segment.start + this.shortest),
      End: () => (edge === "end" ? this.gap(i)[1] : segment.end - this.shortest),
    }[event.key];
    if (to) {
      this.warning = "";
      this.moveEdge(i, edge, to());
      this.chosen = i;
      this.reveal(segment[edge]);
      this.commit();
      this.replay();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.remove(i);
      this.commit();
      this.add.focus();
    } else if (event.key === " ") {
      this.chosen = i;
      if (!event.repeat) this.playPart();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // --- drawing ---

  draw() {
    const { texts } = this.player.data;
    const { rule } = this;
    const icon = (path) => svg("svg", { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: path }));
    const button = (words, press, path) =>
      el("button", { class: "tool", type: "button", onclick: press }, icon(path), el("span", { class: "words" }, words));
    const small = (words, press, path) =>
      el("button", { class: "tool small", type: "button", "aria-label": words, title: words, onclick: press }, icon(path));
    this.path = svg("path", {});
    this.picture = svg("svg", { class: "outline", preserveAspectRatio: "none", "aria-hidden": "true" }, this.path);
    this.regions = el("div", { class: "regions", "aria-hidden": "true" });
    this.needle = el("div", { class: "needle", "aria-hidden": "true" });
    this.first = el("p", { class: "first" }, texts["part.first"]);
    this.wave = el("div", { class: "wave" }, this.picture, this.regions, this.needle, this.first);
    this.handles = el("div", { class: "handles" });
    this.stage = el("div", { class: "stage" }, this.wave, this.handles);
    this.ruler = el("div", { class: "ruler", "aria-hidden": "true" });
    this.scroll = el("input", { type: "range", class: "scroll", min: 0, max: 1000, "aria-label": texts["part.scroll"] });
    this.scroll.oninput = () => this.look((this.scroll.value / 1000) * (this.duration - (this.view[1] - this.view[0])));
    this.readout = el("p", { class: "readout" });
    this.note = el("p", { class: "note", "aria-live": "polite" });
    this.all = button(texts["part.all"], () => this.player.toggle(0), ICONS.play);
    this.only = button(texts["part.play"], () => this.playPart(), ICONS.play);
    this.loop = button(texts["part.loop"], () => this.again(), ICONS.loop);
    this.closer = small(texts["part.closer"], () => this.zoom(0.5), ICONS.closer);
    this.wider = small(texts["part.wider"], () => this.zoom(2), ICONS.wider);
    this.add = button(texts["part.add"], () => this.addOne(), ICONS.mark);
    this.drop = button(texts["part.remove"], () => this.dropChosen(), ICONS.cross);
    const whole = rule.whole ? el("button", { class: "option", type: "button", "data-part": "whole", onclick: () => this.press("whole") }, texts["part.whole"]) : null;
    const none = rule.none ? el("button", { class: "option", type: "button", "data-part": "none", onclick: () => this.press("none") }, texts["part.none"]) : null;
    this.parts = [whole, none].filter(Boolean);
    const asked = rule.count > 1 ? fill(texts["part.ask_many"], { n: rule.count }) : texts["part.ask"];
    this.node = el(
      "fieldset",
      { class: "question segment" },
      el("legend", {}, asked),
      this.stage,
      this.ruler,
      this.scroll,
      el("div", { class: "told" }, this.readout, this.note),
      el("div", { class: "tools" }, this.all, this.only, this.loop, this.add, this.drop, el("span", { class: "zooms" }, this.wider, this.closer)),
      this.parts.length ? el("div", { class: "choices" }, ...this.parts) : null,
    );
    this.stage.onpointerdown = (event) => this.down(event);
    this.stage.onpointermove = (event) => this.move(event);
    this.stage.onpointerup = (event) => this.up(event);
    this.stage.onpointercancel = (event) => this.cancel(event);
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  again() {
    this.repeats = !this.repeats;
    const { run } = this.sound;
    if (run?.part) {
      this.sound.stop();
      this.playPart();
    }
    this.paint();
  }

  dropChosen() {
    this.remove(this.chosen);
    this.commit();
    this.add.focus();
  }

  handle(i, edge) {
    return this.handles.querySelector(`[data-i="${i}"][data-edge="${edge}"]`);
  }

  /** A number as people write it; with all its digits, or as few as it needs. */
  seconds(value, digits = 3, least = digits) {
    const format = { minimumFractionDigits: least, maximumFractionDigits: digits };
    return new Intl.NumberFormat(this.player.data.language, format).format(value);
  }

  show(on) {
    this.on = on;
    this.paint();
  }

  /** At its time of what is seen; out of sight where it does not belong there. */
  place(node, at, to = at) {
    const [from, until] = this.view;
    const share = (time) => (time - from) / (until - from);
    node.style.left = `${100 * share(at)}%`;
    if (to > at) node.style.width = `${100 * (share(to) - share(at))}%`;
    node.classList.toggle("away", to < from - 1e-9 || at > until + 1e-9);
  }

  paint() {
    this.paintOutline();
    this.paintRegions();
    this.paintHandles();
    this.paintTools();
    this.place(this.needle, this.head ?? -1);
  }

  paintOutline() {
    const [from, to] = this.view;
    const columns = clamp(Math.round(this.wave.clientWidth), 200, 1600);
    const key = `${from}|${to}|${columns}|${this.sound.buffer !== null}`;
    if (this.painted === key) return;
    this.painted = key;
    const all = this.clip.peaks ?? [];
    const loudest = Math.max(1, ...all.map(Math.abs));
    const count = all.length / 2;
    let [pairs, scale, left, right] = [null, loudest / 127, from, to];
    if (to - from < WIDEST_PEAKS * this.duration) pairs = this.sound.outline(from, to, columns);
    if (!pairs && count) {
      const [first, last] = [Math.floor((from / this.duration) * count), Math.ceil((to / this.duration) * count)];
      pairs = all.slice(2 * first, 2 * last);
      [scale, left, right] = [loudest, (first / count) * this.duration, (last / count) * this.duration];
    }
    pairs ??= [];
    const steps = pairs.length / 2;
    const x = (i) => (left + ((right - left) * i) / steps).toFixed(5);
    const y = (value, least) => ((-0.94 * value) / scale - least).toFixed(4);
    const top = Array.from({ length: steps }, (_, i) => `${x(i + 0.5)} ${y(pairs[2 * i + 1], 0.008)}`);
    const bottom = Array.from({ length: steps }, (_, i) => `${x(i + 0.5)} ${y(pairs[2 * i], -0.008)}`).reverse();
    this.path.setAttribute("d", steps ? `M${[...top, ...bottom].join("L")}Z` : "");
    this.picture.setAttribute("viewBox", `${from} -1 ${to - from} 2`);
    this.paintRuler();
  }

  paintRuler() {
    const [from, to] = this.view;
    const rough = (to - from) / Math.max(3, Math.floor(this.wave.clientWidth / 90));
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const marks = [];
    for (let n = Math.max(0, Math.ceil(from / step - 1e-9)); n * step <= to + 1e-9; n += 1) {
      const mark = el("span", {}, `${this.seconds(n * step, digits)} s`);
      mark.style.left = `${(100 * (n * step - from)) / (to - from)}%`;
      marks.push(mark);
    }
    this.ruler.replaceChildren(...marks);
  }

  paintRegions() {
    const wanted = this.segments.length;
    while (this.regions.children.length < wanted) this.regions.append(el("div", { class: "region" }));
    while (this.regions.children.length > wanted) this.regions.lastChild.remove();
    this.segments.forEach(({ start, end, sure }, i) => {
      const region = this.regions.children[i];
      region.className = `region${sure ? "" : " unsure"}${i === this.chosen ? " chosen" : ""}`;
      this.place(region, start, end);
    });
    this.wave.classList.toggle("all", this.state.part === "whole");
    this.wave.classList.toggle("nothing", this.state.part === "none");
  }

  paintHandles() {
    const { texts } = this.player.data;
    while (this.handles.children.length < 2 * this.segments.length) {
      const n = this.handles.children.length;
      const edge = n % 2 ? "end" : "start";
      const handle = el("div", { role: "slider", class: `handle ${edge}`, tabindex: "0", "data-i": String(n >> 1), "data-edge": edge });
      handle.onkeydown = (event) => this.key(event, handle);
      handle.onfocus = () => {
        this.chosen = Number(handle.dataset.i);
        this.reveal(this.segments[this.chosen]?.[edge] ?? 0);
      };
      handle.append(el("span", { class: "grip" }));
      this.handles.append(handle);
    }
    while (this.handles.children.length > 2 * this.segments.length) this.handles.lastChild.remove();
    this.segments.forEach((segment, i) => {
      for (const edge of ["start", "end"]) {
        const handle = this.handle(i, edge);
        const [low, high] = this.gap(i);
        const name = texts[edge === "start" ? "part.start" : "part.end"];
        handle.setAttribute("aria-label", this.rule.count > 1 ? `${name} (${i + 1})` : name);
        handle.setAttribute("aria-valuemin", String(edge === "start" ? low : round(segment.start + this.shortest)));
        handle.setAttribute("aria-valuemax", String(edge === "end" ? high : round(segment.end - this.shortest)));
        handle.setAttribute("aria-valuenow", String(segment[edge]));
        handle.setAttribute("aria-valuetext", fill(texts["part.seconds"], { s: this.seconds(segment[edge]) }));
        handle.setAttribute("aria-disabled", String(!this.on));
        this.place(handle, segment[edge]);
      }
    });
  }

  paintTools() {
    const { texts } = this.player.data;
    const { on } = this;
    const [from, to] = this.view;
    const span = to - from;
    const segment = this.segments[this.chosen];
    const inPart = Boolean(this.sound.run?.part);
    const inAll = this.sound.playing && !inPart;
    const mark = (button, playing) => button.querySelector("path").setAttribute("d", playing ? ICONS.pause : ICONS.play);
    this.node.classList.toggle("off", !on);
    this.first.hidden = this.player.heard;
    this.all.disabled = this.player.saving || (!inAll && !this.player.playable(0));
    mark(this.all, inAll);
    this.only.disabled = !on || !segment;
    mark(this.only, inPart);
    this.loop.disabled = !on || !segment;
    this.loop.setAttribute("aria-pressed", String(this.repeats));
    this.add.hidden = this.segments.length >= this.rule.count;
    this.add.disabled = !on;
    say(this.add.querySelector(".words"), texts[this.segments.length ? "part.add_more" : "part.add"]);
    this.drop.hidden = !segment;
    this.drop.disabled = !on;
    this.closer.disabled = span <= Math.min(CLOSEST_S, this.duration) + 1e-6;
    this.wider.disabled = span >= this.duration - 1e-6;
    this.scroll.hidden = span >= this.duration - 1e-6;
    this.scroll.value = String(Math.round((1000 * from) / Math.max(this.duration - span, 1e-9)));
    this.scroll.setAttribute("aria-valuetext", `${this.seconds(from, 1)} – ${this.seconds(to, 1)} s`);
    for (const button of this.parts) {
      button.disabled = !on;
      button.setAttribute("aria-pressed", String(button.dataset.part === this.state.part));
    }
    const lines = this.segments.map(({ start, end }) => `${this.seconds(start)} – ${this.seconds(end)} s (${this.seconds(round(end - start))} s)`);
    say(this.readout, lines.join(" · "));
    say(this.note, this.warning || (!on || this.state.part ? "" : !segment ? texts["part.how"] : segment.sure ? "" : texts["part.move"]));
  }

  close() {
    this.resizes?.disconnect();
  }
}
