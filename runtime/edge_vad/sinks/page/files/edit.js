// Changes the site: adds a camera, and changes one: name, rate, ignored regions, zones.

import * as api from "./api.js";
import { Shapes } from "./shapes.js";
import * as words from "./words.js";

const byId = (id) => document.getElementById(id);

export class Editor {
  // `done()` is called when something was changed.
  constructor(done) {
    this.done = done;
    this.dialog = byId("editor");
    this.form = this.dialog.querySelector("form");
    this.stage = this.dialog.querySelector(".drawing");
    this.rows = byId("shapes");
    this.template = byId("shape-row").content.firstElementChild;
    this.shapes = new Shapes(this.stage, () => this.list());
    byId("new-zone").addEventListener("click", () => this.draw({ kind: "zone", name: this.freeName(), rate: "" }));
    byId("new-ignored").addEventListener("click", () => this.draw({ kind: "ignored" }));
    byId("remove-camera").addEventListener("click", () => this.remove());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    for (const button of this.dialog.querySelectorAll("[data-close]")) {
      button.addEventListener("click", () => this.dialog.close());
    }
  }

  async open(camera) {
    this.site = await api.editable();
    this.camera = this.site.cameras.find((each) => each.name === camera.card.name);
    if (!this.camera) throw new api.Told({ error: "the camera is gone", todo: "load the page again" });
    byId("editor-title").textContent = `Change ${this.camera.name}`;
    byId("camera-name").value = this.camera.name;
    byId("camera-rate").value = this.camera.false_alarms ?? "";
    byId("camera-rate").placeholder = ownRate(this.site);
    this.complain("");
    this.isSure = false;
    byId("remove-camera").textContent = "Remove camera";
    this.dialog.showModal();
    this.picture(camera.shown);
    this.list();
  }

  // The newest picture; nothing can be drawn where none has come.
  picture(shown) {
    this.dialog.classList.toggle("blind", !shown);
    const canvas = this.stage.querySelector("canvas");
    const { width, height } = shown ?? { width: 4, height: 3 };
    this.stage.style.aspectRatio = `${width} / ${height}`;
    this.stage.style.setProperty("--ratio", width / height);
    Object.assign(canvas, { width, height });
    canvas.setAttribute("aria-label", shown ? `Picture of ${this.camera.name}` : "No picture");
    if (shown) canvas.getContext("2d").drawImage(shown.bitmap, 0, 0, width, height);
    const zones = this.camera.zones.map(({ name, polygon, false_alarms: rate }) => ({ kind: "zone", name, rate: rate ?? "", points: polygon }));
    const ignored = this.camera.ignore.map((points) => ({ kind: "ignored", points }));
    this.shapes.show([...zones, ...ignored], width, height);
  }

  freeName() {
    const taken = this.shapes.list.map((shape) => shape.name);
    let number = 1;
    while (taken.includes(`zone${number}`)) number += 1;
    return `zone${number}`;
  }

  draw(shape) {
    const added = this.shapes.add({ ...shape, title: titled(shape, this.shapes.list.length) });
    if (added.kind === "zone") this.rows.querySelector("li:last-child input")?.select();
    else this.stage.querySelector(".corner")?.focus();
  }

  // The rows below the picture: a zone has a name and a rate.
  list() {
    const { list } = this.shapes;
    list.forEach((shape, place) => (shape.title = titled(shape, place)));
    while (this.rows.children.length > list.length) this.rows.lastElementChild.remove();
    while (this.rows.children.length < list.length) this.rows.append(this.row());
    [...this.rows.children].forEach((row, place) => fill(row, list[place], this.shapes.selected));
    byId("no-shapes").hidden = list.length > 0;
  }

  row() {
    const row = this.template.cloneNode(true);
    const place = () => [...this.rows.children].indexOf(row);
    const shape = () => this.shapes.list[place()];
    row.querySelector(".chosen").addEventListener("click", () => {
      this.shapes.select(shape());
      this.list();
      this.stage.querySelector(".corner")?.focus();
    });
    row.querySelector(".gone").addEventListener("click", () => {
      this.shapes.remove(shape());
      byId("new-zone").focus();
    });
    const [name, rate] = row.querySelectorAll("input");
    name.addEventListener("input", () => {
      Object.assign(shape(), { name: name.value, title: name.value });
      this.shapes.draw(); // corners are called after their zone
    });
    rate.addEventListener("input", () => (shape().rate = rate.value));
    for (const field of [name, rate]) {
      field.addEventListener("focus", () => {
        if (this.shapes.selected === shape()) return;
        this.shapes.select(shape());
        this.list();
      });
    }
    return row;
  }

