// Which view the page is at: what stands behind '#/' in its address, so that Back, reload and links work. Also what is to
// stand side by side, which this tab alone knows, and keeps across reloads. Gradio gives `trigger`.
const page = (window.reconteur ??= {});
const MOST_COMPARED = 4;
const TITLE = document.title;
const PICKED = "reconteur-compare";
const picked = new Set(kept());
let arrived = ""; // the path that is on the screen
let left = 0; // how far the conversation was scrolled when it was left

page.path = () => (location.hash.startsWith("#/") ? location.hash.slice(2) : "");

function kept() {
  try {
    const found = JSON.parse(sessionStorage.getItem(PICKED) ?? "[]");
    return Array.isArray(found) ? found.map(String).slice(0, MOST_COMPARED) : [];
  } catch { return []; } // storage is forbidden, or holds something else
}

function pick(items) {
  picked.clear();
  items.slice(0, MOST_COMPARED).forEach((item) => picked.add(item));
  try { sessionStorage.setItem(PICKED, JSON.stringify([...picked])); } catch { /* then it lives as long as the page */ }
}

// a comparison's address says what stands there, wherever it was opened
function compared(path) {
  const [name, ...items] = path.split("/");
  if (name !== "compare" || items.length < 2) return;
  try { pick([...new Set(items.map(decodeURIComponent))]); } catch { /* a broken address */ }
}

function mark() {
  const name = page.path().split("/")[0];
  document.querySelectorAll("[data-view-link]").forEach((link) => {
    name === link.dataset.viewLink ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  });
}

function go() {
  const path = page.path();
  compared(path);
  if (!arrived && path) left = scrollY;
  page.rail(false);
  document.body.classList.toggle("viewing", path !== "");
  document.querySelector("[data-view]")?.setAttribute("aria-busy", path !== "");
  mark();
  if (!path && arrived) {
    const from = arrived;
    arrived = "";
    document.title = TITLE;
    scrollTo({ top: left, behavior: "instant" });
    const link = document.querySelector(`#log a[href="#/${CSS.escape(from)}"]`) ?? document.querySelector("[data-view-link]");
    link?.focus({ preventScroll: true });
  }
  page.marks();
  trigger("act", { do: "visit", at: path });
}

// a view has come, or changed in its place
page.arrived = (path) => {
  if (path !== page.path()) return;
  document.querySelector("[data-view]")?.removeAttribute("aria-busy");
  const title = document.querySelector("#view [data-title]");
  if (!path || !title) return;
  document.title = `${title.dataset.title} – ${TITLE}`;
  if (path !== arrived) {
    arrived = path;
    scrollTo({ top: 0, behavior: "instant" });
    title.focus({ preventScroll: true });
  } else if (document.activeElement === document.body) title.focus({ preventScroll: true }); // what was clicked is gone
};

page.compare = (item) => {
  pick(picked.has(item) ? [...picked].filter((one) => one !== item) : [...picked, item]);
  page.marks();
};

// what the server does not know, shown on what it has drawn anew
page.marks = () => {
  document.querySelectorAll("button[data-compare]").forEach((button) => {
    const isPicked = picked.has(button.dataset.compare);
    button.setAttribute("aria-pressed", isPicked);
    button.disabled = !isPicked && picked.size >= MOST_COMPARED;
  });
  const link = document.querySelector("[data-compare-link]");
  if (!link) return;
  link.hidden = picked.size < 2;
  link.href = `#/compare/${[...picked].map(encodeURIComponent).join("/")}`;
  link.querySelector("[data-compared]").textContent = picked.size;
  mark();
};

// the page is there: now the view that its address names
page.ready = () => { page.ready = () => {}; if (page.path()) go(); else page.marks(); };
addEventListener("hashchange", go);

// the head wraps where its links need more than a line: what is brought into view stops below it
const head = document.querySelector("#head");
if (head) new ResizeObserver(() => document.documentElement.style.setProperty("--head", `${head.offsetHeight}px`)).observe(head);
