// A table's cells are drawn on a canvas, where keys reach no menu: Enter clicks where the menu of the
// row stands, and arrows then lead through its items.
const HEADER = 33, ROW = 26, FROM_RIGHT = 17;
const MENU = '[role=menu][aria-label="Button action menu"]';

function click(frame, row) {
  const box = frame.querySelector("canvas").getBoundingClientRect();
  const scroller = frame.querySelector(".dvn-scroller");
  const clientX = box.right - FROM_RIGHT;
  const clientY = box.top + HEADER + ROW * (row + 0.5) - scroller.scrollTop;
  const told = { bubbles: true, cancelable: true, composed: true, clientX, clientY, view: window };
  for (const kind of ["pointermove", "mousemove", "pointerdown", "mousedown", "pointerup", "mouseup", "click"])
    scroller.dispatchEvent(new PointerEvent(kind, told));
}

function enter(tries) {
  const item = document.querySelector(`${MENU} [role=menuitem]`);
  if (item) item.focus();
  else if (tries) requestAnimationFrame(() => enter(tries - 1));
}

function open(frame) {
  const active = frame.querySelector("td[aria-selected=true]");
  // The column of menus is the one that has no name.
  if (!active || frame.querySelector("thead th:last-child").textContent) return false;
  const scroller = frame.querySelector(".dvn-scroller");
  scroller.scrollLeft = scroller.scrollWidth;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    click(frame, Number(active.id.split("-").pop()));
    enter(60);
  }));
  return true;
}

function lead(event, item) {
  const items = [...item.parentElement.children];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) items[(items.indexOf(item) + step + items.length) % items.length].focus();
  else if (event.key === "Enter" || event.key === " ") item.click();
  return Boolean(step) || event.key === "Enter" || event.key === " ";
}

function pressed(event) {
  const item = event.target.closest?.(`${MENU} [role=menuitem]`);
  const frame = event.key === "Enter" && event.target.closest?.("[data-testid=stDataFrame] canvas");
  if (!(item ? lead(event, item) : frame && open(frame.closest("[data-testid=stDataFrame]")))) return;
  event.preventDefault();
  event.stopPropagation();
}

export default function () {
  document.addEventListener("keydown", pressed, true);
  return () => document.removeEventListener("keydown", pressed, true);
}