  async save() {
    const { list } = this.shapes;
    const rate = byId("camera-rate").value.trim();
    const zones = list.filter((shape) => shape.kind === "zone").map(({ name, rate: own, points }) => ({
      name: name.trim(), polygon: points, false_alarms: own.trim() || null,
    }));
    const ignore = list.filter((shape) => shape.kind === "ignored").map(({ points }) => points);
    const said = { false_alarms: rate || null, zones, ignore };
    const name = byId("camera-name").value.trim();
    if (name !== this.camera.name) said.name = name;
    await this.send(() => api.changeCamera(this.site, this.camera.name, said));
  }

  // Asked for twice: nothing brings a camera back but adding it again.
  async remove() {
    if (!this.isSure) {
      this.isSure = true;
      byId("remove-camera").textContent = "Really remove it";
      return;
    }
    await this.send(() => api.removeCamera(this.site, this.camera.name));
  }

  async send(change) {
    this.complain("");
    this.dialog.classList.add("busy");
    try {
      await change();
      this.dialog.close();
      this.done();
    } catch (error) {
      this.complain(told(error));
    } finally {
      this.dialog.classList.remove("busy");
    }
  }

  complain(text) {
    this.dialog.querySelector(".error").textContent = words.capital(text);
  }
}

export class Adder {
  constructor(done) {
    const dialog = byId("adder");
    const error = dialog.querySelector(".error");
    this.dialog = dialog;
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    dialog.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      error.textContent = "";
      dialog.classList.add("busy");
      const value = (id) => byId(id).value.trim();
      const said = { name: value("new-name"), source: value("new-source"), scene: value("new-scene") };
      if (value("new-rate")) said.false_alarms = value("new-rate");
      try {
        await api.addCamera(this.site, said);
        byId("new-source").value = ""; // it may hold a password
        dialog.close();
        done();
      } catch (failure) {
        error.textContent = words.capital(told(failure));
      } finally {
        dialog.classList.remove("busy");
      }
    });
  }

  async open() {
    this.site = await api.editable();
    byId("new-scene").replaceChildren(...this.site.scenes.map((scene) => new Option(scene, scene)));
    byId("new-rate").placeholder = ownRate(this.site);
    this.dialog.querySelector(".error").textContent = "";
    this.dialog.showModal();
  }
}

// What a camera accepts that says nothing itself.
const ownRate = (site) => (site.false_alarms ? `its share of ${site.false_alarms}` : "as its footage allows");

// Asks for the token for changes.
export function unlock() {
  const dialog = byId("unlock");
  dialog.querySelector(".error").textContent = "";
  byId("edit-token").value = "";
  dialog.showModal();
}

byId("unlock").querySelector("[data-close]").addEventListener("click", () => byId("unlock").close());
byId("unlock").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const error = byId("unlock").querySelector(".error");
  try {
    await api.login(byId("edit-token").value);
    if ((await api.site()).may_change) return location.reload();
    error.textContent = "With this token one may look, and not change anything.";
  } catch (failure) {
    error.textContent = words.capital(told(failure));
  }
  byId("edit-token").select();
});

const titled = (shape, place) => (shape.kind === "zone" ? shape.name : `region ${place + 1}`);
const told = (error) => (error instanceof api.Told ? error.message : "it could not be sent; try again");

function fill(row, shape, selected) {
  const find = (what) => row.querySelector(what);
  const isZone = shape.kind === "zone";
  row.dataset.kind = shape.kind;
  row.classList.toggle("selected", shape === selected);
  find(".chosen").setAttribute("aria-pressed", shape === selected);
  find(".chosen").setAttribute("aria-label", `Corners of ${shape.title}`);
  find(".gone").setAttribute("aria-label", `Remove ${shape.title}`);
  find(".what").textContent = isZone ? "Zone" : "Ignored";
  find(".fields").hidden = !isZone;
  const [name, rate] = row.querySelectorAll("input");
  if (isZone && document.activeElement !== name) name.value = shape.name;
  if (isZone && document.activeElement !== rate) rate.value = shape.rate;
}
