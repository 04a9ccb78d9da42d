// Times and figures as people read them.

const clockForm = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
const dayForm = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

export const clock = (seconds) => clockForm.format(new Date(seconds * 1000));

export function day(seconds) {
  const then = new Date(seconds * 1000);
  const today = new Date();
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const ago = Math.round((midnight(today) - midnight(then)) / 86400000);
  return ago === 0 ? "Today" : ago === 1 ? "Yesterday" : dayForm.format(then);
}

export function span(seconds) {
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

export function milliseconds(seconds) {
  const ms = seconds * 1000;
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export const figure = (score) => (Math.abs(score) < 10 ? score.toFixed(1) : String(Math.round(score)));

export const percent = (share) => `${share >= 0.01 ? Math.round(share * 100) : (share * 100).toPrecision(1)}%`;

const STATES = {
  connecting: "Not a frame has come yet.",
  "no signal": "The camera is gone. It is tried again without end.",
  frozen: "The same picture comes again and again.",
  covered: "The scene cannot be seen.",
  moved: "The camera shows another scene.",
  "server away": "The server that scores its frames does not answer. It is asked again without end.",
  ended: "The recording, or the run, has ended.",
};

export const explained = (state) => STATES[state] ?? "";

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
