// One live camera: its picture, its scores, its threshold, its latency.

import * as api from "./api.js";
import { Heat, drawBox } from "./heat.js";
import { Timeline } from "./timeline.js";
import * as words from "./words.js";

const WIDTHS = [320, 480, 640, 960];
const STAGES = { wait: "waiting", flow: "motion", infer: "scene model", rest: "the rest" };

export class Camera {
  constructor(place, card, colours) {
    this.place = place;
    this.card = card;
    this.heat = new Heat(card.geometry, colours);
    this.shown = null;
    this.number = -1;
    this.isSeen = false;
    this.root = document.getElementById("camera-card").content.cloneNode(true).firstElementChild;
    const find = (what) => this.root.querySelector(what);
    this.canvas = find(".picture canvas");
    this.context = this.canvas.getContext("2d");
    this.parts = {
      state: find(".state"), alarm: find(".alarm"), veil: find(".veil"), rate: find(".rate input"),
      words: find(".rate output"), share: find(".share"), figure: find(".figure"), stages: find(".stages"),
      told: find(".latency dl"), error: find(".error"), enlarge: find(".enlarge"),
    };
    find("h2").textContent = card.name;
    this.root.id = `camera-${place}`;
    this.root.setAttribute("aria-label", `Camera ${card.name}`);
    find(".picture").style.aspectRatio = `${card.geometry.width} / ${card.geometry.height}`;
    find(".change").setAttribute("aria-label", `Change ${card.name}`);
    find(".change").addEventListener("click", () => this.edit());
    this.parts.enlarge.setAttribute("aria-label", `Enlarge ${card.name}`);
    this.parts.enlarge.addEventListener("click", () => this.enlarge());
    find(".picture").addEventListener("dblclick", () => this.enlarge());
    this.timeline = new Timeline(find(".timeline"), card, (rate) => this.accept(rate));
    this.listenToRate(find(".rate"));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    new IntersectionObserver(([entry]) => {
      this.isSeen = entry.isIntersecting;
      this.draw();
    }).observe(this.canvas);
  }

  // The picture that is wanted of it; none while it cannot be seen.
  get wanted() {
    if (!this.isSeen) return null;
    const pixels = this.canvas.clientWidth * Math.min(2, devicePixelRatio || 1);
    const width = WIDTHS.find((each) => each >= pixels) ?? WIDTHS.at(-1);
    return { camera: this.place, after: this.number, width };
  }

  // Set by the page.
  edit() {}

  enlarge() {
    const isWide = this.root.classList.toggle("wide");
    this.parts.enlarge.setAttribute("aria-pressed", isWide);
    if (isWide) this.root.scrollIntoView({ block: "nearest" });
  }

