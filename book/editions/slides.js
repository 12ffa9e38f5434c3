// The slides of a chapter. What an operated figure needs stays with it: its keys do not turn slides.
{
  const { Reveal, RevealNotes } = globalThis;
  const OPERATED = "input, select, button, textarea, summary";
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    minScale: 0.1,
    maxScale: 4,
    center: false,
    hash: true,
    navigationMode: "linear",
    slideNumber: "c/t",
    transition: calm ? "none" : "slide",
    transitionSpeed: "fast",
    backgroundTransition: "none",
    pdfMaxPagesPerSlide: 1,
    scrollActivationWidth: null,
    keyboardCondition: ({ target }) => !target.closest?.(OPERATED),
    plugins: [RevealNotes],
  });
}
