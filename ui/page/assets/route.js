// Which view the page is at: what stands behind '#/' in its address, so that Back, reload and links work. Also what is to
// stand side by side, which this tab alone knows. Gradio gives `trigger`.
const page = (window.reconteur ??= {});
const MOST_COMPARED = 4;
const TITLE = document.title;
const picked = new Set();
let arrived = ""; // the path that is on the screen
let left = 0; // how far the conversation was scrolled when it was left

page.path = () => (location.hash.startsWith("#/") ? location.hash.slice(2) : "");

function mark() {
  const name = page.path().split("/")[0];
  document.querySelectorAll("[data-view-link]").forEach((link) => {
    name === link.dataset.viewLink ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  });
}

function go() {
  const path = page.path();
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
  picked.has(item) ? picked.delete(item) : picked.size < MOST_COMPARED && picked.add(item);
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
page.ready = () => { page.ready = () => {}; if (page.path()) go(); else mark(); };
addEventListener("hashchange", go);
