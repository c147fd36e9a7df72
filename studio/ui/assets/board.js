// The pictures of a dataset; a chosen one opens large, with its caption to be edited.
(() => {
  const DIALOG = `
    <form method="dialog" class="editor">
      <div class="view"><img alt=""></div>
      <div class="words">
        <header><h2></h2><button class="quiet" value="close" aria-label="Close" title="Close (Esc)">✕</button></header>
        <label for="caption-words">Caption</label>
        <p class="help">What a trainer reads beside this picture. Ctrl+Enter saves; so does leaving the field.</p>
        <textarea id="caption-words" rows="6" spellcheck="true"></textarea>
        <p class="told" role="status"></p>
        <section class="history" hidden><h3>Earlier words</h3><ol></ol></section>
        <footer><button type="button" class="step" data-step="-1">← Previous</button>
          <span class="place"></span><button type="button" class="step" data-step="1">Next →</button></footer>
      </div>
    </form>`;

  const when = (seconds) => new Date(seconds * 1000).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

  studio.board = ({ element, trigger, props, server, watch }) => {
    const root = element.querySelector(".board");
    const dialog = document.createElement("dialog");
    dialog.className = "caption-dialog";
    dialog.innerHTML = DIALOG;
    element.append(dialog);
    const find = (selector) => dialog.querySelector(selector);
    const words = find("textarea");
    let path = "", saved = "", opener = null;

    const show = () => studio.morph(root, props.value);
    const cards = () => [...root.querySelectorAll("[data-open]")];
    const tell = (text, wrong = false) => {
      find(".told").textContent = text;
      find(".told").classList.toggle("bad", wrong);
    };

    function history(versions) {
      const list = find(".history ol");
      list.replaceChildren(...versions.map((version) => {
        const line = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = version.text || "(no words)";
        button.title = "Take these words back";
        button.addEventListener("click", () => { words.value = version.text; save(); words.focus(); });
        const by = document.createElement("small");
        by.textContent = `${version.by}, ${when(version.at)}`;
        line.append(button, by);
        return line;
      }));
      find(".history").hidden = !versions.length;
    }

    async function open(card) {
      path = card.dataset.open;
      opener = card;
      const at = cards().findIndex((one) => one.dataset.open === path);
      find("h2").textContent = card.dataset.name;
      find(".place").textContent = `${at + 1} of ${cards().length}`;
      find(".view img").src = card.querySelector("img")?.src || "";
      find(".view img").alt = `The picture ${card.dataset.name}`;
      tell("");
      if (!dialog.open) dialog.showModal();
      const asked = path;
      const answer = await server.look({ picture: path });
      if (asked !== path) return;
      if (answer.fault) return tell(answer.fault, true);
      find(".view img").src = answer.picture;
      words.value = saved = answer.caption;
      history(answer.history);
      words.focus();
    }

    async function save() {
      if (!path || words.value === saved) return;
      const text = words.value, of = path;
      tell("Saving …");
      const answer = await server.save({ picture: of, text });
      if (answer.fault) return of === path && tell(answer.fault, true);
      const words_on_card = cards().find((one) => one.dataset.open === of)?.querySelector(".words");
      if (words_on_card) words_on_card.textContent = text || "No caption yet";
      if (of !== path) return;
      saved = text;
      history(answer.history);
      tell("Saved.");
    }

    async function step(by) {
      await save();
      const all = cards();
      const at = all.findIndex((one) => one.dataset.open === path);
      if (all.length) open(all[(at + by + all.length) % all.length]);
    }

    root.addEventListener("click", (event) => {
      const card = event.target.closest("[data-open]");
      if (card) open(card);
    });
    dialog.addEventListener("click", (event) => {
      const button = event.target.closest("[data-step]");
      if (button) step(Number(button.dataset.step));
      else if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      save();
      if (opener) (cards().find((one) => one.dataset.open === path) || opener).focus();
    });
    words.addEventListener("blur", save);
    words.addEventListener("input", () => tell(""));
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        save();
      } else if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
        event.preventDefault();
        step(event.key === "ArrowLeft" ? -1 : 1);
      }
    });
    studio.acts(element, trigger);
    watch("value", show);
    show();
  };
})();
