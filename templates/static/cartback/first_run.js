// The light of the first step: asks every three seconds until the first webhook has arrived.
(() => {
  const light = document.getElementById("light");
  if (!light || light.classList.contains("cb-light-on")) return;
  const ask = async () => {
    try {
      const answer = await fetch(light.dataset.poll, { headers: { Accept: "application/json" } });
      const told = answer.ok && !answer.redirected ? await answer.json() : {};
      if (told.heard) {
        light.classList.add("cb-light-on");
        document.getElementById("light-words").textContent = `Connected: the first webhook, ${told.what}, has arrived.`;
        for (const name of ["refused", "missing"]) document.getElementById(name)?.setAttribute("hidden", "");
        document.getElementById("onwards").textContent = "Next";
        return;
      }
      if (told.refused) {
        document.getElementById("refused-words").textContent = told.refused;
        document.getElementById("refused").hidden = false;
      }
    } catch {
      // the server is away for a moment: ask again
    }
    setTimeout(ask, 3000);
  };
  setTimeout(ask, 3000);
})();
