// One LoRA of the mix: on or off, how strongly, and, folded, all the rest that can be said of it.
(() => {
  const COARSE = 0.05, FINE = 0.01, LEAST = -2, MOST = 2;
  const clamp = (weight) => Math.min(MOST, Math.max(LEAST, Number.isFinite(weight) ? weight : 0));
  const rounded = (weight, step) => Math.round(Math.round(weight / step) * step * 1000) / 1000;
  const shown = (weight) => String(Math.round(weight * 1000) / 1000);
  const STEPS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5 };

  const ROW = `
    <button type="button" class="quiet grip" title="Drag, or move with ↑ and ↓"></button>
    <label class="switch" title="On or off"><input type="checkbox"></label>
    <span class="face"></span>
    <span class="what"><b></b><small></small></span>
    <input type="number" min="-2" max="2" step="any">
    <button type="button" class="quiet remove" title="Take out of the mix (the file stays)">✕</button>
    <span class="weigh"><input type="range" min="-1" max="2" step="0.01"><button type="button" class="quiet solo" title="Only this one acts, and others that are solo">Solo</button><button type="button" class="quiet mute" title="Leave it out for the moment">Mute</button><button type="button" class="quiet more" title="Where and when it acts" aria-expanded="false"></button></span>
    <p class="bound" role="status" hidden></p>
    <p class="hint" hidden><span></span><button type="button">Switch on</button></p>
    <div class="fine" hidden></div>`;

  // `mixer` knows: one(name), card(name), told(), several(), heard(name), answers(word), change(name, values), dragged(), released(name),
  // remove(name), move(name, by), put(name, place), knobs(), ask(what, more).
  studio.card = (name, mixer) => {
    const line = studio.h("div", { class: "row", role: "listitem", "data-key": name });
    line.innerHTML = ROW;
    const find = (selector) => line.querySelector(selector);
    const on = find(".switch input"), number = find('input[type="number"]'), slider = find('input[type="range"]');
    const fine = find(".fine"), more = find(".more"), bound = find(".bound");
    let byPointer = false;

    function weigh(weight, from) {
      mixer.change(name, { weight, on: true });
      if (from !== slider) slider.value = weight;
      if (from !== number) number.value = shown(weight);
      on.checked = true;
      colour(weight);
      line.classList.remove("off");
      mixer.dragged();
    }

    function colour(weight) {
      const place = Math.min(100, Math.max(0, ((weight + 1) / 3) * 100));
      slider.style.setProperty("--from", `${Math.min(100 / 3, place)}%`);
      slider.style.setProperty("--to", `${Math.max(100 / 3, place)}%`);
    }

    function turn() {
      mixer.change(name, { on: on.checked });
      mixer.released(name);
    }

    const flag = (what, button) => button.addEventListener("click", () => {
      mixer.change(name, { [what]: !mixer.one(name)[what] });
      mixer.released(name);
    });

    // The arrow keys go by 0.05, with Shift by 0.01.
    function step(event) {
      const steps = STEPS[event.key];
      if (!steps || event.altKey || event.ctrlKey || event.metaKey || (event.target === number && event.key.endsWith("t"))) return;
      event.preventDefault();
      const by = event.shiftKey ? FINE : COARSE;
      weigh(clamp(rounded(mixer.one(name).weight + steps * by, by)));
      settle();
    }
    const settle = studio.settled(() => mixer.released(name), 250);

    on.addEventListener("change", turn);
    find(".hint button").addEventListener("click", () => {
      on.checked = true;
      turn();
      on.focus();
    });
    slider.addEventListener("pointerdown", () => { byPointer = true; });
    slider.addEventListener("pointerup", () => { byPointer = false; });
    slider.addEventListener("input", (event) => {
      const weight = rounded(Number(slider.value), byPointer && !event.shiftKey ? COARSE : FINE);
      if (byPointer) slider.value = weight;
      weigh(weight, byPointer ? null : slider);
    });
    slider.addEventListener("change", () => mixer.released(name));
    slider.addEventListener("dblclick", () => { weigh(1); mixer.released(name); });
    studio.bounded(number, [LEAST, MOST], { now: () => mixer.one(name).weight, put: (weight) => weigh(weight, number), bound });
    number.addEventListener("change", () => mixer.released(name));
    slider.addEventListener("keydown", (event) => {
      if (event.key === "Home" || event.key === "End") {
        event.preventDefault();
        weigh(event.key === "End" ? MOST : -1);
        return settle();
      }
      step(event);
    });
    number.addEventListener("keydown", step);
    flag("solo", find(".solo"));
    flag("mute", find(".mute"));
    find(".remove").addEventListener("click", () => mixer.remove(name));
    find("small").addEventListener("click", (event) => {
      if (event.target.tagName === "BUTTON") studio.prompt.toggle(event.target.dataset.word);
    });
    more.addEventListener("click", () => unfold(fine.hidden));
    grip(line, find(".grip"), name, mixer);

    function unfold(open) {
      fine.hidden = !open;
      more.setAttribute("aria-expanded", open);
      if (open) fill();
    }

    // The fold: a field for each knob of a mix that is not on the card itself, and the receipt.
    async function fill() {
      const { h } = studio;
      const own = mixer.one(name);
      const knobs = mixer.knobs().map((knob) => (knob.default === null ? { ...knob, follows: own.weight } : knob));
      const fields = knobs.map((knob) => studio.knob(knob, own[knob.name], (value) => {
        mixer.change(name, { [knob.name]: value });
        drawn.draw();
        mixer.dragged();
        settle();
      }));
      const drawn = span(() => mixer.one(name));
      const receipt = h("details", { class: "receipt" }, h("summary", {}, "What is in the file"), h("dl"));
      receipt.addEventListener("toggle", async () => {
        if (!receipt.open || receipt.lastChild.children.length) return;
        const answer = await mixer.ask("receipt", { name });
        receipt.lastChild.replaceChildren(...(answer.fault ? [h("dd", { class: "bad" }, answer.fault)]
          : answer.lines.flatMap(([label, text]) => [h("dt", {}, label), h("dd", {}, text)])));
      });
      fine.replaceChildren(...fields, drawn.node, receipt);
      drawn.draw();
    }

    function show() {
      const one = mixer.one(name), known = mixer.card(name);
      const title = known ? known.title : name;
      find("b").textContent = title;
      find("b").title = title;
      line.classList.toggle("off", !mixer.heard(name));
      line.classList.toggle("new", Boolean(known && known.fresh));
      line.classList.toggle("misfit", mixer.told() && (!known || Boolean(known.misfit) && !one.anyway));
      line.classList.toggle("several", mixer.several());
      words(known);
      const picture = known && known.preview ? `url("${known.preview}")` : "";
      if (find(".face").style.backgroundImage !== picture) find(".face").style.backgroundImage = picture;
      on.checked = one.on;
      for (const [what, button] of [["solo", find(".solo")], ["mute", find(".mute")]]) {
        button.setAttribute("aria-pressed", Boolean(one[what]));
        button.setAttribute("aria-label", `${what === "solo" ? "Solo" : "Mute"} ${title}`);
      }
      on.setAttribute("aria-label", `Use ${title}`);
      slider.setAttribute("aria-label", `Weight of ${title}`);
      number.setAttribute("aria-label", `Weight of ${title}, as a number`);
      more.setAttribute("aria-label", `More about ${title}`);
      find(".grip").setAttribute("aria-label", `Move ${title}`);
      find(".remove").setAttribute("aria-label", `Take ${title} out`);
      if (document.activeElement !== number) number.value = shown(one.weight);
      slider.value = one.weight;
      colour(one.weight);
      hint();
    }

    function words(known) {
      const small = find("small");
      const calls = known ? String(known.trigger || "").split(",").map((word) => word.trim()).filter(Boolean).slice(0, 6) : [];
      const told = !known ? (mixer.told() ? "This file is no longer there." : "") : known.misfit
        || (known.rank ? `rank ${known.rank}` : known.size);
      const said = JSON.stringify([calls, told]);
      if (small.dataset.said !== said) {
        small.dataset.said = said;
        const chips = known && known.misfit ? [] : calls.map((word) => studio.h("button", { type: "button", "data-word": word, title: "Put this word into the prompt, or take it out" }, word));
        small.replaceChildren(...chips, told);
      }
    }

    // A LoRA that is off while the prompt already calls it is the surprise of a first picture.
    function hint() {
      const one = mixer.one(name), known = mixer.card(name);
      if (!one) return;
      const called = known && known.trigger && studio.prompt.says(known.trigger);
      for (const chip of line.querySelectorAll("small button")) chip.setAttribute("aria-pressed", studio.prompt.says(chip.dataset.word));
      find(".hint").hidden = !(called && !one.on && !known.misfit && !mixer.answers(known.trigger));
      if (called) find(".hint span").textContent = `Your prompt says “${known.trigger}”, but this LoRA is off.`;
    }
    return { line, show, hint, focus: () => slider.focus() };
  };

  // When it acts, drawn: from the first step on the left to the last on the right.
  function span(values) {
    const node = studio.h("div", { class: "span", "aria-hidden": "true" });
    node.innerHTML = `<svg viewBox="0 0 100 20" preserveAspectRatio="none"><polygon/></svg><span>first step</span><span>last step</span>`;
    const draw = () => {
      const { start = 0, end = 1, soft = 0 } = values() || {};
      const at = (place) => Math.min(100, Math.max(0, place * 100));
      const points = [[at(start), 20], [at(start + soft), 2], [Math.max(at(start + soft), at(end - soft)), 2], [at(end), 20]];
      node.querySelector("polygon").setAttribute("points", (end > start ? points : []).map((point) => point.join()).join(" "));
    };
    return { node, draw };
  }

  function grip(line, handle, name, mixer) {
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      mixer.move(name, by);
      handle.focus();
    });
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      line.classList.add("moving");
      const move = (one) => {
        const others = [...line.parentElement.children].filter((each) => each !== line);
        const place = others.filter((each) => { const area = each.getBoundingClientRect(); return area.top + area.height / 2 < one.clientY; }).length;
        mixer.put(name, place);
      };
      const end = () => {
        line.classList.remove("moving");
        handle.removeEventListener("pointermove", move);
        handle.removeEventListener("pointerup", end);
        handle.removeEventListener("pointercancel", end);
        mixer.released(name);
      };
      handle.addEventListener("pointermove", move);
      handle.addEventListener("pointerup", end);
      handle.addEventListener("pointercancel", end);
    });
  }
})();
