// The input. What is typed stays in this browser, across reloads, until the server says that it has arrived; what did
// not arrive is sent again under the same key. Gradio gives `element`, `trigger` and `watch`.
const page = (window.reconteur ??= {});
const AGAIN_MS = 8000;

const kept = (place, key, value) => {
  try {
    if (value === undefined) return place().getItem(key) ?? "";
    value ? place().setItem(key, value) : place().removeItem(key);
  } catch { /* storage is full or forbidden: then it lives as long as the page */ }
  return "";
};
const draft = (value) => kept(() => localStorage, "reconteur-draft", value);
const outbox = (value) => kept(() => sessionStorage, "reconteur-outbox", value);

let waiting = null; // what was sent and has not arrived yet
let typed = draft();
try { waiting = JSON.parse(outbox() || "null"); } catch { outbox(""); }

const field = () => element.querySelector("textarea");

function show(text) {
  typed = text;
  draft(text);
  const box = field();
  if (!box) return;
  if (box.value !== text) box.value = text;
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 168)}px`;
}

function deliver() {
  if (!waiting) return;
  const note = element.querySelector(".offline");
  if (note) note.hidden = navigator.onLine;
  if (navigator.onLine) trigger("act", { do: "send", ...waiting });
  const { key } = waiting;
  setTimeout(() => { if (waiting?.key === key && !document.querySelector(".turn[aria-busy]")) deliver(); }, AGAIN_MS);
}

// `turn` names the exchange whose message it is said in place of
page.send = (text, turn) => {
  const place = turn === undefined ? {} : { turn };
  if (waiting?.text !== text || waiting.turn !== turn) {
    waiting = { text, key: crypto.getRandomValues(new Uint32Array(3)).join("-"), ...place };
  }
  outbox(JSON.stringify(waiting));
  deliver();
};

page.received = (key) => {
  if (waiting?.key !== key) return;
  if (waiting.turn === undefined && typed.startsWith(waiting.text)) show(typed.slice(waiting.text.length)); // what was typed since then stays
  waiting = null;
  outbox("");
};

page.refused = () => { waiting = null; outbox(""); };
page.offer = (text) => { if (!typed.trim()) show(text); };

element.addEventListener("input", (event) => { if (event.target === field()) show(event.target.value); });
element.addEventListener("keydown", (event) => {
  if (event.target !== field() || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  page.send(typed);
});
element.addEventListener("submit", (event) => { event.preventDefault(); page.send(typed); });
element.addEventListener("click", (event) => { if (event.target.closest("[data-do=stop]")) trigger("act", { do: "stop" }); });
window.addEventListener("online", deliver);
window.addEventListener("offline", () => { if (waiting) deliver(); });

function settle() {
  show(typed);
  if (field() && document.activeElement === document.body && matchMedia("(pointer: fine)").matches) {
    field().focus({ preventScroll: true });
  }
}

watch("value", () => { settle(); deliver(); });
settle();
