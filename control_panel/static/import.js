// Moves the bar of a running import and goes to its report when it is done.

const box = document.querySelector("[data-import]");
const bar = box.querySelector("progress");
const numbers = new Intl.NumberFormat(document.documentElement.lang);

const timer = setInterval(async () => {
  try {
    const answer = await fetch(box.dataset.import);
    if (!answer.ok || answer.redirected) return location.reload();
    const job = await answer.json();
    bar.max = job.total || 1;
    bar.value = job.done;
    box.querySelector("[data-done]").textContent = numbers.format(job.done);
    box.querySelector("[data-total]").textContent = numbers.format(job.total);
    if (job.finished) {
      clearInterval(timer);
      location.reload();
    }
  } catch {
    // The server is away for a moment; the next round asks again.
  }
}, 1000);
