// The stream's state and the age of the newest record, kept going by the browser's own monotonic
// clock: a server that hangs, or is gone, must not leave an old number standing.
const PROBE_MS = 4000, MISSES = 2;

function words(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

function newest(age) {
  if (age === null) return "";
  // Two clocks may well differ by less than a second.
  return age > -1 ? `newest ${words(Math.max(0, age))} ago`
    : `newest ahead of this clock by ${words(-age)}`;
}

function disconnected() {
  const app = document.querySelector("[data-testid=stApp]");
  const connection = app && app.dataset.testConnectionState;
  return Boolean(connection) && connection !== "CONNECTED";
}

async function probe(live) {
  if (live.probing) return;
  live.probing = true;
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), PROBE_MS);
  try {
    const answer = await fetch("_stcore/health", { signal: end.signal, cache: "no-store" });
    live.missed = answer.ok ? 0 : live.missed + 1;
  } catch {
    live.missed += 1;
  }
  clearTimeout(timer);
  live.probing = false;
}

function draw(clock, { data, began, missed }) {
  const [state, note] = ["b", "span"].map((tag) => clock.querySelector(tag));
  const lost = disconnected() || missed >= MISSES;
  const age = data.age === null ? null : data.age + (performance.now() - began) / 1000;
  clock.dataset.state = lost ? "server lost" : data.state;
  state.textContent = lost ? "server lost" : data.state;
  note.textContent = [lost ? "" : data.note, newest(age)].filter(Boolean).join(" · ");
  clock.title = lost ? "The server does not answer; the numbers are old." : data.hint;
}

function start(clock, live) {
  const timers = [
    setInterval(() => draw(clock, live), 1000),
    setInterval(() => probe(live), 5000),
  ];
  return () => timers.forEach(clearInterval);
}

export default function ({ parentElement, data }) {
  const clock = parentElement.querySelector(".clock");
  // Called anew with each answer of the server, on the same element: its timers go on.
  const live = (clock.live ??= { missed: 0, probing: false });
  Object.assign(live, { data, began: performance.now() });
  live.stop ??= start(clock, live);
  draw(clock, live);
  return () => {
    live.stop();
    clock.live = undefined;
  };
}
