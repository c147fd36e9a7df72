// The mix pad: two LoRAs on two axes, nine small previews around their weights; the one that is pressed is kept.
(() => {
  const MOST = 2, LEAST = -2;
  const rounded = (weight) => Math.round(Math.min(MOST, Math.max(LEAST, weight)) * 100) / 100;

  studio.pad = (root, mix) => {
    const { h, button } = studio;
    const across = h("select", { "aria-label": "LoRA from left to right" }), down = h("select", { "aria-label": "LoRA from top to bottom" });
    const span = h("select", { "aria-label": "How far apart" }, [["0.5", "far apart"], ["0.25", "nearer"], ["0.1", "fine"]].map(([value, name]) => h("option", { value }, name)));
    const cells = h("div", { class: "cells" });
    const told = h("p", { class: "line", role: "status" });
    root.append(h("div", { class: "row" }, across, h("span", { "aria-hidden": "true" }, "×"), down, span), cells, told);
    let round = 0;

    const on = () => mix.rows().filter((row) => row.on && !row.mute);
    function fill() {
      const rows = on();
      const title = (row) => (mix.card(row.name) || {}).title || row.name;
      for (const [box, at] of [[across, 0], [down, 1]]) {
        const before = box.value;
        box.replaceChildren(...rows.map((row) => h("option", { value: row.name }, title(row))));
        box.value = rows.some((row) => row.name === before) ? before : (rows[at] || {}).name || "";
      }
    }

    async function draw() {
      const now = (round += 1);
      fill();
      const step = Number(span.value);
      const find = (name) => mix.rows().find((row) => row.name === name);
      if (across.value === down.value || !find(down.value)) {
        cells.replaceChildren();
        told.textContent = "Choose two LoRAs that are on.";
        return;
      }
      told.textContent = "";
      const places = [-1, 0, 1].flatMap((y) => [-1, 0, 1].map((x) => [x, y]));
      const made = places.map(([x, y]) => {
        const weights = { [across.value]: rounded(find(across.value).weight + x * step), [down.value]: rounded(find(down.value).weight + y * step) };
        const rows = mix.rows().map((row) => (row.name in weights ? { ...row, weight: weights[row.name] } : row));
        const label = `${weights[across.value]} × ${weights[down.value]}`;
        const cell = button(h("span", {}, label), () => keep(rows), { class: "cell thumb", "aria-label": `Keep ${label}` });
        return { cell, rows };
      });
      cells.replaceChildren(...made.map(({ cell }) => cell));
      // From the middle outwards, one after the other: the studio paints one preview at a time anyway.
      for (const at of [4, 1, 3, 5, 7, 0, 2, 6, 8]) {
        const answer = await mix.ask("live", { rows: made[at].rows, window: studio.windowId, lane: "pad" });
        if (now !== round) return;
        if (answer.fault) return void (told.textContent = answer.fault);
        if (answer.picture) made[at].cell.prepend(h("img", { src: answer.picture, alt: "" }));
      }
    }

    function keep(rows) {
      mix.put(rows);
      draw();
    }

    for (const box of [across, down, span]) box.addEventListener("change", draw);
    return { open: draw, close: () => { round += 1; cells.replaceChildren(); } };
  };
})();
