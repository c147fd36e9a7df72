// One LoRA beside the library: its picture, the person's own words, and the receipt of the file.
(() => {
  studio.lorasPanel = (shelf, root, use) => {
    const { h, button } = studio;
    let name = "", base = "";

    const title = h("h2"), star = button("☆", () => favour(), { class: "quiet star", "aria-label": "A favourite" });
    const close = button("✕", () => shelf.show(""), { class: "quiet", "aria-label": "Close", title: "Close (Esc)" });
    const view = h("div", { class: "view", hidden: true }), image = h("img", { alt: "" });
    view.append(image);
    const call = h("p", { class: "call" });
    const go = button("Use in Generate", () => use([name]), { class: "strong" });
    const bin = button("To the bin", () => remove(), {});
    const show = button("Show its folder", async () => { const said = await shelf.ask("open", { name }); if (said.fault) shelf.tell("told", said); }, {});
    const note = h("textarea", { rows: "2", placeholder: "Your own words: what it is good for, which prompt …", "aria-label": "Your note", oninput: () => keep() });
    const weight = h("input", { type: "number", min: "-2", max: "2", step: "0.05", "aria-label": "Recommended weight", oninput: () => keep() });
    const last = h("small");
    const fits = h("p", { class: "fits", role: "status" });
    const bases = h("select", { "aria-label": "Compare with a base model", onchange: () => { base = bases.value; look(); } });
    const ignored = h("details", { class: "ignored", hidden: true }, h("summary"), h("ul"));
    const lines = h("dl");
    const receipt = h("details", { class: "receipt" }, h("summary", {}, "Everything that the file says"), lines);
    const about = h("p", { class: "about" });
    root.append(
      h("header", {}, title, star, close), view, call, h("div", { class: "row" }, go, show, bin),
      h("label", { class: "field" }, h("span", {}, "Recommended weight"), h("span", { class: "pair" }, weight, last)),
      h("label", { class: "field" }, h("span", {}, "Your note"), note), about,
      h("div", { class: "field" }, h("span", {}, "Does it fit?"), bases, fits), ignored, receipt);

    // What is typed is kept after a pause, or when the panel turns to another LoRA or is closed.
    let typed = null;
    const kept = () => {
      later.cancel();
      const words = typed;
      typed = null;
      return words && shelf.act("note", words);
    };
    const later = studio.settled(kept, 600);
    const keep = () => {
      const at = parseFloat(weight.value);
      typed = { name, note: note.value, weight: Number.isFinite(at) ? Math.min(2, Math.max(-2, at)) : null };
      later();
    };

    function favour() {
      const card = shelf.card(name);
      shelf.act("favourite", { name, favourite: !card.favourite });
    }

    async function remove() {
      const left = name;
      const said = await shelf.toBin([name], async () => {
        await kept();
        shelf.show(""); // at once: what is still being read of it would only say that it is gone
      });
      if (said?.fault) shelf.show(left);
    }

    function facts(card) {
      title.textContent = card.title;
      title.title = card.name;
      star.textContent = card.favourite ? "★" : "☆";
      star.setAttribute("aria-pressed", card.favourite);
      star.title = card.favourite ? "A favourite; press to take it off" : "Make it a favourite";
      const word = card.trigger && h("code", {}, card.trigger);
      call.replaceChildren(...(card.fault ? [card.fault] : word ? ["It comes when the prompt says ", word, "."] : ["It names no trigger word."]));
      call.classList.toggle("bad", Boolean(card.fault));
      go.disabled = Boolean(card.fault);
      bin.hidden = !card.own;
      if (document.activeElement !== note) note.value = card.note;
      if (document.activeElement !== weight) weight.value = card.weight === null ? "" : card.weight;
      weight.placeholder = "1";
      last.textContent = card.last === null ? "" : `used last at ${Math.round(card.last * 100) / 100}`;
      about.textContent = card.about;
      about.hidden = !card.about;
    }

    async function look() {
      const asked = name;
      const said = await shelf.ask("look", { name, base });
      if (asked !== name) return;
      if (said.fault) return shelf.tell("told", said);
      view.hidden = !said.picture;
      if (said.picture) image.src = said.picture;
      bases.replaceChildren(h("option", { value: "" }, "Choose a base model …"), ...said.bases.map(([label, value]) => h("option", { value }, label)));
      bases.value = said.base;
      fits.textContent = said.told;
      fits.className = `fits ${said.fits}`;
      ignored.hidden = !said.ignored.length;
      ignored.firstChild.textContent = "What is ignored, and why";
      ignored.lastChild.replaceChildren(...said.ignored.map(([layer, why]) => h("li", {}, h("code", {}, layer), ` ${why}`)));
      lines.replaceChildren(...said.lines.flatMap(([label, text]) => [h("dt", {}, label), h("dd", {}, text)]));
      receipt.hidden = !said.lines.length;
    }

    function open() {
      const card = shelf.card(shelf.open);
      if (name !== shelf.open) kept();
      root.hidden = !card;
      if (!card || name === shelf.open) { name = card ? name : ""; return card && facts(card); }
      name = shelf.open;
      base = "";
      view.hidden = true;
      fits.textContent = "";
      lines.replaceChildren();
      facts(card);
      look();
      root.scrollTop = 0;
    }

    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !root.hidden && root.offsetParent && !studio.typing(event.target)) shelf.show("");
    });
    shelf.on((what, detail) => {
      if (what === "open") open();
      else if (what === "cards" && name && detail.includes(name)) facts(shelf.card(name));
    });
  };
})();
