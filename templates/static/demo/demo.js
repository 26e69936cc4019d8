// Keeps the panel beside the shop and the list of messages up to date. Without it the pages work, and stand still.
"use strict";

const EVERY = 1500;

function seconds() {
  for (const place of document.querySelectorAll("[data-since]")) {
    const gone = Math.max(0, Math.floor(Date.now() / 1000 - Number(place.dataset.since)));
    place.textContent = gone < 90 ? `${gone} s` : `${Math.floor(gone / 60)} min`;
  }
}

async function fetched(address) {
  try {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null; // the server is away: the next round asks again
  }
}

function follow(place, address, replace) {
  let last = null;
  setInterval(async () => {
    if (document.hidden) return;
    const html = await fetched(address);
    if (html === null || html === last) return;
    last = html;
    replace(html);
  }, EVERY);
}

function keepOpen(place, html) {
  const open = [...place.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  const focused = document.activeElement?.closest?.("details")?.dataset.key;
  place.innerHTML = html;
  for (const one of place.querySelectorAll("details")) {
    one.open = open.includes(one.dataset.key);
    if (one.dataset.key === focused) one.querySelector("summary").focus();
  }
  seconds();
}

const backstage = document.getElementById("backstage");
if (backstage) follow(backstage, backstage.dataset.source, (html) => keepOpen(backstage, html));

const letters = document.getElementById("letters");
if (letters) {
  const newest = () => letters.querySelector("a")?.getAttribute("href");
  const address = `${letters.dataset.source}?open=${encodeURIComponent(letters.dataset.open)}`;
  follow(letters, address, (html) => {
    const before = newest();
    letters.innerHTML = html;
    seconds();
    // where no message was chosen, the newest is the one that is shown
    if (letters.dataset.follow !== undefined && newest() !== before) location.reload();
  });
}

const talk = document.getElementById("talk");
if (talk) follow(talk, talk.dataset.source, (html) => { talk.innerHTML = html; });

seconds();
setInterval(seconds, 1000);
