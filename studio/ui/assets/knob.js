// A field for a knob, as the server describes it: {name, label, help, type, minimum, maximum, step, choices, default}.
(() => {
  const shown = (value) => (Number.isFinite(value) ? String(Math.round(value * 1000) / 1000) : "");
  const titled = (choice) => (choice ? choice[0].toUpperCase() + choice.slice(1) : "None");

  const named = (knob, ...beside) => [studio.h("span", { class: "label" }, knob.label, ...beside), studio.h("small", { class: "help" }, knob.help)];

  // A number field that keeps what it had when it is emptied, and says in `bound` how far it goes.
  studio.bounded = (field, [least, most], { now, put, bound }) => {
    field.addEventListener("input", () => {
      const typed = parseFloat(field.value);
      if (!Number.isFinite(typed)) return;
      const within = Math.min(most, Math.max(least, typed));
      bound.hidden = within === typed;
      bound.textContent = `It goes from ${least} to ${most}.`;
      put(within);
    });
    field.addEventListener("change", () => { field.value = shown(now()); });
  };

  // A number with a slider; one that may be missing (`default` null) shows what it follows until it is set.
  function number(knob, value, put) {
    const { h, button } = studio;
    const free = knob.default === null;
    const limits = { min: knob.minimum, max: knob.maximum, step: knob.step || 0.05 };
    const slider = h("input", { type: "range", ...limits, "aria-label": knob.label });
    const field = h("input", { type: "number", ...limits, step: "any", "aria-label": `${knob.label}, as a number`, placeholder: free ? "same" : "" });
    const bound = h("p", { class: "bound", role: "status", hidden: true });
    const same = button("Same", () => { set(null); field.value = ""; }, { class: "link", title: "Follow the weight above", hidden: true });
    let now = value ?? null;
    const draw = () => {
      slider.value = now ?? knob.follows ?? knob.minimum;
      same.hidden = !free || now === null;
    };
    const set = (wanted) => {
      now = wanted;
      draw();
      put(wanted);
    };
    slider.addEventListener("input", () => {
      set(Number(slider.value));
      field.value = shown(now);
    });
    if (free) field.addEventListener("input", () => { if (!field.value) set(null); });
    studio.bounded(field, [knob.minimum, knob.maximum], { now: () => now, put: set, bound });
    field.value = shown(now);
    draw();
    return h("div", { class: "knob number" }, named(knob, same), slider, field, bound);
  }

  function choice(knob, value, put) {
    const { h } = studio;
    const options = knob.choices.map((one) => h("option", { value: one }, titled(one)));
    const select = h("select", { onchange: () => put(select.value) }, options);
    select.value = value;
    return h("label", { class: "knob" }, named(knob), select);
  }

  function words(knob, value, put) {
    const { h } = studio;
    const list = knob.ready && h("datalist", { id: `ready-${knob.name}` }, knob.ready.map((one) => h("option", { value: one })));
    const field = h("input", { type: "text", list: list ? list.id : null, spellcheck: "false", autocomplete: "off", onchange: () => put(field.value.trim() || knob.default) });
    field.value = value;
    return h("label", { class: "knob" }, named(knob), field, list);
  }

  function yes(knob, value, put) {
    const { h } = studio;
    const box = h("input", { type: "checkbox", onchange: () => put(box.checked) });
    box.checked = Boolean(value);
    return h("label", { class: "knob yes" }, box, h("span", {}, named(knob)));
  }

  studio.knob = (knob, value, put) => {
    if (knob.choices.length) return choice(knob, value ?? knob.default, put);
    if (knob.type === "bool") return yes(knob, value ?? knob.default, put);
    if (knob.type === "int" || knob.type === "float") return number(knob, value === undefined ? knob.default : value, put);
    return words(knob, value ?? knob.default, put);
  };
})();
