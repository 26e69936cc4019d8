// The template workshop. Without it the page is a form that saves and publishes; with it, the message is seen as one
// types. It asks nobody but this site.

const room = document.getElementById("workshop");
const form = document.getElementById("workshop-form");
const data = JSON.parse(document.getElementById("workshop-data").textContent);
const find = (selector, within = room) => within.querySelector(selector);
const all = (selector, within = room) => [...within.querySelectorAll(selector)];
const layout = find("#layout");

const state = { locale: form.elements.active.value, cart: "", last: null, editor: null, dirty: false };

// -- the fields

const panel = () => find(`.ws-panel[data-locale="${state.locale}"]`);
const fieldOf = (name) => (name === "layout" ? layout : panel() && find(`[data-field="${name}"] .ws-input`, panel()));

function written() {
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  body.append("locale", state.locale);
  for (const input of all(".ws-input[name]", panel())) body.append(input.name, input.value);
  if (layout) body.append("layout", layout.value);
  if (state.cart) body.append("cart", state.cart);
  if (find("#ws-offer")?.value) body.append("offer", find("#ws-offer").value);
  if (find("#ws-pictures")?.checked) body.append("pictures", "1");
  return body;
}

function changed() {
  state.dirty = true;
  find("#ws-dirty").hidden = false;
  later();
}

let waiting = 0;
function later() {
  clearTimeout(waiting);
  waiting = setTimeout(look, 200);
}

// -- how it looks

let asking = null;
async function look() {
  if (!panel()) return;
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(data.urls.look, { method: "POST", body: written(), signal: asking.signal });
    if (!answer.ok) throw new Error(answer.status === 404 ? "That cart is not there any more." : "The preview does not answer.");
    state.last = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") return;
    find("#ws-measure").textContent = `${error.message} Save, and open the page again.`;
    return;
  }
  show();
}

function show() {
  const seen = state.last;
  const shown = Boolean(seen.html || seen.text);
  find("#ws-nothing").hidden = shown;
  if (data.channel === "email") showMail(seen, shown);
  else showBubble(seen, shown);
  find("#ws-measure").textContent = shown ? measured(seen) : "";
  showFindings(seen.findings);
}

function showMail(seen, shown) {
  const stage = find("#ws-stage");
  find("#ws-subject").textContent = seen.subject ?? "";
  find("#ws-preheader").textContent = seen.preheader ?? "";
  find(".ws-frame").hidden = !shown || stage.dataset.part !== "html";
  find("#ws-text").hidden = !shown || stage.dataset.part !== "text";
  find("#ws-text").textContent = seen.text ?? "";
  const frame = find("#ws-frame");
  const html = schemed(seen.html ?? "", stage.dataset.scheme);
  if (frame.srcdoc !== html) frame.srcdoc = html;
  scale();
}

/** A desktop's mail is as wide as on a desktop, and made smaller to fit beside the form. */
function scale() {
  const box = find(".ws-frame");
  if (box.clientWidth) box.style.setProperty("--ws-scale", Math.min(1, box.clientWidth / 680));
  find("#ws-frame").style.width = find("#ws-stage").dataset.width === "desktop" ? `${Math.max(680, box.clientWidth)}px` : "";
}

// A frame asks the system whether it is dark, and not the page: so the question is answered before it is asked.
function schemed(html, scheme) {
  const answer = { dark: scheme === "dark" ? "all" : "not all", light: scheme === "light" ? "all" : "not all" };
  return html
    .replace(/\(prefers-color-scheme:\s*(dark|light)\)/g, (_, asked) => answer[asked])
    .replace(/color-scheme:\s*light dark/g, `color-scheme: ${scheme}`)
    .replace(/content="light dark"/g, `content="${scheme}"`);
}

function showBubble(seen, shown) {
  find("#ws-bubble").hidden = !shown;
  find("#ws-bubble").textContent = seen.text ?? "";
  find("#ws-buttons").replaceChildren(...(seen.buttons ?? []).map((title) => made("p", title)));
}

function measured(seen) {
  const many = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
  if (data.channel === "email") return `${Math.ceil(seen.size / 1000)} of 102 kB, where Gmail cuts a mail off.`;
  if (data.channel === "sms")
    return `${many(seen.units, "character")}, ${many(seen.segments, "segment")} (${seen.encoding}), ${seen.left} left in the last one.`;
  return `${seen.units} of 1024 characters.`;
}

// -- what is wrong

