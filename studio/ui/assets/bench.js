// The workbench of the Caption room: the pictures, the bar above them, the check, and the editor beside them.
(() => {
  const EMPTY = `<div class="empty"><svg viewBox="0 0 64 48" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true"><rect x="4" y="8" width="34" height="34" rx="3"/><path d="m4 34 10-10 9 9 6-6 9 9"/><circle cx="28" cy="18" r="3.2"/><path d="M46 16h14M46 24h14M46 32h8" stroke-linecap="round"/></svg><p></p></div>`;
  const HINTS = [["cat dog", "both words"], ['"red hat"', "these words together"], ["-dog", "without it"], ["tag:cat", "a whole tag"],
    ["missing", "no caption yet"], ["tokens>75", "longer than the encoder reads"], ["size<512", "small pictures"], ["problem", "whatever the check found"], ["cat or dog", "one of them"]];

  studio.bench = ({ element, trigger, props, server, watch }) => {
    const { h, button } = studio;
    const deck = studio.makeDeck(server);
    const root = element.querySelector(".bench");
    const title = h("h2"), counted = h("p");
    const toTrain = button("Train on this dataset →", toTheTraining, { class: "to-train" });
    const empty = h("div", { class: "nothing" });
    empty.innerHTML = EMPTY;
    const told = h("p", { class: "told", role: "status", hidden: true });
    const doctorPlace = h("div"), cards = h("div", { class: "cards" }), side = h("aside", { class: "editor", hidden: true, "aria-label": "The picture and its caption" });
    const filter = h("input", { type: "search", class: "filter", placeholder: "Filter: fox, -dog, missing, tag:cat …", "aria-label": "Filter", autocomplete: "off", spellcheck: "false" });
    const hints = h("div", { class: "hints", hidden: true }, HINTS.map(([text, what]) => button([h("code", {}, text), h("span", {}, what)], () => sieve(text))));
    const state = h("span", { class: "state" });
    const all = button("Select all", () => deck.choose(deck.shown()), { class: "link", title: "Ctrl+A, where a picture has the focus" });
    const none = button("None", () => deck.choose([]), { class: "link" });
    const again = button("Caption again", () => trigger("again", { names: [...deck.chosen] }), { class: "link" });
    const out = button("Take out", () => deck.remove([...deck.chosen]), { class: "link", title: "Out of the dataset, with their captions; Undo brings them back" });
    const undo = button("↶ Undo", () => turn("undo"), { disabled: true });
    const redo = button("↷ Redo", () => turn("redo"), { disabled: true });
    const batchPlace = h("section", { class: "fold batch", hidden: true, "aria-label": "Change many captions" });
    const tagsPlace = h("section", { class: "fold tags", hidden: true, "aria-label": "Tags" });
    const batchButton = button("Change many", () => unfold(batchPlace), { "aria-expanded": "false" });
    const tagsButton = button("Tags", () => unfold(tagsPlace), { "aria-expanded": "false" });
    const bar = h("div", { class: "bench-bar" },
      h("div", { class: "find" }, filter, button("?", () => { hints.hidden = !hints.hidden; }, { class: "quiet", "aria-label": "What can be asked for", title: "What can be asked for" })),
      h("div", { class: "row" }, batchButton, tagsButton, undo, redo), hints,
      h("div", { class: "selection" }, state, all, none, again, out));
    const main = h("div", { class: "main" }, h("header", { class: "bench-head" }, h("div", {}, title, counted), toTrain), doctorPlace, bar, batchPlace, tagsPlace, told, cards);
    root.append(empty, main, side);

    const grid = studio.grid(deck, cards);
    const editor = studio.editor(deck, side, trigger);
    const batch = studio.batch(deck, batchPlace);
    const tags = studio.tags(deck, tagsPlace, (operation, values) => { unfold(batchPlace, true); batch.open(operation, values); });
    const doctor = studio.doctor(deck, doctorPlace, opens);

    // What a finding's button leads to, where the person has to decide.
    function opens(mend, finding) {
      const name = mend.arguments.picture || (mend.arguments.pictures || [])[0] || finding.pictures[0];
      if (mend.opens === "trigger") return doctor.open();
      if (mend.opens === "replace") {
        unfold(batchPlace, true);
        batch.open("Replace", { ...mend.arguments, from: "all" });
        return batchPlace.scrollIntoView({ block: "center" });
      }
      if (mend.opens === "caption") return trigger("again", { names: finding.pictures });
      if (!name) return;
      deck.choose([name]);
      const drawn = mend.opens !== "editor";
      deck.show(name, drawn ? { kind: mend.opens, values: finding.crops[name] || mend.arguments.sides } : null);
      if (!drawn) deck.tell("edit");
    }

    function unfold(place, open = place.hidden) {
      place.hidden = !open;
      (place === batchPlace ? batchButton : tagsButton).setAttribute("aria-expanded", open);
      if (open && place === batchPlace) batch.open();
      if (open && place === tagsPlace) tags.open();
    }

    async function toTheTraining() {
      deck.keepAim();
      await editor.flush();
      trigger("train", { dataset: deck.dataset, aim: deck.aim });
    }

    async function turn(kind) {
      await editor.flush();
      await deck.act("turn", { kind });
      editor.renew();
    }

    function sieve(text) {
      filter.value = text;
      hints.hidden = true;
      deck.sieve(text);
    }

    function head() {
      const { order, cards: known } = deck;
      const fault = deck.meta.fault;
      const ready = Boolean(order.length);
      main.hidden = !ready;
      empty.hidden = ready;
      element.closest(".room")?.classList.toggle("has-pictures", ready);
      empty.querySelector("p").textContent = fault || (props.value && JSON.parse(props.value).empty) || (deck.dataset && !deck.meta.listed ? "Opening …"
        : "Drop pictures anywhere here: files, a folder, or a zip. Pasting works too.");
      title.textContent = deck.title;
      const usable = order.map((name) => known.get(name)).filter((card) => card && !card.fault);
      const captioned = usable.filter((card) => card.caption).length;
      const bad = order.length - usable.length;
      counted.textContent = `${studio.pictures(usable.length)}, ${captioned === usable.length ? "all captioned" : captioned ? `${captioned} captioned` : "none captioned yet"}${bad ? `; ${bad} cannot be used` : ""}`;
    }

    function bars() {
      const chosen = deck.chosen.size, shown = deck.shown().length;
      state.textContent = [deck.kept ? `${shown} of ${deck.order.length} shown` : "", chosen > 1 ? `${chosen} selected` : ""].filter(Boolean).join(" · ");
      none.hidden = again.hidden = out.hidden = chosen < 2;
      all.hidden = shown < 2 || chosen === shown;
      bar.classList.toggle("choosing", chosen > 1);
      const turns = deck.meta.turns || {};
      undo.hidden = redo.hidden = !turns.undo && !turns.redo;
      undo.disabled = !turns.undo;
      redo.disabled = !turns.redo;
      undo.title = turns.undo ? `Take back: ${turns.undo} (Ctrl+Z)` : "Nothing to take back";
      redo.title = turns.redo ? `Do again: ${turns.redo} (Ctrl+Shift+Z)` : "Nothing to do again";
    }

    const hush = studio.settled(() => say({}), 20_000); // milliseconds after which nobody wants to know any more
    const say = (answer) => {
      const text = answer.fault || answer.told || "";
      told.textContent = text;
      told.hidden = !text;
      told.classList.toggle("bad", Boolean(answer.fault));
      if (answer.told) hush();
      else hush.cancel();
    };

    filter.addEventListener("input", studio.settled(() => deck.sieve(filter.value), 200));
    deck.on((what, detail) => {
      if (what === "dataset") { filter.value = ""; say({}); head(); bars(); }
      else if (what === "order" || what === "meta" || what === "cards") { head(); bars(); }
      else if (what === "chosen") bars();
      else if (what === "filter") { filter.classList.toggle("bad", Boolean(detail.fault)); say(detail); bars(); }
      else if (what === "sieve") sieve(detail);
      else if (what === "told") say(detail);
      else if (what === "fault") say({ fault: detail });
      else if (what === "closed") grid.focus();
      else if (what === "open" && deck.open) say({});
    });

    // A button of the form that opens a box of it.
    document.addEventListener("click", (event) => {
      const field = document.getElementById(event.target.closest?.("[data-opens]")?.dataset.opens);
      if (!field || !element.closest(".room")?.contains(field)) return;
      field.scrollIntoView({ block: "center" });
      field.querySelector("input")?.focus();
    });

    // Keys of the room, where no text is being typed.
    document.addEventListener("keydown", (event) => {
      if (!root.offsetParent || event.defaultPrevented || studio.typing(event.target) || main.hidden) return;
      const ctrl = event.ctrlKey || event.metaKey;
      const key = event.key.toLowerCase();
      const turning = studio.turning(event);
      if (turning) editor.turn(turning) || turn(turning);
      else if (ctrl && key === "a" && event.target.closest(".cards")) deck.choose(deck.shown());
      else if (ctrl || event.altKey) return;
      else if (key === "/") filter.focus();
      else if (key === "escape" && deck.chosen.size > 1) deck.choose([]);
      else if (key === "escape" && deck.open) editor.close();
      else if (["j", "arrowdown"].includes(key) && (deck.open || event.target.closest(".card"))) walk(1);
      else if (["k", "arrowup"].includes(key) && (deck.open || event.target.closest(".card"))) walk(-1);
      else return;
      event.preventDefault();
    });

    async function walk(by) {
      await editor.flush();
      deck.step(by);
      setTimeout(grid.focus, 60);
    }

    function look() {
      const wanted = props.value ? JSON.parse(props.value) : { dataset: "" };
      deck.bases = wanted.bases;
      if (wanted.dataset !== deck.dataset) deck.turnTo(wanted.dataset);
      deck.tell("bases");
      if (deck.dataset) deck.sync();
      else head();
    }
    watch("value", look);
    look();
  };
})();
