// Keys that do something stand out, times to call back show with their key, retry rows that are off take no numbers, and what is
// asked of machines shows only where it matters.

for (const key of document.querySelectorAll(".key select")) {
  key.addEventListener("change", () => key.closest(".key").classList.toggle("used", key.value !== ""));
}

const callback = document.querySelector("[data-callback]");
if (callback) {
  const keys = [...document.querySelectorAll(".key select")];
  const apply = () => { callback.hidden = !keys.some((key) => key.value === "callback"); };
  for (const key of keys) key.addEventListener("change", apply);
  apply();
}

for (const row of document.querySelectorAll(".retries tbody tr")) {
  const on = row.querySelector("input[type=checkbox]");
  const apply = () => row.classList.toggle("off", !on.checked);
  on.addEventListener("change", apply);
  apply();
}

const amd = document.querySelector("[data-amd]");
if (amd) {
  const mode = amd.querySelector("[name=amd_mode]");
  const onMachine = amd.querySelector("[name=amd_on_machine]");
  const apply = () => {
    amd.querySelector("[data-amd-more]").hidden = mode.value === "off";
    amd.querySelector("[data-amd-message]").hidden = onMachine.value !== "leave_message";
  };
  mode.addEventListener("change", apply);
  onMachine.addEventListener("change", apply);
  apply();
}
