// Two pictures one over the other, parted by a line that one draws across: anywhere on them, or by the arrow keys.
(() => {
  studio.split = (left, right) => {
    const { h } = studio;
    const frame = h("div", { class: "split" });
    const line = h("input", { type: "range", min: "0", max: "100", step: "0.5", value: "50", "aria-label": `Left “${left.label}”, right “${right.label}”` });
    const first = h("img", { class: "left", src: left.url, alt: left.label, draggable: "false" });
    const part = () => frame.style.setProperty("--at", `${line.value}%`);
    const follow = (event) => {
      const area = frame.getBoundingClientRect();
      line.value = (100 * (event.clientX - area.left)) / area.width;
      part();
    };
    frame.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      frame.setPointerCapture(event.pointerId);
      line.focus({ preventScroll: true });
      follow(event);
    });
    frame.addEventListener("pointermove", (event) => { if (frame.hasPointerCapture(event.pointerId)) follow(event); });
    line.addEventListener("input", part);
    // The frame is as large as the picture that is seen in it, so that the labels lie on the picture.
    first.addEventListener("load", () => frame.style.setProperty("--ratio", first.naturalWidth / first.naturalHeight));
    frame.append(h("img", { src: right.url, alt: right.label, draggable: "false" }), first,
      h("i", { "aria-hidden": "true" }), h("span", { class: "tag left" }, left.label), h("span", { class: "tag right" }, right.label), line);
    part();
    return frame;
  };
})();
