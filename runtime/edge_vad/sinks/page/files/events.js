// The list of events, newest first, and the viewer that plays their clips.

import * as api from "./api.js";
import * as words from "./words.js";

const PAGE = 30;
const MOST = 200; // at once
const LATEST = 2 ** 31; // second that can be asked for
const NOTHING = ["Nothing out of the ordinary so far.", "There is no such event."];

export class Events {
  // `announce(event)` is called for each that is new since the page was opened.
  // `pictures.show(image, event)` shows the picture of one, when it may.
  constructor(announce, pictures = { show: (image, event) => (image.src = api.picture(event, 320)) }) {
    this.announce = announce;
    this.pictures = pictures;
    this.list = document.getElementById("list");
    this.nothing = document.getElementById("nothing");
    this.older = document.getElementById("older");
    this.filter = document.getElementById("filter");
    this.which = document.getElementById("which");
    this.when = new When(() => this.begin());
    this.toNewest = document.getElementById("newest");
    this.before = null; // id of the event that a later page begins after
    this.marks = false; // whether this browser may mark events
    this.template = document.getElementById("event-card").content.firstElementChild;
    this.cards = new Map();
    this.events = [];
    this.limit = PAGE;
    this.newest = null; // id of the newest event that was seen; empty: there was none
    this.viewer = new Viewer(this);
    this.older.addEventListener("click", () => this.showOlder());
    this.toNewest.addEventListener("click", () => this.begin());
    for (const choice of [this.filter, this.which]) choice.addEventListener("change", () => this.begin());
  }

  // Show the newest of what is wanted, or what follows an event.
  begin(before = null) {
    this.before = before;
    this.limit = PAGE;
    this.refresh();
  }

  showOlder() {
    if (this.limit + PAGE > MOST) return this.begin(this.events.at(-1).id);
    this.limit += PAGE;
    this.refresh();
  }

  // Cameras, and zones as CAMERA/ZONE, in the order of their names.
  offer(places) {
    for (const place of places) {
      const options = [...this.filter.options].slice(1);
      if (options.some((option) => option.value === place)) continue;
      const next = options.find((option) => option.value > place);
      this.filter.insertBefore(new Option(place.replace("/", " · "), place), next ?? null);
    }
    this.filter.hidden = this.filter.options.length < 3;
  }

  async refresh() {
    const wanted = this.wanted();
    const events = await api.events(wanted);
    if (JSON.stringify(wanted) !== JSON.stringify(this.wanted())) return;
    if (Object.keys(wanted).length === 1) {
      if (this.newest !== null) events.filter((event) => event.id > this.newest).forEach(this.announce);
      this.newest = events[0]?.id ?? this.newest ?? "";
      this.offer(events.flatMap((event) => this.placesOf(event)));
    }
    this.show(events);
    this.viewer.refresh();
  }

  // Where an event may be looked for, as it stands in the list of cameras.
  placesOf(event) {
    return [event.camera, ...(event.zone ? [`${event.camera}/${event.zone}`] : [])];
  }

  // What is asked for then.
  asked(place) {
    const [camera, zone] = place.split("/");
    return { ...(camera && { camera }), ...(zone && { zone }) };
  }

  wanted() {
    return {
      limit: this.limit,
      ...(this.before && { before: this.before }),
      ...this.when.bounds(),
      ...this.asked(this.filter.value),
      ...{ unseen: { seen: 0 }, starred: { starred: 1 } }[this.which.value],
    };
  }

  async mark(event, marks) {
    const marked = await api.mark(event, marks);
    const place = this.events.findIndex((each) => each.id === event.id);
    if (place >= 0) this.events[place] = marked;
    const card = this.cards.get(event.id);
    if (card) this.fill(card, marked);
    this.viewer.refresh();
  }

  // Open an event that something links to, where it is among those that can be shown.
  async reveal(id) {
    const isShown = () => this.events.some((event) => event.id === id);
    if (!isShown()) {
      this.before = null;
      this.limit = MOST;
      await this.refresh();
    }
    if (isShown()) this.viewer.open(id);
  }

  show(events) {
    const wasEmpty = !this.events.length;
    this.events = events;
    const kept = new Set();
    let heading = "";
    const wanted = [];
    for (const event of events) {
      const title = words.day(event.start);
      if (title !== heading) wanted.push(this.heading(title));
      heading = title;
      kept.add(event.id);
      let card = this.cards.get(event.id);
      if (!card) {
        card = this.make(event, !wasEmpty && event.id >= (events[0]?.id ?? ""));
        this.cards.set(event.id, card);
      }
      this.fill(card, event);
      wanted.push(card);
    }
    for (const [id, card] of this.cards) {
      if (!kept.has(id)) {
        card.remove();
        this.cards.delete(id);
      }
    }
    for (const [place, node] of wanted.entries()) {
      if (this.list.children[place] !== node) this.list.insertBefore(node, this.list.children[place] ?? null);
    }
    while (this.list.children.length > wanted.length) this.list.lastElementChild.remove();
    this.nothing.hidden = events.length > 0;
    this.nothing.lastElementChild.textContent = NOTHING[Number(Object.keys(this.wanted()).length > 1)];
    this.older.hidden = events.length < this.limit;
    this.toNewest.hidden = !this.before;
  }

  heading(title) {
    const known = [...this.list.querySelectorAll(".day")].find((each) => each.textContent === title);
    if (known) return known;
    const heading = document.createElement("li");
    heading.className = "day";
    heading.textContent = title;
    return heading;
  }

  make(event, isNew) {
    const card = this.template.cloneNode(true);
    card.dataset.event = event.id;
    if (isNew) card.classList.add("fresh");
    card.querySelector("button").addEventListener("click", () => this.viewer.open(event.id));
    return card;
  }

