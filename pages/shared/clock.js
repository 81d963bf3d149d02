// The stream's state and the age of the newest record, kept going by the browser's own monotonic
// clock: a server that hangs, or is gone, must not leave an old number standing.
const PROBE_MS = 4000, MISSES = 2, RELOAD_AFTER = 120, ANSWERS = 3;

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
  if (live.probing || document.hidden) return;
  live.probing = true;
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), PROBE_MS);
  try {
    const answer = await fetch("_stcore/health", { signal: end.signal, cache: "no-store" });
    count(live, answer.ok);
  } catch {
    count(live, false);
  }
  clearTimeout(timer);
  live.probing = false;
}

function count(live, isWell) {
  live.missed = isWell ? 0 : live.missed + 1;
  live.answered = isWell ? live.answered + 1 : 0;
  // Streamlit connects again by itself; where that does not help, nobody is there to press F5.
  const enough = Math.max(RELOAD_AFTER, 4 * live.data.patience);
  if (live.data.patience && waited(live) > enough && live.answered >= ANSWERS) location.reload();
}

function silence({ began }) {
  return (performance.now() - began) / 1000;
}

function waited(live) {
  // Nothing is asked for while the tab is hidden: that is no silence of the server.
  return Math.min(silence(live), (performance.now() - live.seen) / 1000);
}

function isLost(live) {
  const tooLong = live.data.patience && waited(live) > live.data.patience;
  return disconnected() || live.missed >= MISSES || tooLong;
}

function say(element, text) {
  // Each new text is a node for the garbage collector: none where it says the same.
  if (element && element.textContent !== text) element.textContent = text;
}

function draw(clock, live) {
  const { data } = live, lost = isLost(live);
  const [name, state, note, time] = ["em", "b", "span", "time"].map((tag) =>
    clock.querySelector(tag));
  const age = newest(data.age === null ? null : data.age + silence(live));
  const said = lost ? data.lost : data.note;
  clock.dataset.state = lost ? "server lost" : data.state;
  say(name, data.name);
  say(state, lost ? "server lost" : data.state);
  say(note, [said, time ? "" : age].filter(Boolean).join(" · "));
  say(time, age);
  clock.title = lost ? "The server does not answer; the numbers are old." : data.hint;
}

function start(clock, live) {
  const timers = [
    setInterval(() => draw(clock, live), live.data.patience ? 250 : 1000),
    setInterval(() => probe(live), 5000),
  ];
  const look = () => { live.seen = performance.now(); };
  document.addEventListener("visibilitychange", look);
  return () => {
    timers.forEach(clearInterval);
    document.removeEventListener("visibilitychange", look);
  };
}

export default function ({ parentElement, data }) {
  const clock = parentElement.querySelector(".clock");
  // Called anew with each answer of the server, on the same element: its timers go on.
  const live = (clock.live ??= { missed: 0, answered: 0, probing: false, seen: 0 });
  Object.assign(live, { data, began: performance.now() });
  live.stop ??= start(clock, live);
  draw(clock, live);
  return () => {
    live.stop();
    clock.live = undefined;
  };
}
