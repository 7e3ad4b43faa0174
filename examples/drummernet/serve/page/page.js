// Ties the page together: a recording goes out, candidates come back, and all else happens here.
import { named, pick, row } from "./hits.js";
import { Player } from "./player.js";
import { record, wav } from "./sound.js";
import { View, WAVE, LANE, clock } from "./view.js";

const $ = selector => document.querySelector(selector);
const create = (name, properties, ...children) => {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
};
const setup = await (await fetch("setup")).json();
const { megabytes, duration_s: longest_s } = setup.limits;
const player = new Player();
const view = new View($(".scroll"));
const kit = player.loadKit(setup.instruments);
let heard, thresholds, hits, lanes, asking;

$("#limits").textContent = `${longest_s / 60} minutes or ${megabytes} MB at most`;
$("#record").disabled = !navigator.mediaDevices;
if ($("#record").disabled) $("#record").title = "Browsers record only on this machine itself, or over https";

// What comes in

function tell(status, error = "") {
  for (const [id, text] of [["#status", status], ["#error", error]]) {
    $(id).textContent = text;
    $(id).hidden = !text;
  }
  document.body.classList.toggle("busy", Boolean(status));
}

async function open(blob, name) {
  asking?.abort();
  const mine = asking = new AbortController();
  player.stop();
  try {
    if (blob.size > 1e6 * megabytes) throw new Error(`more than ${megabytes} MB; cut it, or use drummernet transcribe`);
    tell(`Listening to ${name} …`);
    const bytes = await blob.arrayBuffer();
    const recording = await player.context.decodeAudioData(bytes).catch(() => null);
    const known = setup.suffixes.some(suffix => name.toLowerCase().endsWith(suffix));
    if (recording?.duration > longest_s)
      throw new Error(`longer than ${longest_s / 60} minutes; cut it, or use drummernet transcribe`);
    const body = recording && !known ? wav(recording) : blob;
    const response = await fetch("transcribe", { method: "POST", body, signal: mine.signal });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    await kit;
    if (mine.signal.aborted) return;
    present(answer, recording, name);
    tell("", recording ? "" : `${name}: this browser cannot play it, so only the drums are heard`);
  } catch (error) {
    if (mine.signal.aborted) return;
    tell("", `${name}: ${error instanceof TypeError ? "the program that serves this page does not answer" : error.message}`);
  }
}

$("#file").onchange = event => {
  const [file] = event.target.files;
  if (file) open(file, file.name);
  event.target.value = "";  // the same file may come again
};
for (const type of ["dragover", "dragleave", "drop"])
  addEventListener(type, event => {
    event.preventDefault();
    document.body.classList.toggle("over", type === "dragover");
    if (type !== "drop") return;
    const [file] = event.dataTransfer.files;
    file ? open(file, file.name) : tell("", "What was dropped is no file");
  });

let recorder;
$("#record").onclick = async () => {
  if (recorder) return recorder.stop();
  try {
    recorder = await record(longest_s);
  } catch (error) {
    return tell("", `No recording: ${error.message}`);
  }
  player.stop();
  $("#record").classList.add("on");
  $("#record span").textContent = "Stop";
  const recording = await recorder.done;
  recorder = undefined;
  $("#record").classList.remove("on");
  $("#record span").textContent = "Record";
  open(recording, "recording");
};

// What is shown

function present(answer, recording, name) {
  heard = { ...answer, candidates: answer.candidates.map(group => group.map(named)) };
  thresholds = { ...heard.thresholds };
  hits = pick(heard, thresholds);
  player.load(recording, heard, hits);
  $("#title").textContent = name;
  $("#result").hidden = false;
  document.body.classList.add("full");
  for (const radio of document.querySelectorAll(".switch input")) {
    radio.disabled = radio.value === "recording" && !recording;
    radio.checked = radio.value === (recording ? "recording" : "drums");
    if (radio.checked) player.choose(radio.value);
  }
  const levels = Object.values(thresholds);
  slide($("#all"), levels.reduce((sum, level) => sum + level, 0) / levels.length);
  const found = new Set(heard.candidates.flat().map(candidate => candidate.instrument));
  lanes = setup.instruments.filter(({ id }) => found.has(id)).map(lane);
  $(".names").replaceChildren(...lanes.map(one => one.item));
  $(".levels ul").replaceChildren(...lanes.map(one => one.level));
  view.load(heard, lanes);
  const [now, closest] = view.zooms;
  Object.assign($("#zoom"), { max: closest, value: now });
  show();
}

