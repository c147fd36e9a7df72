// What the check says: one line, and behind it each finding with its pictures and the buttons that mend it.
(() => {
  studio.doctor = (deck, root, opens) => {
    const { h, button } = studio;
    const verdict = h("span", { class: "verdict" });
    const list = h("div", { class: "findings" });
    const aim = studio.aim(deck);
    const compare = h("div", { class: "aside-line", hidden: true }, "Crops and turned copies are found by an image model.", button("Compare now", () => deck.act("compare", {})));
    const aside = h("div", { class: "aside-line", hidden: true });
    const fold = h("details", { class: "doctor" }, h("summary", {}, h("i", { class: "dot" }), verdict), aim, aside, list, compare);
    root.append(fold);

    const shown = new Map();

    function finding(one) {
      const starts = new Set(one.groups.slice(1).map(([first]) => first)); // a little room between two groups
      const strip = h("div", { class: "faces" }, one.pictures.slice(0, 24).map((name) => button(
        deck.small(name) ? h("img", { src: deck.small(name), alt: "" }) : h("span", {}, name), () => { deck.choose([name]); deck.show(name); },
        { class: starts.has(name) ? "face starts" : "face", title: [name, one.notes[name]].filter(Boolean).join(": "), "aria-label": `Open ${name}` })),
        one.count > 24 ? button(`+${one.count - 24}`, () => deck.tell("sieve", `problem:${one.check}`), { class: "face rest", title: "Show them all" }) : "");
      const mends = one.mends.map((mend) => button(mend.label, async (event) => {
        if (mend.opens) return opens(mend, one);
        event.target.disabled = true;
        const answer = await deck.act("mend", { action: mend.action, arguments: mend.arguments });
        if (answer.fault) event.target.disabled = false;
      }, { class: "mend" }));
      const choose = one.count > 1 ? button("Select them", () => deck.choose(one.pictures.filter((name) => deck.card(name))), { class: "link" }) : "";
      return h("section", { class: one.serious ? "finding serious" : "finding" },
        h("h3", {}, one.title), h("p", {}, one.sentence), one.pictures.length ? strip : "", h("div", { class: "row" }, mends, choose));
    }

    function show() {
      const { report, examining } = deck.meta;
      root.hidden = !deck.order.length;
      fold.classList.toggle("busy", Boolean(examining));
      fold.classList.toggle("serious", Boolean(report && !report.ready));
      fold.classList.toggle("fine", Boolean(report && report.ready && !report.findings.length));
      verdict.textContent = report ? report.verdict
        : examining && examining[0] < examining[1] ? `Looking at the pictures, ${examining[0]} of ${examining[1]} …` : "Looking at the pictures …";
      const findings = report ? report.findings : [];
      const keys = findings.map((one) => JSON.stringify([one, one.pictures.slice(0, 24).map((name) => deck.small(name))]));
      for (const key of [...shown.keys()]) if (!keys.includes(key)) shown.delete(key);
      findings.forEach((one, at) => { if (!shown.has(keys[at])) shown.set(keys[at], finding(one)); });
      const wanted = keys.map((key) => shown.get(key));
      if (wanted.length !== list.children.length || wanted.some((one, at) => one !== list.children[at])) list.replaceChildren(...wanted);
      compare.hidden = !deck.meta.unseen;
      const put = deck.meta.aside || [];
      aside.hidden = !put.length;
      if (put.length) aside.replaceChildren(`${studio.pictures(put.length)} put aside. `, button("Bring back", () => deck.act("mend", { action: "bring_back", arguments: {} })));
    }

    deck.on((what, detail) => {
      if (what === "dataset") { shown.clear(); list.replaceChildren(); fold.open = false; }
      if (["dataset", "order", "meta"].includes(what)) show();
      else if (what === "cards" && fold.open) show();
    });
    fold.addEventListener("toggle", show);
    return { open: () => { fold.open = true; aim.querySelector("input").focus(); } };
  };

  // What the dataset is meant for: the base, the trigger word and what it shows.
  studio.aim = (deck) => {
    const { h } = studio;
    const base = h("select", {});
    const trigger = h("input", { type: "text", maxlength: "60", placeholder: "sks", autocomplete: "off", spellcheck: "false" });
    const noun = h("input", { type: "text", maxlength: "60", placeholder: "fox", autocomplete: "off", spellcheck: "false" });
    const ground = h("input", { type: "color", value: "#ffffff" });
    const say = () => deck.aimAt([base.value, trigger.value.trim(), noun.value.trim(), ground.value]);
    for (const field of [base, trigger, noun, ground]) {
      field.addEventListener("input", say);
      field.addEventListener("change", () => { say(); deck.keepAim(); });
    }
    deck.on((what) => {
      if (!["meta", "bases", "dataset"].includes(what)) return;
      const values = [deck.aim[0], ...(deck.bases || []).map(([, value]) => value)];
      const titles = new Map((deck.bases || []).map(([title, value]) => [value, title]));
      const options = [...new Set(values)].map((value) => h("option", { value }, titles.get(value) || value));
      if (options.map((one) => one.value).join("\n") !== [...base.options].map((one) => one.value).join("\n")) base.replaceChildren(...options);
      base.value = deck.aim[0];
      if (document.activeElement !== trigger) trigger.value = deck.aim[1];
      if (document.activeElement !== noun) noun.value = deck.aim[2];
      ground.value = deck.aim[3];
    });
    return h("div", { class: "aim" },
      h("p", { class: "line" }, "What the pictures are checked for; the Train room takes it over."),
      h("label", {}, h("span", {}, "Base model"), base), h("label", {}, h("span", {}, "Trigger word"), trigger), h("label", {}, h("span", {}, "What it is"), noun),
      h("label", { title: "What shows through transparent parts of a picture" }, h("span", {}, "Backdrop"), ground));
  };
})();
