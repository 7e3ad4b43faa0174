// Draws the waveform and a lane of hits for each instrument; only what is in sight is drawn.
export const WAVE = 84, LANE = 26;
const AXIS = 22, SMALLEST = 2, LARGEST = 9.5;
const STEPS_S = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60];
const NEAR = 64;  // pixels between two labels of the axis, at least
const READABLE = 48, CLOSEST = 600;  // pixels a second: at first at least, and with the closest zoom

export class View {
  constructor(box) {
    this.scroll = box;
    this.time = box.querySelector(".time");
    this.canvas = box.querySelector("canvas");
    this.head = box.querySelector(".head");
    this.factor = 1;
    this.scroll.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.layout()).observe(box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  load({ duration_s, outline }, lanes) {
    Object.assign(this, { duration: duration_s, outline, lanes, factor: 1, hits: [], muted: new Set() });
    this.factor = Math.max(1, READABLE / this.scale);
    this.layout();
    this.scroll.scrollLeft = 0;
  }

  show(hits, muted) {
    this.hits = hits;
    this.muted = muted;
    this.draw();
  }

  get zooms() {  // as powers of two: now, and the closest
    return [Math.log2(this.factor), Math.max(0, Math.log2(CLOSEST * this.factor / this.scale))];
  }

  get scale() {  // pixels a second; the first hit and the last have room
    return this.factor * (this.scroll.clientWidth - 2 * LARGEST) / this.duration;
  }
  x(second) { return LARGEST + second * this.scale; }
  secondAt(clientX) { return (clientX - this.time.getBoundingClientRect().left - LARGEST) / this.scale; }

  zoom(factor, around) {
    const before = this.x(around) - this.scroll.scrollLeft;
    this.factor = factor;
    this.layout();
    this.scroll.scrollLeft = this.x(around) - before;
    this.draw();
  }

  layout() {
    if (!this.lanes || !this.scroll.clientWidth) return;
    const width = this.scroll.clientWidth, height = WAVE + LANE * this.lanes.length + AXIS, fine = devicePixelRatio;
    this.time.style.width = `${2 * LARGEST + this.duration * this.scale}px`;
    Object.assign(this.canvas, { width: Math.round(width * fine), height: Math.round(height * fine) });
    this.canvas.style.width = `${width}px`;
    this.time.style.height = this.canvas.style.height = `${height}px`;
    this.head.style.height = `${height - AXIS}px`;
    this.draw();
  }

  draw() {
    if (!this.lanes || !this.canvas.width) return;
    const pen = this.canvas.getContext("2d"), style = getComputedStyle(this.scroll);
    const [paper, dim, line, stripe] = ["--paper", "--dim", "--line", "--stripe"].map(name => style.getPropertyValue(name));
    const width = this.scroll.clientWidth, left = this.scroll.scrollLeft, bottom = WAVE + LANE * this.lanes.length;
    const from = (left - 2 * LARGEST) / this.scale, to = (left + width + LARGEST) / this.scale;
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.fillStyle = paper;
    pen.fillRect(0, 0, width, bottom + AXIS);
    pen.fillStyle = stripe;
    for (let row = 0; row < this.lanes.length; row += 2) pen.fillRect(0, WAVE + LANE * row, width, LANE);
    pen.translate(-left, 0);
    this.drawAxis(pen, from, to, bottom, { dim, line });
    const colours = this.lanes.map(({ swatch }) => getComputedStyle(swatch).backgroundColor);
    const rows = Object.fromEntries(this.lanes.map(({ id }, row) => [id, row]));
    const seen = this.hits.filter(hit => hit.onset_s > from && hit.onset_s < to);
    for (const hit of seen) {
      if (this.muted.has(hit.instrument)) continue;
      const x = this.x(hit.onset_s), reach = (WAVE / 2 - 4) * hit.velocity / 127;
      pen.globalAlpha = 0.55;
      pen.fillStyle = colours[rows[hit.instrument]];
      pen.fillRect(x - 0.75, WAVE / 2 - reach, 1.5, 2 * reach);
      pen.globalAlpha = 1;
    }
    this.drawWave(pen, from, to, dim);
    pen.lineWidth = 1.25;
    for (const hit of seen) {
      const row = rows[hit.instrument], muted = this.muted.has(hit.instrument);
      pen.beginPath();
      pen.arc(this.x(hit.onset_s), WAVE + LANE * (row + 0.5),
        SMALLEST + (LARGEST - SMALLEST) * hit.velocity / 127, 0, 2 * Math.PI);
      pen.fillStyle = muted ? paper : colours[row];
      pen.strokeStyle = muted ? dim : paper;
      pen.fill();
      pen.stroke();
    }
  }

  drawWave(pen, from, to, colour) {
    const [low, high] = this.outline, rate = low.length / this.duration;
    const first = Math.max(0, Math.floor(from * rate)), last = Math.min(low.length, Math.ceil(to * rate));
    const step = Math.max(1, rate / this.scale), middle = WAVE / 2, scale = (WAVE / 2 - 4) / 100;
    const tops = [], bottoms = [];
    for (let at = first - first % step; at < last; at += step) {
      let bottom = 0, top = 0;
      for (let i = Math.floor(at); i < Math.min(at + step, last); i++) {
        bottom = Math.min(bottom, low[i]);
        top = Math.max(top, high[i]);
      }
      const x = this.x(at / rate);
      tops.push([x, middle - scale * top - 0.5]);
      bottoms.push([x, middle - scale * bottom + 0.5]);
    }
    pen.beginPath();
    for (const [x, y] of [...tops, ...bottoms.reverse()]) pen.lineTo(x, y);
    pen.globalAlpha = 0.6;
    pen.fillStyle = colour;
    pen.fill();
    pen.globalAlpha = 1;
  }

  drawAxis(pen, from, to, bottom, { dim, line }) {
    const step = STEPS_S.find(each => each * this.scale >= NEAR) ?? 60 * Math.ceil(NEAR / this.scale / 60);
    pen.font = `11px ${getComputedStyle(this.scroll).fontFamily}`;
    for (let mark = Math.max(0, Math.floor(from / step)); mark * step <= Math.min(to, this.duration); mark++) {
      const x = this.x(mark * step);
      pen.fillStyle = line;
      pen.fillRect(x - 0.5, WAVE, 1, bottom - WAVE + 5);
      pen.fillStyle = dim;
      if (mark * step < this.duration - 32 / this.scale) pen.fillText(clock(mark * step, step < 1 ? (step < 0.1 ? 2 : 1) : 0), x + 4, bottom + 15);
    }
  }

  // Moves the play head, and turns the page when it leaves it.
  move(second, following) {
    const x = this.x(second), { scrollLeft, clientWidth } = this.scroll;
    this.head.style.transform = `translateX(${x}px)`;
    if (following && (x < scrollLeft || x > scrollLeft + 0.95 * clientWidth)) this.scroll.scrollLeft = x - 0.05 * clientWidth;
  }
}

export function clock(second, digits) {
  const minutes = Math.floor(second / 60), rest = (second - 60 * minutes).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? digits + 3 : 2, "0")}`;
}
