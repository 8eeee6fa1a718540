// Shows how far a running import is, and goes to its report when it is over.

const box = document.querySelector("[data-import]");
const bar = box.querySelector("progress");
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const show = (name, text) => {
  box.querySelector(`[data-${name}]`).textContent = text;
};

const timer = setInterval(async () => {
  try {
    const answer = await fetch(box.dataset.import);
    if (!answer.ok || answer.redirected) return location.reload();
    const progress = await answer.json();
    bar.max = progress.total || 1;
    bar.value = progress.done;
    show("done", numbers.format(progress.done));
    show("total", numbers.format(progress.total));
    for (const name of ["accepted", "speed", "left", "state"]) show(name, progress[name]);
    box.querySelectorAll("[data-rejected]").forEach((cell, place) => {
      cell.textContent = progress.rejected[place][1];
    });
    if (progress.finished) {
      clearInterval(timer);
      location.reload();
    }
  } catch {
    // The server is away for a moment; the next round asks again.
  }
}, 1000);
