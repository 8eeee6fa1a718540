// Marks the columns of the preview that are taken as number, name and time zone.

const selects = [...document.querySelectorAll("[data-mapping]")];

function mark() {
  for (const cell of document.querySelectorAll("table.preview th, table.preview td")) cell.classList.remove("chosen");
  for (const select of selects) {
    if (select.value === "") continue;
    const index = Number(select.value);
    for (const row of document.querySelectorAll("table.preview tr")) row.cells[index]?.classList.add("chosen");
  }
}

for (const select of selects) select.addEventListener("change", mark);
mark();
