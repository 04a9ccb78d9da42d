// The scores of a camera over time, and the threshold to drag, which goes from one rate of false
// alarms that people say to the next.

import * as words from "./words.js";

const GUTTER = 84;
const AXIS = 18;
const PATIENCE_MS = 500;
const DRAW_EVERY_MS = 240;

export class Timeline {
  // `commit(rate)` is called when another rate was chosen.
  constructor(root, card, commit) {
    this.root = root;
    this.stops = card.stops;
    this.commit = commit;
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.line = root.querySelector(".line");
    this.pill = root.querySelector(".pill");
    this.reading = root.querySelector(".reading");
    this.points = [];
    this.now = 0;
    this.seconds = 300;
    this.threshold = this.stops[0];
    this.chosen = null; // what is being chosen, until the server has said so
    this.drawn = 0;
    this.canvas.setAttribute("aria-label", `Scores of ${card.name}`);
    this.line.setAttribute("aria-label", `False alarms accepted of ${card.name}`);
    this.line.setAttribute("aria-valuemin", 0);
    this.line.setAttribute("aria-valuemax", this.stops.length - 1);
    this.listen();
    this.isSeen = false;
    new ResizeObserver(() => this.draw()).observe(root);
    new IntersectionObserver(([entry]) => {
      this.isSeen = entry.isIntersecting;
      this.draw();
    }).observe(root);
  }

  add(points, now) {
    this.now = now;
    for (const point of points) {
      if (this.points.at(-1)?.[0] === point[0]) this.points.pop();
      this.points.push(point);
    }
    const first = this.points.findIndex(([second]) => second >= now - this.seconds - 2);
    if (first > 0) this.points.splice(0, first);
    if (performance.now() - this.drawn > DRAW_EVERY_MS) this.draw();
  }

  show(seconds) {
    this.seconds = seconds;
    this.points = [];
  }

  set(threshold) {
    if (this.dragging || this.waiting) return;
    const isNew = threshold.false_alarms !== this.threshold.false_alarms || this.chosen;
    this.threshold = threshold;
    this.chosen = null;
    if (isNew) this.draw();
  }

  // What is shown: the rate that is being chosen, or else the one that holds.
  get shown() {
    return this.chosen ?? this.threshold;
  }

