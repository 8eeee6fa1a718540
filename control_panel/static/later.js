// Fetches the parts of a page that take longer than the page itself, and puts each in its place.

for (const place of document.querySelectorAll("[data-later]")) {
  const waiting = place.querySelector("[data-waiting]");
  const late = place.querySelector("[data-late]");

  const fill = async () => {
    waiting.hidden = false;
    late.hidden = true;
    try {
      const answer = await fetch(place.dataset.later);
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      place.innerHTML = await answer.text();
      place.removeAttribute("aria-busy");
    } catch {
      waiting.hidden = true;
      late.hidden = false;
    }
  };

  late.querySelector("button").addEventListener("click", fill);
  fill();
}