  fill(card, event) {
    const find = (what) => card.querySelector(what);
    const image = find("img");
    const shown = event.picture ? `${event.id} ${event.peak}` : "";
    if (shown && image.dataset.shown !== shown) {
      image.dataset.shown = shown;
      this.pictures.show(image, event);
    }
    find("b").textContent = placed(event);
    find(".star").hidden = !event.starred;
    card.classList.toggle("unlooked", !event.seen);
    const time = find("time");
    time.textContent = words.clock(event.start);
    time.dateTime = new Date(event.start * 1000).toISOString();
    find(".second").textContent = summary(event);
    find(".rarity").textContent = words.capital(event.rarity);
    find(".play").hidden = !event.clip;
    card.dataset.state = event.state;
  }
}

// From when on, and until when; the seconds since 1970 of what is typed in the browser's own time.
class When {
  constructor(changed) {
    this.root = document.getElementById("when");
    this.fields = ["since", "until"].map((name) => document.getElementById(name));
    const told = () => {
      const [since, until] = this.fields.map((field) => field.value.replace("T", " "));
      this.root.querySelector("summary").textContent =
        [since && `from ${since}`, until && `to ${until}`].filter(Boolean).join(" ") || "Any time";
      changed();
    };
    this.fields.forEach((field) => field.addEventListener("change", told));
    // What is reset has its new values only afterwards.
    this.root.querySelector("form").addEventListener("reset", () => setTimeout(told));
  }

  bounds() {
    const said = this.fields.filter((field) => field.value);
    const seconds = (field) => Math.min(LATEST, Math.max(0, Math.floor(new Date(field.value) / 1000)));
    return Object.fromEntries(said.map((field) => [field.id, seconds(field)]));
  }
}

const placed = (event) => [event.box_name, event.camera, event.zone].filter(Boolean).join(" · ");

function summary(event) {
  const state = { ongoing: "going on", interrupted: "interrupted" }[event.state];
  const parts = [words.span(event.end - event.start), `score ${words.figure(event.score)}`];
  return [...(state ? [state] : []), ...parts].join(" · ");
}

class Viewer {
  constructor(events) {
    this.events = events;
    this.dialog = document.getElementById("viewer");
    this.stage = this.dialog.querySelector(".stage");
    this.id = null;
    this.dialog.querySelector("[data-close]").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.addEventListener("close", () => {
      this.stage.replaceChildren();
      this.shown = "";
      this.events.cards.get(this.id)?.querySelector("button").focus();
      this.id = null;
    });
    this.star = document.getElementById("star");
    this.star.addEventListener("click", () => {
      const event = this.events.events[this.place];
      this.events.mark(event, { starred: !event.starred }).catch(() => {});
    });
    for (const button of this.dialog.querySelectorAll("[data-move]")) {
      button.addEventListener("click", () => this.move(Number(button.dataset.move)));
    }
  }

  get place() {
    return this.events.events.findIndex((event) => event.id === this.id);
  }

  open(id) {
    this.id = id;
    this.refresh();
    if (!this.dialog.open) this.dialog.showModal();
    const event = this.events.events[this.place];
    if (this.events.marks && event && !event.seen) this.events.mark(event, { seen: true }).catch(() => {});
  }

  // Go to an older event, or to a newer one.
  move(steps) {
    const found = this.events.events[this.id === null ? 0 : this.place + steps];
    if (found) this.open(found.id);
  }

  refresh() {
    const event = this.events.events[this.place];
    if (!event) return;
    const find = (what) => this.dialog.querySelector(what);
    find("#viewer-title").textContent = placed(event);
    this.star.hidden = !this.events.marks;
    this.star.setAttribute("aria-pressed", event.starred);
    const all = find("#save-all");
    if (all) all.href = api.exported(event);
    find(".when").textContent = `${words.day(event.start)}, ${words.clock(event.start)}`;
    find(".rarity").textContent = words.capital(event.rarity);
    const facts = [
      ["Lasted", words.span(event.end - event.start)],
      ["Highest score", words.figure(event.score)],
      ["Threshold", words.figure(event.threshold)],
      ["State", event.state === "ongoing" ? "going on" : event.state],
    ];
    find("dl").replaceChildren(
      ...facts.map(([word, value]) => {
        const pair = document.createElement("div");
        const [term, told] = [document.createElement("dt"), document.createElement("dd")];
        term.textContent = word;
        told.textContent = value;
        pair.append(term, told);
        return pair;
      }),
    );
    const save = find("#save-clip");
    save.hidden = !event.clip;
    save.href = api.clip(event);
    find("[data-move='-1']").disabled = this.place === 0;
    find("[data-move='1']").disabled = this.place === this.events.events.length - 1;
    this.stageEvent(event);
  }

  stageEvent(event) {
    const wanted = event.clip ? api.clip(event) : event.picture ? api.picture(event, 960) : "none";
    if (this.shown === wanted) return;
    this.shown = wanted;
    if (event.clip) {
      const video = document.createElement("video");
      Object.assign(video, { controls: true, autoplay: true, muted: true, loop: true, playsInline: true });
      if (event.picture) video.poster = api.picture(event, 960);
      video.src = wanted;
      video.setAttribute("aria-label", `Clip of ${event.camera}`);
      this.stage.replaceChildren(video);
      return;
    }
    const remark = document.createElement("p");
    remark.textContent = event.state === "ongoing" ? "The clip comes when it is over." : "There is no clip yet.";
    if (!event.picture) return this.stage.replaceChildren(remark);
    const image = document.createElement("img");
    image.src = wanted;
    image.alt = `${event.camera} at the highest score`;
    this.stage.replaceChildren(image, remark);
  }
}
