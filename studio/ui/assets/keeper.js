// Says when something in a desk has changed, so that the server can keep it: a reload loses nothing.
(() => {
  const PAUSE = 400;
  studio.windowId = Math.random().toString(36).slice(2, 10);

  studio.keeper = ({ element, trigger, props, watch }) => {
    const desk = element.closest(".desk");
    let changes = 0;
    const tell = studio.settled(() => trigger("changed", { window: studio.windowId, changes }), PAUSE);
    studio.keep = () => {
      changes += 1;
      desk.dataset.kept = "no";
      tell();
    };
    for (const kind of ["input", "change", "click", "keyup"]) desk.addEventListener(kind, studio.keep);
    document.addEventListener("studio:mix", studio.keep);
    // The server begins its answer with the number of the change that it has.
    const hear = () => { if (parseInt(props.value, 10) === changes) desk.dataset.kept = "yes"; };
    watch("value", hear);
    hear();
  };

  // What is written down when choices have filled the form.
  studio.memo = ({ element, watch }) => {
    watch("value", () => element.dispatchEvent(new Event("change", { bubbles: true })));
  };
})();
