// Keeps the page fresh and answers filters without leaving it. Everything also works without this script: the
// server renders each state of the page at its own URL, and the script only fetches that and takes over what differs.

const PERIOD = 15_000;
const ROWS_IN_SIGHT = 16;
const ELEMENT = Node.ELEMENT_NODE;

let wanted = null;
let fetching = null;
let shown = location.href;
let shownAt = Date.now();
let postponed = [];

function keyOf(node) {
  return node.nodeType === ELEMENT ? node.getAttribute("data-key") : null;
}

function alike(old, fresh) {
  return old !== null && old.nodeName === fresh.nodeName && keyOf(old) === null && old.id === fresh.id;
}

// Changes `old` into `fresh` with as few changes as will do, so that focus, selection, opened details and
// what stands in the search field stay.
function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== ELEMENT) {
    old.data = fresh.data;
    return;
  }
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
}

function morphAttributes(old, fresh) {
  const own = old.nodeName === "DETAILS" ? "open" : null;
  for (const { name } of [...old.attributes]) {
    if (name !== own && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  const keys = new Set([...fresh.children].map(keyOf));
  const keyed = new Map();
  for (const child of [...old.children]) {
    const key = keyOf(child);
    if (key === null) continue;
    if (keys.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    const have = key === null ? (alike(place, child) ? place : null) : keyed.get(key);
    if (!have) {
      old.insertBefore(child, place);
      continue;
    }
    keyed.delete(key);
    if (have === place) place = place.nextSibling;
    else old.insertBefore(have, place);
    morph(have, child);
  }
  while (place !== null) {
    const rest = place;
    place = place.nextSibling;
    rest.remove();
  }
}

// The first row in sight, and where it is: what the reader looks at must not move.
function anchor() {
  const row = [...document.querySelectorAll("[data-key]")].find((one) => one.getBoundingClientRect().bottom >= 1);
  return row && { row, top: row.getBoundingClientRect().top };
}

// A filter is answered sooner if the rows below what is in sight are laid out after that is on the screen.
function postponeRows(fresh) {
  const rows = [...fresh.querySelectorAll("tbody > tr")].slice(ROWS_IN_SIGHT);
  for (const row of rows) row.remove();
  postponed = rows;
  const follow = () => {
    if (postponed === rows && rows.length > 0) document.querySelector("tbody").append(...rows);
  };
  requestAnimationFrame(() => setTimeout(follow));
}

// In the order that the page itself uses; Swedes write dates as ISO 8601 does.
const FORMATS = { "en": "sv-SE", "pt-BR": "pt-BR" };

// The server writes UTC. Here each moment is told in the time of the browser, with UTC beside it in the title.
function localize(page) {
  const locale = FORMATS[page.documentElement.lang];
  for (const time of page.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    const day = date.toLocaleDateString(locale, { year: "numeric", month: "2-digit", day: "2-digit" });
    const moment = `${day} ${date.toLocaleTimeString(locale)}`;
    if (time.dataset.shows === "moment") time.textContent = moment;
    if (time.dataset.shows === "day") time.textContent = day;
    time.title = `${moment} (${time.title})`;
  }
  const times = page.getElementById("times");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) times.textContent = times.dataset.local.replace("{zone}", zone);
}

function takeOver(fresh, isRefresh) {
  localize(fresh);
  postponed = [];
  if (!isRefresh && window.scrollY === 0) postponeRows(fresh);
  const focused = document.activeElement;
  const held = window.scrollY > 0 ? anchor() : null;
  document.title = fresh.title;
  document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").href;
  document.documentElement.lang = fresh.documentElement.lang;
  morph(document.body, document.adoptNode(fresh.body));
  const field = document.getElementById("q");
  if (focused !== field) field.value = field.getAttribute("value");
  if (focused !== document.activeElement) {
    if (focused.isConnected) focused.focus({ preventScroll: true });
    else document.getElementById("instances").focus({ preventScroll: true });
  }
  if (held && held.row.isConnected) window.scrollBy(0, held.row.getBoundingClientRect().top - held.top);
}

async function fetchPage(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function fetchWanted() {
  while (wanted !== null) {
    const url = wanted;
    wanted = null;
    try {
      const fresh = await fetchPage(url);
      if (fresh.documentElement.dataset.version !== document.documentElement.dataset.version) location.reload();
      if (wanted === null) {
        takeOver(fresh, url === shown);
        shown = url;
      }
    } catch {
      document.getElementById("trouble").hidden = false;
    }
    shownAt = Date.now();
  }
  fetching = null;
}

// Shows a URL. Of many that are asked for while one is on its way, only the last is fetched.
function show(url) {
  wanted = new URL(url, location.href).href;
  fetching ??= fetchWanted();
  return fetching;
}

function go(url) {
  history.pushState(null, "", url);
  return show(url);
}

function searchUrl() {
  const fields = [...new FormData(document.getElementById("search"))].filter(([, value]) => value !== "");
  const query = new URLSearchParams(fields).toString();
  return query ? `?${query}` : "./";
}

function refresh() {
  const due = Date.now() - shownAt >= PERIOD;
  if (due && !document.hidden && !document.body.hasAttribute("data-paused")) show(location.href);
}

document.addEventListener("input", (event) => {
  if (event.target.id !== "q") return;
  history.replaceState(null, "", searchUrl());
  show(location.href);
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  go(searchUrl());
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  const plain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!link || !plain || event.defaultPrevented) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.pathname !== location.pathname || url.hash) return;
  event.preventDefault();
  const turnsPage = link.rel === "next" || link.rel === "prev";
  await go(link.href);
  if (turnsPage) {
    const instances = document.getElementById("instances");
    instances.focus({ preventScroll: true });
    instances.scrollIntoView();
  }
});

localize(document);
window.addEventListener("popstate", () => show(location.href));
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, 1000);
