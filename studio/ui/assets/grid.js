// The pictures with their captions. Only the rows in view are on the page, so that thousands scroll as a few do.
(() => {
  const GAP = 16, LINES = 58, AHEAD = 2;

  studio.grid = (deck, root) => {
    const { h } = studio;
    const nodes = new Map();
    let columns = 1, side = 160, height = 240, shown = [], anchor = "", queued = 0;
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-multiselectable", "true");
    root.setAttribute("aria-label", "Pictures");

    function measure() {
      const width = root.clientWidth;
      const least = width < 480 ? 132 : 156;
      columns = Math.max(width < 480 ? 2 : 1, Math.floor((width + GAP) / (least + GAP)));
      side = Math.floor((width - GAP * (columns - 1)) / columns);
      height = side + 8 + LINES + GAP;
      root.style.height = `${Math.ceil(shown.length / columns) * height}px`;
    }

    function make(name) {
      const check = h("span", { class: "tick", "aria-hidden": "true" });
      const node = h("div", { class: "card", role: "option", "data-name": name, tabindex: "-1" },
        h("span", { class: "frame" }, check, h("span", { class: "flags" })), h("span", { class: "words" }));
      nodes.set(name, node);
      root.append(node);
      return node;
    }

    // What is found in most pictures is told by the check; a mark on each of them would say nothing.
    const rare = (problem) => {
      const findings = (deck.meta.report || { findings: [] }).findings.filter((one) => one.check === problem);
      return problem !== "missing" && findings.some((one) => one.count * 2 <= shown.length || one.count === 1);
    };

    function fill(node, card, at) {
      const frame = node.firstChild;
      const url = deck.small(card.name);
      let image = frame.querySelector("img");
      if (url && !image) frame.prepend(image = h("img", { alt: card.name, draggable: "false" }));
      if (url && image.getAttribute("src") !== url) image.src = url;
      const words = node.lastChild;
      const text = card.fault || card.caption || "No caption yet";
      if (words.textContent !== text) words.textContent = text;
      words.className = card.fault ? "words bad" : card.caption ? "words" : "words none";
      const encoders = deck.meta.encoders || [];
      const long = card.tokens.some((count, encoder) => encoders[encoder] && count > encoders[encoder].limit);
      const flags = [card.problems.some(rare) && ["!", "The check found something here"], long && ["long", "Longer than the text encoder reads"],
        card.crop && ["crop", "Only a part is trained on"], card.mask && ["mask", "Has a mask"]].filter(Boolean);
      const said = flags.map(([flag]) => flag).join();
      if (node.dataset.flags !== said) {
        node.dataset.flags = said;
        frame.querySelector(".flags").replaceChildren(...flags.map(([flag, title]) => h("i", { class: flag === "!" ? "warn" : "", title }, flag)));
      }
      const chosen = deck.chosen.has(card.name);
      node.setAttribute("aria-selected", chosen);
      node.setAttribute("aria-setsize", shown.length);
      node.setAttribute("aria-posinset", at + 1);
      node.classList.toggle("open", card.name === deck.open);
      node.title = card.name;
    }

    function place(node, at) {
      node.style.width = `${side}px`;
      node.style.transform = `translate(${(at % columns) * (side + GAP)}px, ${Math.floor(at / columns) * height}px)`;
      node.firstChild.style.height = `${side}px`;
      node.tabIndex = shown[at] === (deck.open || shown[0]) ? 0 : -1;
    }

    function inView() {
      const top = root.getBoundingClientRect().top;
      const first = Math.max(0, Math.floor(-top / height) - AHEAD);
      const last = Math.ceil((innerHeight - top) / height) + AHEAD;
      return [first * columns, Math.min(shown.length, Math.max(AHEAD, last) * columns)];
    }

    function draw() {
      queued = 0;
      if (!root.clientWidth) return;
      studio.drawn += 1;
      const [from, to] = inView();
      const seen = new Set(shown.slice(from, to));
      for (const [name, node] of nodes) {
        if (seen.has(name) || node === document.activeElement) continue;
        node.remove();
        nodes.delete(name);
      }
      const lacking = [];
      for (let at = from; at < to; at += 1) {
        const card = deck.card(shown[at]);
        if (!card) continue;
        const node = nodes.get(card.name) || make(card.name);
        fill(node, card, at);
        place(node, at);
        if (card.small === null) lacking.push(card.name);
      }
      if (lacking.length) askFor(lacking);
    }

    const askFor = studio.settled((names) => {
      deck.wanted = names;
      deck.sync();
    }, 400);

    const later = () => { queued = queued || requestAnimationFrame(draw); };

    function list() {
      shown = deck.shown();
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
        deck.choose([...(event.ctrlKey || event.metaKey ? deck.chosen : []), ...shown.slice(Math.max(0, a), b + 1)]);
        return;
      }
      anchor = name;
      if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) {
        const chosen = new Set(deck.chosen);
        if (!chosen.delete(name)) chosen.add(name);
        deck.choose(chosen);
        return;
      }
      deck.choose([name]);
      deck.show(name);
    }

    root.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); });
    root.addEventListener("click", (event) => {
      const card = event.target.closest(".card");
      if (card) pick(card.dataset.name, event);
    });
    root.addEventListener("keydown", (event) => {
      const card = event.target.closest(".card");
      if (!card) return;
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        deck.choose([card.dataset.name]);
        deck.show(card.dataset.name);
        deck.tell("edit");
      } else if (event.key === " ") {
        event.preventDefault();
        pick(card.dataset.name, { ctrlKey: true, target: card });
      }
    });
    addEventListener("scroll", later, { passive: true });
    new ResizeObserver(() => { measure(); later(); }).observe(root);
    deck.on((what, detail) => {
      if (["dataset", "order", "filter"].includes(what)) list();
      else if (what === "cards") { if (detail.some((name) => nodes.has(name))) later(); }
      else if (what === "chosen" || (what === "meta" && detail.includes("encoders"))) later();
      else if (what === "open") {
        later();
        if (deck.open) setTimeout(() => reveal(deck.open), 30);
      }
    });
    return {
      focus: () => nodes.get(deck.open)?.focus({ preventScroll: true }),
    };
  };
  studio.drawn = 0; // how often the board was drawn; the tests look that typing does not do it
})();
