// Draws what changed in the log and in the view beside it. A part has a key (`data-part`), its parent an empty place for it (`data-place`); parts
// that are not sent again are moved into their parent's new places. Gradio gives `props`, `trigger` and `watch`.
const page = (window.reconteur ??= {});
let live = "";
const drawn = { log: { parts: new Map(), number: 0 }, view: { parts: new Map(), number: 0 } };

function made(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  const part = template.content.firstElementChild;
  part.remove();
  return part;
}

const ways = (part) => [...part.querySelectorAll("a[href], button, summary, input, select, textarea")];
const isUsable = (one) => !one.disabled && (one.checkVisibility?.() ?? !one.hidden);

function draw(name, patch) {
  const box = document.querySelector(`#${name} [data-${name}]`);
  const state = drawn[name];
  if (!box || (!patch.all && patch.number !== state.number + 1)) return sync(true);
  const { parts } = state;
  state.number = patch.number;
  if (patch.all) parts.clear();
  const active = document.activeElement;
  const focused = active?.closest?.(`#${name} [data-part]`);
  const [was, at] = focused ? [focused.dataset.part, ways(focused).indexOf(active)] : [];
  const fresh = new Map(Object.entries(patch.parts).map(([key, markup]) => [key, made(markup)]));
  for (const part of fresh.values()) {
    part.querySelectorAll("[data-place]").forEach((place) => {
      const child = fresh.get(place.dataset.place) ?? parts.get(place.dataset.place);
      if (child) place.replaceWith(child);
    });
  }
  for (const [key, part] of fresh) {
    const old = parts.get(key);
    if (!part.parentNode && old?.parentNode) old.replaceWith(part);
    parts.set(key, part);
  }
  patch.top?.forEach((key, at) => {
    if (box.children[at] !== parts.get(key)) box.insertBefore(parts.get(key), box.children[at] ?? null);
  });
  while (patch.top && box.children.length > patch.top.length) box.lastElementChild.remove();
  for (const [key, part] of parts) if (!part.isConnected) parts.delete(key);
  if (focused && document.activeElement === document.body && parts.has(was)) {
    const now = ways(parts.get(was)); // where the focus was, or what is left before it
    (parts.get(was).querySelector("textarea") ?? now.slice(0, at + 1).reverse().find(isUsable) ?? now.find(isUsable))?.focus({ preventScroll: true });
  }
  page.marks?.();
}

// the words that are being written stand in the turn, what is going on is read aloud
function speak() {
  const place = document.querySelector("#log [data-live]");
  if (place && place.said !== live) place.innerHTML = place.said = live;
  const status = document.querySelector("#live [data-status]");
  const now = place?.querySelector(".status")?.textContent ?? "";
  if (status && status.textContent !== now) status.textContent = now;
  page.fit?.();
}

function sync(everything) {
  trigger("act", { do: "sync", number: everything ? -1 : drawn.log.number, at: page.path?.() ?? "" });
}

function apply(patch) {
  if (patch.log) draw("log", patch.log);
  if ("live" in patch) live = patch.live;
  speak();
  if (patch.view) draw("view", patch.view);
  if (patch.log) page.settle?.(patch.log.all);
  if (patch.view) page.arrived?.(patch.view.path);
  page.ready?.();
  if (patch.received) page.received?.(patch.received);
  if (patch.refused) page.refused?.();
  if (patch.draft) page.offer?.(patch.draft);
}

const opened = (packed) => {
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
};

let last = Promise.resolve(); // patches are opened one after the other
const take = () => {
  const { value } = props;
  if (value) last = last.then(() => opened(value)).then(apply).catch((error) => { console.error(error); sync(true); });
};
watch("value", take);
take(); // what came before this script did
const waiting = setInterval(() => (drawn.log.number ? clearInterval(waiting) : sync(true)), 5000); // what was lost on the way

// what another page did meanwhile
document.addEventListener("visibilitychange", () => { if (!document.hidden && drawn.log.number) sync(false); });
