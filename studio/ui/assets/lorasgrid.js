// The LoRAs as cards.
(() => {
  studio.lorasGrid = (shelf, root) => {
    const told = (card) => card.fault || [card.trigger, card.base || "family unknown", card.size].filter(Boolean).join(" · ");

    const cards = studio.cards(shelf, root, {
      label: "LoRAs",
      lines: 62,
      words: () => [studio.h("b"), studio.h("small")],
      picture: (card) => shelf.pictures.get(card.name) || "",
      alt: () => "",
      flags: (card) => [card.favourite && ["★", "A favourite"], !card.own && ["elsewhere", "In another program's folder; only read"]].filter(Boolean),
      fill: (node, card) => {
        const [title, line] = [node.querySelector("b"), node.querySelector("small")];
        if (title.textContent !== card.title) title.textContent = title.title = card.title;
        if (line.textContent !== told(card)) line.textContent = told(card);
        line.className = card.fault ? "bad" : "";
        node.firstChild.dataset.letter = card.picture ? "" : (card.title.trim()[0] || "·").toUpperCase();
        node.setAttribute("aria-label", `${card.title}, ${told(card)}`);
      },
      lacks: (card) => card.picture && !shelf.pictures.has(card.name),
      fetch: (names) => shelf.fetch(names.filter((name) => !shelf.pictures.has(name))),
    });

    shelf.on((what) => {
      if (what === "cards" || what === "filter") cards.list();
      else if (["chosen", "pictures", "open"].includes(what)) cards.later();
    });
    return { focus: () => cards.focus() };
  };
})();
