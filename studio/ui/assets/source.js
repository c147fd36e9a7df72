// The picture to start from: brought in, painted over with a mask, and made larger at its sides.
(() => {
  const VEIL = { colour: [99, 207, 179], opaque: (light) => light * 0.62 }; // what is painted anew shines
  const ENDS = [".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".heic", ".heif"];
  const FURTHEST = 1024; // pixels that a side can grow
  const SIDES = ["Left", "Top", "Right", "Bottom"];
  const TOOLS = { inpaint: "mask", outpaint: "sides" };
  const PLACES = { image: "generate-image", inpaint: "generate-image", outpaint: "generate-image", upscale: "generate-upscale", variations: "generate-variation" };
  const held = new Map(); // fields that show nothing themselves, by name
  let asked = ""; // the tool with which the next picture is begun

  // A picture that is sent somewhere is followed there, and found with the tool in hand.
  document.addEventListener("change", (event) => {
    const place = event.target.matches('select[data-act="send"]') && PLACES[event.target.value];
    if (!place) return;
    asked = TOOLS[event.target.value] || "";
    studio.reveal(() => {
      const field = document.getElementById(place);
      if (place !== "generate-image") return field;
      return field?.querySelector(".loaded:not([hidden]) img")?.complete && field.closest(".titled");
    }).then(() => studio.startWith && studio.startWith(asked));
  }, true);

  studio.held = ({ element, props, watch }) => {
    const name = element.closest(".block").id;
    const field = { get: () => props.value, put: (value) => { props.value = value; }, seen: () => {} };
    held.set(name, field);
    watch("value", () => field.seen());
  };

  studio.source = ({ element, props, server, upload, watch }) => {
    const { h, button } = studio;
    const root = element.querySelector(".source");
    const told = h("p", { class: "told", role: "status" });
    const zone = h("div", { class: "zone" }, h("p", { class: "line" }, "Drop a picture here."), button("Choose a picture", null, { "data-choose": "files" }),
      h("input", { class: "files", type: "file", accept: ENDS.join(), hidden: true }));
    const image = h("img", { alt: "The picture to start from", draggable: "false" });
    const canvas = h("canvas", { class: "mask still", hidden: true });
    const edges = h("div", { class: "edges" });
    const sheet = h("div", { class: "sheet" }, image, edges, canvas);
    const brush = studio.brush(canvas, { veil: VEIL, ground: "black" });
    const tools = h("div", { class: "tools" });
    const maskTool = button("Inpaint", () => studio.startWith(mode === "mask" ? "" : "mask"), { "aria-pressed": "false", title: "Paint over what is to be made anew" });
    const sidesTool = button("Outpaint", () => studio.startWith(mode === "sides" ? "" : "sides"), { "aria-pressed": "false", title: "Add to the sides of the picture" });
    const view = h("div", { class: "loaded", hidden: true }, sheet,
      h("div", { class: "row" }, maskTool, sidesTool, button("Take it out", () => put("", ""), { class: "link" })), tools);
    root.append(zone, view, told);

    let mode = "", known = "";
    const mask = () => held.get("generate-mask"), sides = () => held.get("generate-outpaint");
    const ask = studio.asker(server);
    const numbers = () => {
      const value = sides()?.get() ?? "";
      const parts = (Array.isArray(value) ? value : String(value).split(",")).map((part) => parseInt(part, 10) || 0);
      return [0, 1, 2, 3].map((at) => parts[at] || 0);
    };

    function put(place, url) {
      props.value = place;
      mask()?.put("");
      sides()?.put("0,0,0,0");
      known = place;
      asked = "";
      show(url);
      changed();
    }

    const changed = () => { if (studio.keep) studio.keep(); };

    function show(url) {
      zone.hidden = Boolean(known);
      view.hidden = !known;
      if (url && image.getAttribute("src") !== url) image.src = url;
      if (!known) image.removeAttribute("src");
      set(asked);
    }

    // A picture that came with a recipe, from the gallery or with a reload.
    async function look() {
      const place = props.value || "";
      if (place === known) return;
      known = place;
      if (!place) return show("");
      const answer = await ask("source", { place });
      if (place !== props.value) return;
      told.textContent = answer.fault || "";
      if (answer.fault) { known = ""; return show(""); }
      show(answer.url);
      if (mask()?.get()) {
        const drawn = await ask("source", { place: mask().get() });
        if (!drawn.fault) brush.begin(image, drawn.url);
        canvas.hidden = false;
      }
    }

    function set(wanted) {
      mode = known ? wanted : "";
      maskTool.setAttribute("aria-pressed", mode === "mask");
      sidesTool.setAttribute("aria-pressed", mode === "sides");
      canvas.classList.toggle("still", mode !== "mask");
      canvas.hidden = mode !== "mask" && !mask()?.get();
      if (mode === "mask" && !mask()?.get()) brush.begin(image);
      tools.replaceChildren(...(mode === "mask" ? maskTools() : mode === "sides" ? sideTools() : []));
      draw();
    }

    const maskTools = () => [
      h("select", { "aria-label": "What the brush does", onchange: (event) => { brush.colour = event.target.value; } },
        h("option", { value: "white" }, "Paint anew"), h("option", { value: "black" }, "Leave as it is")),
      h("label", { class: "size" }, "Brush ", h("input", { type: "range", min: "2", max: "40", value: String(brush.size * 100), "aria-label": "Size of the brush", oninput: (event) => { brush.size = Number(event.target.value) / 100; } })),
      h("p", { class: "line hint" }, "Paint over what is to be made anew; with nothing painted, the whole picture is."),
      button("Clear", () => { brush.fill("black"); mask().put(""); changed(); }),
      button("All", () => { brush.fill("white"); keepMask(); }),
    ];
    brush.changed = keepMask;
    async function keepMask() {
      const answer = await ask("put_mask", { drawn: brush.picture() });
      told.textContent = answer.fault || "";
      if (answer.fault) return;
      mask().put(answer.place);
      changed();
    }

    const sideTools = () => [
      ...SIDES.map((side, at) => {
        const field = h("input", { type: "number", min: "0", max: String(FURTHEST), step: "8", value: String(numbers()[at]), "aria-label": `${side}, pixels to add` });
        field.addEventListener("input", () => {
          const all = numbers();
          all[at] = Math.min(FURTHEST, Math.max(0, parseInt(field.value, 10) || 0));
          sides().put(all.join());
          if (mask()?.get()) {
            mask().put("");
            told.textContent = "What was painted for Inpaint is put away: the sides are painted anew, nothing else.";
          }
          draw();
          changed();
        });
        field.addEventListener("change", () => { field.value = String(numbers()[at]); }); // what it can be
        return h("label", { class: "side" }, side, field);
      }),
      h("p", { class: "line" }, "Pixels that are added at each side."),
    ];

    // How much larger the picture becomes, to scale.
    function draw() {
      const [left, top, right, bottom] = numbers();
      const wide = image.naturalWidth || 1, high = image.naturalHeight || 1;
      sheet.style.padding = left || top || right || bottom
        ? [top, right, bottom, left].map((side) => `${(100 * side) / (wide + left + right)}%`).join(" ") : "";
      edges.hidden = !(left || top || right || bottom);
      const box = [top / (high + top + bottom), right / (wide + left + right), bottom / (high + top + bottom), left / (wide + left + right)];
      Object.assign(canvas.style, { top: `${box[0] * 100}%`, right: `${box[1] * 100}%`, bottom: `${box[2] * 100}%`, left: `${box[3] * 100}%`, width: `${(1 - box[1] - box[3]) * 100}%`, height: `${(1 - box[0] - box[2]) * 100}%` });
    }

    studio.takeFiles(root, {
      upload,
      accept: ENDS,
      tell: (text) => (told.textContent = text),
      done: async ({ files }) => {
        const answer = await ask("take_source", { place: files[0].path, name: files[0].name });
        told.textContent = answer.fault || "";
        if (!answer.fault) put(answer.place, answer.url);
      },
    });
    studio.startWith = (tool) => {
      asked = tool;
      set(tool);
    };
    image.addEventListener("load", draw);
    watch("value", look);
    look();
  };
})();
