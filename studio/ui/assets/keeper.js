// Says when something in a desk has changed, so that the server can keep it: a reload loses nothing.
(() => {
  const PAUSE = 400;
  studio.windowId = Math.random().toString(36).slice(2, 10);

  studio.keeper = ({ element, trigger }) => {
    const desk = element.closest(".desk");
    const tell = studio.settled(() => trigger("changed", { window: studio.windowId }), PAUSE);
    for (const kind of ["input", "change", "click", "keyup"]) desk.addEventListener(kind, tell);
    document.addEventListener("studio:mix", tell);
    studio.keep = () => trigger("changed", { window: studio.windowId });
  };
})();
