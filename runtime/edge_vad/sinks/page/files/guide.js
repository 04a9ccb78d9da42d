// The first hour: shows what is said and done, and answers what is asked.

import * as api from "./api.js";
import * as login from "./login.js";
import { Shapes } from "./shapes.js";
import * as words from "./words.js";

const EVERY_MS = 700;
const LONGEST_WAIT_MS = 5000;

const byId = (id) => document.getElementById(id);
const page = { failures: 0, steps: 0, asked: null, shapes: null, timer: null };

async function look() {
  clearTimeout(page.timer);
  try {
    const { rights, told } = await api.guide();
    page.failures = 0;
    document.body.dataset.page = "guide";
    byId("leave").hidden = !rights.token;
    byId("only-look").hidden = rights.may_change || !(told.question || told.ending);
    list(told.entries, rights.may_change);
    await ask(told.question, rights.may_change);
    end(told.ending, rights.may_change);
    summarise(told);
  } catch (error) {
    if (error instanceof api.TokenMissing) return askForToken();
    page.failures += 1;
    if (page.failures > 1) byId("summary").textContent = "No answer: edge-vad init may have ended";
  }
  page.timer = setTimeout(look, Math.min(LONGEST_WAIT_MS, EVERY_MS * (1 + page.failures)));
}

function summarise({ entries, question, ending }) {
  const running = entries.findLast((entry) => entry.state === "running");
  const now = ending ? ending.text : question ? "A question for you" : running ? running.text : "";
  const summary = words.capital(now);
  if (byId("summary").textContent !== summary) byId("summary").textContent = summary;
  byId("summary").dataset.tone = ending ? (ending.is_done ? "well" : "alarm") : question ? "ill" : "";
}

function list(entries, mayChange) {
  const rows = byId("entries");
  const template = byId("entry").content.firstElementChild;
  while (rows.children.length > entries.length) rows.lastElementChild.remove();
  while (rows.children.length < entries.length) rows.append(row(template.cloneNode(true)));
  entries.forEach((entry, place) => fill(rows.children[place], entry, mayChange));
  if (entries.length > page.steps) rows.lastElementChild.scrollIntoView({ block: "nearest" });
  page.steps = entries.length;
}

function row(item) {
  item.querySelector("button").addEventListener("click", () => tell(() => api.stopCommand()));
  return item;
}

function fill(item, entry, mayChange) {
  const find = (what) => item.querySelector(what);
  const put = (what, text) => find(what).textContent !== text && (find(what).textContent = text);
  item.dataset.state = entry.state;
  put(".why", words.capital(entry.text));
  put("code", entry.command);
  const isRunning = entry.state === "running";
  find(".far").hidden = !isRunning;
  find(".far button").hidden = !mayChange;
  const { label = "", done = 0, total = null, in_seconds: inSeconds = false } = entry.progress ?? {};
  const bar = find("progress");
  bar.setAttribute("aria-label", label || entry.text);
  if (total) bar.value = Math.min(1, done / total);
  else bar.removeAttribute("value");
  put(".far span", inSeconds ? `${left(total - done)} left` : label);
  const image = find("img");
  image.hidden = entry.picture === null;
  if (entry.picture !== null && !image.src) {
    image.alt = `Picture: ${entry.text}`;
    image.src = api.guidePicture(entry.picture);
  }
  find("details").hidden = entry.lines.length === 0;
  put("summary", entry.lines.at(-1) ?? "");
  put("pre", entry.lines.join("\n"));
}

