// A slider for each LoRA. What was set lives here and goes to the server as the value.
(() => {
  const MOST = 60; // LoRAs in the list of the picker; more are found by typing
  const KEPT = 200; // LoRAs of which is known that they were switched on

  let shelf = { cards: null, knobs: [] }; // what the studio knows of the library
  let onShelf = () => {};

  // LoRAs that were switched on once: they are new no more. A file that is made anew is another.
  const MET = "studio-met";
  const kept = new Set(JSON.parse(localStorage.getItem(MET) || "[]"));
  const met = {
    of: (one) => `${one.name} ${Math.round(one.made)}`,
    has: (key) => kept.has(key),
    add: (key) => {
      if (kept.has(key)) return;
      kept.add(key);
      localStorage.setItem(MET, JSON.stringify([...kept].slice(-KEPT)));
    },
  };

  studio.mixer = ({ element, trigger, props, server, upload, watch }) => {
    const { h, button } = studio;
    const root = element.querySelector(".mixer");
    const rows = h("div", { class: "rows", role: "list" });
    const none = h("p", { class: "none" });
    const told = h("p", { class: "told", role: "status" });
    const find = h("input", { type: "search", class: "find", placeholder: "Add a LoRA …", "aria-label": "Add a LoRA", role: "combobox", "aria-expanded": "false", autocomplete: "off", spellcheck: "false" });
    const list = h("ul", { class: "found", role: "listbox", "aria-label": "LoRAs", hidden: true });
    const sets = h("div", { class: "sets", hidden: true });
    const setsButton = button("Sets", () => openSets(sets.hidden), { "aria-expanded": "false", title: "Mixes you have kept" });
    const pad = h("div", { class: "pad", hidden: true });
    const padButton = button("Mix pad", () => openPad(pad.hidden), { class: "link", "aria-expanded": "false", title: "Nine previews of two LoRAs around their weights" });
    const together = h("div", { class: "together", hidden: true }, padButton,
      button("Compare them", () => trigger("compared", {}), { class: "link", title: "Paints each LoRA alone, all together and none, at one seed" }));
    root.append(rows, together, pad, none, h("div", { class: "add" }, find, setsButton, button("Add a file", null, { "data-choose": "files" }),
      h("input", { class: "files", type: "file", accept: ".safetensors", multiple: "", hidden: true })), list, sets, told);

    const cards = new Map();
    const removed = new Set();
    let known = null;
    const mix = () => (Array.isArray(props.value) ? props.value : []);
    const library = () => shelf.cards || [];
    const words = (trigger) => String(trigger || "").toLowerCase().split(/[\s,]+/).filter(Boolean);
    const keep = (changed) => { props.value = changed; };
    const say = (how) => document.dispatchEvent(new CustomEvent("studio:mix", { detail: { how, rows: mix() } }));

    const mixer = {
      one: (name) => mix().find((one) => one.name === name),
      card: (name) => {
        const one = library().find((each) => each.name === name);
        return one && one.fresh && met.has(met.of(one)) ? { ...one, fresh: false } : one;
      },
      told: () => shelf.cards !== null, // before that, nothing is known of any
      several: () => mix().length > 1,
      heard: (name) => {
        const heard = mix().filter((one) => one.on && !one.mute);
        const alone = heard.filter((one) => one.solo);
        return (alone.length ? alone : heard).some((one) => one.name === name);
      },
      // Whether a LoRA that is on comes at this trigger too.
      answers: (trigger) => mix().some((one) => one.on && words(trigger).every((word) => words(mixer.card(one.name)?.trigger).includes(word))),
      knobs: () => shelf.knobs,
      ask: studio.asker(server),
      change: (name, values) => keep(mix().map((one) => (one.name === name ? { ...one, ...values } : one))),
      dragged: () => say("dragged"),
      released: (name) => {
        draw();
        say("released");
        trigger("released", { name });
      },
      remove: (name) => {
        const was = mixer.one(name);
        removed.add(name);
        keep(mix().filter((one) => one.name !== name));
        draw();
        find.focus();
        close();
        if (was && was.on) mixer.released(name);
      },
      put: (name, place) => {
        const rest = mix().filter((one) => one.name !== name);
        const order = [...rest.slice(0, place), mixer.one(name), ...rest.slice(place)];
        if (order.every((one, at) => one === mix()[at])) return;
        keep(order);
        draw();
      },
      move: (name, by) => {
        const at = mix().findIndex((one) => one.name === name);
        mixer.put(name, Math.min(mix().length - 1, Math.max(0, at + by)));
      },
      // A LoRA by any of its names, on at this weight; the prompt's <lora:…> come here.
      add: (called, values = {}) => {
        const wanted = called.trim().toLowerCase();
        const one = library().find((each) => [each.name, each.name.split("/").pop(), each.title].some((name) => name.toLowerCase() === wanted));
        if (!one || one.misfit) return false;
        removed.delete(one.name);
        const { fresh, ...given } = values;
        if (mixer.one(one.name)) mixer.change(one.name, { ...given, on: true });
        else keep([...mix(), { name: one.name, weight: one.weight ?? 1, ...given, on: true }]);
        mixer.released(one.name);
        return one.name;
      },
    };
    studio.mix = { add: mixer.add, rows: mix, put: (changed) => { keep(changed); draw(); say("released"); trigger("released", {}); }, card: mixer.card, change: mixer.change, dragged: mixer.dragged, released: mixer.released, ask: mixer.ask };

    function draw() {
      const gone = new Map(cards);
      for (const one of library()) if (mixer.one(one.name)?.on) met.add(met.of(one));
      mix().forEach((one, at) => {
        if (!cards.has(one.name)) cards.set(one.name, studio.card(one.name, mixer));
        const card = cards.get(one.name);
        gone.delete(one.name);
        if (rows.children[at] !== card.line) rows.insertBefore(card.line, rows.children[at] || null);
        card.show();
      });
      for (const [name, card] of gone) {
        card.line.remove();
        cards.delete(name);
      }
      together.hidden = mix().filter((one) => one.on && !one.mute).length < 2;
      if (together.hidden && !pad.hidden) openPad(false);
      const there = library().length;
      find.hidden = !there;
      setsButton.hidden = !mix().length && !(sets.children.length > 1);
      none.textContent = mix().length || !mixer.told() ? "" : there ? "No LoRA in the mix." : "No LoRAs yet. Train one, or drop a .safetensors file here.";
    }

    // A LoRA that appears while the page is open comes in by itself, switched off.
    function complete() {
      if (!mixer.told()) return;
      // A room is only made when it is entered first: what came since the page was opened is new all the same.
      known = known || new Set(library().filter((one) => one.made * 1000 < performance.timeOrigin).map((one) => one.name));
      const wanted = (one) => !known.has(one.name) && !one.misfit && !removed.has(one.name);
      const missing = library().filter((one) => wanted(one) && !mixer.one(one.name));
      if (missing.length) keep([...missing.map((one) => ({ name: one.name, weight: one.weight ?? 1, on: false })), ...mix()]);
      draw();
    }

    // Later, because gradio sets the value once more right after a component has come onto the page.
    const arrivals = () => {
      draw();
      setTimeout(complete, 60);
    };

    // The picker: what is typed is looked for in names, titles, trigger words and tags.
    let marked = 0;
    function offers() {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rest = library().filter((one) => !mixer.one(one.name) && words.every((word) => one.words.includes(word)));
      return [...rest.filter((one) => !one.misfit), ...rest.filter((one) => one.misfit)];
    }

    function open() {
      const found = offers();
      marked = Math.min(marked, Math.max(0, found.length - 1));
      list.replaceChildren(...found.slice(0, MOST).map((one, at) => h("li", { role: "option", "data-name": one.name, "aria-selected": String(at === marked), "aria-disabled": one.misfit ? "true" : null },
        face(one), h("span", {}, h("b", {}, one.title), h("small", {}, one.misfit || [one.trigger, one.about].filter(Boolean).join(" · "))))),
      ...(found.length ? [] : [h("li", { class: "nothing" }, library().every((one) => mixer.one(one.name)) ? "All of your LoRAs are in the mix." : "No LoRA of that name.")]),
      ...(found.length > MOST ? [h("li", { class: "nothing" }, `${found.length - MOST} more: type a part of the name.`)] : []));
      list.hidden = false;
      find.setAttribute("aria-expanded", "true");
    }

    function close() {
      list.hidden = true;
      find.setAttribute("aria-expanded", "false");
    }

    function face(one) {
      const node = h("span", { class: "face" });
      if (one.preview) node.style.backgroundImage = `url("${one.preview}")`;
      return node;
    }

    function take(name) {
      find.value = "";
      close();
      const added = mixer.add(name);
      if (added) cards.get(added).focus();
    }

    find.addEventListener("focus", open);
    find.addEventListener("click", open);
    find.addEventListener("input", () => { marked = 0; open(); });
    find.addEventListener("blur", () => setTimeout(close, 150));
    find.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) {
        marked = Math.max(0, Math.min(list.querySelectorAll("[data-name]").length - 1, marked + by));
        open();
        list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
      } else if (event.key === "Enter" && !event.ctrlKey && !list.hidden) {
        const one = list.querySelectorAll("[data-name]")[marked];
        if (one) take(one.dataset.name);
      } else if (event.key === "Escape" && !list.hidden) close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const one = event.target.closest("[data-name]");
      if (one && one.getAttribute("aria-disabled") !== "true") take(one.dataset.name);
    });

    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || (sets.hidden && pad.hidden)) return;
      event.stopPropagation();
      const [close, opener] = sets.hidden ? [openPad, padButton] : [openSets, setsButton];
      close(false);
      opener.focus();
    });

    let padding = null;
    function openPad(wanted) {
      padding = padding || studio.pad(pad, studio.mix);
      pad.hidden = !wanted;
      padButton.setAttribute("aria-expanded", wanted);
      if (wanted) padding.open();
      else padding.close();
    }

    // Sets: mixes that were kept under a name.
    async function openSets(wanted) {
      sets.hidden = !wanted;
      setsButton.setAttribute("aria-expanded", wanted);
      if (wanted) showSets(await mixer.ask("sets"));
    }

    function showSets(answer) {
      const name = h("input", { type: "text", placeholder: "Name of this mix", "aria-label": "Name of this mix" });
      const save = async () => showSets(await mixer.ask("keep_set", { name: name.value, rows: mix() }));
      name.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.ctrlKey) return;
        event.preventDefault();
        save();
      });
      sets.replaceChildren(...(answer.sets || []).map((set) => h("div", { class: "set" },
        button([h("b", {}, set.name), h("small", {}, set.told)], () => recall(set), { class: "name" }),
        button("✕", async () => showSets(await mixer.ask("drop_set", { name: set.name })), { class: "quiet", "aria-label": `Remove the set ${set.name}`, title: "To the system's bin" }))),
      h("div", { class: "save" }, name, button("Keep this mix", save)), answer.fault ? h("p", { class: "bad" }, answer.fault) : "");
    }

    // The set's LoRAs come in as they were kept; the others are switched off, not taken away.
    function recall(set) {
      const names = set.rows.map((row) => row.name);
      keep([...set.rows, ...mix().filter((one) => !names.includes(one.name)).map((one) => ({ ...one, on: false }))]);
      openSets(false);
      mixer.released("");
    }

    studio.takeFiles(root, {
      upload,
      accept: [".safetensors"],
      tell: (text) => (told.textContent = text),
      done: (what) => trigger("dropped", what),
    });
    studio.prompt.on(() => cards.forEach((card) => card.hint()));
    watch("value", arrivals);
    onShelf = arrivals;
    arrivals();
  };

  // The card of a LoRA that another room brings into the mix.
  studio.revealCard = (name) => studio.reveal(() => [...document.querySelectorAll(".mixer .row")].find((row) => row.dataset.key === name));

  studio.shelf = ({ props, watch }) => {
    const put = () => {
      shelf = props.value ? JSON.parse(props.value) : { cards: null, knobs: [] };
      onShelf();
    };
    watch("value", put);
    put();
  };
})();
