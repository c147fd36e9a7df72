// What the check says: one line, and behind it each finding with its pictures and the buttons that mend it.
(() => {
  const FACES = 24, GROUPS = 12; // of a finding that are shown
  const KEEP = "They all stay";

  studio.doctor = (deck, root, opens) => {
    const { h, button } = studio;
    const verdict = h("span", { class: "verdict" });
    const list = h("div", { class: "findings" });
    const aim = studio.aim(deck);
    const compare = h("div", { class: "aside-line", hidden: true }, "Crops and turned copies are found by an image model.", button("Compare now", () => deck.act("compare", {})));
    const compared = h("p", { class: "aside-line", role: "status", hidden: true });
    const aside = h("div", { class: "aside-line taken", hidden: true });
    const fold = h("details", { class: "doctor" }, h("summary", {}, h("i", { class: "dot" }), verdict), aim, list, aside, compare, compared);
    root.append(fold);

    const shown = new Map();
    let done = []; // findings that were mended, as lines in their places

    const face = (name, note, more = "") => button(
      deck.small(name) ? h("img", { src: deck.small(name), alt: "" }) : h("span", {}, name), () => { deck.choose([name]); deck.show(name); },
      { class: `face${more}`, title: [name, note].filter(Boolean).join(": "), "aria-label": `Open ${name}` });

    // The groups of a finding that takes all but one of each out: which of them stay is the person's to say.
    function choices(one, choose) {
      const stays = new Set(one.groups.map(([first]) => first));
      const rows = h("div", { class: "twins" });
      const ways = (name, group) => {
        const staying = group.filter((other) => stays.has(other));
        const way = (text, names) => button(text, () => {
          group.forEach((other) => stays.delete(other));
          names.forEach((other) => stays.add(other));
          draw();
        }, { class: "link", "aria-label": `${text}: ${name}` });
        if (!stays.has(name)) return [way("Keep this one instead", [name]), way(group.length > 2 ? "Keep it too" : "Keep both", [...staying, name])];
        return staying.length > 1 ? way("Let it go", staying.filter((other) => other !== name)) : "";
      };
      const figure = (name, group) => h("figure", { class: stays.has(name) ? "stays" : "goes" }, face(name, one.notes[name]),
        h("figcaption", {}, h("b", {}, stays.has(name) ? "Stays" : "Goes"), h("span", { class: "file", title: name }, name), h("small", {}, one.notes[name] || ""), ways(name, group)));
      const draw = () => {
        const rest = (count) => count > 0 && h("p", { class: "more" }, `and ${studio.pictures(count)} more`);
        const drawn = one.groups.slice(0, GROUPS).map((group) => h("div", { class: "group", role: "group" },
          group.slice(0, FACES).map((name) => figure(name, group)), rest(group.length - FACES)));
        rows.replaceChildren(...drawn, rest(one.groups.slice(GROUPS).flat().length) || "");
        choose(one.groups.flat().filter((name) => !stays.has(name)));
      };
      draw();
      return rows;
    }

    // A finding that was mended stays where it was, so that no other button comes to lie under the mouse.
    function settle(one, node, pictures, said) {
      const told = h("p", {}, h("span", {}, `✓ ${pictures ? `Taken out: ${pictures.length > 2 ? studio.pictures(pictures.length) : pictures.join(", ")}` : said}`));
      const line = { at: [...list.children].indexOf(node), key: node.dataset.key, report: deck.meta.report, pictures,
        node: h("section", { class: "finding done", style: `min-height: ${node.offsetHeight}px` }, told) };
      done.push(line);
      show();
    }

    // Whether such a line still tells the truth: its pictures may be back, and its fault too.
    function holds(line, keys) {
      const back = line.pictures && line.pictures.some((name) => deck.card(name));
      line.gone = line.gone || !back;
      return !(line.pictures && line.gone && back) && (line.report === deck.meta.report || !keys.includes(line.key));
    }

    function finding(one) {
      const starts = new Set(one.groups.slice(1).map(([first]) => first)); // a little room between two groups
      const take = one.groups.length && one.mends.find((mend) => mend.action === "remove");
      let extra = [], takeOut = null;
      const strip = take ? choices(one, (names) => {
        extra = names;
        if (takeOut) takeOut.textContent = names.length ? take.label : KEEP;
      }) : h("div", { class: "faces" }, one.pictures.slice(0, FACES).map((name) => face(name, one.notes[name], starts.has(name) ? " starts" : "")),
        one.count > FACES ? button(`+${one.count - FACES}`, () => deck.tell("sieve", `problem:${one.check}`), { class: "face rest", title: "Show them all" }) : "");
      const mends = one.mends.map((mend) => button(mend.label, async (event) => {
        if (mend.opens) return opens(mend, one);
        const pressed = event.target;
        pressed.disabled = true;
        const all = mend === take && !extra.length; // nothing is to go
        const given = all ? { groups: one.groups } : mend === take ? { pictures: extra } : mend.arguments;
        const answer = await deck.ask("mend", { action: all ? "keep_all" : mend.action, arguments: given });
        if (answer.fault) pressed.disabled = false;
        else settle(one, pressed.closest(".finding"), given.pictures && mend.action === "remove" ? given.pictures : null, answer.told);
        deck.tell("told", answer);
        deck.sync();
        if (deck.filter) deck.sieve(deck.filter);
      }, { class: "mend" }));
      takeOut = take ? mends[one.mends.indexOf(take)] : null;
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
      verdict.textContent = report ? (fold.open && report.findings.length && report.state) || report.verdict
        : examining && examining[0] < examining[1] ? `Looking at the pictures, ${examining[0]} of ${examining[1]} …` : "Looking at the pictures …";
      const findings = report && fold.open ? report.findings : []; // nobody waits for what is folded away
      const keys = findings.map((one) => JSON.stringify([one, one.pictures.slice(0, FACES).map((name) => deck.small(name))]));
      for (const key of [...shown.keys()]) if (!keys.includes(key)) shown.delete(key);
      findings.forEach((one, at) => {
        if (shown.has(keys[at])) return;
        const node = finding(one);
        node.dataset.key = keys[at];
        shown.set(keys[at], node);
      });
      done = done.filter((line) => holds(line, keys));
      const wanted = keys.filter((key) => !done.some((line) => line.key === key)).map((key) => shown.get(key));
      for (const { at, node } of [...done].sort((one, other) => one.at - other.at)) wanted.splice(at, 0, node);
      if (wanted.length !== list.children.length || wanted.some((one, at) => one !== list.children[at])) list.replaceChildren(...wanted);
      const { comparing } = deck.meta, running = Boolean(comparing && !comparing.told);
      compare.hidden = !deck.meta.unseen || running;
      compared.hidden = !comparing;
      compared.textContent = running ? "An image model compares the pictures …" : comparing?.told || "";
      const put = deck.meta.aside || [];
      aside.hidden = !put.length;
      if (put.length) aside.replaceChildren(
        h("p", {}, `${studio.pictures(put.length)} taken out, kept aside.`),
        button("Bring all back", () => putBack("bring_back")),
        button("To the bin", () => putBack("discard"), { class: "link", title: "To the bin of your system; Undo cannot bring them back from there" }),
        h("div", { class: "figures" }, put.slice(0, FACES).map(([name, small]) => h("figure", {},
          small ? h("img", { src: deck.thumbnails + small, alt: "", title: name }) : h("span", {}, name),
          button("Bring back", () => putBack("bring_back", [name]), { class: "link", "aria-label": `Bring ${name} back` })))));
    }

    function putBack(action, pictures = null) {
      done = [];
      deck.act("mend", { action, arguments: pictures ? { pictures } : {} });
    }

    deck.on((what, detail) => {
      if (what === "dataset") { shown.clear(); done = []; list.replaceChildren(); fold.open = false; }
      if (["dataset", "order", "meta"].includes(what)) show();
      else if (what === "cards" && fold.open) show();
    });
    fold.addEventListener("toggle", () => { if (!fold.open) done = []; show(); });
    list.addEventListener("pointerleave", () => done.forEach(({ node }) => { node.style.minHeight = ""; }));
    return { open: () => { fold.open = true; aim.querySelector("input").focus(); } };
  };

  // What the dataset is meant for: the base, the trigger word and what it shows.
  studio.aim = (deck) => {
    const { h } = studio;
    const base = h("select", { "aria-label": "Base model" });
    const trigger = h("input", { type: "text", maxlength: "60", placeholder: "sks", "aria-label": "Trigger word", autocomplete: "off", spellcheck: "false" });
    const noun = h("input", { type: "text", maxlength: "60", placeholder: "fox", "aria-label": "What it is", autocomplete: "off", spellcheck: "false" });
    const ground = h("input", { type: "color", value: "#ffffff", "aria-label": "Backdrop" });
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
      h("label", {}, h("span", {}, "Base model"), base, h("small", {}, "That you will train on.")),
      h("label", {}, h("span", {}, "Trigger word"), trigger, h("small", {}, "A rare word that calls it up later.")),
      h("label", {}, h("span", {}, "What it is"), noun, h("small", {}, "The plain word for it: fox, woman, vase.")),
      h("label", {}, h("span", {}, "Backdrop"), ground, h("small", {}, "Behind transparent parts.")));
  };
})();
