// What this window knows of the library: its cards, which are shown, chosen and open. Others listen.
(() => {
  studio.makeLoraShelf = (server) => {
    const NAMED = 12; // LoRAs that a question names
    const listeners = [];
    let asking = null, again = false;

    const shelf = {
      epoch: "", revision: -1, busy: false, cards: new Map(), order: [], pictures: new Map(),
      text: "", family: "", favourites: false, doubles: null, chosen: new Set(), open: "",
      on: (listener) => listeners.push(listener),
      tell: (what, detail) => listeners.forEach((listener) => listener(what, detail)),
      card: (name) => shelf.cards.get(name),
      ask: studio.asker(server),
    };

    // The names of the cards that the words, the family and the switches leave.
    shelf.shown = () => {
      const words = shelf.text.toLowerCase().split(/\s+/).filter(Boolean);
      const keeps = (card) => card && words.every((word) => card.words.includes(word))
        && (!shelf.family || card.family === shelf.family) && (!shelf.favourites || card.favourite);
      const order = shelf.doubles ? shelf.doubles.flat() : shelf.order;
      return order.filter((name) => keeps(shelf.cards.get(name)));
    };

    shelf.families = () => {
      const found = new Map();
      for (const card of shelf.cards.values()) if (card.family) found.set(card.family, card.base);
      return [...found].sort((one, other) => one[1].localeCompare(other[1]));
    };

    function take(answer) {
      if (answer.epoch !== shelf.epoch) { shelf.cards.clear(); shelf.pictures.clear(); }
      Object.assign(shelf, { epoch: answer.epoch, revision: answer.revision, busy: answer.busy });
      for (const card of answer.cards) {
        const known = shelf.cards.get(card.name);
        if (known && known.picture !== card.picture) shelf.pictures.delete(card.name);
        shelf.cards.set(card.name, card);
      }
      if (answer.order) {
        shelf.order = answer.order;
        const there = new Set(answer.order);
        for (const name of [...shelf.cards.keys()]) if (!there.has(name)) shelf.cards.delete(name);
        const left = [...shelf.chosen].filter((name) => there.has(name));
        if (left.length !== shelf.chosen.size) shelf.choose(left);
        if (shelf.open && !there.has(shelf.open)) shelf.show("");
      }
      shelf.tell("cards", answer.cards.map((card) => card.name));
    }

    // Fetches what is new; a call while one is under way leads to one more after it.
    shelf.sync = () => {
      again = Boolean(asking);
      asking = asking || (async () => {
        const answer = await shelf.ask("shelf", { epoch: shelf.epoch, revision: shelf.revision });
        asking = null;
        if (answer.fault) shelf.tell("told", answer);
        else take(answer);
        if (again) shelf.sync();
      })();
      return asking;
    };

    // Pictures are asked for when their cards come into view.
    shelf.fetch = async (names) => {
      names.forEach((name) => shelf.pictures.set(name, ""));
      const answer = await shelf.ask("pictures", { names });
      for (const [name, url] of Object.entries(answer.pictures || {})) shelf.pictures.set(name, url);
      shelf.tell("pictures", names);
    };

    shelf.sieve = (changes) => {
      Object.assign(shelf, changes);
      shelf.tell("filter");
    };
    shelf.choose = (names) => {
      shelf.chosen = new Set(names);
      shelf.tell("chosen");
    };
    shelf.show = (name) => {
      shelf.open = name;
      shelf.tell("open");
    };

    // Changes something on disk, tells what came of it, and looks at what has changed.
    shelf.act = async (what, more) => {
      const answer = await shelf.ask(what, more);
      if (answer.told || answer.fault) shelf.tell("told", answer);
      if (!answer.fault) await shelf.sync();
      return answer;
    };

    // Asks, by their names, whether these are to go; answers null where they stay.
    shelf.toBin = async (names, before = async () => {}) => {
      const titles = names.map((name) => shelf.card(name)?.title || name), more = titles.length - NAMED;
      const which = titles.length > 1
        ? `these ${titles.length} LoRAs into the system's bin?\n\n${titles.slice(0, NAMED).join("\n")}${more > 0 ? `\nand ${more} more` : ""}`
        : `“${titles[0]}” into the system's bin?`;
      if (!confirm(`Put ${which}`)) return null;
      await before();
      return shelf.act("bin", { names });
    };
    return shelf;
  };
})();
