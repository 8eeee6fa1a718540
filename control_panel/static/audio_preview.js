// Offers the chosen file's name as the audio's name; also when it was chosen before this script came.

const file = document.querySelector("[data-name-into]");
if (file) {
  const name = document.getElementById(file.dataset.nameInto);
  const offer = () => {
    if (name.value === "" && file.files.length > 0) name.value = file.files[0].name.replace(/\.[^.]+$/, "").slice(0, 100);
  };
  file.addEventListener("change", offer);
  offer();
}
