// The stream's state and the age of the newest record, kept going by the browser's own monotonic
// clock: a server that hangs, or is gone, must not leave an old number standing.
const PROBE_MS = 4000, MISSES = 2;

function words(seconds) {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}

export default function ({ parentElement, data }) {
  const clock = parentElement.querySelector(".clock");
  const [state, note] = ["b", "span"].map((tag) => clock.querySelector(tag));
  const began = performance.now();
  let missed = 0, probing = false;

  function disconnected() {
    const app = document.querySelector("[data-testid=stApp]");
    const connection = app && app.dataset.testConnectionState;
    return Boolean(connection) && connection !== "CONNECTED";
  }
  async function probe() {
    if (probing) return;
    probing = true;
    const end = new AbortController();
    const timer = setTimeout(() => end.abort(), PROBE_MS);
    try {
      const answer = await fetch("_stcore/health", { signal: end.signal, cache: "no-store" });
      missed = answer.ok ? 0 : missed + 1;
    } catch { missed += 1; }
    clearTimeout(timer);
    probing = false;
  }
  function draw() {
    const lost = disconnected() || missed >= MISSES;
    const age = data.age === null ? null : data.age + (performance.now() - began) / 1000;
    clock.dataset.state = lost ? "server lost" : data.state;
    state.textContent = lost ? "server lost" : data.state;
    const newest = age === null ? "" : `newest ${words(age)} ago`;
    note.textContent = [lost ? "" : data.note, newest].filter(Boolean).join(" · ");
    clock.title = lost ? "The server does not answer; the numbers are old." : data.hint;
  }
  draw();
  const drawing = setInterval(draw, 1000);
  const probing_ = setInterval(probe, 5000);
  return () => { clearInterval(drawing); clearInterval(probing_); };
}
