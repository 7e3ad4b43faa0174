// Plays the recording and its hits on a kit, both at once on one clock, of which one is heard.
const AHEAD_S = 1.5;  // that hits are scheduled ahead: a page in the background is looked after once a second
const CHOKE_S = 0.03, RANGE_DB = 30;  // as ddsp_drums.kits.render has them
const SOFT_S = 0.01;
const CHOKES = { CHH: "OHH", PHH: "OHH" };
const strength = velocity => 10 ** (RANGE_DB * (velocity / 127 - 1) / 20);

export class Player {
  constructor() {
    this.context = new AudioContext();
    this.sides = { recording: this.context.createGain(), drums: this.context.createGain() };
    this.master = this.context.createGain();
    this.master.connect(this.context.destination);
    for (const side of Object.values(this.sides)) side.connect(this.master);
    this.level = this.context.createGain();
    this.level.connect(this.sides.drums);
    this.kit = {};
    this.hits = [];
    this.muted = new Set();
    this.playing = new Set();  // what was scheduled and has not rung out
    this.offset = 0;
    this.running = false;
    this.choose("recording");
  }

  async loadKit(instruments) {
    const sounding = instruments.filter(({ velocities }) => velocities.length);  // others are seen, not heard
    await Promise.all(sounding.map(async ({ id, velocities }) => {
      const sounds = await this.context.decodeAudioData(await (await fetch(`kit/${id}.wav`)).arrayBuffer());
      const layers = velocities.map((_, layer) => {
        const one = this.context.createBuffer(1, sounds.length, sounds.sampleRate);
        one.copyToChannel(sounds.getChannelData(layer), 0);
        return one;
      });
      const samples = layers.at(-1).getChannelData(0);
      const energy = samples.reduce((sum, x) => sum + x * x, 0) / sounds.sampleRate;
      const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const out = this.context.createGain();
      out.connect(this.level);
      this.kit[id] = { layers, velocities, energy, peak, out };
    }));
  }

  // The drums get the level of the recording; what would be louder than full scale makes both softer.
  load(recording, { duration_s, rms }, hits) {
    this.stop();
    this.offset = 0;
    this.recording = recording;
    this.duration = duration_s;
    this.muted.clear();
    for (const { out } of Object.values(this.kit)) out.gain.value = 1;
    let energy = 0, loudest = 0;
    const heard = hits.filter(({ instrument }) => this.kit[instrument]);
    heard.forEach((hit, i) => {
      energy += strength(hit.velocity) ** 2 * this.kit[hit.instrument].energy;
      let together = 0;
      for (let j = i; j < heard.length && heard[j].onset_s < hit.onset_s + 0.02; j++)
        together += strength(heard[j].velocity) * this.kit[heard[j].instrument].peak;
      loudest = Math.max(loudest, together);
    });
    const gain = energy && rms ? rms * Math.sqrt(duration_s / energy) : 1;
    this.level.gain.value = gain;
    this.master.gain.value = 1 / Math.max(1, gain * loudest);
    this.setHits(hits);
  }

  setHits(hits) {
    this.hits = hits;
    if (this.running) this.reschedule();
  }

  get position() {
    return this.running ? Math.max(0, this.context.currentTime - this.begun) : this.offset;
  }

  async play() {
    await this.context.resume();
    if (this.running) return;
    this.begun = this.context.currentTime - this.offset + SOFT_S;
    this.running = true;
    if (this.recording) {
      const source = this.context.createBufferSource();
      source.buffer = this.recording;
      source.connect(this.sides.recording);
      source.start(this.begun + this.offset, this.offset);
      this.source = source;
    }
    this.scheduled = this.offset;
    this.timer = setInterval(() => this.schedule(), 100);
    this.schedule();
  }

  stop() {
    this.offset = this.position;
    this.running = false;
    clearInterval(this.timer);
    this.source?.stop();
    this.source = undefined;
    for (const { source } of this.playing) source.stop();
    this.playing.clear();
  }

  seek(second) {
    const running = this.running;
    this.stop();
    this.offset = Math.max(0, Math.min(second, this.duration));
    if (running) this.play();
  }

  choose(side) {
    this.side = side;
    for (const [name, gain] of Object.entries(this.sides))
      gain.gain.setTargetAtTime(name === side ? 1 : 0, this.context.currentTime, SOFT_S);
  }

  mute(instrument, muted) {
    this.muted[muted ? "add" : "delete"](instrument);
    this.kit[instrument]?.out.gain.setTargetAtTime(muted ? 0 : 1, this.context.currentTime, SOFT_S);
  }

  // What sounds rings on; what was only scheduled is scheduled anew.
  reschedule() {
    for (const played of this.playing)
      if (played.onset_s > this.position) {
        played.source.stop();
        this.playing.delete(played);
      }
    this.scheduled = Math.min(this.scheduled, this.position);
    this.schedule();
  }

  schedule() {
    if (this.position > this.duration) return;
    const until = this.position + AHEAD_S;
    this.hits.forEach((hit, i) => {
      if (hit.onset_s >= this.scheduled && hit.onset_s < until) this.strike(hit, i);
    });
    this.scheduled = until;
  }

  strike(hit, index) {
    if (!this.kit[hit.instrument]) return;
    const { layers, velocities, out } = this.kit[hit.instrument];
    const source = this.context.createBufferSource(), gain = this.context.createGain();
    source.buffer = layers[Math.max(0, velocities.findIndex(highest => hit.velocity <= highest))];
    gain.gain.value = strength(hit.velocity);
    source.connect(gain).connect(out);
    source.start(this.begun + hit.onset_s);
    const closed = this.hits.slice(index + 1).find(
      later => CHOKES[later.instrument] === hit.instrument && later.onset_s > hit.onset_s);
    if (closed) {
      const end = this.begun + closed.onset_s;
      gain.gain.setValueAtTime(gain.gain.value, end);
      gain.gain.linearRampToValueAtTime(0, end + CHOKE_S);
    }
    const played = { source, onset_s: hit.onset_s };
    this.playing.add(played);
    source.onended = () => this.playing.delete(played);
  }
}
