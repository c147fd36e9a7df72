// Everything ever painted, by day. Only what is in view is on the page, so that twenty thousand scroll as twenty do.
(() => {
  const GAP = 10, HEAD = 40, SMALL_ASKED = 60, STAYS = 20000; // milliseconds for which something is told

  studio.gallery = ({ element, props, trigger, server, watch }) => {
    const { h, button } = studio;
    const root = element.querySelector(".gallery");
    const text = h("input", { type: "search", placeholder: "Search prompts", "aria-label": "Search prompts", autocomplete: "off", spellcheck: "false" });
    const select = (label) => h("select", { "aria-label": label });
    const adapter = select("LoRA"), model = select("Base model"), day = select("Day");
    const hearts = button("♥", () => { hearts.setAttribute("aria-pressed", hearts.getAttribute("aria-pressed") !== "true"); anew(); }, { class: "heart-filter", "aria-pressed": "false", "aria-label": "Only favourites", title: "Only favourites" });
    const bar = h("div", { class: "gallery-bar" }, h("h2", {}, "Pictures"), text, day, adapter, model, hearts);
    const state = h("span", { class: "state" });
    const dataset = h("input", { type: "text", placeholder: "Name of the dataset", "aria-label": "Name of the dataset" });
    const naming = h("div", { class: "naming", hidden: true }, dataset, button("Make the dataset", exporting, { class: "sure" }), button("Not now", () => { naming.hidden = true; }, { class: "link" }));
    const two = button("Compare", compare);
    const chosenBar = h("div", { class: "chosen", hidden: true }, state,
      button("♥ Favourite", () => mark([...chosen], true)), two,
      button("Download", download), button("As a dataset", () => { naming.hidden = false; dataset.focus(); }, { title: "Copies of them, with their prompts as captions" }),
      button("Show the folder", async () => tell(await ask("folder", { places: [...chosen] }))),
      button("Delete", () => bin([...chosen]), { class: "danger", title: "To the system's bin" }), button("None", () => choose([]), { class: "link" }), naming);
    const told = h("p", { class: "told", role: "status" });
    const shelf = h("div", { class: "shots", role: "list", "aria-label": "Pictures" });
    root.append(bar, chosenBar, told, shelf);
    root.hidden = true;

    const ask = studio.asker(server);
    const nodes = new Map(), heads = new Map(), small = new Map(), leaving = new Set();
    let shots = [], more = false, lines = [], chosen = new Set(), anchor = "", columns = 1, side = 96, queued = 0, loading = 0, current = "";

    let goes = 0;
    const tell = (answer) => {
      clearTimeout(goes);
      told.textContent = answer.fault || answer.told || "";
      told.classList.toggle("bad", Boolean(answer.fault));
      if (!answer.fault) goes = setTimeout(() => { told.textContent = ""; }, STAYS);
    };
    const filter = () => ({ text: text.value, adapter: adapter.value, model: model.value, day: day.value, favourite: hearts.getAttribute("aria-pressed") === "true" });
    const filtered = () => Object.values(filter()).some(Boolean);

    // The first page again, with what was loaded beyond it; new pictures come in at the top.
    async function refresh(keep = true) {
      const asked = ++loading;
      const answer = await ask("shots", filter());
      if (asked !== loading) return;
      if (answer.fault) return tell(answer);
      const last = answer.shots.at(-1);
      const beyond = keep && answer.more && last ? shots.findIndex((shot) => shot.place === last.place) : -1;
      const found = beyond >= 0 ? [...answer.shots, ...shots.slice(beyond + 1)] : answer.shots;
      shots = found.filter((shot) => !leaving.has(shot.place));
      more = beyond >= 0 && shots.length > answer.shots.length ? more : answer.more;
      const there = new Set(shots.map((shot) => shot.place));
      root.hidden = !shots.length && !filtered();
      lay();
      choose([...chosen].filter((place) => there.has(place)));
      shelves();
    }

    const anew = () => { choose([]); refresh(false); };

    async function further() {
      if (!more || loading < 0) return;
      const asked = ++loading;
      more = false;
      const answer = await ask("shots", { ...filter(), before: shots.at(-1).mark });
      if (asked !== loading || answer.fault) return;
      shots = [...shots, ...answer.shots];
      more = answer.more;
      lay();
    }

    async function shelves() {
      const answer = await ask("shelves");
      if (answer.fault) return;
      const fill = (box, all, rows, name) => {
        const before = box.value;
        box.replaceChildren(h("option", { value: "" }, all), ...rows.map(([value, count]) => h("option", { value }, `${name(value)} (${count})`)));
        box.value = [...box.options].some((option) => option.value === before) ? before : "";
        box.hidden = !rows.length || (rows.length < 2 && !box.value);
      };
      fill(day, "Any day", answer.days, studio.day);
      fill(adapter, "Any LoRA", answer.adapters, (name) => name.split("/").pop());
      fill(model, "Any base", answer.models, (name) => name);
    }

    // Where everything stands: a line for each day, and one for each row of pictures.
    function lay() {
      const width = shelf.clientWidth || 600;
      columns = Math.max(3, Math.floor((width + GAP) / ((width < 480 ? 84 : 116) + GAP)));
      side = (width - GAP * (columns - 1)) / columns;
      lines = [];
      let top = 0;
      for (let at = 0; at < shots.length;) {
        const of = shots[at].day;
        lines.push({ top, height: HEAD, day: of });
        top += HEAD;
        while (at < shots.length && shots[at].day === of) {
          const from = at;
          while (at < shots.length && at - from < columns && shots[at].day === of) at += 1;
          lines.push({ top, height: side + GAP, from, to: at });
          top += side + GAP;
        }
      }
      shelf.style.height = `${top}px`;
      draw();
    }

    function draw() {
      queued = 0;
      if (!shelf.clientWidth) return;
      const above = -shelf.getBoundingClientRect().top;
      const [from, to] = [above - innerHeight, above + 2 * innerHeight];
      const seen = new Set(), days = new Set(), lacking = [];
      for (const line of lines) {
        if (line.top + line.height < from || line.top > to) continue;
        if (line.day !== undefined) { head(line); days.add(line.day); }
        else for (let at = line.from; at < line.to; at += 1) {
          const shot = shots[at];
          seen.add(shot.place);
          put(shot, (at - line.from) * (side + GAP), line.top);
          if (!small.has(shot.place)) lacking.push(shot.place);
        }
      }
      prune(nodes, seen);
      prune(heads, days);
      if (lacking.length) askSmall(lacking);
      if (more && lines.length && to > lines.at(-1).top) further();
    }

    // What is out of view goes, but not what the keys are on, unless it is there no more.
    function prune(map, seen) {
      for (const [key, node] of map) {
        if (seen.has(key) || (node.contains(document.activeElement) && find(key))) continue;
        node.remove();
        map.delete(key);
      }
    }

    function head(line) {
      if (!heads.has(line.day)) {
        heads.set(line.day, h("h3", {}, studio.day(line.day)));
        shelf.append(heads.get(line.day));
      }
      heads.get(line.day).style.transform = `translateY(${line.top}px)`;
    }

    function put(shot, left, top) {
      let node = nodes.get(shot.place);
      if (!node) {
        node = h("div", { class: "shot", role: "listitem", "data-place": shot.place, "data-drag": shot.url, draggable: "true" }, h("button", { type: "button", class: "thumb" }),
          h("button", { type: "button", class: "quiet heart", title: "Favourite", tabindex: "-1" }, "♥"), h("button", { type: "button", class: "quiet tick", title: "Select", tabindex: "-1", "aria-label": "Select" }));
        nodes.set(shot.place, node);
        shelf.append(node);
      }
      node.style.transform = `translate(${left}px, ${top}px)`;
      node.style.width = node.style.height = `${side}px`;
      const [thumb, heart, tick] = node.children;
      const url = small.get(shot.place);
      if (url && !thumb.firstChild) thumb.append(h("img", { alt: "", draggable: "false" }));
      if (url && thumb.firstChild.getAttribute("src") !== url) thumb.firstChild.src = url;
      thumb.setAttribute("aria-label", `Show: ${shot.prompt.slice(0, 120) || shot.place.split(/[\\/]/).pop()}`);
      thumb.title = [shot.prompt.slice(0, 200), shot.adapters.join(", ")].filter(Boolean).join("\n");
      thumb.tabIndex = shot.place === (current || (shots[0] || {}).place) ? 0 : -1;
      heart.setAttribute("aria-pressed", shot.favourite);
      heart.setAttribute("aria-label", shot.favourite ? "No longer a favourite" : "Favourite");
      tick.setAttribute("aria-pressed", chosen.has(shot.place));
      node.classList.toggle("picked", chosen.has(shot.place));
    }

    const askSmall = studio.settled(async (places) => {
      const answer = await ask("small", { places: places.slice(0, SMALL_ASKED) });
      if (answer.fault) return;
      for (const [place, url] of Object.entries(answer.small)) small.set(place, url);
      draw();
    }, 60);

    const later = () => { queued = queued || requestAnimationFrame(draw); };

    function choose(places) {
      chosen = new Set(places);
      chosenBar.hidden = !chosen.size;
      root.classList.toggle("choosing", chosen.size > 0);
      state.textContent = `${chosen.size} selected`;
      two.hidden = chosen.size !== 2;
      naming.hidden = true;
      draw();
    }

    const find = (place) => shots.find((shot) => shot.place === place);

    async function mark(places, yes) {
      for (const place of places) find(place).favourite = yes;
      draw();
      tell(await ask("favourite", { places, yes }));
    }

    // They go at once; those that cannot go come back.
    async function bin(places) {
      const at = shots.findIndex((shot) => shot.place === places[0]), focused = shelf.contains(document.activeElement);
      for (const place of places) leaving.add(place);
      shots = shots.filter((shot) => !leaving.has(shot.place));
      lay();
      choose([]);
      if (focused && shots.length) step(shots[Math.min(at, shots.length - 1)].place, 0);
      const answer = await ask("bin", { places });
      for (const place of places) leaving.delete(place);
      await refresh();
      tell(answer);
    }

    async function compare() {
      const [left, right] = [...chosen].map(find).sort((a, b) => shots.indexOf(b) - shots.indexOf(a));
      const { labels = [], told: alike, fault } = await ask("compare", { places: [left.place, right.place] });
      if (fault) return tell({ fault });
      const side = (shot, label) => ({ url: shot.url, label, side: Math.min(shot.size[0] * 4, 1400) });
      studio.onEasel.compare(side(left, labels[0]), side(right, labels[1]), alike);
      document.getElementById("generate-easel").scrollIntoView({ behavior: "smooth", block: "start" });
    }

    function download() {
      const urls = [...chosen].map((place) => find(place).url);
      if (urls.length === 1) h("a", { href: urls[0], download: "" }).click();
      else studio.downloadAll(urls, "pictures.zip");
    }

    async function exporting() {
      const answer = await ask("export", { places: [...chosen], name: dataset.value });
      if (answer.fault) return tell(answer);
      choose([]);
      dataset.value = "";
      tell(answer);
      clearTimeout(goes);
      told.replaceChildren(`${answer.told} `, ...["caption", "train"].map((to) => button(to === "caption" ? "Open in Caption" : "Train on it", () => trigger("carried", { to, dataset: answer.dataset }), { class: "link" })));
    }

    function pick(place, event) {
      const ctrl = event.ctrlKey || event.metaKey;
      if (event.shiftKey && anchor) {
        const [a, b] = [anchor, place].map((one) => shots.findIndex((shot) => shot.place === one)).sort((one, two_) => one - two_);
        return choose([...chosen, ...shots.slice(Math.max(0, a), b + 1).map((shot) => shot.place)]);
      }
      anchor = place;
      if (!ctrl && !event.target.closest(".tick")) return show(place);
      const wanted = new Set(chosen);
      if (!wanted.delete(place)) wanted.add(place);
      choose(wanted);
    }

    function show(place) {
      current = place;
      draw();
      trigger("act", { act: "pick", picture: place });
    }

    shelf.addEventListener("mousedown", (event) => { if (event.shiftKey) event.preventDefault(); });
    shelf.addEventListener("click", (event) => {
      const node = event.target.closest(".shot");
      if (!node) return;
      if (event.target.closest(".heart")) mark([node.dataset.place], !find(node.dataset.place).favourite);
      else pick(node.dataset.place, event);
    });
    shelf.addEventListener("keydown", (event) => {
      const place = event.target.closest(".shot")?.dataset.place;
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
      if (by) step(place, by);
      else if (event.key === " ") pick(place, { ctrlKey: true, target: event.target });
      else if (event.key === "Delete") bin(chosen.size ? [...chosen] : [place]);
      else if (event.key.toLowerCase() === "f") mark([place], !find(place).favourite);
      else if (event.key === "Escape" && chosen.size) choose([]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });

    function step(place, by) {
      const at = shots.findIndex((shot) => shot.place === place);
      const next = shots[Math.min(shots.length - 1, Math.max(0, at + by))];
      current = next.place;
      draw();
      const node = nodes.get(next.place);
      node?.firstChild.focus({ preventScroll: true });
      node?.scrollIntoView({ block: "nearest" });
    }

    dataset.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.ctrlKey) exporting(); });
    text.addEventListener("input", studio.settled(anew, 250));
    for (const box of [adapter, model, day]) box.addEventListener("change", anew);
    addEventListener("scroll", later, { passive: true });
    let width = 0;
    new ResizeObserver(() => {
      if (shelf.clientWidth === width) return later();
      width = shelf.clientWidth;
      lay();
    }).observe(shelf);
    watch("value", () => refresh());
    refresh();
  };
})();
