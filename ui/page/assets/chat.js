// Runs in each of the page's areas but the input. Sends clicks, choices and forms to the server as one event, keeps what
// was unfolded unfolded, and brings a new turn into view. Gradio gives `element`, `trigger` and `watch`.
const page = (window.reconteur ??= {});
const opened = new Set();
const TALKS = new Set(["wish", "more-like", "open", "new"]);
let lastTurn = -1;

// what was done, and at which view
const act = (data) => trigger("act", { ...data, at: page.path?.() ?? "" });

// on a phone the side lies over everything else, which nobody can then get into
page.rail = (open, mayFocus) => {
  if (open === document.body.classList.contains("rail-open")) return;
  document.body.classList.toggle("rail-open", open);
  for (const behind of document.querySelectorAll("#main, #head")) behind.inert = open;
  document.querySelectorAll("[data-local=menu][aria-expanded]").forEach((one) => one.setAttribute("aria-expanded", open));
  if (mayFocus) document.querySelector(open ? ".rail-close" : ".menu")?.focus();
};

element.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("rail-open")) page.rail(false, true);
});

element.addEventListener("click", (event) => {
  const local = event.target.closest("[data-local]");
  if (local?.dataset.local === "skip") {
    event.preventDefault();
    const start = page.path() ? "#view .view-title" : "#box textarea";
    return document.querySelector(start)?.focus();
  }
  if (local?.dataset.local === "read-on") {
    local.closest(".words").classList.add("whole");
    return page.fit();
  }
  if (local) return page.rail(!document.body.classList.contains("rail-open"), true);
  const picked = event.target.closest("[data-compare]");
  if (picked) return page.compare(picked.dataset.compare);
  const button = event.target.closest("[data-do]");
  if (!button || button.disabled) return;
  if (button.closest(".rail") && ["open", "new"].includes(button.dataset.do)) page.rail(false);
  if (TALKS.has(button.dataset.do) && page.path()) location.hash = "#/"; // what it brings is in the conversation
  if (button.dataset.do === "wish") return page.send(button.dataset.text);
  act({ ...button.dataset });
});

element.addEventListener("change", (event) => {
  if (event.target.matches("[data-import]") && event.target.files[0]) {
    page.read(event.target.files[0], act);
    event.target.value = "";
    return;
  }
  const field = event.target.closest("[data-change]");
  if (field) act({ do: field.dataset.change, value: field.value });
});

element.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.goto) {
    event.preventDefault();
    location.hash = `#/${form.dataset.goto}/${encodeURIComponent(new FormData(form).get("rest").trim())}`;
    return;
  }
  if (!form.dataset.submit) return; // one that leaves the page, such as logging out
  event.preventDefault();
  act({ do: form.dataset.submit, ...Object.fromEntries(new FormData(form)) });
  form.reset();
  const fold = form.closest("details");
  fold?.removeAttribute("open");
  fold?.querySelector("summary").focus(); // else the focus would go with what is folded away
});

element.addEventListener("toggle", (event) => {
  const fold = event.target;
  if (!fold.dataset?.key) return;
  fold.open ? opened.add(fold.dataset.key) : opened.delete(fold.dataset.key);
}, true);

function settle(isWhole) {
  const language = element.querySelector("[data-lang]")?.dataset.lang;
  if (language) document.documentElement.lang = language;
  element.querySelectorAll("details[data-key]").forEach((fold) => { fold.open = opened.has(fold.dataset.key); });
  element.querySelectorAll("[data-change][data-value]").forEach((field) => { field.value = field.dataset.value; });
  const turns = element.querySelectorAll(".turn");
  const turn = turns[turns.length - 1];
  const now = turn ? Number(turn.dataset.turn) : -1;
  const calm = isWhole || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (turn && (isWhole || (now > lastTurn && turn.getAttribute("aria-busy")))) {
    turn.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }
  lastTurn = now;
}

// Gradio says of a refused action that something broke; the server says what to do, in the language of the browser.
if (!window.reconteurFetch) {
  window.reconteurFetch = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await window.reconteurFetch(...asked);
    if (answer.status === 429) {
      const said = await answer.clone().json().catch(() => null);
      const alert = Object.assign(document.createElement("p"), { textContent: said?.error?.message ?? "" });
      alert.setAttribute("role", "alert");
      document.querySelector("#notice")?.replaceChildren(alert);
    }
    return answer;
  };
}

// words that need more room than is kept for them can be unfolded
page.fit = () => {
  for (const words of document.querySelectorAll("#log .words.kept")) {
    const [said, button] = [words.querySelector(".prose-text"), words.querySelector("[data-local]")];
    const isShort = !said || words.classList.contains("whole") || said.scrollHeight <= said.clientHeight + 1;
    if (button.hidden !== isShort) button.hidden = isShort;
  }
};

if (element.querySelector("[data-log]")) {
  page.settle = settle;
  addEventListener("resize", page.fit);
} else watch("value", () => settle(false));
settle(false);
