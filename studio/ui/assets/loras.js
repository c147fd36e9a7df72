// The LoRAs room: the library with its bar, the LoRAs that are chosen for the workbench, and the drop zone.
(() => {
  const EMPTY = `<div class="empty"><svg viewBox="0 0 64 48" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" aria-hidden="true"><rect x="6" y="14" width="30" height="28" rx="3"/><path d="M14 14V9a3 3 0 0 1 3-3h26a3 3 0 0 1 3 3v26a3 3 0 0 1-3 3h-7"/><circle cx="21" cy="28" r="7"/></svg><p></p></div>`;
  let shelf = null, listening = [];
  const whenShelf = (then) => (shelf ? then(shelf) : listening.push(then));

  studio.loras = ({ element, trigger, props, server, watch }) => {
    const { h, button } = studio;
    shelf = studio.makeLoraShelf(server);
    const root = element.querySelector(".loras");
    root.classList.add("bench");
    const use = (names) => {
      trigger("used", { names });
      studio.revealCard(names[0]);
    };
    const counted = h("p"), told = h("p", { class: "told", role: "status", hidden: true });
    const search = h("input", { type: "search", class: "filter", placeholder: "Search: name, trigger word, tag, note", "aria-label": "Search", autocomplete: "off", spellcheck: "false", oninput: () => shelf.sieve({ text: search.value }) });
    const family = h("select", { "aria-label": "Family", onchange: () => shelf.sieve({ family: family.value }) });
    const favourites = button("★ Favourites", () => shelf.sieve({ favourites: !shelf.favourites }), { "aria-pressed": "false" });
    const doubles = button("Doubles", () => twice(), { "aria-pressed": "false", title: "LoRAs that are there twice, whatever their names" });
    const foldersButton = button("Other folders", () => folders(), { "aria-expanded": "false", title: "LoRAs of other programs, where they are" });
    const state = h("span", { class: "state" });
    const all = button("Select all", () => shelf.choose(shelf.shown()), { class: "link" });
    const none = button("None", () => shelf.choose([]), { class: "link" });
    const mix = button("Use in Generate", () => use([...shelf.chosen]), { class: "link" });
    const bin = button("Delete", () => shelf.toBin([...shelf.chosen]), { class: "link", title: "To the system's bin" });
    const bar = h("div", { class: "bench-bar" }, h("div", { class: "find" }, search), family,
      h("div", { class: "row" }, favourites, doubles, foldersButton),
      h("div", { class: "selection" }, state, all, none, mix, bin));
    const place = h("section", { class: "fold folders", hidden: true, "aria-label": "Folders of other programs" });
    const empty = h("div", { class: "nothing" });
    empty.innerHTML = EMPTY;
    const cards = h("div", { class: "cards" }), side = h("aside", { class: "editor", hidden: true, "aria-label": "The LoRA" });
    const main = h("div", { class: "main" }, h("header", { class: "bench-head" }, h("div", {}, h("h2", {}, "LoRAs"), counted)), bar, place, told, empty, cards);
    root.append(main, side);
    const grid = studio.lorasGrid(shelf, cards);
    studio.lorasPanel(shelf, side, use);

    async function twice() {
      if (shelf.doubles) return shelf.sieve({ doubles: null });
      doubles.disabled = true;
      const said = await shelf.ask("doubles");
      doubles.disabled = false;
      if (said.fault) return tell(said);
      if (!said.groups.length) return tell({ told: "Nothing is there twice." });
      shelf.sieve({ doubles: said.groups });
    }

    async function folders(open = place.hidden) {
      place.hidden = !open;
      foldersButton.setAttribute("aria-expanded", open);
      if (open) listed(await shelf.ask("folders"));
    }

    function listed(said) {
      const path = h("input", { type: "text", placeholder: "Full path of a folder with LoRAs", "aria-label": "Full path of a folder" });
      const add = async () => { const done = await shelf.act("add_folder", { folder: path.value }); if (!done.fault) listed(done); };
      path.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
      place.replaceChildren(h("p", {}, "LoRAs in these folders are shown here too. The studio only reads there."),
        h("ul", {}, said.folders.map((folder) => h("li", {}, h("code", {}, folder),
          button("✕", async () => listed(await shelf.act("remove_folder", { folder })), { class: "quiet", "aria-label": `Show ${folder} no longer`, title: "Show it no longer; the folder stays as it is" })))),
        h("div", { class: "pair" }, path, button("Add this folder", add)));
    }

    function tell(said) {
      told.textContent = said.fault || said.told || "";
      told.classList.toggle("bad", Boolean(said.fault));
      told.hidden = !told.textContent;
    }

    function head() {
      const [there, shown] = [shelf.order.length, shelf.shown().length];
      const filtered = shown !== there;
      counted.textContent = shelf.busy ? `${there} so far; looking at the rest …` : !there ? "" : filtered ? `${shown} of ${there}` : String(there);
      const families = shelf.families();
      const said = JSON.stringify(families);
      if (family.dataset.said !== said) {
        family.dataset.said = said;
        family.replaceChildren(h("option", { value: "" }, "All families"), ...families.map(([name, title]) => h("option", { value: name }, title)));
        family.value = shelf.family;
      }
      family.hidden = families.length < 2 && !shelf.family;
      favourites.setAttribute("aria-pressed", shelf.favourites);
      doubles.setAttribute("aria-pressed", Boolean(shelf.doubles));
      bar.classList.toggle("choosing", shelf.chosen.size > 0);
      state.textContent = shelf.chosen.size ? `${shelf.chosen.size} chosen` : "";
      all.hidden = !shown;
      none.hidden = mix.hidden = bin.hidden = !shelf.chosen.size;
      for (const each of [search, favourites, doubles]) each.hidden = !there;
      empty.hidden = shown > 0 || shelf.revision < 0;
      empty.querySelector("p").textContent = shelf.busy ? "Looking at your LoRAs …" : there ? "No LoRA is like that." : "No LoRAs yet. Train one, drop files on the left, or show the folder of another program.";
      root.classList.toggle("editing", Boolean(shelf.open));
    }

    shelf.on((what, detail) => {
      if (what === "told") tell(detail);
      if (what === "chosen") trigger("chosen", { names: [...shelf.chosen] });
      if (["cards", "filter", "chosen", "open"].includes(what)) head();
      if (what === "open" && !shelf.open) grid.focus();
    });
    watch("value", () => shelf.sync());
    shelf.sync();
    head();
    listening.forEach((then) => then(shelf));
    listening = [];
  };

  // The LoRAs that are chosen, each with the weight at which the workbench takes it.
  studio.picks = ({ element, props }) => {
    const { h } = studio;
    const root = element.querySelector(".picks");
    const weights = new Map();
    whenShelf((known) => {
      const keep = () => {
        props.value = [...known.chosen].map((name) => ({ name, weight: weights.get(name) ?? start(name) }));
      };
      const start = (name) => { const card = known.card(name); return (card && (card.weight ?? card.last)) ?? 1; };
      const row = (name) => {
        const card = known.card(name);
        const number = h("input", { type: "number", min: "-2", max: "2", step: "0.05", value: String(weights.get(name) ?? start(name)), "aria-label": `Weight of ${card ? card.title : name}` });
        const bound = h("small", { class: "bound", role: "status", hidden: true });
        studio.bounded(number, [-2, 2], { now: () => weights.get(name) ?? start(name), put: (weight) => { weights.set(name, weight); keep(); }, bound });
        return h("li", { "data-name": name }, h("span", { title: name }, card ? card.title : name), number,
          h("button", { type: "button", class: "quiet", "aria-label": `Leave ${card ? card.title : name} out`, title: "Leave it out", onclick: () => known.choose([...known.chosen].filter((one) => one !== name)) }, "✕"), bound);
      };
      const draw = () => {
        keep();
        root.replaceChildren(known.chosen.size ? h("ul", {}, [...known.chosen].slice(0, 24).map(row),
          known.chosen.size > 24 && h("li", { class: "more" }, `and ${known.chosen.size - 24} more`)) : h("p", {}, "Choose LoRAs in the library: a click for one, the box in its corner for more."));
      };
      known.on((what) => { if (what === "chosen") draw(); });
      draw();
    });
  };

  studio.droploras = ({ element, trigger, props, upload }) => {
    const { h, button } = studio;
    const root = element.querySelector(".droploras");
    const told = h("p", { class: "told", role: "status" });
    root.classList.add("bring");
    root.append(h("div", { class: "zone" }, h("p", { class: "title" }, "Drop LoRA files here"),
      h("p", { class: "ways" }, button("Choose files", () => {}, { "data-choose": "files" })), told,
      h("input", { class: "files", type: "file", multiple: true, accept: props.accept, hidden: true })));
    const zone = root.closest(".room") || root;
    studio.takeFiles(zone, {
      upload,
      accept: props.accept.split(","),
      tell: (text) => (told.textContent = text),
      done: (what) => trigger("dropped", what),
    });
  };
})();