// 3725 is 1:02:05.
function left(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

async function ask(question, mayChange) {
  const isForUs = question && mayChange;
  if (isForUs && page.asked?.number === question.number) return;
  page.asked = isForUs ? question : null;
  byId("question").hidden = true;
  if (!isForUs) return;
  const isDrawn = question.kind === "regions";
  if (isDrawn) await show(question.picture); // nothing is drawn before it is there
  byId("question").hidden = false;
  byId("asked").textContent = question.text;
  byId("refused").textContent = words.capital(question.error);
  const isYesOrNo = question.kind === "yes or no";
  byId("no").hidden = !isYesOrNo;
  byId("go").textContent = isYesOrNo ? "Yes" : "Go on";
  const field = byId("answer");
  field.hidden = isYesOrNo || isDrawn;
  field.type = question.kind === "secret" ? "password" : "text";
  offer(question);
  byId("drawing").hidden = !isDrawn;
  (isDrawn ? byId("new-region") : isYesOrNo ? byId("no") : field).focus();
  byId("question").scrollIntoView({ block: "nearest" });
}

// What can be chosen is ticked; everything else is typed.
function offer({ choices, usual, error, text }) {
  const ticked = usual.split(" ");
  const box = (line, place) => {
    const label = document.createElement("label");
    const tick = Object.assign(document.createElement("input"), { type: "checkbox", value: place + 1 });
    tick.checked = ticked.includes(String(place + 1));
    label.append(tick, line);
    return label;
  };
  const again = error && choices.length && byId("choices").dataset.of === choices.join("\n");
  byId("choices").hidden = choices.length === 0;
  if (!again) {
    byId("choices").replaceChildren(byId("choices").firstElementChild, ...choices.map(box));
    byId("choices").dataset.of = choices.join("\n");
  }
  const isCameras = text.startsWith("Which cameras");
  if (!error) byId("answer").value = isCameras ? "" : usual;
  byId("answer-hint").hidden = !isCameras;
  byId("answer-hint").textContent = isCameras
    ? "Or an address: rtsp://user:password@host:554/stream, http://host/stream, /dev/video0 or csi://0. It is kept on this machine, and not shown again."
    : "";
}

async function show(number) {
  const image = new Image();
  image.src = api.guidePicture(number);
  await image.decode().catch(() => {});
  const stage = byId("drawing").querySelector(".drawing");
  const [width, height] = [image.naturalWidth || 4, image.naturalHeight || 3];
  stage.style.aspectRatio = `${width} / ${height}`;
  stage.style.setProperty("--ratio", width / height);
  const canvas = stage.querySelector("canvas");
  Object.assign(canvas, { width, height });
  if (image.naturalWidth) canvas.getContext("2d").drawImage(image, 0, 0);
  page.shapes ??= new Shapes(stage, listRegions);
  page.shapes.show([], width, height);
  listRegions();
}

function listRegions() {
  const item = (shape, place) => {
    const row = Object.assign(document.createElement("li"), { className: shape === page.shapes.selected ? "selected" : "" });
    shape.title = `region ${place + 1}`;
    const gone = Object.assign(document.createElement("button"), { type: "button", className: "tool gone", textContent: "Remove" });
    gone.setAttribute("aria-label", `Remove ${shape.title}`);
    gone.addEventListener("click", () => page.shapes.remove(shape));
    row.append(Object.assign(document.createElement("span"), { className: "what", textContent: words.capital(shape.title) }), gone);
    row.dataset.kind = "ignored";
    return row;
  };
  byId("regions").replaceChildren(...page.shapes.list.map(item));
}

function said() {
  if (page.asked.kind === "yes or no") return "yes";
  if (page.asked.kind === "regions") return page.shapes.list.map(({ points }) => JSON.stringify(points)).join(";");
  const ticked = [...byId("choices").querySelectorAll(":checked")].map((tick) => tick.value);
  return [...(page.asked.choices.length ? ticked : []), byId("answer").value.trim()].filter(Boolean).join(" ");
}

async function answer(text) {
  const { number } = page.asked;
  byId("question").classList.add("busy");
  await tell(() => api.answer(number, text), () => (byId("answer").value = ""));
  byId("question").classList.remove("busy");
}

// Sends something, and looks what came of it.
async function tell(send, sent = () => {}) {
  try {
    await send();
    sent();
    await look();
  } catch (error) {
    byId("refused").textContent = words.capital(error instanceof api.Told ? error.message : "it could not be sent; try again");
  }
}

function end(ending, mayChange) {
  byId("ending").hidden = !ending;
  if (!ending) return;
  byId("ending-title").textContent = words.capital(ending.text);
  const todo = byId("ending-todo");
  const isCommand = ending.is_done && ending.todo;
  const shown = document.createElement(isCommand ? "code" : "span");
  shown.textContent = ending.todo;
  if (todo.textContent !== (isCommand ? `Next: ${ending.todo}` : ending.todo)) todo.replaceChildren(...(isCommand ? ["Next: ", shown] : [shown]));
  byId("again").hidden = ending.is_done || !mayChange;
}

function askForToken() {
  document.body.dataset.page = "login";
  byId("login").hidden = false;
  byId("token").focus();
}

byId("question").addEventListener("submit", (event) => {
  event.preventDefault();
  answer(said());
});
byId("no").addEventListener("click", () => answer("no"));
byId("new-region").addEventListener("click", () => {
  page.shapes.add({ kind: "ignored", title: `region ${page.shapes.list.length + 1}` });
  byId("drawing").querySelector(".corner")?.focus();
});
byId("again").addEventListener("click", () => tell(() => api.tryAgain()));
byId("unlock-it").addEventListener("click", askForToken);
login.listen();
look();
