// The bar above the pictures: filter, selection, undo; and in two folds, changing many captions and the tags.
(() => {
  const OPERATIONS = {
    AddTrigger: { title: "Add the trigger word", fields: [["word", "Trigger word", "sks"]] },
    RemoveTrigger: { title: "Remove the trigger word", fields: [["word", "Trigger word", "sks"]] },
    Prefix: { title: "Put words before", fields: [["text", "Words", "a photo of"]] },
    Suffix: { title: "Put words after", fields: [["text", "Words", ", soft light"]] },
    Replace: { title: "Find and replace", fields: [["find", "Find", "cat"], ["put", "Put in its place", "dog"]], flags: [["regex", "Regular expression"], ["match_case", "Match case"]] },
    RemoveTag: { title: "Remove a tag", fields: [["tag", "Tag", "blurry"]] },
    RenameTag: { title: "Rename a tag", fields: [["old", "Tag", "kitty"], ["new", "New name", "cat"]] },
    MoveTagFirst: { title: "Move a tag to the front", fields: [["tag", "Tag", "sks"]] },
    SortTags: { title: "Sort the tags from A to Z", fields: [["first", "Stays in front (may be empty)", ""]] },
    DedupeTags: { title: "Remove repeated tags", fields: [] },
  };

  studio.batch = (deck, root) => {
    const { h, button } = studio;
    const chooser = h("select", { "aria-label": "What to do" }, Object.entries(OPERATIONS).map(([name, { title }]) => h("option", { value: name }, title)));
    const fields = h("div", { class: "fields" });
    const flags = h("div", { class: "flags" });
    const where = h("select", { "aria-label": "In which pictures" });
    const found = h("p", { class: "found", role: "status" });
    const changes = h("ol", { class: "changes" });
    let done = ""; // what the last change came to, until another is prepared
    let picked = ""; // where the person, or the button that led here, wants it
    let applying = false;
    let asked = 0; // an answer that comes after a newer question says nothing any more
    const go = button("Change", apply, { class: "strong", disabled: true });
    root.append(
      h("div", { class: "what" }, chooser, fields, flags, h("label", { class: "where" }, "in ", where)),
      h("div", { class: "row" }, go, found), changes);

    const values = () => Object.fromEntries([...fields.querySelectorAll("input"), ...flags.querySelectorAll("input")].map((input) => [input.name, input.type === "checkbox" ? input.checked : input.value]));

    function form(given = {}) {
      const { fields: wanted, flags: switches = [] } = OPERATIONS[chooser.value];
      const start = { word: deck.aim[1], first: deck.aim[1], ...given };
      fields.replaceChildren(
        ...wanted.map(([name, title, example]) => h("label", {}, h("span", {}, title), h("input", { name, type: "text", value: start[name] || "", placeholder: example, autocomplete: "off", spellcheck: "false" }))));
      flags.replaceChildren(...switches.map(([name, title]) => h("label", {}, h("input", { name, type: "checkbox" }), title)));
      anew();
    }

    function places() {
      const chosen = deck.chosen.size;
      where.replaceChildren(
        chosen > 1 ? h("option", { value: "chosen" }, `the ${chosen} selected`) : "",
        deck.kept ? h("option", { value: "shown" }, `the ${deck.shown().length} that the filter shows`) : "",
        h("option", { value: "all" }, `all ${studio.pictures(deck.order.length)}`));
      where.value = [...where.options].some((option) => option.value === picked) ? picked : where.options[0].value;
    }

    const names = () => (where.value === "chosen" ? [...deck.chosen] : where.value === "shown" ? deck.shown() : deck.order);

    const look = studio.settled(async () => {
      if (root.hidden || applying) return;
      const given = values();
      const needed = OPERATIONS[chooser.value].fields.filter(([name]) => !["put", "first"].includes(name));
      if (needed.some(([name]) => !given[name].trim())) {
        asked += 1;
        go.disabled = true;
        changes.replaceChildren();
        return void (found.textContent = "");
      }
      const question = (asked += 1);
      const answer = await deck.ask("preview", { operation: chooser.value, values: given, names: names() });
      if (question !== asked) return;
      found.classList.toggle("bad", Boolean(answer.fault));
      go.disabled = !answer.count; // not before: a press while it looks anew counts
      if (answer.fault) {
        changes.replaceChildren();
        return void (found.textContent = answer.fault);
      }
      const places = answer.hits === 1 ? "1 place" : `${answer.hits} places`;
      if (answer.count) done = "";
      found.textContent = done || (answer.count ? `${studio.pictures(answer.count)} will change${chooser.value === "Replace" ? `, in ${places}` : ""}.` : "Nothing would change.");
      changes.replaceChildren(...answer.changes.map(([name, way]) => h("li", {},
        h("img", { src: deck.small(name) || null, alt: name }), h("p", { class: "way" }, studio.way(way)))),
        answer.count > answer.changes.length ? h("li", { class: "more" }, `… and ${answer.count - answer.changes.length} more`) : "");
    }, 250);

    async function apply() {
      applying = go.disabled = true;
      asked += 1;
      const answer = await deck.act("apply", { operation: chooser.value, values: values(), names: names() });
      applying = false;
      if (answer.changed) done = `Done: ${answer.changed === 1 ? "1 caption" : `${answer.changed} captions`} changed.`;
      look();
    }

    const anew = () => { done = ""; look(); };
    chooser.addEventListener("change", () => form());
    fields.addEventListener("input", anew);
    flags.addEventListener("change", anew);
    fields.addEventListener("keydown", (event) => { if (event.key === "Enter" && !go.disabled) { event.preventDefault(); apply(); } });
    where.addEventListener("change", () => { picked = where.value; anew(); });
    deck.on((what) => {
      if (root.hidden && what !== "dataset") return;
      if (what === "dataset") done = "";
      if (["dataset", "order", "chosen", "filter"].includes(what)) { places(); look(); }
      else if (what === "cards") look();
    });
    return {
      open: (name = chooser.value, given = {}) => {
        chooser.value = name;
        picked = given.from || "";
        places();
        form(given);
        fields.querySelector("input")?.focus();
      },
    };
  };

  studio.tags = (deck, root, batch) => {
    const { h, button } = studio;
    const list = h("div", { class: "tag-list" });
    const more = h("p", { class: "line" });
    root.append(list, more);

    const edit = (operation, values) => batch(operation, { ...values, from: "all" });

    const look = studio.settled(async () => {
      if (root.hidden || !deck.dataset) return;
      const answer = await deck.ask("tags");
      if (answer.fault) return void (more.textContent = answer.fault);
      list.replaceChildren(...answer.tags.map(([tag, count]) => h("span", { class: "tag" },
        button(tag, () => deck.tell("sieve", `tag:"${tag.replaceAll('"', "")}"`), { class: "name", title: "Show the pictures with this tag" }),
        h("small", {}, String(count)),
        button("✎", () => edit("RenameTag", { old: tag }), { class: "quiet", "aria-label": `Rename ${tag}`, title: "Rename" }),
        button("✕", () => edit("RemoveTag", { tag }), { class: "quiet", "aria-label": `Remove ${tag}`, title: "Remove" }))));
      more.textContent = answer.more ? `… and ${answer.more} that are rarer.` : answer.tags.length ? "" : "No tags yet: captions come first. What stands between commas is a tag.";
    }, 300);
    deck.on((what) => { if (["dataset", "cards", "order"].includes(what)) look(); });
    return { open: look };
  };
})();