  listen() {
    const { line, root } = this;
    line.addEventListener("pointerdown", (event) => {
      line.setPointerCapture(event.pointerId);
      this.dragging = true;
      line.focus({ preventScroll: true });
      event.preventDefault();
    });
    line.addEventListener("pointermove", (event) => {
      if (this.dragging) this.choose(this.nearest(event.clientY - root.getBoundingClientRect().top));
    });
    const drop = () => {
      if (!this.dragging) return;
      this.dragging = false;
      this.send();
    };
    line.addEventListener("pointerup", drop);
    line.addEventListener("lostpointercapture", drop);
    line.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 3, PageDown: -3, Home: -99, End: 99 };
      if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.choose(this.stops[this.place(this.shown, steps[event.key])]);
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.send(), PATIENCE_MS);
    });
    root.addEventListener("pointermove", (event) => this.read(event));
    root.addEventListener("pointerleave", () => (this.reading.hidden = true));
  }

  send() {
    clearTimeout(this.waiting);
    this.waiting = null;
    if (this.chosen && this.chosen.false_alarms !== this.threshold.false_alarms) {
      this.commit(this.chosen.false_alarms);
    }
  }

  choose(stop) {
    this.chosen = stop;
    this.draw();
  }

  // The place of the stop that is so many steps away.
  place(threshold, steps = 0) {
    let place = this.stops.findIndex((stop) => stop.false_alarms === threshold.false_alarms);
    if (place < 0) {
      // Between two stops: the first step goes to the next one.
      const above = this.stops.findIndex((stop) => stop.score > threshold.score);
      place = above < 0 ? this.stops.length : above;
      if (steps > 0) steps -= 1;
    }
    return Math.min(this.stops.length - 1, Math.max(0, place + steps));
  }

  nearest(y) {
    const away = (stop) => Math.abs(this.y(stop.score) - y);
    return this.stops.reduce((best, stop) => (away(stop) < away(best) ? stop : best));
  }

  // Scores are drawn by their logarithm: thresholds lie low, anomalies high.
  y(score) {
    return this.bottom - (Math.log1p(Math.max(0, score)) / this.top) * (this.bottom - 12);
  }

  x(second) {
    return this.right - ((this.now - second) / this.seconds) * this.right;
  }

  draw() {
    if (!this.isSeen) return; // of hundreds, few are
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    this.drawn = performance.now();
    const scale = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
    }
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.clearRect(0, 0, width, height);
    this.right = width - GUTTER;
    this.bottom = height - AXIS;
    const highest = this.points.reduce((most, point) => Math.max(most, point[1]), 0);
    this.top = Math.log1p(Math.max(this.stops.at(-1).score * 1.06, this.shown.score * 1.06, highest * 1.03));
    const level = this.y(this.shown.score);
    this.drawAxis(width);
    this.drawScores(level);
    this.placeLine(level);
  }

  drawAxis(width) {
    const { context, root } = this;
    const style = getComputedStyle(root);
    this.colours = {
      line: style.getPropertyValue("--line"),
      muted: style.getPropertyValue("--muted"),
      score: style.getPropertyValue("--score"),
      fill: style.getPropertyValue("--score-fill"),
      accent: style.getPropertyValue("--accent"),
      glow: style.getPropertyValue("--accent-fill"),
    };
    context.strokeStyle = this.colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(0, this.bottom + 0.5);
    context.lineTo(width, this.bottom + 0.5);
    const quarter = this.seconds / 4;
    for (let part = 1; part < 4; part++) {
      const x = Math.round(this.x(this.now - part * quarter)) + 0.5;
      context.moveTo(x, this.bottom);
      context.lineTo(x, this.bottom + 4);
    }
    context.stroke();
    context.fillStyle = this.colours.muted;
    context.font = `11px ${style.fontFamily}`;
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillText(`${words.span(this.seconds)} ago`, 10, this.bottom + 14);
    context.textAlign = "right";
    context.fillText("now", this.right, this.bottom + 14);
  }

  drawScores(level) {
    if (!this.points.length) return;
    const { context } = this;
    const path = new Path2D();
    let before = null;
    const outline = new Path2D();
    for (const [second, score] of this.points) {
      const x = this.x(second);
      const y = this.y(score);
      if (before === null || second - before > 3) {
        if (before !== null) path.lineTo(this.x(before), this.bottom);
        path.moveTo(x, this.bottom);
        outline.moveTo(x, y);
      }
      path.lineTo(x, y);
      outline.lineTo(x, y);
      before = second;
    }
    path.lineTo(this.x(before), this.bottom);
    const part = (from, to, fill, stroke) => {
      context.save();
      context.beginPath();
      context.rect(0, from, this.right, to - from);
      context.clip();
      context.fillStyle = fill;
      context.fill(path);
      context.strokeStyle = stroke;
      context.lineWidth = 1.5;
      context.lineJoin = "round";
      context.stroke(outline);
      context.restore();
    };
    part(level, this.bottom, this.colours.fill, this.colours.score);
    part(0, level, this.colours.glow, this.colours.accent);
  }

  placeLine(level) {
    const { shown, line } = this;
    line.style.transform = `translateY(${level}px)`;
    this.pill.textContent = shown.false_alarms;
    line.setAttribute("aria-valuenow", this.place(shown));
    line.setAttribute("aria-valuetext", `${shown.words}, score ${words.figure(shown.score)}`);
    line.classList.toggle("changing", Boolean(this.chosen));
  }

  // Says what was where the pointer is.
  read(event) {
    const x = event.clientX - this.root.getBoundingClientRect().left;
    const second = this.now - ((this.right - x) / this.right) * this.seconds;
    const found = this.points.findLast((point) => point[0] <= second);
    this.reading.hidden = event.pointerType === "touch" || this.dragging || !found || x > this.right;
    if (this.reading.hidden) return;
    const at = Date.now() / 1000 - (this.now - found[0]);
    this.reading.textContent = `${words.clock(at)}  score ${words.figure(found[1])}`;
    this.reading.style.transform = `translateX(${Math.min(Math.max(0, x - 60), this.right - 130)}px)`;
  }
}
