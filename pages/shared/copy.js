// A value to the clipboard: in the click itself, or when the server answers a click on a row's menu.

function focused() {
  let one = document.activeElement;
  while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  return one;
}

// Over plain http from another machine a browser has no clipboard interface, but still the old way,
// which takes the focus.
function byHand(text) {
  const before = focused();
  const area = document.createElement("textarea");
  area.value = text;
  area.style.cssText = "position:fixed;opacity:0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  before?.focus();
  if (!done) throw new Error("the browser did not copy");
}

async function copy(text) {
  if (!navigator.clipboard) return byHand(text);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    byHand(text);
  }
}

async function copyAndSay(said, text, name) {
  try {
    await copy(text);
    said.textContent = `copied ${name}`;
  } catch {
    said.textContent = "not copied: the browser does not allow it here";
  }
  said.hidden = false;
  clearTimeout(said.gone);
  said.gone = setTimeout(() => (said.hidden = true), 2500);
}

export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("output");
  button.hidden = !data.label;
  button.textContent = data.label ?? "";
  button.title = data.hint ?? "";
  button.onclick = () => copyAndSay(said, data.text, data.name);
  if (!data.nonce || window.zeekLiveCopied === data.nonce) return;
  window.zeekLiveCopied = data.nonce;
  copyAndSay(said, data.text, data.name);
}
