// One trial in the browser: play the sounds, take the answers, and send them until the server has them.
//
// data:   { trial, language, refused, texts, loop, clips: [{ url, name, duration_s, peaks }], next_urls,
//           plays: { least, most, to_end }, questions: [{ name, prompt, kind, options: [{ value, label, picture }], optional,
//           low, high, minimum, maximum, only_if }], segment: null | { shortest_s, longest_s, count, whole, none } }
// answer: { trial, answer: { <name of a question>: value, ..., answers: { the same }, plays, completions, coverage_s,
//           response_s, failed, clips: [[plays, completions, coverage_s], ...], log: [[t_s, clip, code, position_s], ...],
//           part, segments: [[start_s, end_s], ...], touch } }, sent as a trigger
//
// Whatever was heard, chosen or typed is kept in sessionStorage at once, so that a reload loses nothing. An answer is kept
// there too and sent again until the page shows another trial, so that neither a lost connection nor a restarted server
// loses it; the server takes the first and ignores the rest.

const RESEND_MS = 4000;
const KEEP_MS = 500; // how often the place in a playing sound is kept
const DOUBLE_CLICK_MS = 400; // who clicks twice wants to hear the clip, not to stop it at once
const LOGGED = 200;
const CODES = { start: 0, stop: 1, ended: 2, seek: 3, part: 4 };
const ELSEWHERE = "button, a, input, textarea, select, [role=radio], [role=option], [role=combobox]";
const TYPED = "textarea, input:not([type=radio], [type=checkbox])";

class Player {
  constructor(root) {
    this.root = root;
    this.early = new Map(); // the next trial's sounds, already loading
    this.frame = el("div", { class: "player", tabindex: "-1" });
    this.frame.addEventListener("pointerdown", (event) => {
      this.byPointer = true;
      if (event.pointerType === "touch" && this.state) this.state.touch = true;
    });
    this.onKey = (event) => this.key(event);
    this.onHide = () => {
      for (const sound of this.sounds ?? []) sound.stop(); // what was heard of it is written down
      this.keep();
    };
    document.addEventListener("keydown", this.onKey);
    window.addEventListener("pagehide", this.onHide);
    root.appendChild(this.frame);
  }

  update(data) {
    document.documentElement.lang = data.language;
    const same = this.data && this.data.trial === data.trial;
    this.data = data;
    if (!same) this.begin();
    else if (data.refused) this.forget();
    else if (this.words !== data.language) this.draw();
    const pending = kept.read(this.storageKey);
    if (pending && !data.refused) this.transmit(pending);
    const wanted = data.next_urls.map((url) => [url, this.early.get(url) ?? new Sound(url)]);
    this.early = new Map(wanted);
  }

  begin() {
    const { clips } = this.data;
    const first = !this.sounds;
    for (const sound of this.sounds ?? []) sound.stop();
    clearInterval(this.timer);
    kept.drop([this.storageKey, this.draftKey]);
    this.state = kept.read(this.draftKey) ?? {
      opened: clock(),
      firstSound: null,
      response: null,
      touch: false,
      log: [],
      values: {},
      part: "",
      segments: [],
      clips: clips.map(() => ({ plays: 0, completions: 0, covered: [], position: 0, whole: true })),
    };
    this.failed = "";
    this.saving = false;
    this.waiting = false;
    this.toggled = null; // the last press of a play button
    this.last = 0; // the sound that Space plays
    this.sounds = clips.map(({ url }, i) => this.open(i, this.early.get(url)));
    this.draw();
    if (first) return;
    if (this.frame.getBoundingClientRect().top < 0) this.frame.scrollIntoView();
  }

  open(i, early) {
    const sound = early && !early.failed ? early : new Sound(this.data.clips[i].url);
    sound.ready.then(
      () => this.show(),
      () => this.sounds[i] === sound && this.broken(sound.failed),
    );
    return sound;
  }

