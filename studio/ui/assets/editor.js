// The large picture, and its words: saved as they are typed, counted, and compared with what they were.
(() => {
  const PAUSE = 500; // milliseconds without a key after which the words are saved
  const when = (seconds) => new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

  studio.editor = (deck, root, trigger) => {
    const { h, button } = studio;
    const view = h("div", { class: "view" });
    const words = h("textarea", { id: "caption-words", rows: "5", spellcheck: "true" });
    const saved = h("span", { class: "saved", role: "status" });
    const meter = h("div", { class: "meters" });
    const conflict = h("div", { class: "conflict", role: "alert", hidden: true });
    const history = h("details", { class: "history" }, h("summary", {}, "Earlier words"), h("ol"));
    const title = h("h2"), place = h("span", { class: "place" });
    const again = button("Caption again", () => trigger("again", { names: [name] }), { title: "Let the captioner look once more (Ctrl+Enter)" });
    const out = button("Take out", async () => {
      await flush();
      deck.remove([name]);
    }, { class: "link", title: "Out of the dataset, with its caption; Undo brings it back" });
    const regions = studio.regions(deck, view);
    let name = "", before = "", saving = null, dirty = false;

    root.append(
      h("header", {}, title, place,
        button("↑", () => go(-1), { class: "quiet", "aria-label": "Previous picture", title: "Previous (↑ or K; Alt+↑ while typing)" }),
        button("↓", () => go(1), { class: "quiet", "aria-label": "Next picture", title: "Next (↓ or J; Alt+↓ while typing)" }),
        button("✕", () => close(), { class: "quiet", "aria-label": "Close", title: "Close (Esc)" })),
      view, regions.tools,
      h("div", { class: "label" }, h("label", { for: "caption-words" }, "Caption"), saved),
      conflict, words, meter,
      h("div", { class: "row" }, again, out), history);

    const tell = (text, kind = "") => {
      saved.textContent = text;
      saved.className = `saved ${kind}`;
    };

    function measure(answer) {
      const encoders = deck.meta.encoders || [];
      meter.replaceChildren(...(answer.tokens || []).map((count, at) => {
        const { title: called, limit } = encoders[at] || { title: "Tokens", limit: 75 };
        const most = Math.max(limit * 1.25, count);
        return h("div", { class: count > limit ? "meter over" : "meter" },
          h("span", {}, called), h("span", { class: "bar" }, h("i", { style: `width: ${(100 * count) / most}%` }), h("b", { style: `left: ${(100 * limit) / most}%`, title: `It reads ${limit}` })),
          h("span", { class: "count" }, `${count} of ${limit}`));
      }));
      if (answer.unread) meter.append(h("p", { class: "unread" }, "Not read: ", h("q", {}, answer.unread)));
    }

    function recall(versions) {
      history.hidden = !versions.length;
      history.firstChild.textContent = versions.length === 1 ? "1 earlier version" : `${versions.length} earlier versions`;
      history.lastChild.replaceChildren(...versions.map((version) => h("li", {},
        h("p", { class: "old" }, version.text || "(no words)"),
        h("small", {}, [version.by, when(version.at), version.note].filter(Boolean).join(" · ")),
        button("Use this version", () => use(version.text), { title: "Let the caption say this again" }),
        version.text && h("details", {}, h("summary", {}, "What has changed since"), h("p", { class: "way" }, studio.way(version.way))))));
    }

    async function open() {
      await flush();
      name = deck.open;
      const { region } = deck;
      root.hidden = !name;
      root.parentElement.classList.toggle("editing", Boolean(name));
      if (!name) return regions.open("");
      const card = deck.card(name);
      title.textContent = name;
      title.title = name;
      count();
      tell("");
      conflict.hidden = true;
      regions.show(name, deck.small(name));
      words.value = before = card.caption;
      dirty = false;
      meter.replaceChildren();
      const asked = name;
      const answer = await deck.ask("look", { name });
      if (asked !== name) return;
      if (answer.fault) return tell(answer.fault, "bad");
      regions.show(name, answer.picture, answer);
      if (!dirty) words.value = before = answer.caption;
      measure(answer);
      recall(answer.history);
      if (!region) return;
      deck.region = null;
      regions.open(region.kind, region.values);
      view.scrollIntoView({ block: "nearest" });
    }

    function count() {
      const shown = deck.shown();
      const at = shown.indexOf(name);
      place.textContent = at < 0 ? "" : `${at + 1} of ${shown.length}`;
    }

    function changed() {
      if (!dirty) tell("…");
      dirty = true;
      later();
    }

    // One save at a time; what was typed meanwhile follows.
    async function save({ over = null, earlier = false } = {}) {
      later.cancel();
      if (saving) await saving;
      if (!name || (words.value === before && over === null)) {
        if (dirty && name) tell("Saved", "good");
        dirty = false;
        return;
      }
      const text = words.value, of = name, expected = over ?? before;
      tell("Saving …");
      saving = deck.ask("save", { name: of, text, expected, earlier });
      const answer = await saving;
      saving = null;
      if (of !== name) return;
      if (answer.fault) return tell(`${answer.fault} Nothing is lost; it is tried again with the next key.`, "bad");
      if (answer.conflict !== undefined) return clash(text, answer.conflict);
      before = answer.caption;
      dirty = words.value !== text;
      if (dirty) return later();
      tell("Saved", "good");
      measure(answer);
      recall(answer.history);
    }

    // Somebody else wrote other words meanwhile: nothing is written before one has chosen.
    function clash(mine, theirs) {
      later.cancel();
      tell("Not saved", "bad");
      conflict.replaceChildren(
        h("p", {}, "This caption was changed meanwhile, in another window or program. It says now:"),
        h("blockquote", {}, theirs || "(no words)"),
        h("div", { class: "row" },
          button("Keep mine", () => { conflict.hidden = true; save({ over: theirs }); }, { class: "strong" }),
          button("Take that", () => {
            conflict.hidden = true;
            words.value = before = theirs;
            dirty = false;
            tell("");
            deck.sync();
          })));
      conflict.hidden = false;
      conflict.scrollIntoView({ block: "nearest" });
    }

    const later = studio.settled(() => { if (conflict.hidden) save(); }, PAUSE);
    const flush = () => Promise.all([regions.flush(), dirty && conflict.hidden ? save() : saving]);

    async function use(text) {
      await flush();
      words.value = text;
      dirty = true;
      save({ earlier: true });
    }

    // Something was undone or done again, perhaps on this picture.
    function renew() {
      if (!name) return;
      regions.open("");
      open();
    }

    async function go(by) {
      const typing = document.activeElement === words;
      await flush();
      deck.step(by);
      if (typing) words.focus();
    }

    async function close() {
      await flush();
      deck.show("");
      deck.tell("closed");
    }

    history.addEventListener("toggle", () => { if (history.open) history.lastChild.firstChild?.scrollIntoView({ block: "nearest" }); });
    words.addEventListener("input", changed);
    words.addEventListener("blur", flush);
    addEventListener("beforeunload", (event) => {
      if (!dirty && !regions.waits()) return;
      flush();
      event.preventDefault();
    });
    root.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -1, PageDown: 1 }[event.key];
      const turning = studio.turning(event);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) again.click();
      else if (event.key === "Escape") close();
      else if (event.target === words && event.altKey && step) go(step);
      else if (event.target === words || !turning || !regions.turn(turning)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    deck.on((what, detail) => {
      if (what === "open") open();
      else if (what === "dataset") { regions.flush(); dirty = false; name = ""; root.hidden = true; root.parentElement.classList.remove("editing"); }
      else if (what === "filter" || what === "order") count();
      else if (what === "edit") setTimeout(() => words.focus(), 60);
      else if (what === "cards" && name && detail.includes(name)) refresh();
    });

    // The caption was changed by a batch, the captioner or somebody else.
    function refresh() {
      const card = deck.card(name);
      if (!card || dirty || saving || card.caption === before) return;
      open();
    }
    return { close, flush, renew, turn: regions.turn };
  };
})();
