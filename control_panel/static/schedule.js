// Shows the next runs while the schedule is being written, and hides the fields its kind does not have.

const form = document.querySelector("form.schedule");
if (form) {
  const runs = form.querySelector("#next-runs");
  const kind = form.querySelector("[name=kind]");
  let asked = 0;
  let timer = 0;

  const fit = () => {
    for (const part of form.querySelectorAll("[data-for]")) {
      part.hidden = !part.dataset.for.split(" ").includes(kind.value);
    }
  };

  const show = async () => {
    const mine = ++asked;
    const answer = await fetch(form.dataset.runs, { method: "POST", body: new FormData(form) });
    if (answer.ok && mine === asked) runs.innerHTML = await answer.text();
  };

  const soon = () => {
    fit();
    runs.replaceChildren(); // what was shown is no longer what would be saved
    asked += 1;
    clearTimeout(timer);
    timer = setTimeout(show, 400);
  };

  form.addEventListener("input", soon);
  form.querySelector("[data-look]").addEventListener("click", (event) => {
    event.preventDefault();
    show();
  });
  fit();
}
