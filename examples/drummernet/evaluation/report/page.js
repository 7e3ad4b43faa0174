"use strict";
// Stretches the time of rolls, but not their marks; ties the two players of a track together, and to its rolls.
const sounds = [...document.querySelectorAll("audio")];

class Roll {
  constructor(box) {
    this.scroll = box.querySelector(".scroll");
    this.svg = this.scroll.querySelector("svg");
    this.cursor = this.svg.querySelector(".cursor");
    this.width = this.svg.viewBox.baseVal.width;
    this.height = this.svg.viewBox.baseVal.height;
    this.paths = [...this.svg.querySelectorAll(".hit, .miss, .false, .axis path")].map(path => [path, path.getAttribute("d")]);
    this.texts = [...this.svg.querySelectorAll(".axis text")].map(text => [text, +text.getAttribute("x") - 3]);
    this.stripe = this.svg.querySelector(".stripe");
    this.factor = 1;
  }
  stretch(factor) {
    const middle = (this.scroll.scrollLeft + this.scroll.clientWidth / 2) / this.factor;
    this.factor = factor;
    const width = this.width * factor;
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${this.height}`);
    for (const [path, d] of this.paths)
      path.setAttribute("d", d.replace(/([ML])([\d.]+)/g, (_, letter, x) => letter + (x * factor).toFixed(2)));
    for (const [text, x] of this.texts) text.setAttribute("x", x * factor + 3);
    this.stripe.setAttribute("transform", `scale(${factor} 1)`);
    this.scroll.scrollLeft = middle * factor - this.scroll.clientWidth / 2;
  }
  show(share) {
    const x = share * this.width * this.factor, { scrollLeft, clientWidth } = this.scroll;
    this.cursor.setAttribute("transform", `translate(${x} 0)`);
    this.cursor.style.visibility = "visible";
    if (x < scrollLeft || x > scrollLeft + 0.9 * clientWidth) this.scroll.scrollLeft = x - 0.1 * clientWidth;
  }
}

for (const track of document.querySelectorAll("article")) {
  const rolls = [...track.querySelectorAll(".roll")].map(box => new Roll(box));
  const players = [...track.querySelectorAll("audio")];
  const duration = +track.dataset.duration;
  const bar = track.querySelector(".sounds");

  const zoom = Object.assign(document.createElement("input"), { type: "range", min: -1, max: 4, step: 0.25, value: 0 });
  zoom.oninput = () => rolls.forEach(roll => roll.stretch(2 ** zoom.value));
  const label = document.createElement("label");
  label.append("zoom", zoom);
  bar.append(label);
  addEventListener("beforeprint", () => rolls.forEach(roll => roll.stretch(600 / roll.width)));
  addEventListener("afterprint", () => rolls.forEach(roll => roll.stretch(2 ** zoom.value)));
  if (!players.length) continue;

  let heard = players[0];
  const follow = () => {
    rolls.forEach(roll => roll.show(heard.currentTime / duration));
    if (!heard.paused) requestAnimationFrame(follow);
  };
  for (const player of players) {
    player.onplay = () => {
      for (const other of sounds) if (other !== player) other.pause();
      heard = player;
      follow();
    };
    player.onpause = player.onseeked = () => {  // so that the other one goes on from here
      for (const other of players)
        if (other.paused && player === heard && Math.abs(other.currentTime - player.currentTime) > 0.02)
          other.currentTime = player.currentTime;
      follow();
    };
  }
  const button = Object.assign(document.createElement("button"), { textContent: "A/B" });
  button.title = "Go on with the other sound";
  button.onclick = () => {
    const other = players[1 - players.indexOf(heard)];
    other.currentTime = heard.currentTime;
    heard.pause();
    other.play();
  };
  bar.insertBefore(button, label);
  for (const roll of rolls)
    roll.svg.onclick = event => {
      const share = (event.clientX - roll.svg.getBoundingClientRect().left) / roll.svg.getBoundingClientRect().width;
      heard.currentTime = Math.min(share * duration, heard.duration || 0);
      follow();
    };
}
