// A field for a knob, as the server describes it: {name, label, help, type, minimum, maximum, step, choices, default}.
(() => {
  const shown = (value) => (Number.isFinite(value) ? String(Math.round(value * 1000) / 1000) : "");
  const titled = (choice) => (choice ? choice[0].toUpperCase() + choice.slice(1) : "None");

  // A number with a slider; one that may be missing (`default` null) shows what it follows until it is set.
  function number(knob, value, put) {
    const { h, button } = studio;
    const free = knob.default === null;
    const limits = { min: knob.minimum, max: knob.maximum, step: knob.step || 0.05 };
    const slider = h("input", { type: "range", ...limits, "aria-label": knob.label });
    const field = h("input", { type: "number", ...limits, step: "any", "aria-label": `${knob.label}, as a number`, placeholder: free ? "same" : "" });
    const same = button("Same", () => show(null, true), { class: "link", title: "Follow the weight above", hidden: true });
    const show = (wanted, tell) => {
      slider.value = wanted ?? knob.follows ?? knob.minimum;
      field.value = wanted === null ? "" : shown(wanted);
      same.hidden = !free || wanted === null;
      if (tell) put(wanted);
    };
    slider.addEventListener("input", () => show(Number(slider.value), true));
    field.addEventListener("input", () => {
      const typed = parseFloat(field.value);
      const wanted = Number.isFinite(typed) ? Math.min(knob.maximum, Math.max(knob.minimum, typed)) : free ? null : knob.default;
      slider.value = wanted ?? knob.minimum;
      same.hidden = !free || wanted === null;
      put(wanted);
    });
    show(value ?? null);
    return h("div", { class: "knob number", title: knob.help }, h("span", { class: "label" }, knob.label, same), slider, field);
  }

  function choice(knob, value, put) {
    const { h } = studio;
    const options = knob.choices.map((one) => h("option", { value: one }, titled(one)));
    const select = h("select", { onchange: () => put(select.value) }, options);
    select.value = value;
    return h("label", { class: "knob", title: knob.help }, h("span", { class: "label" }, knob.label), select);
  }

  function words(knob, value, put) {
    const { h } = studio;
    const list = knob.ready && h("datalist", { id: `ready-${knob.name}` }, knob.ready.map((one) => h("option", { value: one })));
    const field = h("input", { type: "text", list: list ? list.id : null, spellcheck: "false", autocomplete: "off", onchange: () => put(field.value.trim() || knob.default) });
    field.value = value;
    return h("label", { class: "knob", title: knob.help }, h("span", { class: "label" }, knob.label), field, list);
  }

  function yes(knob, value, put) {
    const { h } = studio;
    const box = h("input", { type: "checkbox", onchange: () => put(box.checked) });
    box.checked = Boolean(value);
    return h("label", { class: "knob yes", title: knob.help }, box, h("span", { class: "label" }, knob.label));
  }

  studio.knob = (knob, value, put) => {
    if (knob.choices.length) return choice(knob, value ?? knob.default, put);
    if (knob.type === "bool") return yes(knob, value ?? knob.default, put);
    if (knob.type === "int" || knob.type === "float") return number(knob, value === undefined ? knob.default : value, put);
    return words(knob, value ?? knob.default, put);
  };
})();
