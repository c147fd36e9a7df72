// The beats of the page: close together while something happens, further apart when nothing has for a while.
(() => {
  const QUICK = 500, SLOW = 2000, AWHILE = 8000; // milliseconds

  studio.heart = ({ trigger, watch }) => {
    let stirred = performance.now();
    let next = 0;
    const resting = () => performance.now() - stirred > AWHILE;

    function beat() {
      clearTimeout(next);
      trigger("beat", {});
      next = setTimeout(beat, resting() ? SLOW : QUICK);
    }

    function stir() {
      const rested = resting();
      stirred = performance.now();
      if (rested) beat();
    }

    for (const kind of ["pointerdown", "keydown", "input", "dragenter", "visibilitychange"])
      document.addEventListener(kind, stir, { capture: true, passive: true });
    watch("value", stir); // a beat has found something new
    next = setTimeout(beat, QUICK); // the page's own first look comes before
  };
})();
