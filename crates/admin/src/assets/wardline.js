// Comfort only: every page works without it. Live parts, the search key, and buttons that wait for a typed id.

const LATE_AFTER_MS = 9000;
const AGAIN_AFTER_MS = 10000;

// ── "/" leads to the search, as the field says ──────────────────────────────
const writes = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
document.addEventListener("keydown", (event) => {
  const field = document.querySelector(".search input");
  if (event.key === "/" && field && !writes() && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
    field.select();
  }
});

// ── What ends something waits for its reason and the typed id; the server asks for both again ──
function judge(form) {
  const typed = form.elements.namedItem("typed");
  const reason = form.elements.namedItem("reason");
  const button = form.querySelector("button[type=submit]");
  if (!typed || !button) return;
  const ready = typed.value.trim() === form.dataset.typed && (!reason || reason.value.trim() !== "");
  button.disabled = !ready;
}
function watchForms(root) {
  for (const form of root.querySelectorAll("form[data-typed]")) judge(form);
  for (const field of root.querySelectorAll("input[data-confirms]")) {
    const button = field.form?.querySelector("button[data-confirmed]");
    if (!button) continue;
    const weigh = () => { button.disabled = field.value.trim() !== field.dataset.confirms; };
    field.addEventListener("input", weigh);
    weigh();
  }
}
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-typed]");
  if (form) judge(form);
});
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("button[type=submit]");
  if (button?.disabled) event.preventDefault();
});
watchForms(document);

// ── Content hides again, on a tab that comes back as well ──
const shown = document.querySelector("[data-hides]");
if (shown) {
  const until = Date.now() + Number(shown.dataset.hides) * 1000;
  const hide = () => { if (Date.now() >= until) location.replace(shown.dataset.hidden); };
  setInterval(hide, 1000);
  addEventListener("pageshow", (event) => { if (event.persisted) location.replace(shown.dataset.hidden); });
}

// ── Live parts ──────────────────────────────────────────────────────────────
const mark = document.querySelector(".live");
const clock = document.querySelector(".top .end time");
const waiting = new Map();
let heard = Date.now();
let source = null;

const isTouched = (part) =>
  part.matches(":hover") || part.contains(document.activeElement) || part.querySelector("details[open]") !== null;

// The words of a part that somebody points at, row by row: nothing moves under the pointer or the focus.
function refresh(part, fresh) {
  for (const row of fresh.querySelectorAll("[data-key]")) {
    const old = part.querySelector(`[data-key="${CSS.escape(row.dataset.key)}"]`);
    if (old && !old.contains(document.activeElement) && !old.matches(":hover")) old.replaceWith(row.cloneNode(true));
  }
}
function put(name, markup) {
  const part = document.getElementById(`live-${name}`);
  if (!part) return;
  const template = document.createElement("template");
  template.innerHTML = markup;
  // A tab that nobody looks at still says how it stands.
  const titled = template.content.querySelector("[data-title]");
  if (titled) document.title = titled.dataset.title + document.title.slice(document.title.indexOf(" · "));
  if (isTouched(part)) {
    refresh(part, template.content);
    waiting.set(name, markup);
    return;
  }
  waiting.delete(name);
  part.replaceChildren(template.content);
  watchForms(part);
}
function settle() {
  for (const [name, markup] of [...waiting]) put(name, markup);
}
document.addEventListener("pointerout", () => setTimeout(settle, 50));
document.addEventListener("focusout", () => setTimeout(settle, 50));

function age() {
  if (!mark) return;
  const silent = Date.now() - heard;
  const stale = silent > LATE_AFTER_MS;
  mark.classList.toggle("stale", stale);
  const word = mark.querySelector(".l-stale");
  if (word && stale) word.textContent = `Stale, ${Math.round(silent / 1000)} s`;
  if (stale && source?.readyState === EventSource.CLOSED && silent % AGAIN_AFTER_MS < 1000) listen();
}
function listen() {
  source?.close();
  source = new EventSource(`/live?at=${encodeURIComponent(location.pathname + location.search)}`);
  source.addEventListener("part", (event) => {
    heard = Date.now();
    const end = event.data.indexOf("\n");
    if (end > 0) put(event.data.slice(0, end), event.data.slice(end + 1));
  });
  source.addEventListener("clock", (event) => {
    heard = Date.now();
    const [at, words] = event.data.split("\n");
    if (clock) { clock.dateTime = at; clock.textContent = words; }
  });
}
if (mark) {
  mark.hidden = false;
  if (!document.hidden) listen();
  setInterval(age, 1000);
  // A tab that nobody looks at holds no connection: a browser has few for one host.
  document.addEventListener("visibilitychange", () => { if (document.hidden) source?.close(); else listen(); });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
}
