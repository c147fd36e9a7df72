// Small helpers to build a piece of page out of elements; text is always text.
window.studio = window.studio || {};

// h("button", { class: "strong", onclick: go, hidden: true }, "Go") is that element.
studio.h = (tag, about = {}, ...inside) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (typeof value === "boolean" || name === "value") element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...inside.flat().filter((one) => one !== null && one !== undefined && one !== false));
  return element;
};

studio.button = (label, onclick, about = {}) => studio.h("button", { type: "button", onclick, ...about }, label);

// Calls `then` once the calls have paused for a while.
studio.settled = (then, pause) => {
  let waiting = 0;
  const settled = (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => then(...given), pause);
  };
  settled.cancel = () => clearTimeout(waiting);
  return settled;
};

// Asks the server through a function of it; a question that is not answered is a fault as well.
// (gradio gives nothing back where a request fails.)
studio.asks = (call) => async (question) => {
  const answer = await call(question).catch(() => null);
  return answer || { fault: "The studio does not answer. Is it still running?" };
};

// A server's one function `ask`, called by what is asked.
studio.asker = (server) => {
  const ask = studio.asks(server.ask);
  return (what, more = {}) => ask({ what, ...more });
};

studio.pictures = (count) => (count === 1 ? "1 picture" : `${count} pictures`);

// Words that were taken out and put in, as spans.
studio.way = (segments) => segments.map(([kind, text]) => kind === "same" ? text
  : studio.h(kind === "added" ? "ins" : "del", {}, text));

// Whether keys ask for "undo" or "redo"; "" where they do not.
studio.turning = ({ key, ctrlKey, metaKey, shiftKey }) => {
  if (!ctrlKey && !metaKey) return "";
  return { z: shiftKey ? "redo" : "undo", y: "redo" }[key.toLowerCase()] || "";
};

studio.typing = (target) => target.closest && target.closest("input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable]");

// A day as people call it.
studio.day = (day) => {
  const at = new Date(`${day}T12:00`), today = new Date();
  const days = Math.round((new Date(today.toDateString()) - new Date(at.toDateString())) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return Number.isNaN(at.getTime()) ? day : at.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", year: at.getFullYear() === today.getFullYear() ? undefined : "numeric" });
};