  listenToRate(form) {
    const { rate } = this.parts;
    const send = () => {
      if (rate.value.trim() && rate.value.trim() !== this.timeline.threshold.false_alarms) {
        this.accept(rate.value.trim());
      } else {
        rate.value = this.timeline.threshold.false_alarms;
      }
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
      rate.select();
    });
    rate.addEventListener("blur", send);
    rate.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      rate.value = this.timeline.threshold.false_alarms;
      this.complain("");
    });
  }

  async accept(rate) {
    this.asked = (this.asked ?? 0) + 1;
    const asked = this.asked;
    try {
      if (Camera.keeps) {
        // The site file is changed; the run says the new threshold with its next answer.
        await api.changeCamera(await api.editable(), this.card.name, { false_alarms: rate });
      } else {
        const threshold = await api.accept(this.place, rate);
        if (asked === this.asked) this.show(threshold);
      }
      this.complain("");
    } catch (error) {
      this.complain(error instanceof api.Told ? error.message : "It could not be sent. Try again.");
      this.timeline.set(this.timeline.threshold);
    }
  }

  complain(text) {
    this.parts.error.textContent = words.capital(text);
    this.parts.rate.setAttribute("aria-invalid", Boolean(text));
  }

  show(threshold) {
    const { rate } = this.parts;
    this.timeline.set(threshold);
    if (document.activeElement !== rate || !rate.matches(":focus-within")) rate.value = threshold.false_alarms;
    this.parts.words.textContent = threshold.words;
  }

  // What it takes of the false alarms that all cameras together accept.
  sharing(share, budget) {
    const { share: part } = this.parts;
    part.hidden = share === null;
    if (share === null) return;
    part.querySelector("b").textContent = words.percent(share);
    part.querySelector(".more").textContent = ` of ${budget.false_alarms} for all cameras`;
    part.title = `All cameras together: ${budget.words}`;
  }

  async update(now, seconds, budget) {
    const { state, alarm } = now;
    const { parts } = this;
    if (this.root.dataset.state !== state) {
      this.root.dataset.state = state;
      parts.state.textContent = state;
      this.canvas.setAttribute("aria-label", `Picture of ${this.card.name}: ${state}`);
    }
    parts.alarm.hidden = !alarm;
    this.root.classList.toggle("alarmed", alarm);
    parts.veil.hidden = state === "live";
    if (state !== "live") {
      parts.veil.textContent = `${words.capital(state)} for ${words.span(now.state_s)}. ${words.explained(state)}`;
    }
    this.timeline.add(now.scores, seconds);
    if (!parts.rate.matches(":focus")) this.show(now.threshold);
    else this.timeline.set(now.threshold);
    this.sharing(now.share, budget);
    this.tell(now);
    if (now.picture) await this.take(now.picture);
  }

  tell(now) {
    const { parts } = this;
    const picture = now.picture ?? this.shown;
    const stale = now.picture || !this.shown ? 0 : (performance.now() - this.shown.at) / 1000;
    const age = picture?.age_s == null ? null : picture.age_s + stale;
    const figures = [];
    if (age !== null && now.state === "live") figures.push(words.milliseconds(age));
    if (now.fps) figures.push(`${now.fps.toFixed(now.fps < 9.95 ? 1 : 0)} fps`);
    parts.figure.textContent = figures.join(" · ") || "no frames";
    if (!parts.figure.closest("details").open) return;
    const known = now.stages;
    const total = known.total ?? (known.wait ?? 0) + (known.flow ?? 0) + (known.infer ?? 0);
    const rest = Math.max(0, total - (known.wait ?? 0) - (known.flow ?? 0) - (known.infer ?? 0));
    const stages = { ...known, rest };
    const rows = [];
    for (const [name, word] of Object.entries(STAGES)) {
      this.bar(name, (stages[name] ?? 0) / (total || 1));
      rows.push([word, words.milliseconds(stages[name] ?? 0), name]);
    }
    rows.push(["capture to decision", words.milliseconds(total), ""]);
    if (age !== null) rows.push(["age of the picture shown", words.milliseconds(age), ""]);
    rows.push(["frames dropped", String(now.dropped), ""]);
    rows.push(["frames not judged", String(now.unjudged), ""]);
    rows.push(["reconnects", String(now.reconnects), ""]);
    if (now.decoder) rows.push(["decoded by", now.decoder, ""]);
    parts.told.replaceChildren(
      ...rows.flatMap(([word, value, name]) => {
        const term = document.createElement("dt");
        const told = document.createElement("dd");
        term.textContent = word;
        told.textContent = value;
        if (name) term.dataset.stage = name;
        return [term, told];
      }),
    );
  }

  bar(name, share) {
    let bar = this.parts.stages.querySelector(`[data-stage=${name}]`);
    if (!bar) {
      bar = document.createElement("span");
      bar.dataset.stage = name;
      this.parts.stages.append(bar);
    }
    bar.style.flexGrow = share;
  }

  async take(picture) {
    this.number = picture.number;
    const bitmap = await createImageBitmap(new Blob([picture.jpeg], { type: "image/jpeg" }));
    if (this.shown && this.shown.number > picture.number) return bitmap.close();
    this.shown?.bitmap.close();
    this.shown = { ...picture, bitmap, at: performance.now() };
    this.canvas.dataset.number = picture.number;
    this.draw();
  }

  draw() {
    const { canvas, context, shown } = this;
    if (!shown || !this.isSeen) return;
    const scale = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (!width) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const zoom = Math.min(width / shown.width, height / shown.height);
    const place = {
      x: (width - shown.width * zoom) / 2,
      y: (height - shown.height * zoom) / 2,
      width: shown.width * zoom,
      height: shown.height * zoom,
    };
    context.clearRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(shown.bitmap, place.x, place.y, place.width, place.height);
    if (!Camera.heat) return;
    this.heat.draw(context, shown.levels, place);
    if (shown.box) {
      const [left, top, wide, high] = shown.box.map((each) => each * zoom);
      drawBox(context, [place.x + left, place.y + top, wide, high], scale);
    }
  }
}

// Whether rates are kept in the site file.
Camera.keeps = false;

// Whether anomalies are marked.
Camera.heat = true;
