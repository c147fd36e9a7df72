// An X/Y/Z sheet: up to three settings, and the values that each takes. Its value is a line an axis: "steps=10,20,30".
(() => {
  const NAMES = ["Across", "Down", "And again for"];

  studio.axes = ({ element, props, server, watch }) => {
    const { h, button } = studio;
    const root = element.querySelector(".axes");
    const ask = studio.asker(server);
    const rows = h("div", { class: "axis-rows" });
    const told = h("p", { class: "line", role: "status" });
    const add = button("Add an axis", () => { axes.push({ setting: settings[0]?.name || "steps", values: "" }); draw(true); write(); });
    root.append(rows, told, add);
    let axes = [], settings = [], written = null;

    const lines = () => axes.map((axis) => `${axis.setting}=${axis.values.trim()}`); // an empty one too: it is told when one paints
    function write() {
      written = lines().join("\n");
      props.value = written;
      count();
      if (studio.keep) studio.keep();
    }

    const spread = (text) => {
      const parts = text.includes("|") ? text.split("|") : text.split(",");
      return parts.filter((part) => part.trim()).reduce((sum, part) => {
        const whole = /^\s*(\d+)-(\d+)\s*$/.exec(part), steps = /\/(\d+)\s*$/.exec(part);
        return sum + (whole ? Math.max(1, whole[2] - whole[1] + 1) : part.includes("..") && steps ? Number(steps[1]) : 1);
      }, 0);
    };
    function count() {
      const whole = axes.length && axes.every((axis) => axis.values.trim());
      const pictures = axes.reduce((product, axis) => product * Math.max(1, spread(axis.values)), 1);
      told.textContent = whole ? `${studio.pictures(pictures)} and a labelled sheet of them.` : axes.length ? "Write the values with commas between, words with | between; 1-4 and 0..1/5 stand for many." : "";
      add.hidden = axes.length >= NAMES.length;
    }

    function read() {
      const value = props.value;
      const text = Array.isArray(value) ? value.map((axis) => (typeof axis === "string" ? axis : `${axis.setting}=${axis.values.join(axis.values.some((one) => one.includes(",")) ? "|" : ",")}`)).join("\n") : String(value || "").replace(/^\(\)$/, "");
      if (text === written) return;
      written = text;
      axes = text.split("\n").filter(Boolean).map((line) => { const at = line.indexOf("="); return { setting: line.slice(0, at).trim(), values: line.slice(at + 1) }; });
      draw();
    }

    function draw(focus) {
      rows.replaceChildren(...axes.map((axis, at) => {
        const known = settings.some((one) => one.name === axis.setting);
        const choose = h("select", { "aria-label": NAMES[at] }, settings.map((one) => h("option", { value: one.name }, one.label)), ...(known ? [] : [h("option", { value: axis.setting }, axis.setting)]));
        choose.value = axis.setting;
        const values = h("input", { type: "text", placeholder: hint(axis.setting), "aria-label": `Values of ${axis.setting}`, spellcheck: "false" });
        values.value = axis.values;
        choose.addEventListener("change", () => { axis.setting = choose.value; values.placeholder = hint(axis.setting); write(); });
        values.addEventListener("input", () => { axis.values = values.value; write(); });
        return h("div", { class: "axis" }, h("span", {}, NAMES[at]), choose, values, button("✕", () => { axes.splice(at, 1); draw(); write(); }, { class: "quiet", "aria-label": "Take this axis out" }));
      }));
      if (focus) rows.lastChild?.querySelector("input").focus();
      count();
    }
    const hint = (name) => settings.find((one) => one.name === name)?.example || "";

    // What can be compared changes with the mix.
    async function learn() {
      const answer = await ask("axes", { rows: studio.mix ? studio.mix.rows() : [] });
      if (!answer.settings || JSON.stringify(answer.settings) === JSON.stringify(settings)) return;
      settings = answer.settings;
      draw();
    }
    root.addEventListener("pointerenter", learn);
    root.addEventListener("focusin", (event) => { if (event.target === add) learn(); });
    watch("value", read);
    read();
    learn();
  };
})();
