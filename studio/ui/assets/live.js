// Brings a piece of page to new HTML and keeps what is the person's own: focus, scroll, open folds.
window.studio = window.studio || {};

(() => {
  const OWN = new Set(["open", "data-own"]);

  function attributes(have, want) {
    for (const { name } of [...have.attributes])
      if (!want.hasAttribute(name) && !OWN.has(name)) have.removeAttribute(name);
    for (const { name, value } of [...want.attributes])
      if (!OWN.has(name) && have.getAttribute(name) !== value) have.setAttribute(name, value);
  }

  function node(have, want) {
    if (have.nodeType !== Node.ELEMENT_NODE) {
      if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
      return;
    }
    attributes(have, want);
    children(have, want);
  }

  function children(parent, wanted) {
    const keyed = new Map();
    for (const child of parent.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
    let cursor = parent.firstChild;
    for (const want of [...wanted.childNodes]) {
      const key = want.dataset && want.dataset.key;
      let have = key ? keyed.get(key) : null;
      if (!key && cursor && cursor.nodeName === want.nodeName && !(cursor.dataset && cursor.dataset.key)) have = cursor;
      if (!have) {
        parent.insertBefore(want, cursor);
        continue;
      }
      if (have === cursor) cursor = cursor.nextSibling;
      else parent.insertBefore(have, cursor);
      node(have, want);
    }
    while (cursor) {
      const next = cursor.nextSibling;
      cursor.remove();
      cursor = next;
    }
  }

  studio.morph = (root, html) => {
    const template = document.createElement("template");
    template.innerHTML = html || "";
    children(root, template.content);
  };

  // A press on [data-act] goes to the server once; the button waits for the page to change.
  studio.acts = (element, trigger) => {
    const send = (target, more) => {
      trigger(target.dataset.event || "act", { ...target.dataset, ...more });
      if (target.dataset.card) studio.revealCard(target.dataset.card);
    };
    element.addEventListener("click", (event) => {
      const target = event.target.closest("[data-act]");
      if (!target || target.tagName === "SELECT" || target.disabled) return;
      if (target.dataset.sure && !confirm(target.dataset.sure)) return;
      if (target.tagName === "BUTTON" && target.hasAttribute("data-once")) {
        target.disabled = true;
        setTimeout(() => (target.disabled = "asked" in target.dataset), 1500);
      }
      send(target);
    });
    element.addEventListener("change", (event) => {
      const target = event.target.closest("select[data-act]");
      if (!target) return;
      send(target, { value: target.value });
      if (target.options[0].value === "") target.value = ""; // a menu of deeds: each can be done again
    });
  };

  studio.live = ({ element, trigger, props, watch }) => {
    const root = element.querySelector(".live");
    const show = () => {
      studio.morph(root, props.value);
      const told = root.querySelector("[data-focus]");
      if (root.dataset.marked) unmark(root);
      if (told) mark(root, told.dataset.focus);
      root.dispatchEvent(new CustomEvent("studio:shown", { bubbles: true }));
    };
    studio.acts(element, trigger);
    watch("value", show);
    show();
  };

  // The field that a fault names is marked until it is mended, or another fault is told there.
  function mark(root, id) {
    const field = id && document.getElementById(id);
    if (!field) return;
    root.dataset.marked = id;
    field.classList.add("wrong");
    focusField(field);
  }

  function unmark(root) {
    document.getElementById(root.dataset.marked)?.classList.remove("wrong");
    delete root.dataset.marked;
  }

  const mended = (event) => {
    const field = event.isTrusted && event.target.closest(".wrong");
    const root = field && document.querySelector(`[data-marked="${field.id}"]`);
    if (!root) return;
    unmark(root);
    root.replaceChildren();
  };
  document.addEventListener("input", mended, true);
  document.addEventListener("change", mended, true);
  document.addEventListener("mousedown", (event) => { if (event.target.closest('[role="option"], .wrong button')) mended(event); }, true);

  // The field is brought into view and the cursor put into it; gradio may take the focus away again
  // while it brings its fields up to date.
  function focusField(field, tries = 12) {
    const input = field.querySelector("input, textarea");
    if (!input || !field.classList.contains("wrong")) return;
    if (document.activeElement !== input) field.scrollIntoView({ block: "center" });
    input.focus({ preventScroll: true });
    if (tries) setTimeout(() => focusField(field, tries - 1), 60);
  }
})();
