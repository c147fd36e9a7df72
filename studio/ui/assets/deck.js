// What this window knows of the dataset: its cards, which are shown, chosen and open. Others listen.
(() => {
  const NO_AIM = ["pocket", "", "", "#ffffff"]; // base, trigger word, class word, backdrop

  studio.makeDeck = (server) => {
    const window_id = Math.random().toString(36).slice(2, 10);
    const listeners = [];
    const ask = studio.asker(server);
    let asking = null, again = false;
    let said = 0, sent = 0, heard = 0; // the aims of this window: the newest, the last one sent, the last one kept
    let sending = Promise.resolve();

    const deck = {
      dataset: "", epoch: "", revision: -1, title: "", thumbnails: "", aim: NO_AIM,
      cards: new Map(), order: [], meta: {}, kept: null, filter: "",
      chosen: new Set(), open: "", region: null, wanted: [],
      on: (listener) => listeners.push(listener),
      tell: (what, detail) => listeners.forEach((listener) => listener(what, detail)),
      card: (name) => deck.cards.get(name),
      shown: () => (deck.kept ? deck.order.filter((name) => deck.kept.has(name)) : deck.order),
      small: (name) => {
        const card = deck.cards.get(name);
        return card && card.small ? deck.thumbnails + card.small : "";
      },
      ask: (what, more = {}) => ask(what, { dataset: deck.dataset, window: window_id, ...more }),
    };

    deck.turnTo = (dataset) => {
      Object.assign(deck, { dataset, epoch: "", revision: -1, title: "", aim: NO_AIM, order: [], meta: {}, kept: null, filter: "", open: "", wanted: [] });
      heard = sent = said += 1;
      deck.cards.clear();
      deck.chosen.clear();
      deck.tell("dataset");
    };

    function take(answer) {
      if (answer.epoch !== deck.epoch) deck.cards.clear();
      Object.assign(deck, { epoch: answer.epoch, revision: answer.revision, title: answer.title, thumbnails: answer.thumbnails });
      for (const card of answer.cards) deck.cards.set(card.name, card);
      if (answer.order) {
        deck.order = answer.order;
        const there = new Set(answer.order);
        for (const name of [...deck.cards.keys()]) if (!there.has(name)) deck.cards.delete(name);
        for (const name of [...deck.chosen]) if (!there.has(name)) deck.chosen.delete(name);
        if (deck.open && !there.has(deck.open)) deck.show("");
      }
      Object.assign(deck.meta, answer.meta);
      if (answer.order) deck.tell("order");
      if (answer.cards.length) deck.tell("cards", answer.cards.map((card) => card.name));
      deck.tell("meta", Object.keys(answer.meta));
    }

    // Fetches what is new; a call while one is under way leads to one more after it.
    deck.sync = () => {
      again = Boolean(asking);
      asking = asking || (async () => {
        const dataset = deck.dataset;
        const wanted = deck.wanted;
        const known = heard;
        deck.wanted = [];
        const answer = await deck.ask("deck", { epoch: deck.epoch, revision: deck.revision, wanted });
        if (dataset === deck.dataset) {
          if (answer.fault) deck.tell("fault", answer.fault);
          else {
            // What was typed here since the server was asked is newer than its answer.
            if (known === said) deck.aim = answer.aim;
            take(answer);
          }
        }
        asking = null;
        if (again || dataset !== deck.dataset) deck.sync();
      })();
      return asking;
    };

    // Opens a picture, and with `region` (a `kind` and its `values`) what is drawn on it.
    deck.show = (name, region = null) => {
      Object.assign(deck, { open: name, region });
      deck.tell("open");
    };

    deck.choose = (names) => {
      deck.chosen = new Set(names);
      deck.tell("chosen");
    };

    deck.step = (by) => {
      const shown = deck.shown();
      if (!shown.length) return;
      const at = shown.indexOf(deck.open);
      const next = shown[at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))];
      deck.choose([next]);
      deck.show(next);
    };

    deck.sieve = async (text) => {
      deck.filter = text;
      if (!text.trim()) {
        deck.kept = null;
        deck.tell("filter", {});
        return;
      }
      const answer = await deck.ask("filter", { text });
      if (deck.filter !== text) return;
      if (!answer.fault) deck.kept = new Set(answer.names);
      deck.tell("filter", answer);
    };

    // Does something to many captions or pictures, tells what came of it, and looks at what has changed.
    deck.act = async (what, more) => {
      const answer = await deck.ask(what, more);
      deck.tell("told", answer);
      if (!answer.fault) await deck.sync();
      if (deck.filter) deck.sieve(deck.filter);
      return answer;
    };

    // What the dataset is meant for counts at once; it is kept when `keepAim` is called, in the order it was said.
    deck.aimAt = (aim) => {
      deck.aim = aim;
      said += 1;
    };

    deck.keepAim = () => {
      if (sent === said) return;
      const { dataset, aim } = deck, version = (sent = said);
      sending = sending.then(async () => {
        const answer = await deck.act("aim", { dataset, aim });
        if (!answer.fault) heard = Math.max(heard, version);
        deck.sync();
      });
    };

    // Out of sight, with captions and masks; undo and the check bring them back.
    deck.remove = (pictures) => deck.act("mend", { action: "remove", arguments: { pictures } });
    return deck;
  };
})();
