// Trainings: files of settings, samples through the steps, the verdict's prompts, finding a run.
(() => {
  studio.importBox = ({ element, trigger, props, upload }) => {
    const { h, button } = studio;
    const told = h("p", { class: "told", role: "status" });
    element.querySelector(".importBox").append(
      h("p", { class: "field-title" }, "Settings from a file"),
      h("p", { class: "field-help" }, "A .toml or .json of kohya's trainer, or a LoRA that was trained here. Drop it anywhere in this room."),
      h("p", { class: "ways" }, button("Choose a file", null, { "data-choose": "settings" })), told);
    const room = element.closest(".room");
    room.append(h("input", { class: "settings", type: "file", accept: props.accept, hidden: true }));
    studio.takeFiles(room, {
      upload,
      accept: props.accept.split(","),
      tell: (text) => (told.textContent = text),
      done: ({ files }) => trigger("dropped", { files: files.slice(0, 1) }),
      others: (pictures) => studio.bringPictures(pictures),
    });
  };

  // Samples: one slider moves all prompts through the steps; at its end it follows what is painted.
  function showSamples(section) {
    const slider = section.querySelector("input[type=range]");
    const steps = section.dataset.steps.split(" ").map(Number);
    const last = steps.length - 1;
    const at = section.dataset.own ? Math.min(Number(section.dataset.own), last) : last;
    if (slider) slider.value = at;
    const word = (step) => (step ? `step ${step}` : "before");
    const output = section.querySelector("output");
    if (output) output.textContent = steps[at] ? `step ${steps[at]} of ${steps[last]}` : "before the first step";
    for (const article of section.querySelectorAll("article")) {
      const thumbs = [...article.querySelectorAll(".film button")];
      const shown = thumbs.filter((one) => Number(one.dataset.step) <= steps[at]).pop() || thumbs[0];
      if (!shown) continue;
      for (const one of thumbs) one.setAttribute("aria-current", one === shown);
      const figure = article.querySelector(".now");
      figure.hidden = !steps[at] && Boolean(article.querySelector(".before")); // the base stands there alone
      figure.querySelector("img").src = shown.dataset.picture;
      figure.querySelector("a").href = shown.dataset.picture;
      figure.querySelector("figcaption").textContent = word(Number(shown.dataset.step));
    }
  }

  function moveTo(section, at) {
    const last = section.dataset.steps.split(" ").length - 1;
    if (at >= last) delete section.dataset.own;
    else section.dataset.own = at;
    showSamples(section);
  }

  // The verdict: all cells show the pictures of one prompt. Where the grid is wider than the screen, the
  // recommended cell is the one that is seen first.
  const placed = new WeakSet();
  function showBest(section) {
    const scroll = section.querySelector(".scroll"), best = section.querySelector(".cell.best");
    if (!best || placed.has(scroll) || !scroll.clientWidth) return;
    placed.add(scroll);
    const hidden = best.getBoundingClientRect().right - scroll.getBoundingClientRect().right;
    if (hidden > 0) scroll.scrollLeft = hidden + 12;
  }

  function showPrompt(section) {
    showBest(section);
    const at = section.dataset.own || "0";
    for (const tab of section.querySelectorAll("[data-prompt-at]")) tab.setAttribute("aria-pressed", tab.dataset.promptAt === at);
    for (const picture of section.querySelectorAll("[data-of-prompt]")) picture.dataset.own = picture.dataset.ofPrompt === at ? "shown" : "away";
  }

  function find(input) {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const one of input.closest(".runs").querySelectorAll("[data-find]")) {
      const fits = words.every((word) => one.dataset.find.includes(word));
      one.dataset.own = fits ? "shown" : "away";
      left += fits;
    }
    input.closest(".runs").querySelector(".nothing").dataset.own = left ? "away" : "shown";
  }

  // What the form was filled with is brought into view, for the button may be far from it.
  function showBrought(told) {
    if (told.dataset.own) return;
    told.dataset.own = "seen";
    studio.reveal(() => told);
  }

  const each = (root, selector, then) => root.querySelectorAll(selector).forEach(then);

  document.addEventListener("studio:shown", ({ target }) => {
    each(target, ".samples[data-steps]", showSamples);
    each(target, ".verdict-grid", showPrompt);
    each(target, "input.find-run", find);
    each(target, ".brought", showBrought);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches(".samples input[type=range]")) moveTo(target.closest(".samples"), Number(target.value));
    if (target.matches("input.find-run")) find(target);
  });
  document.addEventListener("click", ({ target }) => {
    const thumb = target.closest(".samples .film button");
    if (thumb) {
      const section = thumb.closest(".samples");
      moveTo(section, section.dataset.steps.split(" ").indexOf(thumb.dataset.step));
    }
    const tab = target.closest("[data-prompt-at]");
    if (tab) {
      const section = tab.closest(".verdict-grid");
      section.dataset.own = tab.dataset.promptAt;
      showPrompt(section);
    }
  });
})();