  broken(why) {
    if (this.failed) return;
    this.failed = why;
    for (const sound of this.sounds) sound.stop();
    navigator.sendBeacon("/api/events", JSON.stringify({ trial: this.data.trial, kind: "failed", detail: why }));
    this.draw();
  }

  retry() {
    this.failed = "";
    this.sounds = this.data.clips.map((_, i) => this.open(i, null));
    this.draw();
  }

  // --- listening ---

  get plays() {
    return this.data.plays;
  }

  /** How often a sound was heard as it must be heard. */
  count(i) {
    return this.plays.to_end && !this.data.loop ? this.state.clips[i].completions : this.state.clips[i].plays;
  }

  /** Whether each of several sounds has a question of its own, which then stands below it and opens with it. */
  get each() {
    const { clips, questions } = this.data;
    return clips.length > 1 && questions.length === clips.length;
  }

  get heard() {
    return this.state.clips.every((_, i) => this.count(i) >= this.plays.least);
  }

  /** Whether a sound may be started again, or go on. */
  playable(i) {
    const { plays, position } = this.state.clips[i];
    return !this.plays.most || plays < this.plays.most || position > 0;
  }

  toggle(i) {
    const again = this.toggled?.sound === i && performance.now() - this.toggled.at < DOUBLE_CLICK_MS;
    if (this.saving || this.failed || again) return;
    this.toggled = { sound: i, at: performance.now() };
    if (this.sounds[i].playing && !this.sounds[i].run.part) return this.sounds[i].stop();
    if (this.playable(i)) this.play(i);
  }

  /** Play a sound from where it was left, or only a part of it. */
  play(i, part = null, repeats = false) {
    const [sound, clip] = [this.sounds[i], this.state.clips[i]];
    for (const other of this.sounds) other.stop();
    this.last = i;
    const begin = () => {
      if (this.sounds[i] !== sound || this.saving) return;
      this.waiting = false;
      const from = part ? part[0] : clip.position < sound.duration ? clip.position : 0;
      const to = part ? part[1] : sound.duration;
      if (!part && from === 0) clip.whole = true;
      sound.play(from, to, {
        loop: part ? (repeats ? part : null) : this.data.loop ? [0, sound.duration] : null,
        heard: (at) => {
          this.state.firstSound ??= at;
          if (!part && from === 0) clip.plays += 1;
          this.note(i, part ? "part" : "start", from);
          this.show();
        },
        over: (played, ended, at) => this.over(i, part, played, ended, at),
        refused: (error) => error.name === "NotSupportedError" && this.broken(`media error: ${error.name}`),
      });
      sound.run.part = part;
      this.frames();
    };
    if (sound.duration) begin();
    else {
      // the first press on a slow line: open the output now, while the browser counts this as a press
      output.wake();
      this.waiting = true;
      sound.ready.then(begin, () => {});
    }
    this.show();
  }

  over(i, part, played, ended, at) {
    const clip = this.state.clips[i];
    if (played[1] > played[0]) clip.covered = union([...clip.covered, played.map(round)]);
    if (!part) {
      if (ended && clip.whole) clip.completions += 1;
      const others = this.sounds.length > 1 && !this.plays.most; // who compares wants to hear it from the beginning
      clip.position = ended || others || this.data.loop ? 0 : round(at);
    }
    this.note(i, ended ? "ended" : "stop", at);
    this.keep();
    this.show();
  }

  /** Put the head somewhere; from there it plays on, which is no hearing of the whole. */
  seek(i, to) {
    if (this.plays.most || this.sounds[i].playing) return;
    const clip = this.state.clips[i];
    clip.position = round(to);
    clip.whole = to === 0;
    this.note(i, "seek", to);
    this.keep();
    this.show();
  }

  note(i, what, position) {
    const { log, opened } = this.state;
    if (log.length < LOGGED) log.push([round((clock() - opened) / 1000), i, CODES[what], round(position)]);
  }

