// The page over many boxes: how each is, with its cameras, and the events of all.

import * as api from "./api.js";
import { Events } from "./events.js";
import * as login from "./login.js";
import { Pictures } from "./pictures.js";
import * as words from "./words.js";

const EVERY_MS = 2000;
const LONGEST_WAIT_MS = 5000;
const STATES = { asked: "Being asked", well: "Answers", away: "Away" };

const byId = (id) => document.getElementById(id);
const made = (template) => byId(template).content.cloneNode(true).firstElementChild;
const page = { boxes: new Map(), events: null, failures: 0 };

function told(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A place is a box, or BOX/CAMERA: a box has no stroke in its name.
class BoxEvents extends Events {
  placesOf(event) {
    return [event.box_name, `${event.box_name}/${event.camera}`];
  }

  asked(place) {
    const [box, ...camera] = place.split("/");
    return { ...(box && { box }), ...(camera.length && { camera: camera.join("/") }) };
  }

  choose(place) {
    this.filter.value = this.filter.value === place ? "" : place;
    this.filter.dispatchEvent(new Event("change"));
  }
}

// A camera of a box.
class Place {
  constructor(box, name) {
    this.place = `${box}/${name}`;
    this.root = made("place-row");
    this.button = this.root.firstElementChild;
    this.button.querySelector("b").textContent = name;
    this.button.addEventListener("click", () => page.events.choose(this.place));
  }

  update({ state, since, alarm }, isAway) {
    this.root.dataset.state = isAway ? "away" : state;
    this.root.classList.toggle("alarmed", alarm && !isAway);
    told(this.button.querySelector(".state"), state || "recorded");
    this.button.querySelector(".alarm").hidden = !alarm || isAway;
    this.button.title = since ? `since ${words.day(since)}, ${words.clock(since)}` : "";
    this.button.setAttribute("aria-pressed", page.events.filter.value === this.place);
  }
}

class Box {
  constructor({ name, url }) {
    this.name = name;
    this.root = made("box-card");
    this.root.setAttribute("aria-label", `Box ${name}`);
    this.find = (what) => this.root.querySelector(what);
    this.find("h2").textContent = name;
    this.find("a").href = url;
    this.places = new Map();
  }

  update(box) {
    const isAway = box.state === "away";
    this.root.dataset.state = box.state;
    const since = isAway ? ` since ${words.day(box.since)}, ${words.clock(box.since)}` : "";
    told(this.find("header .state"), STATES[box.state] + since);
    this.find(".why").hidden = !box.why && (box.complete || isAway);
    told(this.find(".why"), box.why ? words.capital(box.why) : "Its older events are being fetched.");
    this.showTroubles(isAway ? [] : box.troubles);
    this.showPlaces(box.cameras, isAway);
  }

  showTroubles(troubles) {
    const list = this.find(".troubles");
    if (list.dataset.said === troubles.join("\n")) return;
    list.dataset.said = troubles.join("\n");
    list.replaceChildren(...troubles.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }

  showPlaces(cameras, isAway) {
    const names = new Set(cameras.map((camera) => camera.name));
    for (const [name, place] of this.places) {
      if (!names.has(name)) place.root.remove();
      if (!names.has(name)) this.places.delete(name);
    }
    for (const camera of cameras) {
      if (!this.places.has(camera.name)) {
        const place = new Place(this.name, camera.name);
        this.places.set(camera.name, place);
        this.find(".places").append(place.root);
      }
      this.places.get(camera.name).update(camera, isAway);
    }
  }
}

async function look() {
  try {
    const { rights, boxes } = await api.boxes();
    byId("leave").hidden = !rights.token;
    show(boxes);
    await page.events.refresh();
    if (!page.isLinked) await showLinked();
  } catch (error) {
    return error instanceof api.TokenMissing ? askForToken() : again(error);
  }
  page.failures = 0;
  document.body.classList.remove("lost");
  setTimeout(look, EVERY_MS);
}

function show(boxes) {
  document.body.dataset.page = "boxes";
  for (const box of boxes) {
    if (!page.boxes.has(box.name)) {
      page.boxes.set(box.name, new Box(box));
      byId("boxes").append(page.boxes.get(box.name).root);
    }
    page.boxes.get(box.name).update(box);
  }
  page.events.offer(boxes.flatMap((box) => [box.name, ...box.cameras.map((camera) => `${box.name}/${camera.name}`)]));
  summarise(boxes);
}

function summarise(boxes) {
  const well = boxes.filter((box) => box.state === "well");
  const cameras = well.flatMap((box) => box.cameras.map((camera) => ({ ...camera, place: `${box.name} · ${camera.name}` })));
  const alarms = cameras.filter((camera) => camera.alarm).map((camera) => camera.place);
  const watched = cameras.filter((camera) => camera.state);
  const live = watched.filter((camera) => camera.state === "live").length;
  const isWell = well.length === boxes.length && live === watched.length;
  const counts = `${well.length} of ${boxes.length} boxes answer, ${live} of ${watched.length} cameras live`;
  const summary = alarms.length ? `Anomaly: ${alarms.join(", ")}` : counts;
  told(byId("summary"), summary);
  byId("summary").dataset.tone = alarms.length ? "alarm" : isWell ? "well" : "ill";
  document.title = alarms.length ? `● ${summary}` : "edge-vad";
}

async function showLinked() {
  page.isLinked = true;
  const id = new URLSearchParams(location.hash.slice(1)).get("event");
  if (id) await page.events.reveal(id);
}

function again(error) {
  page.failures += 1;
  document.body.classList.toggle("lost", page.failures > 1);
  if (page.failures > 1) told(byId("summary"), `No answer: ${error.what ?? "tried again without end"}`);
  setTimeout(look, Math.min(LONGEST_WAIT_MS, 500 * page.failures));
}

function askForToken() {
  document.body.dataset.page = "login";
  byId("login").hidden = false;
  byId("token").focus();
}

function announce(event) {
  told(byId("spoken"), `New event: ${event.box_name}, ${event.camera}, ${words.clock(event.start)}`);
}

function onKey(event) {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") page.events.viewer.move(1);
  else if (event.key === "k") page.events.viewer.move(-1);
}

login.listen();
page.events = new BoxEvents(announce, new Pictures((event) => event.box_name));
document.addEventListener("keydown", onKey);
addEventListener("hashchange", () => showLinked().catch(() => {}));
look();
