// A slider for each adapter. What was set lives here and goes to the server as the value.
(() => {
  const clamp = (weight) => Math.min(2, Math.max(-2, Number.isFinite(weight) ? weight : 0));
  const shown = (weight) => String(Math.round(weight * 100) / 100);

  let cards = null; // what the shelf holds: the library
  let onCards = () => {};

  const ROW = `
    <label class="switch" title="On or off"><input type="checkbox"></label>
    <span class="face"></span>
    <span class="what"><b></b><small></small></span>
    <button type="button" class="quiet remove" title="Take out of this list (the file stays)">✕</button>
    <input type="range" min="-1" max="2" step="0.05"><input type="number" min="-2" max="2" step="0.05">
    <p class="hint" hidden><span></span><button type="button">Switch on</button></p>`;

  studio.mixer = ({ element, trigger, props, upload, watch }) => {
    const root = element.querySelector(".mixer");
    root.innerHTML = `<div class="rows" role="list"></div><p class="none"></p>
      <div class="add"><select aria-label="Add a LoRA"></select><button type="button" data-choose="files">Add a file</button>
      <input class="files" type="file" accept=".safetensors" multiple hidden></div><p class="told" role="status"></p>`;
    const rows = root.querySelector(".rows");
    const picker = root.querySelector("select");
    const mix = () => (Array.isArray(props.value) ? props.value : []);
    const library = () => cards || [];
    const told = () => cards !== null; // before that, nothing is known of any
    const card = (name) => library().find((one) => one.name === name);

    const keep = (changed) => { props.value = changed; };
    const change = (name, values) => keep(mix().map((one) => (one.name === name ? { ...one, ...values } : one)));

    function row(name) {
      const line = document.createElement("div");
      line.className = "row";
      line.setAttribute("role", "listitem");
      line.dataset.key = name;
      line.innerHTML = ROW;
      const [on, slider, number] = line.querySelectorAll("input");
      const weigh = (weight, from) => {
        change(name, { weight, on: true });
        if (from !== slider) slider.value = weight;
        if (from !== number) number.value = shown(weight);
        on.checked = true;
        fill(slider, weight);
        line.classList.remove("off");
      };
      const turn = () => {
        change(name, { on: on.checked });
        line.classList.toggle("off", !on.checked);
        hints();
        trigger("released", { name });
      };
      on.addEventListener("change", turn);
      line.querySelector(".hint button").addEventListener("click", () => {
        on.checked = true;
        turn();
        on.focus();
      });
      slider.addEventListener("input", () => weigh(Number(slider.value), slider));
      slider.addEventListener("change", () => trigger("released", { name }));
      number.addEventListener("input", () => weigh(clamp(parseFloat(number.value)), number));
      number.addEventListener("change", () => {
        number.value = shown(clamp(parseFloat(number.value)));
        trigger("released", { name });
      });
      slider.addEventListener("dblclick", () => { weigh(1); trigger("released", { name }); });
      line.querySelector(".remove").addEventListener("click", () => {
        const was = mix().find((one) => one.name === name);
        removed.add(name);
        keep(mix().filter((one) => one.name !== name));
        draw();
        picker.focus();
        if (was && was.on) trigger("released", { name });
      });
      line.querySelector("small").addEventListener("click", (event) => {
        if (event.target.tagName === "BUTTON") trigger("word", { word: event.target.textContent });
      });
      return line;
    }

    const fill = (slider, weight) => {
      const place = Math.max(0, ((weight + 1) / 3) * 100);
      slider.style.setProperty("--from", `${Math.min(100 / 3, place)}%`);
      slider.style.setProperty("--to", `${Math.max(100 / 3, place)}%`);
    };

    function details(line, one) {
      const known = card(one.name);
      const [on, slider, number] = line.querySelectorAll("input");
      const title = known ? known.title : one.name;
      line.querySelector("b").textContent = title;
      line.classList.toggle("off", !one.on);
      line.classList.toggle("new", Boolean(known && known.fresh));
      line.classList.toggle("misfit", told() && (!known || Boolean(known.misfit)));
      const small = line.querySelector("small");
      small.replaceChildren();
      if (!known) small.textContent = told() ? "This file is no longer there." : "";
      else if (known.misfit) small.textContent = known.misfit;
      else {
        if (known.trigger) {
          const word = document.createElement("button");
          word.type = "button";
          word.textContent = known.trigger;
          word.title = "Put this word into the prompt";
          small.append(word);
        }
        small.append([known.rank ? `rank ${known.rank}` : "", known.size].filter(Boolean).join(" · "));
      }
      const face = line.querySelector(".face");
      const picture = known && known.preview ? `url("${known.preview}")` : "";
      if (face.style.backgroundImage !== picture) face.style.backgroundImage = picture;
      on.checked = one.on;
      on.setAttribute("aria-label", `Use ${title}`);
      slider.setAttribute("aria-label", `Weight of ${title}`);
      number.setAttribute("aria-label", `Weight of ${title}, as a number`);
      if (document.activeElement !== number) number.value = shown(one.weight);
      slider.value = one.weight;
      fill(slider, one.weight);
    }

    // A LoRA that is off while the prompt already calls it is the surprise of a first picture.
    function hints() {
      const prompt = document.querySelector("#generate-prompt textarea")?.value.toLowerCase() || "";
      const words = prompt.split(/[^\p{L}\p{N}_-]+/u);
      for (const line of rows.children) {
        const one = mix().find((each) => each.name === line.dataset.key);
        const known = card(line.dataset.key);
        const call = (known && known.trigger || "").toLowerCase();
        const called = call && (words.includes(call) || (/\s/.test(call) && prompt.includes(call)));
        const hint = line.querySelector(".hint");
        hint.hidden = !(called && one && !one.on && !known.misfit);
        if (!hint.hidden) hint.firstElementChild.textContent = `Your prompt says “${known.trigger}”, but this LoRA is off.`;
      }
    }

    function draw() {
      const have = new Map([...rows.children].map((line) => [line.dataset.key, line]));
      mix().forEach((one, at) => {
        const line = have.get(one.name) || row(one.name);
        have.delete(one.name);
        if (rows.children[at] !== line) rows.insertBefore(line, rows.children[at] || null);
        details(line, one);
      });
      have.forEach((line) => line.remove());
      const rest = library().filter((one) => !mix().some((mine) => mine.name === one.name));
      const options = [new Option(rest.length ? "Add a LoRA …" : "All of your LoRAs are in the list", "")];
      for (const one of rest) {
        const option = new Option(one.misfit ? `${one.title} (does not fit this base)` : one.title, one.name);
        option.disabled = Boolean(one.misfit);
        options.push(option);
      }
      picker.replaceChildren(...options);
      picker.hidden = !library().length;
      hints();
      root.querySelector(".none").textContent = mix().length || !told() ? "" : library().length
        ? "No LoRA in the mix."
        : "No LoRAs yet. Train one, or drop a .safetensors file here.";
    }

    // A LoRA that is new, or appears while the page is open, comes in by itself, switched off.
    let known = null;
    const removed = new Set();
    function complete() {
      if (!told()) return;
      known = known || new Set(library().map((one) => one.name));
      const wanted = (one) => (one.fresh || !known.has(one.name)) && !one.misfit && !removed.has(one.name);
      const missing = library().filter((one) => wanted(one) && !mix().some((mine) => mine.name === one.name));
      if (missing.length) keep([...missing.map((one) => ({ name: one.name, weight: 1, on: false })), ...mix()]);
      draw();
    }

    // Later, because gradio sets the value once more right after a component has come onto the page.
    const arrivals = () => {
      draw();
      setTimeout(complete, 60);
    };

    picker.addEventListener("change", () => {
      const name = picker.value;
      if (!name) return;
      removed.delete(name);
      keep([...mix(), { name, weight: 1, on: true }]);
      draw();
      rows.lastElementChild.querySelector('input[type="range"]').focus();
      trigger("released", { name });
    });
    studio.takeFiles(root, {
      upload,
      accept: [".safetensors"],
      tell: (text) => (root.querySelector(".told").textContent = text),
      done: (what) => trigger("dropped", what),
    });
    document.addEventListener("input", (event) => { if (event.target.closest("#generate-prompt")) hints(); });
    document.addEventListener("focusin", hints);
    watch("value", arrivals);
    onCards = arrivals;
    arrivals();
  };

  studio.shelf = ({ props, watch }) => {
    const put = () => {
      cards = props.value ? JSON.parse(props.value) : null;
      onCards();
    };
    watch("value", put);
    put();
  };
})();
