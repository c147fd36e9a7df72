// Says when something in a desk has changed, so that the server can keep it: a reload loses nothing.
(() => {
  const PAUSE = 400;
  studio.windowId = Math.random().toString(36).slice(2, 10);

  studio.keeper = ({ element, trigger, watch }) => {
    const desk = element.closest(".desk");
    const tell = studio.settled(() => trigger("changed", { window: studio.windowId }), PAUSE);
    studio.keep = () => {
      desk.dataset.kept = "no";
      tell();
    };
    for (const kind of ["input", "change", "click", "keyup"]) desk.addEventListener(kind, studio.keep);
    document.addEventListener("studio:mix", studio.keep);
    watch("value", () => { desk.dataset.kept = "yes"; }); // the server has it
  };
})();
