// What the page asks the server for. Paths are relative: it may live under a prefix.

export class TokenMissing extends Error {}

// An error that the server put into words.
export class Told extends Error {
  constructor({ error, todo }) {
    super(`${error}: ${todo}`);
    this.what = error;
    this.todo = todo;
  }
}

async function ask(path, options = {}, patience = 10000) {
  const answer = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(patience), ...options });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({ error: `status ${answer.status}`, todo: "see the log" }));
  if (answer.status === 401 && path !== "api/login") throw new TokenMissing(said.error);
  throw new Told(said);
}

// The page over many boxes asks for their events elsewhere.
const root = document.documentElement.dataset.api ?? "api";

const send = (path, document) =>
  ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(document),
  });

export const site = async () => (await ask("api/site")).json();
export const login = (token) => send("api/login", { token });
export const logout = () => send("api/logout", {});
export const accept = async (camera, rate) =>
  (await send(`api/cameras/${camera}/threshold`, { false_alarms: rate })).json();

// Loading a scene may take a while.
const EDIT_MS = 120000;
const cameras = "api/edit/cameras";

export const editable = async () => (await ask("api/edit")).json();

const edit = async (site, path, method, document) => {
  const headers = { "content-type": "application/json", "if-match": `"${site.digest}"` };
  const body = document && JSON.stringify(document);
  return (await ask(path, { method, headers, body }, EDIT_MS)).json();
};

export const addCamera = (site, said) => edit(site, cameras, "POST", said);
export const changeCamera = (site, name, said) => edit(site, `${cameras}/${encodeURIComponent(name)}`, "POST", said);
export const removeCamera = (site, name) => edit(site, `${cameras}/${encodeURIComponent(name)}`, "DELETE");
export const mark = async (event, marks) => (await send(`api/events/${event.id}`, marks)).json();

export async function events(wanted) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined && value !== null) asked.set(name, value);
  return (await (await ask(`${root}/events?${asked}`)).json()).events;
}

export const exported = (event) => `api/events/${event.id}/export`;

// The first hour.
export const guide = async () => (await ask("api/guide")).json();
export const guidePicture = (number) => `api/guide/pictures/${number}`;
export const answer = (question, text) => send("api/guide/answer", { question, answer: text });
export const stopCommand = () => send("api/guide/stop", {});
export const tryAgain = () => send("api/guide/go-on", {});

export const picture = (event, width) => `${root}/events/${event.id}/picture?width=${width}&peak=${event.peak}`;
export const clip = (event) => `${root}/events/${event.id}/clip`;

// Many boxes: how each is, with its cameras.
export const boxes = async () => (await ask("api/boxes")).json();

export const fetchPicture = async (path) => (await ask(path, {}, 20000)).blob();

// How all cameras are, and the pictures that were asked for: a JSON document behind its length, then
// of every picture that it names the JPEG and the levels of the heat map.
export async function live(wanted, since) {
  const pictures = wanted.map(({ camera, after, width }) => `${camera}:${after}:${width}`).join();
  const sent = performance.now();
  const answer = await ask(`api/live?since=${since}&pictures=${pictures}`);
  const body = await answer.arrayBuffer();
  const received = performance.now();
  const length = new DataView(body).getUint32(0);
  const now = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  let at = 4 + length;
  const take = (bytes) => new Uint8Array(body, (at += bytes) - bytes, bytes);
  for (const { picture } of now.cameras) {
    if (!picture) continue;
    picture.jpeg = take(picture.jpeg);
    picture.levels = take(picture.levels);
    if (picture.age_s !== null) picture.age_s += (received - sent) / 2000;
  }
  return now;
}