  /** Follow what plays, at every frame of the screen. */
  frames() {
    cancelAnimationFrame(this.framed);
    const step = () => {
      const i = this.sounds.findIndex((sound) => sound.playing);
      if (i < 0) return;
      this.sounds[i].tick();
      if (!this.sounds[i].playing) return;
      this.follow(i);
      if (performance.now() - this.keptAt > KEEP_MS && !this.sounds[i].run.part && !this.data.loop) {
        const [clip, at] = [this.state.clips[i], round(this.sounds[i].position)];
        clip.position = at;
        clip.covered = union([...clip.covered, [round(this.sounds[i].run.from), at]]);
        this.keep();
      }
      this.framed = requestAnimationFrame(step);
    };
    this.keptAt = performance.now();
    this.framed = requestAnimationFrame(step);
  }

  follow(i) {
    const sound = this.sounds[i];
    const clip = this.state.clips[i];
    const at = sound.position ?? (clip.position || (clip.completions ? sound.duration : 0));
    if (!sound.run?.part) this.bars[i].style.width = `${sound.duration ? (100 * at) / sound.duration : 0}%`;
    if (i === 0) this.editor?.follow(sound.playing || clip.position > 0 ? at : null);
  }

  // --- answering ---

  /** The questions that are asked, given the answers so far. */
  get asked() {
    const { questions } = this.data;
    const given = {};
    const on = (question) =>
      Object.entries(question.only_if).every(([name, wanted]) =>
        String(given[name] ?? "")
          .split(" ")
          .concat(String(given[name] ?? ""))
          .some((value) => value !== "" && wanted.includes(value)),
      );
    return questions.filter((question) => {
      const asked = on(question);
      if (asked) given[question.name] = this.state.values[question.name];
      return asked;
    });
  }

  changed(name, value) {
    if (value === undefined) delete this.state.values[name];
    else this.state.values[name] = value;
    if (name === this.data.questions[0].name) this.state.response = clock();
    this.keep();
    this.show();
  }

  marked() {
    if (!this.data.questions.length) this.state.response = clock();
    this.keep();
    this.show();
  }

  /** What is not answered yet: { words, focus() } each, in the order of the page. */
  get missing() {
    const names = new Set(this.asked.map((question) => question.name));
    const open = this.questions
      .filter(({ asked }) => names.has(asked.name))
      .map((question) => ({ words: question.missing, focus: () => question.focus() }));
    if (this.editor) open.splice(1, 0, { words: this.editor.missing, focus: () => this.editor.focus() });
    return open.filter(({ words }) => words);
  }

  submit() {
    if (this.saving) return;
    if (!this.failed) {
      if (!this.heard) return this.ask(this.listen(), this.buttons[this.unheard]);
      const [first] = this.missing;
      if (first) return this.ask(first.words, first);
    }
    for (const sound of this.sounds) sound.stop();
    const value = { trial: this.data.trial, answer: this.answer() };
    kept.write(this.storageKey, value);
    this.transmit(value);
  }

  /** Say what is missing, and go there. */
  ask(words, where) {
    say(this.wanting, words);
    where?.focus();
  }

  answer() {
    const { state } = this;
    const values = {};
    if (!this.failed) for (const { name } of this.asked) if (name in state.values) values[name] = state.values[name];
    const clips = state.clips.map(({ plays, completions, covered }) => [plays, completions, round(length(covered))]);
    const sum = (column) => round(clips.reduce((total, row) => total + row[column], 0));
    const timed = !this.failed && state.firstSound !== null && state.response !== null;
    return {
      ...values,
      answers: values,
      plays: sum(0),
      completions: sum(1),
      coverage_s: sum(2),
      response_s: timed ? round((state.response - state.firstSound) / 1000) : null,
      failed: this.failed,
      clips,
      log: state.log,
      part: this.failed || !this.editor ? "" : this.editor.part,
      segments: this.failed || !this.editor ? [] : this.editor.marked,
      touch: state.touch,
    };
  }

  transmit(value) {
    if (this.saving) return;
    this.saving = true;
    for (const sound of this.sounds) sound.stop();
    this.send(value);
    this.timer = setInterval(() => this.send(value), RESEND_MS);
    this.show();
  }

