// Asks for this very page again and again and puts the parts that changed in the place of the old ones.
// What is open stays open, and the keyboard stays where it is. Nothing is asked while nobody looks.
(() => {
  const every = Number(document.body.dataset.every) * 1000;
  const stale = document.getElementById("stale");
  document.getElementById("live").hidden = false;
  const open = () => new Set([...document.querySelectorAll("details[open]")].map((each) => each.id));
  const put = (part, anew) => {
    const opened = open();
    const on = document.activeElement;
    const holder = on && part.contains(on) ? on.closest("[id]") : null;
    part.innerHTML = anew.innerHTML;
    for (const each of part.querySelectorAll("details")) each.open = opened.has(each.id);
    const again = holder && document.getElementById(holder.id);
    if (again) (again.querySelector("summary, a") || again).focus({ preventScroll: true });
  };
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(every) });
      if (!answer.ok) throw new Error(answer.status);
      const anew = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of document.querySelectorAll("[data-part]")) {
        const other = anew.getElementById(part.id);
        if (other && other.dataset.part !== part.dataset.part) {
          put(part, other);
          part.className = other.className;
          part.dataset.part = other.dataset.part;
        }
      }
      document.title = anew.title;
      stale.hidden = true;
    } catch {
      stale.hidden = false;
    }
  };
  setInterval(look, every);
  document.addEventListener("visibilitychange", look);
})();
