// Starts the page, and asks again and again how all is.

import * as api from "./api.js";
import { Camera } from "./camera.js";
import { Adder, Editor, unlock } from "./edit.js";
import { Events } from "./events.js";
import { coloursOf } from "./heat.js";
import * as login from "./login.js";
import * as words from "./words.js";

const EVENTS_EVERY_MS = 2000;
const HIDDEN_EVERY_MS = 2000;
const LONGEST_WAIT_MS = 5000;
const LONGEST_ALONE_MS = 250;

const byId = (id) => document.getElementById(id);
const page = { site: null, cameras: [], events: null, last: 0, failures: 0, unread: 0, seconds: 300 };

async function start() {
  try {
    page.site = await api.site();
  } catch (error) {
    return error instanceof api.TokenMissing ? askForToken() : again(start, error);
  }
  recovered();
  const { live, cameras, colours, edits, may_change: mayChange, may_unlock: mayUnlock } = page.site;
  Camera.keeps = edits && mayChange;
  page.events = new Events(announce);
  page.events.marks = mayChange;
  document.body.dataset.page = live ? "live" : "stored";
  // To make hundreds of cameras takes longer than to show some events, unless the disk is slow.
  await Promise.race([followEvents().then(painted), new Promise((done) => setTimeout(done, LONGEST_ALONE_MS))]);
  page.events.offer([...cameras.map((camera) => camera.name), ...page.site.recorded]);
  if (live) {
    const palette = coloursOf(colours);
    page.cameras = cameras.map((card, place) => new Camera(place, card, palette));
    page.editor = new Editor(taken);
    page.adder = new Adder(taken);
    for (const camera of page.cameras) camera.edit = () => page.editor.open(camera).catch(fail);
    byId("cameras").append(...page.cameras.map((camera) => camera.root));
    byId("cameras").dataset.count = page.cameras.length;
  }
  byId("leave").hidden = !page.site.token;
  byId("edit").hidden = !mayUnlock && !(edits && mayChange);
  if (sessionStorage.getItem("editing") && Camera.keeps) edit(true);
  if (live) look();
}

const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

async function look() {
  page.timer = null;
  const began = performance.now();
  const isHidden = document.hidden;
  const wanted = isHidden ? [] : page.cameras.map((camera) => camera.wanted).filter(Boolean);
  const since = page.last ? Math.max(0, Math.floor(page.last) - 1) : -page.seconds;
  try {
    const now = await api.live(wanted, since);
    // What is being drawn is not lost: the page loads anew once that is saved or cancelled.
    if (now.run !== page.site.run && !byId("editor").open) return location.reload();
    if (now.run !== page.site.run) return setTimeout(look, HIDDEN_EVERY_MS);
    page.last = now.now;
    await Promise.all(now.cameras.map((each, place) => page.cameras[place].update(each, now.now, now.budget)));
    summarise(now);
  } catch (error) {
    if (error instanceof api.TokenMissing) return askForToken();
    if (error instanceof api.Told) await reloadIfChanged();
    return again(look, error);
  }
  recovered();
  const every = isHidden ? HIDDEN_EVERY_MS : 1000 / page.site.fps;
  page.timer = setTimeout(look, Math.max(0, every - (performance.now() - began)));
}

async function followEvents() {
  try {
    await page.events.refresh();
    if (!page.isLinked) await showLinked();
    if (!page.site.live) recovered();
    if (!page.site.live) byId("summary").textContent = "Stored events";
  } catch (error) {
    if (error instanceof api.TokenMissing) return askForToken();
    if (!page.site.live) return again(followEvents, error);
  }
  setTimeout(followEvents, EVENTS_EVERY_MS);
}

// A message on a phone links to its event: #event=ID.
async function showLinked() {
  page.isLinked = true;
  const id = new URLSearchParams(location.hash.slice(1)).get("event");
  if (!id) return;
  showTab("events");
  await page.events.reveal(id);
}

function again(what, error) {
  page.failures += 1;
  document.body.classList.toggle("lost", page.failures > 1);
  if (page.failures > 1) byId("summary").textContent = `No answer: ${error.what ?? "tried again without end"}`;
  setTimeout(what, Math.min(LONGEST_WAIT_MS, 500 * page.failures));
}

