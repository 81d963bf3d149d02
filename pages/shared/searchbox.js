// The search box: what was typed goes to the server on Enter, or with a completion that is chosen;
// while it is typed, the server tells what the last word may become. Tab completes and sends nothing.
const WAIT_MS = 120;

function parts(input) {
  const at = input.value.lastIndexOf(" ") + 1;
  return [input.value.slice(0, at), input.value.slice(at)];
}

function complete(box, text) {
  box.input.value = parts(box.input)[0] + text;
  close(box);
}

function submit(box) {
  if (!box.input.value.trim()) return;
  clearTimeout(box.timer);
  box.send("words", box.input.value);
  box.input.value = "";
  close(box);
}

function choose(box, text) {
  complete(box, text);
  if (!text.endsWith(":")) submit(box);
  else box.ask();
}

function close(box) {
  box.list.hidden = true;
  box.at = -1;
  box.input.setAttribute("aria-expanded", "false");
  box.input.removeAttribute("aria-activedescendant");
}

function mark(box, at) {
  const options = [...box.list.children];
  box.at = (at + options.length) % options.length;
  options.forEach((option, place) => option.setAttribute("aria-selected", place === box.at));
  box.input.setAttribute("aria-activedescendant", options[box.at].id);
  options[box.at].scrollIntoView({ block: "nearest" });
}

function offer(box, { word, found }) {
  const { input } = box;
  const hasFocus = input.getRootNode().activeElement === input;
  if (!word || word !== parts(input)[1] || !found.length || !hasFocus) return close(box);
  box.list.replaceChildren(...found.map(({ text, name }, place) => {
    const option = document.createElement("li");
    option.role = "option";
    option.id = `option-${place}`;
    option.textContent = name;
    option.onpointerdown = (event) => { event.preventDefault(); choose(box, text); };
    option.dataset.text = text;
    return option;
  }));
  box.list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  box.at = -1;
}

function pressed(box, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && !box.list.hidden) {
    event.preventDefault();
    mark(box, box.at < 0 && step < 0 ? -1 : box.at + step);
  } else if (event.key === "Escape") {
    close(box);
  } else if (event.key === "Tab" && !box.list.hidden) {
    event.preventDefault();
    complete(box, box.list.children[Math.max(0, box.at)].dataset.text);
  } else if (event.key === "Enter" && box.at >= 0) {
    choose(box, box.list.children[box.at].dataset.text);
  } else if (event.key === "Enter") {
    submit(box);
  }
}

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const input = parentElement.querySelector("input"), list = parentElement.querySelector("ul");
  const box = (input.box ??= { input, list, at: -1 });
  box.send = setTriggerValue;
  box.ask = () => setStateValue("word", parts(input)[1]);
  input.oninput = () => {
    clearTimeout(box.timer);
    box.timer = setTimeout(box.ask, WAIT_MS);
  };
  input.onkeydown = (event) => pressed(box, event);
  input.onblur = () => close(box);
  offer(box, data);
}
