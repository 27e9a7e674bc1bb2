// A message that is changed in its place, and what is copied: answers as plain text, links to lists.
const page = (window.reconteur ??= {});
const SHOWN_MS = 2000;
const told = Object.assign(document.createElement("p"), { className: "hidden-name" });
told.setAttribute("role", "status");
document.body.append(told);

const words = () => document.querySelector("[data-compose]").dataset;
const line = (part) => part.textContent.replace(/\s+/g, " ").trim();

// what is said, then each list, as it stands on the cards, and a table with tabs
function textOf(turn) {
  const blocks = [...turn.querySelectorAll(".prose-text > p")].map((part) => part.innerText.trim());
  for (const list of turn.querySelectorAll("ol.cards")) {
    const heading = list.closest(".near")?.querySelector("h3");
    const cards = [...list.querySelectorAll(".card")].map((card) => {
      const found = ["h4", ".slot", ".breaks", ".reason"].map((name) => card.querySelector(name)).filter(Boolean).map(line);
      return [found[0], found.slice(1).join(" · ")].filter(Boolean).join(" – ");
    });
    blocks.push([...(heading ? [line(heading)] : []), ...cards].join("\n"));
  }
  const rows = [...turn.querySelectorAll(".compared tr")].map((row) => [...row.children].map(line).join("\t"));
  if (rows.length) blocks.push(rows.join("\n"));
  return blocks.filter(Boolean).join("\n\n");
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* not allowed, or no secure page: the old way asks nobody */ }
  const focused = document.activeElement;
  const box = Object.assign(document.createElement("textarea"), { value: text, readOnly: true, className: "hidden-name" });
  document.body.append(box);
  box.select();
  let isDone = false;
  try { isDone = document.execCommand("copy"); } catch { /* not even that */ }
  box.remove();
  focused?.focus({ preventScroll: true });
  return isDone;
}

function offer(text, button) {
  const box = Object.assign(document.createElement("textarea"), { value: text, readOnly: true, rows: 6 });
  box.setAttribute("aria-label", words().byHand);
  const lead = Object.assign(document.createElement("p"), { textContent: words().byHand });
  const shown = Object.assign(document.createElement("div"), { className: "by-hand" });
  shown.append(lead, box);
  const around = button.closest(".answer-ways");
  around.querySelector(".by-hand")?.remove();
  around.append(shown);
  box.focus();
  box.select();
}

async function copy(text, button) {
  if (!await copied(text)) return offer(text, button);
  told.textContent = "";
  requestAnimationFrame(() => { told.textContent = words().copied; });
  button.dataset.name ??= button.textContent;
  button.textContent = `✓ ${words().copied}`;
  setTimeout(() => { button.textContent = button.dataset.name; }, SHOWN_MS);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-link]");
  if (!button) return;
  const link = button.parentElement.querySelector("a");
  copy(button.dataset.copy === undefined ? link.href : textOf(button.closest(".turn")), button);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-edit]");
  if (!form) return;
  event.preventDefault();
  page.send(form.querySelector("textarea").value, form.dataset.edit);
  document.querySelector("#box textarea")?.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form[data-edit]");
  if (!form || event.isComposing || event.target.tagName !== "TEXTAREA") return;
  if (event.key === "Escape") form.querySelector("[data-do=edit]").click();
  if (event.key !== "Enter" || event.shiftKey) return;
  event.preventDefault();
  form.requestSubmit();
});
