// The prompt as one writes it: weights by key, LoRA tags that become cards, tokens counted, earlier prompts.
(() => {
  const FIELDS = ["generate-prompt", "generate-negative"];
  const STEP = 0.1;
  const TAG = /<lora:([^:<>]+)((?::[^:<>]*)*)>/gi;
  const listeners = [];

  const box = (id = FIELDS[0]) => document.querySelector(`#${id} textarea`);
  const mine = (target) => target.closest && target.closest(FIELDS.map((id) => `#${id}`).join());

  // Puts text in as typing does, so that Ctrl+Z takes it back and gradio hears of it.
  function retype(area, from, to, text) {
    area.focus({ preventScroll: true });
    area.setSelectionRange(from, to);
    const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (done) return;
    area.setRangeText(text, from, to, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const letters = /[\p{L}\p{N}_]/u;
  const bounds = (text, word) => {
    const at = text.toLowerCase().indexOf(word.toLowerCase());
    const alone = at >= 0 && !(at && letters.test(text[at - 1]) && letters.test(word[0])) && !letters.test(text[at + word.length] || " ");
    return alone ? [at, at + word.length] : null;
  };

  studio.prompt = {
    text: () => box()?.value || "",
    says: (word) => Boolean(word && bounds(studio.prompt.text(), word)),
    on: (listener) => listeners.push(listener),
    // A trigger word goes to the front, where it counts most; pressed again it goes away.
    toggle: (word) => {
      const area = box();
      const there = bounds(area.value, word);
      if (there) {
        let [from, to] = there;
        const comma = /^\s*,\s*/.exec(area.value.slice(to));
        if (comma) to += comma[0].length;
        retype(area, from, to, "");
      } else retype(area, 0, 0, area.value.trim() ? `${word}, ` : word);
    },
    set: (text, id) => retype(box(id), 0, box(id).value.length, text),
  };

  // Ctrl+↑ and Ctrl+↓: the weight of what is selected, of the bracket around the cursor, or of its word.
  function around(area) {
    const text = area.value;
    let [from, to] = [area.selectionStart, area.selectionEnd];
    if (from === to) {
      const open = text.lastIndexOf("(", from - 1), close = text.indexOf(")", from);
      const inside = open >= 0 && close >= 0 && !text.slice(open + 1, from).includes(")") && !text.slice(from, close).includes("(");
      if (inside) return [open, close + 1];
      while (from > 0 && !/[\s,.()<>[\]]/.test(text[from - 1])) from -= 1;
      while (to < text.length && !/[\s,.()<>[\]]/.test(text[to])) to += 1;
    } else {
      while (from < to && /\s/.test(text[from])) from += 1;
      while (to > from && /\s/.test(text[to - 1])) to -= 1;
      const before = text[from - 1] === "(", after = /^(:[\d.]+)?\)/.exec(text.slice(to));
      if (before && after) return [from - 1, to + after[0].length];
    }
    return from < to ? [from, to] : null;
  }

  function weigh(area, by) {
    const place = around(area);
    if (!place) return;
    const [from, to] = place;
    const chosen = area.value.slice(from, to);
    const bracket = /^\(([^()]*?)(?::\s*([\d.]+))?\)$/.exec(chosen);
    const words = bracket ? bracket[1] : chosen;
    const before = bracket ? Number(bracket[2] ?? 1.1) : 1;
    const weight = Math.max(0, Math.round((before + by * STEP) * 100) / 100);
    const put = weight === 1 ? words : `(${words}:${weight})`;
    retype(area, from, to, put);
    const start = from + (weight === 1 ? 0 : 1);
    area.setSelectionRange(start, start + words.length);
  }

  // <lora:name:0.8> becomes a card, once its bracket is closed; one that is not known stays, and is told later.
  function takeTags(area) {
    for (const found of [...area.value.matchAll(TAG)].reverse()) {
      const weights = found[2].split(":").slice(1).map(Number);
      if (weights.length > 2 || weights.some((one) => !Number.isFinite(one) || Math.abs(one) > 2) || !studio.mix) continue;
      const values = weights.length === 2 ? { text: weights[0], weight: weights[1] } : weights.length ? { weight: weights[0] } : {};
      if (!studio.mix.add(found[1], values)) continue;
      const end = found.index + found[0].length;
      const gap = area.value[found.index - 1] === " " && (area.value[end] === " " || end === area.value.length) ? 1 : 0;
      retype(area, found.index - gap, end, "");
    }
  }

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || !["ArrowUp", "ArrowDown"].includes(event.key) || !mine(event.target)) return;
    event.preventDefault();
    weigh(event.target, event.key === "ArrowUp" ? 1 : -1);
  });
  document.addEventListener("input", (event) => {
    if (!event.target.closest || !event.target.closest(`#${FIELDS[0]}`)) return;
    if (event.target.value.includes(">")) takeTags(event.target);
    listeners.forEach((listener) => listener());
  });

  // The studio itself may have filled the field, and tells nobody.
  let seen = "";
  setInterval(() => {
    const text = studio.prompt.text();
    if (text === seen) return;
    seen = text;
    listeners.forEach((listener) => listener());
  }, 500);

  // The line under the prompt: how long it is to each text encoder, and the prompts before.
  studio.prompting = ({ element, props, server, watch }) => {
    const { h, button } = studio;
    const root = element.querySelector(".prompting");
    const counts = h("span", { class: "counts" });
    const earlier = button("Earlier", () => open(list.hidden), { class: "link", "aria-expanded": "false", title: "Prompts you have used" });
    const list = h("div", { class: "list", hidden: true });
    root.append(h("div", { class: "bar" }, counts, earlier), list);
    const ask = studio.asker(server);

    const count = studio.settled(async () => {
      const text = studio.prompt.text();
      const answer = await ask("tokens", { text, base: props.value || "pocket" });
      if (text !== studio.prompt.text() || answer.fault !== undefined) return;
      counts.replaceChildren(...answer.encoders.map((one) => h("span", { class: "count", title: one.chunks > 1 ? `Read in ${one.chunks} parts of ${one.limit}, one after the other` : `Of ${one.limit} tokens that this encoder reads at once` },
        h("span", {}, one.title), ` ${one.count} of ${one.chunks * one.limit}`)));
    }, 300);

    async function open(wanted) {
      list.hidden = !wanted;
      earlier.setAttribute("aria-expanded", wanted);
      if (!wanted) return;
      const answer = await ask("earlier");
      list.replaceChildren(...(answer.prompts || []).map((one) => button(one.prompt, () => {
        studio.prompt.set(one.prompt);
        open(false);
      }, { class: "name" })));
      if (!list.children.length) list.append(h("p", { class: "line" }, "The prompts of your pictures will be here."));
    }

    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || list.hidden) return;
      event.stopPropagation();
      open(false);
      earlier.focus();
    });
    studio.prompt.on(count);
    watch("value", count);
    count();
  };
})();
