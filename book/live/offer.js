// The offer at a chapter's top. Nothing is loaded before the reader reaches for the button.
for (const offer of document.querySelectorAll(".live-offer")) {
  const button = offer.querySelector("button");
  const page = () => import(new URL(`${offer.dataset.live}${offer.dataset.page}/page.js`, location.href).href);
  const wrong = (error) => { offer.querySelector("[role=status]").textContent = `This did not work: ${error.message}`; };
  const act = (name) => page().then((loaded) => loaded[name](offer)).catch((error) => wrong(error));
  let reached = 0;
  // A page that is opened as a file may not load scripts.
  offer.hidden = !location.protocol.startsWith("http");
  button.addEventListener("pointerenter", () => { reached = setTimeout(act, 150, "prepare"); });
  button.addEventListener("pointerleave", () => clearTimeout(reached));
  button.addEventListener("click", () => act("open"));
}
