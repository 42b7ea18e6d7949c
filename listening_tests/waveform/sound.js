// One sound: fetched and decoded once, then played from any sample to any other by Web Audio.
//
// Where Web Audio cannot decode it or does not come to life, an <audio> element plays it, with edges as exact as the screen's
// frames. Nothing ever plays but in answer to a press: only that lets Safari and Firefox open the output.

const TRIES = 3; // a hiccup of the network is the likeliest cause; ask again before bothering the participant
const WAKES_MS = 1500; // an output that is not running by then never will
const LEAD_S = 0.01; // so that the first samples are not late
const RAMP_S = 0.003; // no click where a part begins in the middle of a sound
const DECODES_HZ = 48000;

/** The page's one way to the loudspeakers. */
const output = {
  context: null,

  /** Whether Web Audio runs; must be called while a press is handled. */
  async wake() {
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!Context) return false;
    if (navigator.audioSession) navigator.audioSession.type = "playback"; // an iPhone's mute switch would silence the test
    this.context ??= new Context();
    if (this.context.state === "running") return true;
    const late = new Promise((resolve) => setTimeout(resolve, WAKES_MS, false));
    const awake = this.context.resume().then(
      () => this.context.state === "running",
      () => false,
    );
    return Promise.race([awake, late]);
  },

  /** When, by clock(), the sample of this moment of the context leaves the loudspeaker. */
  audible(when) {
    const { context } = this;
    const guess = clock() + 1000 * (when - context.currentTime + this.latency);
    const stamp = context.getOutputTimestamp?.();
    if (!stamp?.contextTime) return guess;
    const told = performance.timeOrigin + stamp.performanceTime + 1000 * (when - stamp.contextTime);
    return Math.abs(told - guess) < 500 ? told : guess; // some browsers tell nonsense before the first second
  },

  get latency() {
    return this.context.outputLatency || this.context.baseLatency || 0;
  },
};

function decode(bytes) {
  const Context = window.OfflineAudioContext || window.webkitOfflineAudioContext;
  // Safari before 14.1 knows only the callbacks
  return new Promise((resolve, reject) => {
    new Context(1, 1, DECODES_HZ).decodeAudioData(bytes, resolve, reject)?.catch(reject);
  });
}

class Sound {
  constructor(url) {
    this.url = url;
    this.buffer = null; // decoded samples
    this.element = null; // the fallback
    this.duration = 0;
    this.failed = "";
    this.run = null; // what is playing: { from, to, loop, position(), stop() }
    this.ready = this.load();
    this.ready.catch(() => {}); // whoever waits for it is told
  }

