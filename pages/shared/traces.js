// Figures of the strip are buttons within HTML that is written anew with each refresh: one listener
// hears them all, and the one that has the focus has it again afterwards.
const FIGURE = "button.traced";

function keep(button) {
  const name = button.dataset.figure;
  const again = () => document.querySelector(`${FIGURE}[data-figure="${name}"]`)?.focus();
  const seen = new MutationObserver(() => document.activeElement === document.body && again());
  seen.observe(button.closest("[data-testid=stMain]"), { childList: true, subtree: true });
  return seen;
}

export default function ({ setTriggerValue }) {
  let kept = null;
  const clicked = ({ target }) => {
    const button = target.closest?.(FIGURE);
    if (button) setTriggerValue("figure", button.dataset.figure);
  };
  const focused = ({ target }) => {
    kept?.disconnect();
    kept = target.matches?.(FIGURE) ? keep(target) : null;
  };
  document.addEventListener("click", clicked);
  document.addEventListener("focusin", focused);
  return () => {
    kept?.disconnect();
    document.removeEventListener("click", clicked);
    document.removeEventListener("focusin", focused);
  };
}