function lane({ id, name, colour }) {
  const swatch = create("i", {}), count = create("output", {});
  const button = create("button", { type: "button" }, swatch, create("span", { textContent: name }), count);
  const input = create("input", { type: "range", min: 0.02, max: 1, step: 0.01, ariaLabel: `threshold of ${name}` });
  const item = create("li", {}, button);
  const level = create("li", {}, create("label", {}, create("span", { textContent: name }), input, create("output", {})));
  for (const each of [item, level]) each.style.setProperty("--own", colour);
  button.ariaPressed = "false";
  button.onclick = () => {
    const muted = !player.muted.has(id);
    player.mute(id, muted);
    button.ariaPressed = String(muted);
    show();
  };
  input.oninput = () => {
    thresholds[id] = +input.value;
    slide(input, thresholds[id]);
    change();
  };
  slide(input, thresholds[id]);
  return { id, name, item, level, swatch, count, input };
}

function slide(input, value) {
  input.value = value;
  input.parentNode?.querySelector("output")?.replaceChildren(value.toFixed(2).replace(/^0/, ""));
}

$("#all").oninput = event => {
  const value = +event.target.value;
  slide($("#all"), value);
  for (const { id, input } of lanes) {
    thresholds[id] = value;
    slide(input, value);
  }
  change();
};

function change() {
  hits = pick(heard, thresholds);
  player.setHits(hits);
  show();
}

function show() {
  const counts = lanes.map(({ id }) => hits.filter(hit => hit.instrument === id).length);
  lanes.forEach(({ item, count }, i) => {
    count.textContent = counts[i];
    item.classList.toggle("none", !counts[i]);
  });
  view.show(hits, player.muted);
  const listed = lanes.map(({ name }, i) => `${counts[i]} ${name}`).filter((_, i) => counts[i]);
  $("canvas").ariaLabel = `${hits.length} hits: ${listed.join(", ")}`;
}

// What plays

let last = 0;
function follow() {
  const now = player.position;
  if (player.running && now > player.duration + 0.5) {
    player.stop();
    player.offset = 0;
  }
  if (player.running)
    for (const hit of hits)
      if (hit.onset_s >= last && hit.onset_s < now && now - last < 0.5) flash(hit);
  last = now;
  $("#clock").textContent = `${clock(Math.min(now, player.duration ?? 0), 1)}`;
  $("#play").classList.toggle("on", player.running);
  $("#play").ariaLabel = player.running ? "pause" : "play";
  if (heard) view.move(Math.min(player.position, player.duration), player.running);
  requestAnimationFrame(follow);
}
follow();

const still = matchMedia("(prefers-reduced-motion: reduce)");
function flash({ instrument, velocity }) {
  const one = lanes.find(({ id }) => id === instrument);
  if (player.muted.has(instrument) || still.matches) return;
  one.swatch.animate([{ transform: `scale(${1 + velocity / 127})` }, { transform: "none" }], 180);
}

const toggle = () => player.running ? player.stop() : player.play();
const choose = side => {
  const radio = $(`.switch [value=${side}]`);
  if (radio.disabled) return;
  radio.checked = true;
  player.choose(side);
};
const zoom = value => {
  $("#zoom").value = value;
  view.zoom(2 ** $("#zoom").value, player.position);
};
$("#play").onclick = toggle;
for (const radio of document.querySelectorAll(".switch input")) radio.onchange = () => choose(radio.value);
$("#zoom").oninput = event => zoom(event.target.value);
$("canvas").onclick = event => player.seek(view.secondAt(event.clientX));

const keys = {
  " ": toggle,
  a: () => choose(player.side === "drums" ? "recording" : "drums"),
  ArrowLeft: () => player.seek(player.position - 1),
  ArrowRight: () => player.seek(player.position + 1),
  Home: () => player.seek(0),
  "+": () => zoom(+$("#zoom").value + 0.5),
  "-": () => zoom(+$("#zoom").value - 0.5),
};
addEventListener("click", event => event.detail && event.target.closest("button")?.blur());  // the mouse leaves keys alone
addEventListener("keydown", event => {
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const own = event.target.closest("input") ? event.key !== " " && event.key !== "a" : event.target.closest("button") && event.key === " ";
  if (!act || own || !heard || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

// What goes out

for (const format of ["mid", "csv"])
  $(`#${format}`).onclick = async () => {
    const body = JSON.stringify({ hits: hits.map(row), muted: [...player.muted] });
    const response = await fetch(`hits.${format}`, { method: "POST", body }).catch(() => null);
    if (!response?.ok) return tell("", response ? (await response.json()).error : "the program that serves this page does not answer");
    const href = URL.createObjectURL(await response.blob());
    create("a", { href, download: `${$("#title").textContent.replace(/\.[^.]*$/, "")}.${format}` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  };

document.documentElement.style.setProperty("--wave", `${WAVE}px`);
document.documentElement.style.setProperty("--lane", `${LANE}px`);
for (const input of document.querySelectorAll(".levels .all input")) Object.assign(input, { min: 0.02, max: 1, step: 0.01 });
document.body.classList.add("ready");
