// The picture that is being looked at: finished, in the making, as a preview while a slider moves, or beside another.
(() => {
  const UNKNOWN = "512px";
  const pause = (time) => new Promise((done) => setTimeout(done, time));

  studio.easel = ({ element, props, trigger, server, watch }) => {
    const { h, button } = studio;
    const root = element.querySelector(".easel");
    const picture = h("img", { class: "picture", alt: "" });
    const glimpse = h("img", { class: "glimpse", alt: "The picture in the making", hidden: true });
    const board = h("div", { class: "board" }, picture, glimpse);
    const canvas = h("div", { class: "canvas", hidden: true }, board);
    const strip = h("div", { class: "thumbs strip-row", hidden: true });
    const other = h("select", { "aria-label": "Compare with" });
    const close = button("Close", () => part(null), { hidden: true });
    const told = h("p", { class: "line", role: "status" });
    const bar = h("div", { class: "easel-bar", hidden: true }, told, close, other);
    root.append(canvas, strip, bar);
    const ask = studio.asker(server);

    const lively = () => document.querySelector("#generate-live input")?.checked;
    const tell = (text) => { told.textContent = text; };

    let value = {}, following = "", ran = "", parted = null, live = null;

    function look() {
      value = props.value ? JSON.parse(props.value) : {};
      const shown = value.picture;
      if (shown && picture.getAttribute("src") !== shown.url) {
        picture.src = shown.url;
        picture.alt = `The picture ${shown.name}`;
        picture.dataset.place = shown.place;
        if (parted && parted.of !== shown.place) part(null);
      }
      // A new painting is to be seen: what was compared until then makes way.
      if (parted && parted.left && value.running && value.running !== parted.beside) part(null);
      if (value.running && value.running !== following && !parted) tell("");
      if (shown) board.style.width = `${shown.side}px`;
      // A preview stays until the picture that it was for is there, and none outlives its painting.
      if (!value.running && (ran || live && live.until !== (shown || {}).place)) settled();
      if (value.running && value.running !== ran && (!live || live.until !== (shown || {}).place)) quiet();
      if (value.running !== ran) document.dispatchEvent(new CustomEvent("studio:painting"));
      ran = value.running || "";
      canvas.classList.toggle("live", Boolean(value.running));
      canvas.hidden = !shown && !value.running && glimpse.hidden;
      picture.hidden = !shown;
      strip.hidden = !(value.strip || []).length;
      strip.replaceChildren(...(value.strip || []).map((one, at) => button(h("img", { src: one.url, alt: "" }), () => trigger("act", { act: "pick", picture: one.place }), { class: "thumb", "aria-label": `Show picture ${at + 1}` })));
      bar.hidden = !shown || Boolean(value.running) && !parted;
      if (!bar.hidden) offer();
      if (value.running && value.running !== following) follow(value.running);
    }

    // The finished picture is under the preview before that goes.
    async function settled() {
      const left = live;
      await picture.decode().catch(() => {});
      if (!value.running && live === left) quiet();
    }

    function quiet() {
      live = null;
      glimpse.hidden = true;
      glimpse.removeAttribute("src");
      canvas.classList.remove("glimpsed");
    }

    function show(url) {
      glimpse.src = url;
      glimpse.hidden = false;
      canvas.hidden = false;
      board.style.width = board.style.width || UNKNOWN; // before the first picture tells its own
      canvas.classList.add("glimpsed");
    }

    // While a job paints, what it has so far.
    async function follow(run) {
      following = run;
      let after = -1;
      while (following === run && value.running === run) {
        const answer = await ask("glimpse", { run, after });
        if (answer.number === undefined) await pause(300);
        else {
          after = answer.number;
          if (!live && value.running === run) show(answer.picture);
        }
      }
      if (following === run) following = "";
    }

    // While a slider moves: two questions at most are under way, and the last value always comes.
    let flying = 0, next = null, newest = 0;
    async function preview(rows) {
      if (flying >= 2) { next = rows; return; }
      flying += 1;
      const answer = await ask("live", { rows, window: studio.windowId });
      flying -= 1;
      if (answer.fault && lively()) tell(answer.fault);
      if (answer.picture && answer.asked >= newest) {
        tell("");
        newest = answer.asked;
        live = { until: (value.picture || {}).place || "none" };
        show(answer.picture);
        canvas.dataset.mix = rows.filter((row) => row.on).map((row) => `${row.name} ${row.weight}`).join(", ");
      }
      const waiting = next;
      next = null;
      if (waiting) preview(waiting);
    }
    document.addEventListener("studio:mix", (event) => {
      if (event.detail.how !== "dragged" || !lively()) return;
      if (parted) part(null);
      preview(event.detail.rows);
    });
    // What was said of a preview is over once something is changed.
    root.closest(".room").addEventListener("input", () => { if (!parted) tell(""); });
    // Ctrl+Enter tells each field once more what it holds; a seed would count as typed anew, and stay for ever.
    document.addEventListener("input", (event) => {
      if (!event.isTrusted && event.target.closest("#generate-seed")) event.stopImmediatePropagation();
    }, true);
    // Esc leaves a field, then closes what is compared, then stops what is painted; other panels take it first.
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !root.offsetParent || document.querySelector("dialog[open]")) return;
      if (studio.typing(event.target)) return event.target.blur();
      if (parted?.left) return part(null);
      const stop = document.querySelector('#generate-stage button[data-key="stop"]');
      if (stop && stop.offsetParent && !stop.disabled) stop.click();
    });

    // A-B: the same picture without the LoRAs, or without one of them; or two pictures of the gallery.
    other.addEventListener("focus", offer);
    other.addEventListener("pointerenter", offer);
    async function offer() {
      const place = (value.picture || {}).place;
      if (!place || other.dataset.of === place) return;
      other.dataset.of = place;
      const answer = await ask("mixed", { place });
      if (other.dataset.of !== place) return;
      if (answer.fault) other.dataset.of = ""; // it is asked again
      choices(answer.adapters || []);
    }
    function choices(adapters) {
      const name = (one) => one.split("/").pop();
      other.replaceChildren(h("option", { value: "-" }, "Compare with …"), ...(adapters.length ? [h("option", { value: "" }, "the bare base")] : []),
        ...(adapters.length > 1 ? adapters.map((one) => h("option", { value: one }, `without ${name(one)}`)) : []),
        ...(adapters.length || !other.dataset.of ? [] : [h("option", { disabled: true, value: "x" }, "no LoRA of yours is in this picture")]));
    }
    other.addEventListener("change", async () => {
      const without = other.value, shown = value.picture;
      const label = other.selectedOptions[0].textContent;
      other.value = "-";
      if (!shown || without === "-") return;
      tell("Painting the other half …");
      trigger("act", { act: "pick", picture: shown.place });
      const asked = await ask("counterpart", { place: shown.place, without });
      if (asked.fault) return tell(asked.fault);
      parted = { of: shown.place };
      for (;;) {
        const answer = await ask("made", { run: asked.run });
        if (answer.fault || (answer.state !== "waiting" && answer.state !== "running")) {
          const [made] = answer.pictures || [];
          if ((value.picture || {}).place !== shown.place) return; // another picture is looked at by now
          if (!made) {
            parted = null;
            return tell(answer.fault || answer.told);
          }
          const alike = `Left: this mix. Right: ${label}. Everything else is the same.`;
          return part({ of: shown.place, left: { url: shown.url, label: "this mix" }, right: { url: made.url, label }, side: shown.side, alike });
        }
        await pause(400);
      }
    });

    function part(pair) {
      parted = pair;
      board.querySelector(".split")?.remove();
      board.classList.toggle("parted", Boolean(pair));
      close.hidden = !pair;
      tell(pair ? pair.alike : "");
      if (!pair) return look();
      parted.beside = value.running;
      canvas.hidden = bar.hidden = false;
      quiet();
      board.style.width = `${pair.side || 512}px`;
      board.append(studio.split(pair.left, pair.right));
    }

    // Close up.
    picture.addEventListener("click", () => studio.closeUp([{ src: picture.src, alt: picture.alt }]));

    studio.onEasel = { painting: () => Boolean(value.running), compare: (left, right, alike) => part({ of: (value.picture || {}).place, left, right, side: Math.max(left.side, right.side), alike }), ask, show: (url) => { live = { until: (value.picture || {}).place || "none" }; show(url); } };
    choices([]);
    watch("value", look);
    look();
  };
})();
