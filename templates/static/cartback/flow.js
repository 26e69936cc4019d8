/* Rows of the flow editor come and go without asking the server. Without this script the same buttons post the form. */
"use strict";

(() => {
  const form = document.querySelector(".cb-editor");
  if (!form) return;
  const say = (words) => { form.querySelector("[data-said]").textContent = words; };
  let count = 0;

  function added(template, holder) {
    const piece = document.createElement("div");
    piece.innerHTML = template.innerHTML.replaceAll("__row__", `n${Date.now().toString(36)}${count++}`);
    const row = holder.appendChild(piece.firstElementChild);
    const field = row.querySelector("input:not([type=hidden]), select:not([data-only])");
    if (field) field.focus();
    say(`Added: ${row.getAttribute("aria-label")}`);
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-add], button[data-remove]");
    if (!button) return;
    event.preventDefault();
    if (button.dataset.add) {
      const holder = document.getElementById(button.dataset.add);
      const chosen = button.dataset.question || form.elements.question.value;
      added(form.querySelector(`template[data-question="${chosen}"]`), holder);
      return;
    }
    const row = button.closest("[data-row]");
    const next = row.nextElementSibling || row.previousElementSibling;
    const holder = row.parentElement;
    row.remove();
    say("Removed.");
    const add = form.querySelector(`[data-add="${holder.id}"], [data-adds="${holder.id}"]`);
    (next ? next.querySelector("[data-remove]") : add).focus();
  });
})();
