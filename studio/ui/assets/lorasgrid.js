// The LoRAs as cards. Only the rows in view are on the page, so that thousands scroll as a few do.
(() => {
  const GAP = 16, LINES = 62, AHEAD = 2;

  studio.lorasGrid = (shelf, root) => {
    const { h } = studio;
    const nodes = new Map();
    let columns = 1, side = 160, height = 240, shown = [], anchor = "", queued = 0;
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-multiselectable", "true");
    root.setAttribute("aria-label", "LoRAs");

    function measure() {
      const width = root.clientWidth;
      const least = width < 480 ? 132 : 156;
      columns = Math.max(width < 480 ? 2 : 1, Math.floor((width + GAP) / (least + GAP)));
      side = Math.floor((width - GAP * (columns - 1)) / columns);
      height = side + 8 + LINES + GAP;
      root.style.height = `${Math.max(0, Math.ceil(shown.length / columns) * height - GAP)}px`;
    }

    function make(name) {
      const node = h("div", { class: "card", role: "option", "data-name": name, tabindex: "-1" },
        h("span", { class: "frame" }, h("span", { class: "tick", "aria-hidden": "true" }), h("span", { class: "flags" })),
        h("b"), h("small"));
      nodes.set(name, node);
      root.append(node);
      return node;
    }

    function fill(node, card, at) {
      const frame = node.firstChild;
      const url = shelf.pictures.get(card.name) || "";
      let image = frame.querySelector("img");
      if (!url && image) image.remove();
      if (url && !image) frame.prepend(image = h("img", { alt: "", draggable: "false" }));
      if (url && image.getAttribute("src") !== url) image.src = url;
      frame.dataset.letter = card.picture ? "" : (card.title.trim()[0] || "·").toUpperCase();
      const [title, line] = [node.querySelector("b"), node.querySelector("small")];
      if (title.textContent !== card.title) title.textContent = card.title;
      const told = card.fault ? card.fault : [card.trigger, card.base || "family unknown", card.size].filter(Boolean).join(" · ");
      if (line.textContent !== told) line.textContent = told;
      line.className = card.fault ? "bad" : "";
      const flags = [card.favourite && ["★", "A favourite"], !card.own && ["elsewhere", "In another program's folder; only read"]].filter(Boolean);
      const said = flags.map(([flag]) => flag).join();
      if (node.dataset.flags !== said) {
        node.dataset.flags = said;
        frame.querySelector(".flags").replaceChildren(...flags.map(([flag, title]) => h("i", { title }, flag)));
      }
      node.setAttribute("aria-selected", shelf.chosen.has(card.name));
      node.setAttribute("aria-setsize", shown.length);
      node.setAttribute("aria-posinset", at + 1);
      node.setAttribute("aria-label", `${card.title}, ${told}`);
      node.classList.toggle("open", card.name === shelf.open);
      node.title = card.name;
    }

    function place(node, at) {
      node.style.width = `${side}px`;
      node.style.transform = `translate(${(at % columns) * (side + GAP)}px, ${Math.floor(at / columns) * height}px)`;
      node.firstChild.style.height = `${side}px`;
      node.tabIndex = shown[at] === (shelf.open || shown[0]) ? 0 : -1;
    }

    function draw() {
      queued = 0;
      if (!root.clientWidth) return;
      const top = root.getBoundingClientRect().top;
      const from = Math.max(0, Math.floor(-top / height) - AHEAD) * columns;
      const to = Math.min(shown.length, Math.max(AHEAD, Math.ceil((innerHeight - top) / height) + AHEAD) * columns);
      const seen = new Set(shown.slice(from, to));
      for (const [name, node] of nodes) {
        if (seen.has(name) || (node === document.activeElement && shelf.cards.has(name) && shown.includes(name))) continue;
        node.remove();
        nodes.delete(name);
      }
      const lacking = [];
      for (let at = from; at < to; at += 1) {
        const card = shelf.card(shown[at]);
        if (!card) continue;
        const node = nodes.get(card.name) || make(card.name);
        fill(node, card, at);
        place(node, at);
        if (card.picture && !shelf.pictures.has(card.name)) lacking.push(card.name);
      }
      if (lacking.length) askFor(lacking);
    }

    const askFor = studio.settled((names) => shelf.fetch(names.filter((name) => !shelf.pictures.has(name))), 120);
    const later = () => { queued = queued || requestAnimationFrame(draw); };

    function list() {
      shown = shelf.shown();
      measure();
      draw();
    }

    function reveal(name) {
      const at = shown.indexOf(name);
      if (at < 0) return;
      const above = root.getBoundingClientRect().top + Math.floor(at / columns) * height;
      const style = getComputedStyle(document.documentElement);
      const bar = parseFloat(style.scrollPaddingTop) || 60, foot = parseFloat(style.scrollPaddingBottom) || 40;
      if (above < bar) scrollBy(0, above - bar);
      else if (above + height > innerHeight - foot) scrollBy(0, Math.min(above - bar, above + height - innerHeight + foot));
      draw();
      nodes.get(name)?.focus({ preventScroll: true });
    }

    function pick(name, event) {
      if (event.shiftKey && anchor) {
        const [a, b] = [shown.indexOf(anchor), shown.indexOf(name)].sort((one, other) => one - other);
        shelf.choose([...(event.ctrlKey || event.metaKey ? shelf.chosen : []), ...shown.slice(Math.max(0, a), b + 1)]);
        return;
      }
      anchor = name;
      if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) {
        const chosen = new Set(shelf.chosen);
        if (!chosen.delete(name)) chosen.add(name);
        shelf.choose(chosen);
        return;
      }
      shelf.choose([name]);
      shelf.show(name);
    }

    const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -columns, ArrowDown: () => columns };
    root.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); });
    root.addEventListener("click", (event) => {
      const card = event.target.closest(".card");
      if (card) pick(card.dataset.name, event);
    });
    root.addEventListener("keydown", (event) => {
      const card = event.target.closest(".card");
      if (!card) return;
      const step = STEPS[event.key];
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) pick(card.dataset.name, { target: card });
      else if (event.key === " ") pick(card.dataset.name, { ctrlKey: true, target: card });
      else if (step) {
        const to = shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(card.dataset.name) + step()))];
        if (shelf.open) shelf.show(to);
        reveal(to);
      } else return;
      event.preventDefault();
    });
    addEventListener("scroll", later, { passive: true });
    new ResizeObserver(() => { measure(); later(); }).observe(root);
    shelf.on((what) => {
      if (what === "cards" || what === "filter") list();
      else if (["chosen", "pictures", "open"].includes(what)) later();
    });
    return { focus: () => nodes.get(shelf.open)?.focus({ preventScroll: true }) };
  };
})();
