// The mix pad: two LoRAs on two axes, nine small previews around their weights; the one that is pressed is kept.
(() => {
  const MOST = 2, LEAST = -2, MIDDLE = 4;
  const PLACES = [1, 0, -1].flatMap((up) => [-1, 0, 1].map((across) => [across, up]));
  const OUTWARDS = [4, 1, 3, 5, 7, 0, 2, 6, 8];
  const rounded = (weight) => Math.round(Math.min(MOST, Math.max(LEAST, weight)) * 100) / 100;

  studio.pad = (root, mix) => {
    const { h, button } = studio;
    const across = h("select", { "aria-label": "LoRA from left to right" }), up = h("select", { "aria-label": "LoRA from bottom to top" });
    const span = h("select", { "aria-label": "How far apart" }, [["0.5", "far apart"], ["0.25", "nearer"], ["0.1", "fine"]].map(([value, name]) => h("option", { value }, name)));
    const cells = PLACES.map((_, at) => ({ label: h("span"), image: h("img", { alt: "", hidden: true }), rows: [], at }));
    for (const cell of cells) {
      cell.node = button([cell.image, cell.label], () => keep(cell), { class: "cell thumb", "aria-current": cell.at === MIDDLE ? "true" : null });
    }
    const named = { across: h("span", { class: "across" }), up: h("span", { class: "up" }) };
    const board = h("div", { class: "plane" }, named.up, h("div", { class: "cells" }, cells.map((cell) => cell.node)), named.across);
    const told = h("p", { class: "line", role: "status" });
    root.append(h("div", { class: "row" }, h("label", {}, "Across →", across), h("label", {}, "Up ↑", up), h("label", {}, "Steps", span)), board, told);
    let round = 0, asked = 0;

    // A picture that is being painted comes before the previews.
    function tell() {
      if (!asked) return;
      told.textContent = studio.onEasel?.painting() ? "The previews come once the picture in hand is painted." : `Painting the previews, ${asked} of ${OUTWARDS.length} …`;
    }
    document.addEventListener("studio:painting", tell);

    const on = () => mix.rows().filter((row) => row.on && !row.mute);
    const title = (name) => (mix.card(name) || {}).title || name;
    function fill() {
      const rows = on();
      for (const [box, at] of [[across, 0], [up, 1]]) {
        const before = box.value;
        box.replaceChildren(...rows.map((row) => h("option", { value: row.name }, title(row.name))));
        box.value = rows.some((row) => row.name === before) ? before : (rows[at] || {}).name || "";
      }
    }

    async function draw() {
      const now = (round += 1);
      asked = 0;
      fill();
      const step = Number(span.value);
      const weight = (name) => mix.rows().find((row) => row.name === name)?.weight;
      board.hidden = across.value === up.value || weight(up.value) === undefined;
      if (board.hidden) return void (told.textContent = "Choose two LoRAs that are on.");
      named.across.textContent = `${title(across.value)} →`;
      named.up.textContent = `${title(up.value)} →`;
      for (const cell of cells) {
        const [x, y] = PLACES[cell.at];
        const weights = { [across.value]: rounded(weight(across.value) + x * step), [up.value]: rounded(weight(up.value) + y * step) };
        cell.rows = mix.rows().map((row) => (row.name in weights ? { ...row, weight: weights[row.name] } : row));
        cell.label.textContent = `${weights[across.value]} × ${weights[up.value]}`;
        cell.node.setAttribute("aria-label", `${cell.at === MIDDLE ? "As it is" : "Keep"}: ${title(across.value)} ${weights[across.value]}, ${title(up.value)} ${weights[up.value]}`);
        cell.node.classList.add("stale");
      }
      // From the middle outwards, one after the other: the studio paints one preview at a time anyway.
      for (const [done, at] of OUTWARDS.entries()) {
        asked = done + 1;
        tell();
        const cell = cells[at];
        const answer = await preview(cell.rows, () => now === round);
        if (now !== round) return;
        if (answer.fault) asked = 0;
        if (answer.fault) return void (told.textContent = answer.fault);
        if (answer.picture) cell.image.src = answer.picture;
        cell.image.hidden = !answer.picture;
        cell.node.classList.remove("stale");
      }
      asked = 0;
      told.textContent = "Press a picture to take its weights.";
    }

    async function preview(rows, wanted) {
      for (;;) {
        const answer = await mix.ask("live", { rows, window: studio.windowId, lane: "pad" });
        if (!answer.late || !wanted() || !studio.onEasel?.painting()) return answer;
      }
    }

    function keep(cell) {
      mix.put(cell.rows);
      draw();
    }

    for (const box of [across, up, span]) box.addEventListener("change", draw);
    return { open: draw, close: () => { round += 1; asked = 0; } };
  };
})();
