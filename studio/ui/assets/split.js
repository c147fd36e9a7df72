// Two pictures one over the other, parted by a line that one draws across.
(() => {
  studio.split = (left, right) => {
    const { h } = studio;
    const frame = h("div", { class: "split" });
    const line = h("input", { type: "range", min: "0", max: "100", step: "0.5", value: "50", "aria-label": `Left “${left.label}”, right “${right.label}”` });
    const part = () => frame.style.setProperty("--at", `${line.value}%`);
    line.addEventListener("input", part);
    frame.append(h("img", { src: right.url, alt: right.label, draggable: "false" }), h("img", { class: "left", src: left.url, alt: left.label, draggable: "false" }),
      h("i", { "aria-hidden": "true" }), h("span", { class: "tag left" }, left.label), h("span", { class: "tag right" }, right.label), line);
    part();
    return frame;
  };
})();
