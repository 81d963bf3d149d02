// A table's cells are drawn on a canvas, where keys reach no menu: Enter clicks where the menu of the
// row stands, arrows then lead through its items, and Escape leaves a header's order. What a popover
// shows stands at the end of the document: keys that open one lead into it. A header ends in a menu of
// Streamlit's, which sorts what the browser has of the rows and hides columns, and no URL tells of it:
// a click there ranks like any other on the header.
const HEADER = 33, ROW = 26, FROM_RIGHT = 17;
const MENU = '[role=menu][aria-label="Button action menu"]';
const MENU_WIDTH = 40, MENU_TRIES = 6;
const AGAIN_MS = 250, TRIES = 20;
const SOON_MS = 50, ENTRIES = 100, PATIENT = 60;
const POPOVER = "[data-testid=stPopoverBody]";

function click(frame, row) {
  const box = frame.querySelector("canvas").getBoundingClientRect();
  const top = box.top + HEADER - frame.querySelector(".dvn-scroller").scrollTop;
  clickAt(frame, box.right - FROM_RIGHT, top + ROW * (row + 0.5));
}

function clickAt(frame, clientX, clientY) {
  const scroller = frame.querySelector(".dvn-scroller");
  const told = { bubbles: true, cancelable: true, composed: true, clientX, clientY, view: window };
  for (const kind of ["pointermove", "mousemove", "pointerdown", "mousedown", "pointerup", "mouseup", "click"])
    scroller.dispatchEvent(new PointerEvent(kind, told));
}

// A table that is just drawn anew takes no click, or has no cell in focus: it is asked again.
function enter(frame, tries) {
  const item = document.querySelector(`${MENU} [role=menuitem]`);
  if (item) return item.focus();
  const active = frame.querySelector("td[aria-selected=true]");
  if (active) click(frame, Number(active.id.split("-").pop()));
  if (tries && frame.isConnected) setTimeout(() => enter(frame, tries - 1), AGAIN_MS);
}

function open(frame) {
  // The column of menus is the one that has no name.
  if (frame.querySelector("thead th:last-child")?.textContent !== "") return false;
  const scroller = frame.querySelector(".dvn-scroller");
  scroller.scrollLeft = scroller.scrollWidth;
  requestAnimationFrame(() => requestAnimationFrame(() => enter(frame, TRIES)));
  return true;
}

function lead(event, item) {
  const items = [...item.parentElement.children];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) items[(items.indexOf(item) + step + items.length) % items.length].focus();
  else if (event.key === "Enter" || event.key === " ") item.click();
  return Boolean(step) || event.key === "Enter" || event.key === " ";
}

// Where such a menu stands, its header's words are left of it.
function rank(frame, tries) {
  const menu = document.querySelector("[data-testid=stDataFrameColumnMenuTarget]");
  const box = frame.querySelector("canvas").getBoundingClientRect();
  if (menu) clickAt(frame, menu.getBoundingClientRect().left - MENU_WIDTH, box.top + HEADER / 2);
  else if (tries) setTimeout(() => rank(frame, tries - 1), SOON_MS);
}

function released({ target, clientY }) {
  const frame = target.closest?.("[data-testid=stDataFrame]");
  const canvas = frame && frame.querySelector("canvas");
  if (canvas && clientY < canvas.getBoundingClientRect().top + HEADER) rank(frame, MENU_TRIES);
}

// What stands first may be loaded after what follows it, and may be nothing that takes keys.
function enterPopover(tries) {
  const place = tries > PATIENT ? `${POPOVER} .stElementContainer:first-child` : POPOVER;
  const first = document.querySelector(`${place} :is(input, button, a[href])`);
  if (first) first.focus();
  else if (tries) setTimeout(() => enterPopover(tries - 1), SOON_MS);
}

function opensPopover({ key, target }) {
  const button = (key === "Enter" || key === " ") && target.closest?.("[data-testid=stPopover] button");
  return button && !document.querySelector(POPOVER);
}

// To let a header go is to click it once more, which turns the order: to leave the table is not.
function letsHeaderGo({ key, target }) {
  const grid = key === "Escape" && target.closest?.("[data-testid=stDataFrame] canvas");
  const frame = grid && grid.closest("[data-testid=stDataFrame]");
  return Boolean(frame && frame.querySelector("thead th[aria-selected=true]"));
}

function pressed(event) {
  if (opensPopover(event)) setTimeout(() => enterPopover(ENTRIES), SOON_MS);
  const item = event.target.closest?.(`${MENU} [role=menuitem]`);
  const frame = event.key === "Enter" && event.target.closest?.("[data-testid=stDataFrame] canvas");
  const opened = !item && frame && open(frame.closest("[data-testid=stDataFrame]"));
  if (!(item ? lead(event, item) : opened || letsHeaderGo(event))) return;
  event.preventDefault();
  event.stopPropagation();
}

export default function () {
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("pointerup", released, true);
  return () => {
    document.removeEventListener("keydown", pressed, true);
    document.removeEventListener("pointerup", released, true);
  };
}
