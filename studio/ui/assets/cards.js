// Cards in rows. Only the rows in view are on the page, so that thousands scroll as a few do.
(() => {
  const GAP = 16, AHEAD = 2;

  // `store` knows what is shown, chosen and open. `about` says what stands on a card: its `label` for screen
  // readers, the pixels of `lines` below its picture, `make` and `fill`, whether a card `lacks` its picture
  // and how they are asked for, and, where the room has its own, what happens at Enter.
  studio.cards = (store, root, about) => {
    const { h } = studio;
    const nodes = new Map();
    let columns = 1, side = 160, height = 240, shown = [], anchor = "", queued = 0;
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-multiselectable", "true");
    root.setAttribute("aria-label", about.label);

    function measure() {
      const width = root.clientWidth;
      const least = width < 480 ? 132 : 156;
      columns = Math.max(width < 480 ? 2 : 1, Math.floor((width + GAP) / (least + GAP)));
      side = Math.floor((width - GAP * (columns - 1)) / columns);
      height = side + 8 + about.lines + GAP;
      root.style.height = `${Math.ceil(shown.length / columns) * height}px`;
    }

    function make(name) {
      const node = h("div", { class: "card", role: "option", "data-name": name, tabindex: "-1" },
        h("span", { class: "frame" }, h("span", { class: "tick", "aria-hidden": "true" }), h("span", { class: "flags" })), about.words());
      nodes.set(name, node);
      root.append(node);
      return node;
    }

    function fill(node, card, at) {
      const frame = node.firstChild;
      const url = about.picture(card);
      let image = frame.querySelector("img");
      if (!url && image) image.remove();
      if (url && !image) frame.prepend(image = h("img", { alt: about.alt(card), draggable: "false" }));
      if (url && image.getAttribute("src") !== url) image.src = url;
      const flags = about.flags(card, shown.length);
      const said = flags.map(([flag]) => flag).join();
      if (node.dataset.flags !== said) {
        node.dataset.flags = said;
        frame.querySelector(".flags").replaceChildren(...flags.map(([flag, title]) => h("i", { class: flag === "!" ? "warn" : "", title }, flag)));
      }
      about.fill(node, card);
      node.setAttribute("aria-selected", store.chosen.has(card.name));
      node.setAttribute("aria-setsize", shown.length);
      node.setAttribute("aria-posinset", at + 1);
      node.classList.toggle("open", card.name === store.open);
      node.title = card.name;
    }

    function place(node, at) {
      node.style.width = `${side}px`;
      node.style.transform = `translate(${(at % columns) * (side + GAP)}px, ${Math.floor(at / columns) * height}px)`;
      node.firstChild.style.height = `${side}px`;
      node.tabIndex = shown[at] === (store.open || shown[0]) ? 0 : -1;
    }

    function draw() {
      queued = 0;
      if (!root.clientWidth) return;
      studio.drawn += 1;
      const top = root.getBoundingClientRect().top;
      const from = Math.max(0, Math.floor(-top / height) - AHEAD) * columns;
      const to = Math.min(shown.length, Math.max(AHEAD, Math.ceil((innerHeight - top) / height) + AHEAD) * columns);
      const seen = new Set(shown.slice(from, to));
      for (const [name, node] of nodes) {
        if (seen.has(name) || (node === document.activeElement && shown.includes(name))) continue;
        node.remove();
        nodes.delete(name);
      }
      const lacking = [];
      for (let at = from; at < to; at += 1) {
        const card = store.card(shown[at]);
        if (!card) continue;
        const node = nodes.get(card.name) || make(card.name);
        fill(node, card, at);
        place(node, at);
        if (about.lacks(card)) lacking.push(card.name);
      }
      if (lacking.length) askFor(lacking);
    }

    const askFor = studio.settled(about.fetch, 200);
    const later = () => { queued = queued || requestAnimationFrame(draw); };

    function list() {
      shown = store.shown();
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
    }

    function pick(name, event) {
      if (event.shiftKey && anchor) {
        const [a, b] = [shown.indexOf(anchor), shown.indexOf(name)].sort((one, other) => one - other);
        store.choose([...(event.ctrlKey || event.metaKey ? store.chosen : []), ...shown.slice(Math.max(0, a), b + 1)]);
        return;
      }
      anchor = name;
      if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) {
        const chosen = new Set(store.chosen);
        if (!chosen.delete(name)) chosen.add(name);
        store.choose(chosen);
        return;
      }
      store.choose([name]);
      store.show(name);
    }

    const focus = (name = store.open) => nodes.get(name)?.focus({ preventScroll: true });

    const STEPS = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -columns, ArrowDown: () => columns };
    function walk(name, by) {
      const to = shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(name) + by))];
      if (store.open) { store.choose([to]); store.show(to); }
      reveal(to);
      focus(to);
    }

    root.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); });
    root.addEventListener("click", (event) => {
      const card = event.target.closest(".card");
      if (card) pick(card.dataset.name, event);
    });
    root.addEventListener("keydown", (event) => {
      const card = event.target.closest(".card");
      if (!card || event.altKey) return;
      const { name } = card.dataset;
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
        store.choose([name]);
        store.show(name);
        about.enter?.();
      } else if (event.key === " ") pick(name, { ctrlKey: true, target: card });
      else if (STEPS[event.key]) walk(name, STEPS[event.key]());
      else return;
      event.preventDefault();
    });
    addEventListener("scroll", later, { passive: true });
    new ResizeObserver(() => { measure(); later(); }).observe(root);
    return { list, later, reveal, focus, holds: (name) => nodes.has(name) };
  };
  studio.drawn = 0; // how often cards were drawn; the tests look that typing does not do it
})();
