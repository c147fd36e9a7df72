// The pictures with their captions, as cards.
(() => {
  studio.grid = (deck, root) => {
    // What is found in most pictures is told by the check; a mark on each of them would say nothing.
    const rare = (problem, shown) => {
      const findings = (deck.meta.report || { findings: [] }).findings.filter((one) => one.check === problem);
      return problem !== "missing" && findings.some((one) => one.count * 2 <= shown || one.count === 1);
    };

    function long(card) {
      const encoders = deck.meta.encoders || [];
      return card.tokens.some((count, encoder) => encoders[encoder] && count > encoders[encoder].limit);
    }

    const cards = studio.cards(deck, root, {
      label: "Pictures",
      lines: 58,
      words: () => studio.h("span", { class: "words" }),
      picture: (card) => deck.small(card.name),
      alt: (card) => card.name,
      flags: (card, shown) => [card.problems.some((problem) => rare(problem, shown)) && ["!", "The check found something here"],
        long(card) && ["long", "Longer than the text encoder reads"],
        card.crop && ["crop", "Only a part is trained on"], card.mask && ["mask", "Has a mask"]].filter(Boolean),
      fill: (node, card) => {
        const words = node.lastChild;
        const text = card.fault || card.caption || "No caption yet";
        if (words.textContent !== text) words.textContent = text;
        words.className = card.fault ? "words bad" : card.caption ? "words" : "words none";
      },
      lacks: (card) => card.small === null,
      fetch: (names) => { deck.wanted = names; deck.sync(); },
      enter: () => deck.tell("edit"),
    });

    deck.on((what, detail) => {
      if (["dataset", "order", "filter"].includes(what)) cards.list();
      else if (what === "cards") { if (detail.some(cards.holds)) cards.later(); }
      else if (what === "chosen" || (what === "meta" && detail.includes("encoders"))) cards.later();
      else if (what === "open") {
        cards.later();
        if (deck.open) setTimeout(() => cards.reveal(deck.open), 30);
      }
    });
    return { focus: () => cards.focus() };
  };
})();
