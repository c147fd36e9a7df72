// Pictures close up, one at a time: the arrow keys go on to the others that stand with it.
(() => {
  const { h } = studio;
  const image = h("img", { alt: "" }), told = h("p", {}), place = h("span", {});
  const dialog = h("dialog", { class: "large" }, image, h("div", { class: "caption" }, told, place));
  let shown = [], at = 0;

  function turn(by) {
    if (!shown.length) return;
    at = (at + by + shown.length) % shown.length;
    const { src, alt } = shown[at];
    image.src = src;
    image.alt = told.textContent = alt;
    place.textContent = shown.length > 1 ? `${at + 1} of ${shown.length}` : "";
  }

  // Opens `pictures`, each {src, alt}, at one of them.
  studio.closeUp = (pictures, first = 0) => {
    if (!dialog.isConnected) document.querySelector(".gradio-container").append(dialog);
    [shown, at] = [pictures, first];
    turn(0);
    dialog.setAttribute("aria-label", "The picture, large");
    dialog.showModal();
  };

  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) turn(by);
  });

  // A link to a picture opens it here; with Ctrl it opens beside the page, as links do.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.close-up");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const links = [...link.closest("section, article, .card").querySelectorAll("a.close-up")].filter((one) => one.offsetParent);
    studio.closeUp(links.map((one) => ({ src: one.href, alt: one.querySelector("img").alt })), links.indexOf(link));
  });
})();
