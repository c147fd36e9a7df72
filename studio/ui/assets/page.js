// The page as a whole: dark and light, the room that is open, and the keys.
window.studio = window.studio || {};

(() => {
  const KEY = "lora-studio-look";
  const LOOKS = ["system", "light", "dark"];
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (LOOKS.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system");

  function apply() {
    if (!document.body) return;
    const look = chosen();
    const dark = look === "dark" || (look === "system" && system.matches);
    if (document.body.classList.contains("dark") !== dark) document.body.classList.toggle("dark", dark);
    document.documentElement.dataset.look = dark ? "dark" : "light";
    const button = document.getElementById("look");
    if (button && button.dataset.look !== look) {
      button.dataset.look = look;
      button.title = `${dark ? "Dark" : "Light"}${look === "system" ? ", as the system is" : ""}. Press for ${dark ? "light" : "dark"}.`;
      button.setAttribute("aria-label", button.title);
    }
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("#look")) return;
    // Every press is seen: to the other look, which is kept only where the system has it otherwise.
    const other = document.body.classList.contains("dark") ? "light" : "dark";
    localStorage.setItem(KEY, (other === "dark") === system.matches ? "system" : other);
    apply();
  });

  // A reload comes back to the room that was open; a link, and a first visit, begin in the first one.
  const ROOM = "lora-studio-room";
  const tab = (named) => document.querySelector(`#rooms [role="tablist"] [role="tab"]${named}`);
  addEventListener("pagehide", () => {
    const open = tab('[aria-selected="true"]');
    if (open) sessionStorage.setItem(ROOM, open.dataset.tabId);
  });
  function comeBack() {
    const [visit] = performance.getEntriesByType("navigation");
    const room = visit?.type === "reload" && tab(`[data-tab-id="${CSS.escape(sessionStorage.getItem(ROOM) || "")}"]`);
    if (room) room.click();
  }

  // What was asked for is brought into view as soon as it can be seen, and shines for a moment.
  studio.reveal = async (find, tries = 60) => {
    for (let left = tries; left; left -= 1) {
      const found = find();
      if (found?.offsetParent) {
        found.scrollIntoView({ behavior: "smooth", block: found.offsetHeight > innerHeight / 3 ? "start" : "center" });
        found.classList.add("revealed");
        setTimeout(() => found.classList.remove("revealed"), 1800);
        return;
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  };

  // On a narrow screen the stage lies below the desk: what was asked for is brought into view.
  document.addEventListener("click", (event) => {
    const room = event.target.closest("button.go") && event.target.closest(".room");
    const stage = room && room.querySelector(":scope > .stage");
    if (stage && matchMedia("(max-width: 940px)").matches)
      setTimeout(() => stage.scrollIntoView({ behavior: "smooth", block: "start" }), 700);
  });

  // The list of a box stays at its box when the form is scrolled: gradio looks only when the window is.
  document.addEventListener("scroll", ({ target }) => {
    if (target.classList?.contains("desk-body") && target.querySelector(".option-list li")) dispatchEvent(new Event("scroll"));
  }, { capture: true, passive: true });

  // A picture chosen in the gallery is shown above it.
  document.addEventListener("click", (event) => {
    const stage = event.target.closest(".thumb") && document.getElementById("generate-easel");
    if (stage) stage.scrollIntoView({ behavior: "smooth", block: "start" });
  });

  // Ctrl+Enter presses the main button of the room that is open, wherever the cursor is.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    const go = [...document.querySelectorAll("button.go")].find((button) => button.offsetParent);
    if (!go || go.closest(".desk:has(.keeper):not([data-kept])")) return; // the form is not there yet
    event.preventDefault();
    // The field still holds the last keys: let it hand them over before the button takes them.
    if (document.activeElement) document.activeElement.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => go.click(), 30);
  });

  const start = () => {
    apply();
    new MutationObserver(apply).observe(document.body, { attributes: true, attributeFilter: ["class"], childList: true, subtree: false });
    const waiting = setInterval(() => {
      apply();
      if (!document.getElementById("look") || !tab("")) return;
      clearInterval(waiting);
      comeBack();
    }, 50);
  };
  system.addEventListener("change", () => setTimeout(apply));
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