function showFindings(findings) {
  const tab = find(`#tab-${CSS.escape(state.locale)}`);
  tab?.toggleAttribute("data-errors", findings.some((one) => one.fatal));
  tab?.toggleAttribute("data-minds", findings.some((one) => !one.fatal));
  for (const field of all(".ws-field", panel())) {
    const bad = findings.some((one) => one.fatal && one.field === field.dataset.field);
    field.classList.toggle("ws-has-error", bad);
    find(".ws-input", field)?.setAttribute("aria-invalid", String(bad));
  }
  const mendable = findings.filter((one) => one.old && data.may_change);
  const lines = findings.map(finding);
  if (mendable.length > 1) lines.push(allAtOnce(mendable));
  if (!findings.length) lines.push(made("p", "Nothing to mend.", "ws-fine"));
  find("#ws-findings").replaceChildren(...lines);
  state.editor?.mark(findings.filter((one) => one.field === "layout"));
}

function finding(one) {
  const line = made("div", "", `ws-finding${one.fatal ? " ws-finding-bad" : ""}`);
  line.append(made("span", placed(one) + one.what));
  if (one.field && fieldOf(one.field)) line.append(button("Show", () => go(one)));
  if (one.old && data.may_change) line.append(button("Change it", () => mend([one])));
  return line;
}

function placed(one) {
  const label = one.field === "layout" ? "Layout" : fieldOf(one.field)?.closest(".ws-field")?.querySelector("label")?.textContent;
  if (!label) return "";
  return one.line > 1 || one.field === "layout" && one.line ? `${label}, line ${one.line}: ` : `${label}: `;
}

function allAtOnce(findings) {
  const line = made("p", "", "ws-finding");
  line.append(made("span", `${findings.length} of these can be changed at once.`), button("Change all", () => mend(findings)));
  return line;
}

function mend(findings) {
  for (const one of findings) {
    const input = fieldOf(one.field);
    if (!input) continue;
    put(input, input.value.split(one.old).join(one.new));
  }
}

function put(input, text) {
  if (input === layout && state.editor) state.editor.set(text);
  input.value = text;
  changed();
}

async function go(one) {
  narrow("write");
  if (one.field === "layout") {
    await part("layout");
    if (state.editor) return state.editor.go(one.line || 1);
  } else if (data.channel === "email") await part("words");
  const input = fieldOf(one.field);
  input.focus();
  const before = input.value.split("\n").slice(0, Math.max(0, one.line - 1)).join("\n").length;
  input.setSelectionRange?.(before, before);
}

// -- languages, parts, and the palette

function language(locale) {
  state.locale = locale;
  form.elements.active.value = locale;
  for (const tab of all(".ws-tabs [role=tab]")) select(tab, tab.dataset.locale === locale);
  for (const one of all(".ws-panel")) one.hidden = one.dataset.locale !== locale;
  compare();
  look();
}

function select(tab, chosen) {
  tab.setAttribute("aria-selected", String(chosen));
  tab.tabIndex = chosen ? 0 : -1;
}

function compare() {
  const other = find("#ws-compare")?.value ?? "";
  const beside = other && other !== state.locale ? find(`.ws-panel[data-locale="${other}"]`) : null;
  room.classList.toggle("ws-comparing", Boolean(beside));
  for (const field of all(".ws-field", panel() ?? room)) {
    const text = beside && find(`[data-field="${field.dataset.field}"] .ws-input`, beside)?.value;
    const shown = find(".ws-other", field);
    shown.hidden = !beside;
    shown.textContent = text || (beside ? "–" : "");
    if (beside) shown.lang = other;
  }
}

async function part(name) {
  for (const tab of all(".ws-parts [role=tab]")) select(tab, tab.dataset.part === name);
  find("#ws-words").hidden = name !== "words";
  if (!layout) return;
  find("#ws-layout").hidden = name !== "layout";
  if (name === "layout" && !state.editor) await openEditor();
}

async function openEditor() {
  const { mount } = await import(data.editor);
  state.editor ??= mount({ textarea: layout, words: data.words, changed, label: "Layout" });
  if (state.last) state.editor.mark(state.last.findings.filter((one) => one.field === "layout"));
}

let lastField = null;
function insert(code) {
  if (layout && !find("#ws-layout").hidden && state.editor) return state.editor.insert(code);
  const input = lastField && panel()?.contains(lastField) ? lastField : fieldOf("body");
  if (!input) return;
  input.focus();
  input.setRangeText(code, input.selectionStart, input.selectionEnd, "end");
  changed();
}

function narrow(which) {
  room.dataset.showing = which;
  for (const one of all(".ws-switch button")) one.setAttribute("aria-pressed", String(one.dataset.show === which));
}

/** Arrow keys walk along a list of tabs, as they do everywhere. */
function walk(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = all("[role=tab]", event.currentTarget);
  const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
  next.focus();
  next.click();
}

