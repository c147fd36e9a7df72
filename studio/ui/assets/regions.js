// Drawn on the large picture: the part to train on (crop), and what is to be learned in it (mask).
(() => {
  const PAUSE = 700; // milliseconds without a stroke after which a mask is saved
  const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
  const clamp = (value, low = 0, high = 1) => Math.min(high, Math.max(low, value));

  studio.regions = (deck, view) => {
    const { h, button } = studio;
    const image = h("img", { alt: "", draggable: "false" });
    const keeps = h("div", { class: "keeps", hidden: true });
    const crop = h("div", { class: "crop", hidden: true, tabindex: "0", role: "group", "aria-label": "Crop; the arrow keys move it, with Shift they resize it" }, HANDLES.map((side) => h("i", { class: side, "data-side": side })));
    const canvas = h("canvas", { class: "mask", hidden: true, tabindex: "-1" });
    const sheet = h("div", { class: "sheet" }, image, keeps, crop, canvas);
    view.append(sheet);

    let dataset = "", name = "", facts = {}, box = null, mode = "", cropped = null;
    let touched = false; // whether something was drawn that is not on its way to the server
    let sending = Promise.resolve();
    const steps = { undo: [], redo: [] }; // where the frame was
    const told = h("p", { class: "told", role: "status" });
    const cropTool = button("Crop", () => set(mode === "crop" ? "" : "crop"), { "aria-pressed": "false", title: "Train on a part of the picture; the file stays whole" });
    const maskTool = button("Mask", () => set(mode === "mask" ? "" : "mask"), { "aria-pressed": "false", title: "Paint over what is not to be learned" });
    const extra = h("div", { class: "row extra" });
    const tools = h("div", { class: "region-tools" }, h("div", { class: "row" }, cropTool, maskTool), extra, told);
    const brush = studio.brush(canvas);

    const draw = () => {
      crop.hidden = mode !== "crop" && !cropped;
      crop.classList.toggle("still", mode !== "crop");
      const [left, top, right, bottom] = box || cropped || [0, 0, 1, 1];
      Object.assign(crop.style, { left: `${left * 100}%`, top: `${top * 100}%`, width: `${(right - left) * 100}%`, height: `${(bottom - top) * 100}%` });
      canvas.hidden = mode !== "mask" && !facts.mask;
      canvas.classList.toggle("still", mode !== "mask");
      cropTool.disabled = maskTool.disabled = !facts.known;
      cropTool.setAttribute("aria-pressed", mode === "crop");
      maskTool.setAttribute("aria-pressed", mode === "mask");
      const kept = mode === "crop" && facts.keeps;
      keeps.hidden = !kept;
      if (kept) {
        const [x, y, r, b] = kept.box;
        Object.assign(keeps.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${(r - x) * 100}%`, height: `${(b - y) * 100}%` });
        const less = 1 - ((r - x) * (b - y)) / ((right - left) * (bottom - top));
        told.textContent = `Trained at ${kept.bucket[0]} × ${kept.bucket[1]}; ${less < 0.005 ? "nothing is cut off" : `the edge outside the yellow frame is cut off (${Math.round(less * 100)} %)`}.${kept.enlarged ? " It is smaller than that and will be enlarged." : ""}`;
      } else if (mode === "mask") told.textContent = "Paint over what is not to be learned. Red is left out of the training.";
      else told.textContent = "";
    };

    function set(wanted) {
      flush();
      mode = wanted;
      steps.undo.length = steps.redo.length = 0;
      box = mode === "crop" ? [...(facts.crop || [0, 0, 1, 1])] : null;
      extra.replaceChildren(...(mode === "crop" ? cropButtons() : mode === "mask" ? maskButtons() : []));
      if (mode === "mask") {
        brush.colour = "black";
        brush.begin(image, facts.mask);
      }
      draw();
      if (mode === "crop") look();
    }

    const cropButtons = () => [
      h("p", { class: "legend" }, h("span", {}, h("i", {}), "Drag the white frame"), h("span", {}, h("i", { class: "bucket" }), "Trained on; follows by itself")),
      button("Save the crop", () => done("crop", { crop: box }), { class: "strong" }),
      facts.crop && button("Use all of it", () => done("crop", { crop: null })),
    ].filter(Boolean);

    const maskButtons = () => [
      button("Done", () => set(""), { class: "strong", title: "The mask is saved while you paint" }),
      button("↶", () => brush.turn("undo"), { "aria-label": "Take the last stroke back", title: "Take the last stroke back (Ctrl+Z)" }),
      button("↷", () => brush.turn("redo"), { "aria-label": "Make the stroke again", title: "Make the stroke again (Ctrl+Shift+Z)" }),
      h("select", { "aria-label": "What the brush does", onchange: (event) => { brush.colour = event.target.value; } },
        h("option", { value: "black" }, "Leave out (red)"), h("option", { value: "white" }, "Learn again")),
      h("label", { class: "size" }, "Brush ", h("input", { type: "range", min: "2", max: "40", value: String(brush.size * 100), oninput: (event) => { brush.size = Number(event.target.value) / 100; } })),
      button("Leave all out", () => cover("black"), { title: "Everything red; then set the brush to “Learn again” and paint your subject free" }),
      button("Learn all", () => cover("white"), { title: "Nothing red; begin again" }),
      button("From transparency", () => done("mask", { alpha: true }), { title: "Leaves out what is transparent in the picture's file, and saves that as the mask" }),
      facts.mask && button("No mask", () => done("mask", { drawn: "" })),
    ].filter(Boolean);

    // Sends what was drawn and not sent yet; resolves when all of it has arrived.
    function flush() {
      later.cancel();
      if (!touched) return sending;
      touched = false;
      return put(mode, mode === "mask" ? { drawn: (facts.mask = brush.picture()) } : { crop: box });
    }

    function put(kind, wanted) {
      const of = name, question = { dataset, name, ...wanted };
      sending = sending.then(async () => {
        const answer = await deck.ask(kind, question);
        if (of !== name) return;
        if (answer.fault) {
          touched = touched || mode === kind; // it is tried again with the next stroke
          return void (told.textContent = answer.fault);
        }
        if (kind === "crop") framed(wanted.crop, answer.keeps);
        else masked(answer.mask);
        deck.sync();
      });
      return sending;
    }

    function framed(wanted, keeps) {
      cropped = wanted && wanted.some((side, at) => Math.abs(side - (at > 1 ? 1 : 0)) > 0.002) ? wanted : null;
      Object.assign(facts, { crop: cropped, keeps });
      if (mode === "crop") return;
      draw();
      told.textContent = cropped ? "Only this part is trained on." : "All of it is trained on.";
    }

    function masked(mask) {
      facts.mask = mask;
      if (mode !== "mask") {
        if (mask) brush.begin(image, mask);
        draw();
      }
      told.textContent = mask ? "The mask is saved." : "All of it is learned.";
    }

    // What one says is the last word on it.
    function done(kind, wanted) {
      touched = false;
      set("");
      put(kind, wanted);
    }

    const later = studio.settled(flush, PAUSE);
    brush.changed = () => { touched = true; later(); };
    const cover = (colour) => { brush.fill(colour); brush.changed(); };

    function reframe(next) {
      box = next;
      touched = true;
      draw();
      look();
    }

    // Undo and redo of what is being drawn; false where nothing is.
    function turn(kind) {
      if (mode === "mask") brush.turn(kind);
      if (mode === "crop" && steps[kind].length) {
        steps[kind === "undo" ? "redo" : "undo"].push(box);
        reframe(steps[kind].pop());
      }
      return Boolean(mode);
    }

    function stepped() {
      steps.undo.push(box);
      steps.redo.length = 0;
    }

    const look = studio.settled(async () => {
      const of = name;
      const answer = await deck.ask("crop", { name, crop: box, only_look: true });
      if (of !== name || mode !== "crop" || answer.fault) return;
      facts.keeps = answer.keeps;
      draw();
    }, 120);

    function shift(start, side, dx, dy) {
      let [left, top, right, bottom] = start;
      const least = 0.05;
      if (side === "move") {
        dx = clamp(dx, -left, 1 - right);
        dy = clamp(dy, -top, 1 - bottom);
        return [left + dx, top + dy, right + dx, bottom + dy];
      }
      if (side.includes("w")) left = clamp(left + dx, 0, right - least);
      if (side.includes("e")) right = clamp(right + dx, left + least, 1);
      if (side.includes("n")) top = clamp(top + dy, 0, bottom - least);
      if (side.includes("s")) bottom = clamp(bottom + dy, top + least, 1);
      return [left, top, right, bottom];
    }

    sheet.addEventListener("pointerdown", (event) => {
      if (mode !== "crop") return;
      event.preventDefault();
      crop.focus({ preventScroll: true });
      const area = sheet.getBoundingClientRect();
      const at = (one) => [(one.clientX - area.left) / area.width, (one.clientY - area.top) / area.height];
      const [x, y] = at(event);
      const handle = event.target.dataset.side || (event.target === crop && (box[2] - box[0] < 0.99 || box[3] - box[1] < 0.99) ? "move" : "");
      const start = handle ? box : [clamp(x), clamp(y), clamp(x), clamp(y)];
      let moved = false;
      const move = (one) => {
        const [nx, ny] = at(one).map((value) => clamp(value));
        const next = handle ? shift(start, handle, nx - clamp(x), ny - clamp(y))
          : [Math.min(start[0], nx), Math.min(start[1], ny), Math.max(start[2], nx), Math.max(start[3], ny)];
        if (next[2] - next[0] < 0.04 || next[3] - next[1] < 0.04) return;
        if (!moved) stepped();
        moved = true;
        reframe(next);
      };
      const end = () => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", end);
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
    });
    crop.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-0.01, 0], ArrowRight: [0.01, 0], ArrowUp: [0, -0.01], ArrowDown: [0, 0.01] }[event.key];
      if (!step || mode !== "crop") return;
      event.preventDefault();
      event.stopPropagation();
      stepped();
      reframe(shift(box, event.shiftKey ? "se" : "move", ...step));
    });

    return {
      tools, flush, turn,
      waits: () => touched,
      show: (of, url, answer = null) => {
        const other = of !== name || deck.dataset !== dataset;
        if (other) {
          set("");
          facts = {};
        }
        dataset = deck.dataset;
        name = of;
        if (answer) facts = { crop: answer.crop, mask: answer.mask, keeps: answer.keeps, known: true };
        cropped = facts.crop || null;
        if (url && image.getAttribute("src") !== url) image.src = url;
        image.alt = `The picture ${of}`;
        draw();
        if (facts.mask && mode !== "mask") brush.begin(image, facts.mask);
      },
      open: (wanted, values) => {
        set(wanted);
        if (wanted === "crop" && values) { box = values; draw(); look(); }
      },
    };
  };
})();
