// The line that moves over the waveform while its audio plays; a click on the waveform plays from there.

const picture = document.querySelector("[data-waveform]");
const audio = document.querySelector("audio");
if (picture && audio) {
  const head = picture.querySelector("[data-playhead]");
  const seconds = Number(picture.dataset.waveform) / 1000;
  const move = () => {
    const at = Math.min(audio.currentTime / seconds, 1) * 1000;
    head.setAttribute("x1", at);
    head.setAttribute("x2", at);
    if (!audio.paused) requestAnimationFrame(move);
  };
  for (const event of ["play", "seeked", "pause"]) audio.addEventListener(event, move);
  picture.addEventListener("click", (click) => {
    const box = picture.getBoundingClientRect();
    audio.currentTime = ((click.clientX - box.left) / box.width) * seconds;
    audio.play();
  });
}