  async load() {
    for (let left = TRIES - 1; ; left -= 1)
      try {
        return await this.open();
      } catch (error) {
        this.failed = `media error: ${error.message}`;
        if (!left) throw error;
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
  }

  async open() {
    const reply = await fetch(this.url, { cache: "no-store" });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    const bytes = await reply.arrayBuffer();
    try {
      this.buffer = await decode(bytes);
      this.duration = this.buffer.duration;
    } catch {
      await this.fallBack();
    }
    this.failed = "";
  }

  fallBack() {
    return new Promise((resolve, reject) => {
      const element = new Audio();
      element.preload = "auto";
      element.onloadedmetadata = () => {
        this.element = element;
        if (!this.buffer) this.duration = element.duration;
        resolve();
      };
      element.onerror = () => reject(new Error(`code ${element.error?.code ?? "unknown"}`));
      element.src = this.url;
    });
  }

  get playing() {
    return this.run !== null;
  }

  /** Seconds from the beginning of what is heard now; null if nothing is. */
  get position() {
    return this.run ? this.run.position() : null;
  }

  /**
   * Play from here to there, in seconds; must be called while a press is handled.
   * `loop` is null or the [start, end] that is repeated. `heard(ms)` tells when the first sample left the loudspeaker,
   * `over([from, to], ended, at)` what was played, whether it came to its end, and where it stopped; `refused(error)` that
   * the browser wants another press.
   */
  play(from, to, { loop = null, heard, over, refused }) {
    this.stop();
    const run = { from, to, loop, heard, over, refused, position: () => from, reached: () => from, halt() {} };
    this.run = run;
    const context = this.element || !this.buffer ? null : output.context;
    if (context?.state === "running") this.playSamples(run);
    else if (this.element) this.playElement(run);
    else output.wake().then((awake) => this.run === run && (awake ? this.playSamples(run) : this.playOtherwise(run)));
  }

  stop() {
    if (this.run) this.end(this.run, false);
  }

  end(run, ended) {
    if (this.run !== run) return;
    const at = ended ? run.to : run.reached(); // null: a loop that went round at least once
    this.run = null;
    run.halt();
    const played = at === null ? [Math.min(run.from, run.loop[0]), run.loop[1]] : [run.from, at];
    run.over(played, ended, at ?? run.loop[0]);
  }

  /** To be called at every frame of the screen while something plays. */
  tick() {
    this.run?.tick?.();
  }

  playSamples(run) {
    const { context } = output;
    const source = context.createBufferSource();
    const gain = context.createGain();
    source.buffer = this.buffer;
    source.connect(gain).connect(context.destination);
    const when = context.currentTime + LEAD_S;
    const length = run.to - run.from;
    if (run.from > 0) {
      gain.gain.setValueAtTime(0, when);
      gain.gain.linearRampToValueAtTime(1, when + RAMP_S);
    }
    if (run.loop) {
      [source.loop, source.loopStart, source.loopEnd] = [true, ...run.loop];
      source.start(when, run.from);
    } else source.start(when, run.from, length);
    const speed = source.playbackRate.value;
    const passed = (now) => Math.max(0, now - when) * speed;
    const wrapped = (at) => run.loop[0] + ((at - run.loop[0]) % (run.loop[1] - run.loop[0]));
    run.position = () => {
      const at = run.from + passed(context.currentTime - output.latency);
      return run.loop ? (at < run.loop[1] ? at : wrapped(at)) : Math.min(at, run.to);
    };
    run.reached = () => {
      const at = run.from + passed(context.currentTime);
      return run.loop ? (at < run.loop[1] ? at : null) : Math.min(at, run.to);
    };
    const tell = () => {
      run.heard?.(output.audible(when));
      run.heard = null;
    };
    run.tick = () => {
      if (run.heard && context.currentTime - output.latency >= when) tell();
    };
    run.halt = () => {
      if (run.heard && context.currentTime > when) tell();
      source.onended = null;
      context.removeEventListener("statechange", halted);
      source.stop();
      source.disconnect();
    };
    const halted = () => context.state !== "running" && this.end(run, false); // a call came in, or the output was unplugged
    context.addEventListener("statechange", halted);
    source.onended = () => this.end(run, true);
  }

  /** Web Audio does not run: let an element play, now and from now on. */
  async playOtherwise(run) {
    try {
      await this.fallBack();
    } catch {
      this.end(run, false);
      return;
    }
    if (this.run === run) this.playElement(run);
  }

  playElement(run) {
    const { element } = this;
    element.currentTime = run.from;
    let rounds = 0;
    run.position = () => Math.min(element.currentTime, run.to);
    run.reached = () => (rounds ? null : Math.min(element.currentTime, run.to));
    const turn = () => {
      if (!run.loop) return this.end(run, true);
      rounds += 1;
      [element.currentTime] = run.loop;
      element.play();
    };
    run.tick = () => {
      const last = run.loop ? run.loop[1] : run.to;
      if (last < this.duration && element.currentTime >= last) turn();
    };
    run.halt = () => {
      element.onplaying = element.onended = null;
      element.pause();
    };
    element.onplaying = () => {
      run.heard?.(clock());
      run.heard = null;
    };
    element.onended = turn;
    element.play().catch((error) => {
      if (this.run !== run || error.name === "AbortError") return;
      this.end(run, false);
      run.refused(error);
    });
  }

  /** Lowest and highest sample by turns, of `columns` stretches between two times; null if there are no samples. */
  outline(from, to, columns) {
    if (!this.buffer) return null;
    const samples = this.buffer.getChannelData(0);
    const rate = this.buffer.sampleRate;
    const pairs = [];
    for (let i = 0; i < columns; i += 1) {
      const first = Math.floor((from + ((to - from) * i) / columns) * rate);
      const last = Math.max(first + 1, Math.floor((from + ((to - from) * (i + 1)) / columns) * rate));
      let [low, high] = [Infinity, -Infinity];
      for (let n = Math.max(first, 0); n < Math.min(last, samples.length); n += 1) {
        if (samples[n] < low) low = samples[n];
        if (samples[n] > high) high = samples[n];
      }
      pairs.push(Number.isFinite(low) ? low : 0, Number.isFinite(high) ? high : 0);
    }
    return pairs;
  }
}
