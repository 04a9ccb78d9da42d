// Polygons over a picture, with corners that are moved by pointer or keys.

const SVG = "http://www.w3.org/2000/svg";
const STEP = 1 / 60; // of the picture, for an arrow key
const FINE = 1 / 480; // the same with Shift

export class Shapes {
  // `stage` holds the picture; `changed()` is called after every change.
  constructor(stage, changed) {
    this.stage = stage;
    this.changed = changed;
    this.svg = stage.querySelector("svg");
    this.handles = stage.querySelector(".handles");
    this.list = [];
    this.selected = null;
    stage.addEventListener("pointerdown", (event) => this.begin(event));
  }

  show(list, width, height) {
    Object.assign(this, { list, width, height, selected: null });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.draw();
  }

  // A new polygon in the middle of the picture; dragging over the picture draws it elsewhere.
  add(shape) {
    const [left, right] = [0.35 * this.width, 0.65 * this.width];
    const [top, bottom] = [0.3 * this.height, 0.7 * this.height];
    const points = [[left, top], [right, top], [right, bottom], [left, bottom]].map(rounded);
    const added = { ...shape, points, isFresh: true };
    this.list.push(added);
    this.select(added);
    this.changed();
    return added;
  }

  remove(shape) {
    this.list.splice(this.list.indexOf(shape), 1);
    this.select(null);
    this.changed();
  }

  select(shape) {
    this.selected = shape;
    this.draw();
  }

  draw() {
    const polygon = (shape) => {
      const drawn = document.createElementNS(SVG, "polygon");
      drawn.setAttribute("points", shape.points.map((point) => point.join()).join(" "));
      drawn.setAttribute("class", `${shape.kind}${shape === this.selected ? " selected" : ""}`);
      return drawn;
    };
    this.svg.replaceChildren(...this.list.map(polygon));
    const points = this.selected?.points ?? [];
    this.handles.replaceChildren(
      ...points.map((point, place) => this.corner(point, place)),
      ...points.map((point, place) => this.middle(place)),
    );
  }

  corner(point, place) {
    const shape = this.selected;
    const handle = this.handle(point, "corner", `Corner ${place + 1} of ${shape.title}`);
    handle.setAttribute("aria-describedby", "drawing-hint");
    handle.addEventListener("pointerdown", (event) => this.drag(event, place));
    handle.addEventListener("keydown", (event) => this.key(event, place));
    return handle;
  }

  middle(place) {
    const handle = this.handle(this.between(place), "middle", `Add a corner after corner ${place + 1}`);
    handle.tabIndex = -1; // by keys: Insert
    handle.addEventListener("pointerdown", (event) => {
      this.insert(place);
      this.drag(event, place + 1);
    });
    return handle;
  }

  handle([x, y], name, label) {
    const handle = document.createElement("button");
    Object.assign(handle, { type: "button", className: name });
    handle.setAttribute("aria-label", label);
    handle.style.left = `${(100 * x) / this.width}%`;
    handle.style.top = `${(100 * y) / this.height}%`;
    return handle;
  }

  between(place) {
    const { points } = this.selected;
    const [from, to] = [points[place], points[(place + 1) % points.length]];
    return rounded([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]);
  }

  insert(place) {
    this.selected.points.splice(place + 1, 0, this.between(place));
    this.touched();
  }

  touched() {
    this.selected.isFresh = false;
    this.draw();
    this.changed();
  }

  move(place, x, y) {
    const within = (value, most) => Math.min(most, Math.max(0, value));
    this.selected.points[place] = rounded([within(x, this.width), within(y, this.height)]);
    this.touched();
  }

  key(event, place) {
    const { points } = this.selected;
    const step = (event.shiftKey ? FINE : STEP) * Math.max(this.width, this.height);
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const focus = (at) => this.handles.querySelectorAll(".corner")[at]?.focus();
    if (event.key in ways) {
      const [right, down] = ways[event.key];
      this.move(place, points[place][0] + right * step, points[place][1] + down * step);
      focus(place);
    } else if (event.key === "Insert" || event.key === "+") {
      this.insert(place);
      focus(place + 1);
    } else if ((event.key === "Delete" || event.key === "Backspace") && points.length > 3) {
      points.splice(place, 1);
      this.touched();
      focus(Math.min(place, points.length - 1));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.width,
      ((event.clientY - box.top) / box.height) * this.height,
    ];
  }

  drag(event, place) {
    event.preventDefault();
    event.stopPropagation();
    this.follow(event, (to) => this.move(place, ...to));
  }

  // Over the picture: a fresh shape is drawn anew, as a rectangle; else one is chosen.
  begin(event) {
    const from = this.at(event);
    const shape = this.selected;
    if (!shape?.isFresh) return this.select(this.list.findLast((each) => holds(each.points, from)) ?? null);
    event.preventDefault();
    this.follow(event, (to) => {
      if (Math.hypot(to[0] - from[0], to[1] - from[1]) < 4) return;
      const [[left, top], [right, bottom]] = [from, to];
      shape.points = [[left, top], [right, top], [right, bottom], [left, bottom]].map(rounded);
      this.touched();
      shape.isFresh = true;
    });
  }

  // Handles are drawn anew while they are dragged, so the pointer is followed on the stage.
  follow(event, moved) {
    const { stage } = this;
    stage.setPointerCapture(event.pointerId);
    const move = (each) => moved(this.at(each).map((value, axis) => Math.min([this.width, this.height][axis], Math.max(0, value))));
    const end = () => {
      stage.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) stage.removeEventListener(name, end);
    };
    stage.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, end);
  }
}

const rounded = (point) => point.map((value) => Math.round(value));

// Whether a polygon holds a point: a ray from it meets the outline an odd number of times.
function holds(points, [x, y]) {
  let inside = false;
  for (let place = 0, last = points.length - 1; place < points.length; last = place++) {
    const [[ax, ay], [bx, by]] = [points[place], points[last]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