// -- carts, and a test

let seeking = 0;
async function seek() {
  const asked = find("#ws-cart-find").value;
  const answer = await fetch(`${data.urls.carts}?q=${encodeURIComponent(asked)}`);
  if (!answer.ok || asked !== find("#ws-cart-find").value) return;
  const { carts } = await answer.json();
  const madeUp = entry("Made-up cart", "Two products, by a shopper called Anna", "");
  const rows = carts.map((cart) => entry(cart.name, cart.detail, String(cart.id)));
  const none = made("li", "No cart fits.", "cb-soft");
  find("#ws-cart-list").replaceChildren(madeUp, ...(rows.length || !asked ? rows : [none]));
}

function entry(name, detail, id) {
  const row = document.createElement("li");
  const choose = button(name, () => {
    state.cart = id;
    find("#ws-cart-name").textContent = name;
    find(".ws-cart").open = false;
    look();
  });
  choose.append(made("small", detail));
  row.append(choose);
  return row;
}

async function send() {
  const told = find("#ws-sent");
  const body = written();
  body.append("to", find("#ws-to").value);
  find("#ws-send").disabled = true;
  told.textContent = "On its way …";
  told.className = "cb-soft";
  try {
    const answer = await fetch(data.urls.test, { method: "POST", body });
    const { sent, said } = answer.ok ? await answer.json() : { sent: false, said: "The test was refused. Open the page again." };
    told.textContent = said;
    told.className = sent ? "ws-fine" : "cb-error";
  } catch {
    told.textContent = "The site does not answer. Nothing is known to have been sent.";
    told.className = "cb-error";
  } finally {
    find("#ws-send").disabled = false;
  }
}

// -- small parts

function made(tag, text, name = "") {
  const one = document.createElement(tag);
  one.textContent = text;
  if (name) one.className = name;
  return one;
}

function button(text, clicked) {
  const one = made("button", text);
  one.type = "button";
  one.addEventListener("click", clicked);
  return one;
}

function setting(pressed) {
  const stage = find("#ws-stage");
  stage.dataset[pressed.dataset.set] = pressed.dataset.to;
  for (const one of all(`[data-set="${pressed.dataset.set}"]`)) one.setAttribute("aria-pressed", String(one === pressed));
  if (state.last) show();
}

// -- and go

form.addEventListener("input", (event) => {
  if (event.target.closest(".ws-panel, #ws-layout, .ws-name")) changed();
});
form.addEventListener("focusin", (event) => {
  if (event.target.matches(".ws-panel .ws-input")) lastField = event.target;
});
form.addEventListener("submit", () => (state.dirty = false));
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  if (event.target.id === "new_locale") return;
  event.preventDefault(); // a line end in a field saves nothing by accident
  if (event.target.id === "ws-to") send();
});
find("#new_locale")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  find("[name=_add]").click();
});
window.addEventListener("beforeunload", (event) => state.dirty && event.preventDefault());
document.addEventListener("click", (event) => {
  for (const open of all(".ws-form details.cb-ask[open]")) if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of all(".ws-form details.cb-ask[open]")) {
    open.open = false;
    find("summary", open).focus();
  }
});
for (const tab of all(".ws-tabs [role=tab]")) tab.addEventListener("click", () => language(tab.dataset.locale));
for (const tab of all(".ws-parts [role=tab]")) tab.addEventListener("click", () => part(tab.dataset.part));
for (const list of all("[role=tablist]")) list.addEventListener("keydown", walk);
for (const one of all("[data-set]")) one.addEventListener("click", () => setting(one));
for (const one of all("[data-show]")) one.addEventListener("click", () => narrow(one.dataset.show));
for (const one of all("[data-insert]")) {
  one.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps its cursor
  one.addEventListener("click", () => {
    insert(one.dataset.insert);
    find(".ws-palette").open = false;
  });
}
find("#ws-compare")?.addEventListener("change", compare);
find("#ws-pictures")?.addEventListener("change", look);
find("#ws-offer")?.addEventListener("change", look);
find("#ws-cart-find").addEventListener("input", () => {
  clearTimeout(seeking);
  seeking = setTimeout(seek, 200);
});
find(".ws-cart").addEventListener("toggle", () => find(".ws-cart").open && seek());
find("#ws-send")?.addEventListener("click", send);
find("#ws-start")?.addEventListener("click", () => put(layout, data.standard_layout));
find("#ws-empty")?.addEventListener("click", () => put(layout, ""));
if (data.channel === "email") new ResizeObserver(scale).observe(find(".ws-look"));
if (!find("#ws-dirty").hidden) state.dirty = true;
look();