  forget() {
    // the server did not take this answer: it can never be taken, so stop sending it and let the participant answer again
    clearInterval(this.timer);
    kept.drop([this.draftKey]);
    this.saving = false;
    this.show();
  }

  keep() {
    this.keptAt = performance.now();
    if (this.state && !this.saving) kept.write(this.draftKey, this.state);
  }

  get storageKey() {
    return `earwitness:${this.data.trial}`;
  }

  get draftKey() {
    return `earwitness:${this.data.trial}:draft`;
  }

  // --- keyboard ---

  key(event) {
    const path = event.composedPath();
    const at = path[0];
    const inside = path.includes(this.frame);
    if (event.key === "Tab") this.byPointer = false;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!inside && at.closest?.(ELSEWHERE)) return; // the language picker has keys of its own
    if (inside && at.matches(TYPED)) {
      if (event.key === "Enter" && at.tagName !== "TEXTAREA" && !event.repeat) this.submit();
      return;
    }
    if (event.code === "Space") {
      if (inside && !this.byPointer && at.matches("button, input")) return; // who came here by Tab presses what has the focus
      if (!this.sounds.length) return;
      event.preventDefault();
      if (!event.repeat) this.toggle(this.next());
      return;
    }
    const number = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    if (number) this.target(at)?.choose(number - 1);
    else if (event.key === "Enter" && !event.repeat && at.tagName !== "BUTTON") this.submit();
    else this.named(event.key);
  }

  /** The question that number keys answer: the one that has the focus, else the first. */
  target(at) {
    const chosen = this.questions.filter(({ asked, node }) => asked.options.length && !node.hidden);
    return chosen.find(({ node }) => node.contains(at)) ?? chosen[0];
  }

  /** The sound that Space plays: the one that plays, the first that must still be heard, the last that was. */
  next() {
    const playing = this.sounds.findIndex((sound) => sound.playing);
    if (playing >= 0) return playing;
    return this.unheard >= 0 ? this.unheard : this.last;
  }

  get unheard() {
    return this.state.clips.findIndex((_, i) => this.count(i) < this.plays.least);
  }

  /** Sounds that are called by a letter are played by it. */
  named(key) {
    const i = this.data.clips.findIndex(({ name }) => name && name.toLowerCase() === key.toLowerCase());
    if (i >= 0 && this.sounds.length > 1) this.toggle(i);
  }

  // --- drawing ---

  draw() {
    const { texts, clips, segment, questions } = this.data;
    const focused = this.frame.contains(this.root.getRootNode().activeElement);
    this.words = this.data.language;
    this.buttons = clips.map((_, i) => el("button", { class: "play", type: "button", onclick: () => this.toggle(i) }));
    this.bars = clips.map(() => el("div", { class: "done" }));
    this.counts = clips.map(() => el("span", { class: "count" }));
    const lines = clips.map(({ name }, i) => {
      const called = name ? el("span", { class: "called" }, name) : null;
      const track = el("div", { class: "bar" }, this.bars[i]);
      return el("div", { class: "line" }, this.buttons[i], el("div", { class: "track" }, called, track, this.counts[i]));
    });
    this.status = el("p", { class: "status", "aria-live": "polite" });
    this.questions = questions.map(
      (asked) => new Question(asked, this.state.values[asked.name], texts, (value) => this.changed(asked.name, value)),
    );
    this.editor?.close();
    this.editor = segment && !this.failed ? new Editor(this) : null;
    const fields = this.questions.map(({ node }) => node);
    if (this.editor) fields.splice(1, 0, this.editor.node);
    this.wanting = el("p", { class: "wanting", role: "alert" });
    this.further = el("button", { class: "continue", type: "button", onclick: () => this.submit() }, texts.continue);
    const keys = this.keys();
    const failed = [
      el("p", { class: "status", role: "alert" }, texts.failed),
      el("button", { class: "continue quiet", type: "button", onclick: () => this.retry() }, texts.retry),
      el("button", { class: "continue", type: "button", onclick: () => this.submit() }, texts.skip),
    ];
    if (this.each) lines.splice(0, lines.length, ...lines.flatMap((line, i) => [line, fields[i]]));
    const sounds = clips.length ? [el("div", { class: "lines" }, ...lines), this.status] : [];
    const help = keys ? [el("p", { class: "keys" }, keys)] : [];
    const whole = [...sounds, ...(this.each ? [] : fields), el("div", { class: "last" }, this.wanting, this.further), ...help];
    this.frame.replaceChildren(...(this.failed ? failed : whole));
    this.show();
    if (focused) this.frame.focus({ preventScroll: true }); // the keys go on where they were
  }

  /** The keys that do something here, in words. */
  keys() {
    const { texts, clips, segment } = this.data;
    const first = this.questions.find(({ asked }) => asked.kind === "choice");
    if (!clips.length) return "";
    const choices = first?.asked.options.length > 1 ? fill(texts.keys, { first: 1, last: Math.min(first.asked.options.length, 9) }) : texts.keys_play;
    return segment ? `${choices} ${texts["part.keys"]}` : choices;
  }

  show() {
    if (this.failed || !this.buttons) return;
    const { texts } = this.data;
    const { heard } = this;
    this.data.clips.forEach((clip, i) => this.showClip(clip, i));
    const asked = new Set(this.asked.map((question) => question.name));
    for (const question of this.questions) {
      question.node.hidden = !asked.has(question.asked.name);
      question.node.disabled = this.saving || !(heard || (this.each && this.count(this.questions.indexOf(question)) >= this.plays.least));
    }
    this.editor?.show(heard && !this.saving);
    const { missing } = this;
    const ready = heard && !missing.length && !this.saving;
    this.further.setAttribute("aria-disabled", String(!ready));
    say(this.status, this.saving ? texts.saving : this.waiting ? texts.loading : heard ? this.todo(missing) : this.listen());
    say(this.wanting, "");
    if (!this.data.clips.length && this.saving) say(this.wanting, texts.saving);
  }

  /** What to do next, once everything was heard. */
  todo(missing) {
    const { texts, questions } = this.data;
    const single = questions.length === 1 && questions[0].kind === "choice";
    return !missing.length ? texts.ready : single && !this.editor ? texts.choose : texts.answer;
  }

  /** What must still be heard. */
  listen() {
    const { texts, clips } = this.data;
    const { least, to_end: toEnd } = this.plays;
    if (!toEnd || this.data.loop) return texts.listen_start;
    if (least > 1) return fill(texts.listen_times, { n: least });
    return clips.length > 1 ? texts.listen_all : texts.listen;
  }

  showClip({ name }, i) {
    const { texts } = this.data;
    const sound = this.sounds[i];
    const playing = sound.playing && !sound.run.part;
    const { plays } = this.state.clips[i];
    const button = this.buttons[i];
    const verb = playing ? texts.pause : this.count(i) > 0 ? texts.again : texts.play;
    button.className = playing ? "play playing" : "play";
    button.setAttribute("aria-label", name ? `${verb}: ${name}` : verb);
    button.disabled = this.saving || (!playing && !this.playable(i));
    const most = this.plays.most;
    const left = most ? (plays < most ? fill(texts.left, { n: most - plays }) : texts.none_left) : "";
    const done = this.sounds.length > 1 && this.count(i) >= this.plays.least ? "✓" : "";
    say(this.counts[i], [left, done].filter(Boolean).join(" "));
    this.follow(i);
  }

  close() {
    clearInterval(this.timer);
    cancelAnimationFrame(this.framed);
    this.keep();
    for (const sound of this.sounds ?? []) sound.stop();
    this.editor?.close();
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("pagehide", this.onHide);
  }
}

/** Overlapping stretches joined, in order. */
function union(stretches) {
  const joined = [];
  for (const [from, to] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

const length = (stretches) => stretches.reduce((total, [from, to]) => total + to - from, 0);