// Where cameras were added or removed, what this page asks for may be refused.
async function reloadIfChanged() {
  const site = await api.site().catch(() => page.site);
  if (site.run !== page.site.run && !byId("editor").open) location.reload();
}

function edit(isOn) {
  if (isOn && !Camera.keeps) return unlock();
  if (isOn) sessionStorage.setItem("editing", "1");
  else sessionStorage.removeItem("editing");
  document.body.classList.toggle("editing", isOn);
  byId("edit").setAttribute("aria-pressed", isOn);
  byId("edit").textContent = isOn ? "Done" : "Edit";
  byId("add").hidden = !isOn;
}

function taken() {
  byId("spoken").textContent = "The change is taken over.";
}

function fail(error) {
  byId("summary").textContent = error.message;
}

function recovered() {
  page.failures = 0;
  document.body.classList.remove("lost");
}

function summarise(now) {
  const count = now.cameras.length;
  const live = now.cameras.filter((camera) => camera.state === "live").length;
  const alarms = now.cameras.flatMap((camera, place) => (camera.alarm ? [page.cameras[place].card.name] : []));
  const all = count === 1 ? "Live" : `All ${count} live`;
  const summary = alarms.length ? `Anomaly: ${alarms.join(", ")}` : live === count ? all : `${live} of ${count} live`;
  if (byId("summary").textContent !== summary) byId("summary").textContent = summary;
  byId("summary").dataset.tone = alarms.length ? "alarm" : live === count ? "well" : "ill";
  document.title = alarms.length ? `● ${summary}` : "edge-vad";
  const troubles = now.troubles.map(({ sink, why }) => `${sink}: ${why}`);
  if (byId("troubles").dataset.said !== troubles.join("\n")) {
    byId("troubles").dataset.said = troubles.join("\n");
    byId("troubles").replaceChildren(
      ...troubles.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
  }
}

function announce(event) {
  byId("spoken").textContent = `New event: ${event.camera}, ${words.clock(event.start)}`;
  if (document.body.dataset.tab !== "events") page.unread += 1;
  byId("unread").textContent = page.unread;
  byId("unread").hidden = !page.unread;
}

function askForToken() {
  document.body.dataset.page = "login";
  byId("login").hidden = false;
  byId("token").focus();
}

function showTab(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll(".tabs button")) {
    button.setAttribute("aria-current", button.dataset.tab === tab);
  }
  if (tab === "events") page.unread = 0;
  byId("unread").hidden = !page.unread;
  scrollTo(0, 0);
}

function toggleHeat() {
  Camera.heat = !Camera.heat;
  byId("heat").setAttribute("aria-pressed", Camera.heat);
  page.cameras.forEach((camera) => camera.draw());
}

function onKey(event) {
  const isTyping = event.target.matches("input:not([type=radio]), select, textarea");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !page.events) return;
  if (document.querySelector("dialog[open]:not(#viewer)")) return;
  const isViewing = byId("viewer").open;
  if (event.key === "j") page.events.viewer.move(1);
  else if (event.key === "k") page.events.viewer.move(-1);
  else if (isViewing) return;
  else if (event.key === "h") toggleHeat();
  else if (event.key === "?") byId("help").showModal();
  else if (/^[1-9]$/.test(event.key)) page.cameras[event.key - 1]?.enlarge();
}

login.listen();
byId("edit").addEventListener("click", () => edit(!document.body.classList.contains("editing")));
byId("add").addEventListener("click", () => page.adder.open().catch(fail));
byId("heat").addEventListener("click", toggleHeat);
byId("keys").addEventListener("click", () => byId("help").showModal());
for (const button of document.querySelectorAll(".tabs button")) {
  button.addEventListener("click", () => showTab(button.dataset.tab));
}
for (const choice of document.querySelectorAll("[name=span]")) {
  choice.addEventListener("change", () => {
    page.seconds = Number(choice.value);
    page.cameras.forEach((camera) => camera.timeline.show(page.seconds));
    page.last = 0;
  });
}
addEventListener("hashchange", () => showLinked().catch(() => {}));
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !page.timer) return;
  clearTimeout(page.timer);
  page.timer = setTimeout(look, 0);
});
start();
