// A table's cells are drawn on a canvas, where keys reach no menu: Enter clicks where the menu of the
// row stands, arrows then lead through its items, and Escape leaves a header's order. What a popover
// shows stands at the end of the document: keys that open one lead into it. A header ends in a menu of
// Streamlit's, which sorts what the browser has of the rows and hides columns, and no URL tells of it:
// a click there ranks like any other on the header.
const HEADER = 33, ROW = 26;
// A menu's column is 34 px wide, or more where a table is spread over its panel: then it is looked for,
// once all is drawn that was scrolled to.
const FROM_RIGHT = 17, FARTHEST = 300, OFF_MIDDLE = 9, FAINT = 60;
const MENU = '[role=menu][aria-label="Button action menu"]';
const MENU_WIDTH = 40, MENU_TRIES = 6;
const AGAIN_MS = 250, TRIES = 20, WIDE_AFTER = 4;
const SOON_MS = 50, ENTRIES = 100, PATIENT = 60;
const POPOVER = "[data-testid=stPopoverBody]";

function click(frame, row, tried) {
  const canvas = frame.querySelector("canvas"), box = canvas.getBoundingClientRect();
  const y = HEADER - frame.querySelector(".dvn-scroller").scrollTop + ROW * (row + 0.5);
  clickAt(frame, box.right - (tried < WIDE_AFTER ? FROM_RIGHT : fromRight(canvas, y)), box.top + y);
}

// Where the three dots are drawn, seen from the right: what a row has in its middle and not, as the
// line between two columns, above it.
function fromRight(canvas, y) {
  const scale = canvas.width / canvas.clientWidth, wide = Math.round(FARTHEST * scale);
  const line = (y) => canvas.getContext("2d").getImageData(canvas.width - wide, y * scale, wide, 1).data;
  const middle = line(y), above = line(y - OFF_MIDDLE);
  const differs = (at) => [0, 1, 2].some((hue) => Math.abs(middle[4 * at + hue] - above[4 * at + hue]) > FAINT);
  for (let at = wide - 1; at > 0; at--) if (differs(at)) return (wide - at) / scale;
  return FROM_RIGHT;
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
  if (active) click(frame, Number(active.id.split("-").pop()), TRIES - tries);
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
