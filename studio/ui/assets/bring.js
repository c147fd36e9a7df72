// Bringing pictures in: dropped anywhere in the room, chosen, or pasted; and asking which dataset they are for.
(() => {
  studio.bring = ({ element, trigger, props, server, upload, watch }) => {
    const { h, button } = studio;
    const root = element.querySelector(".bring");
    const known = () => (props.value ? JSON.parse(props.value) : { names: [], current: "" });
    const told = h("p", { class: "told", role: "status" });
    const bar = h("div", { class: "progress", hidden: true }, h("i"));
    const ask = h("form", { class: "naming", hidden: true });
    const place = h("input", { type: "text", placeholder: "/home/me/pictures/fox", "aria-label": "Full path of a folder", spellcheck: "false" });
    const hub = h("input", { type: "text", placeholder: "owner/name", "aria-label": "Dataset of the hub", spellcheck: "false" });
    const askPlace = studio.asks(server.place);
    const wrong = h("span", { class: "told-wrong", role: "alert" });

    async function open() {
      const asked = place.value.trim();
      if (!asked) return;
      const answer = await askPlace({ place: asked });
      tellWrong(answer.fault || "");
      if (!answer.fault) trigger("placed", { place: asked });
    }

    function tellWrong(text) {
      wrong.textContent = text;
      place.setAttribute("aria-invalid", Boolean(text));
    }

    place.addEventListener("input", () => tellWrong(""));
    place.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); open(); } });
    root.append(
      h("div", { class: "zone" },
        h("p", { class: "title" }, "Drop pictures here"),
        h("p", { class: "ways" }, button("Choose files", null, { "data-choose": "files" }), button("Choose a folder", null, { "data-choose": "folder" })),
        told, bar,
        h("input", { class: "files", type: "file", multiple: true, accept: props.accept, hidden: true }),
        h("input", { class: "folder", type: "file", webkitdirectory: "", hidden: true })),
      ask,
      h("details", { class: "other-ways" }, h("summary", {}, "Other ways"),
        h("label", {}, h("span", {}, "Use a folder where it lies"), h("small", {}, "Nothing in it is moved; captions are written beside its pictures."),
          h("span", { class: "pair" }, place, button("Open", open)), wrong),
        h("label", {}, h("span", {}, "Dataset of the hub"), h("small", {}, "Downloaded once, with its captions."),
          h("span", { class: "pair" }, hub, button("Bring in", () => hub.value.trim() && trigger("fetched", { id: hub.value.trim() }))))));

    const free = (name) => {
      const names = new Set(known().names);
      let candidate = name, number = 2;
      while (names.has(candidate)) candidate = `${name} ${number++}`;
      return candidate;
    };

    const suggested = (names, folder) => {
      const only = names.length === 1 ? names[0].match(/^(.+)\.(zip|parquet)$/i) : null;
      const name = (folder || (only && only[1]) || "").replace(/^\d+_/, "").trim();
      return free(name || "My pictures");
    };

    // Asks for the dataset's name; the pictures are on their way meanwhile.
    const begin = ({ names, folder }) => new Promise((done) => {
      const { current } = known();
      trigger("begun", {});
      const name = h("input", { type: "text", name: "name", maxlength: "80", value: suggested(names, folder), "aria-label": "Name of the dataset", autocomplete: "off", spellcheck: "false" });
      const note = h("p", { class: "note" });
      const over = h("input", { type: "checkbox" });
      const replace = h("label", { class: "over", hidden: !current, title: "The words before stay in the history" }, over, "New captions replace those that are there");
      const say = () => {
        const there = known().names.includes(name.value.trim());
        note.textContent = there ? "There is one of this name: they are added to it." : "";
        replace.hidden = !there && !current;
      };
      const end = (answer) => { ask.hidden = true; ask.replaceChildren(); done(answer); };
      name.addEventListener("input", say);
      ask.replaceChildren(
        h("p", { class: "question" }, "What shall this dataset be called?"), name, note, replace,
        h("div", { class: "row" },
          h("button", { type: "submit", class: "strong" }, names.length === 1 ? "Bring it in" : `Bring in ${names.length} files`),
          current && button(`Add to “${current}”`, () => end({ dataset: current, replace: over.checked })),
          button("Cancel", () => end(null))));
      ask.onsubmit = (event) => {
        event.preventDefault();
        if (name.value.trim()) end({ dataset: name.value.trim(), replace: over.checked && !replace.hidden });
      };
      ask.hidden = false;
      name.focus();
      name.select();
    });

    const room = element.closest(".room") || root;
    const { bring } = studio.takeFiles(room, {
      upload,
      begin,
      accept: props.accept.split(","),
      tell: (text) => (told.textContent = text),
      done: (what) => {
        trigger("dropped", what);
        if (matchMedia("(max-width: 940px)").matches)
          setTimeout(() => room.querySelector(":scope > .stage")?.scrollIntoView({ behavior: "smooth" }), 900);
      },
    });

    // Pictures that were dropped in another room become a dataset here.
    studio.bringPictures = (found) => {
      if (!found.files.some(({ name }) => props.accept.split(",").some((end) => name.toLowerCase().endsWith(end)))) return false;
      document.querySelector('#rooms [role="tab"][data-tab-id="caption"]').click();
      bring(found);
      return true;
    };

    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files || [])].filter((file) => file.type.startsWith("image/"));
      if (!files.length || !root.offsetParent || (studio.typing(event.target) && event.clipboardData.getData("text"))) return;
      event.preventDefault();
      const stamp = new Date().toLocaleTimeString("sv").replaceAll(":", "-");
      bring({ files: files.map((file, at) => {
        const name = `pasted ${stamp}${at ? ` ${at + 1}` : ""}.${file.type.split("/")[1].replace("jpeg", "jpg")}`;
        return { file: new File([file], name, { type: file.type }), name };
      }), folder: "" });
    });

    const look = () => {
      const { bringing, names } = known();
      room.classList.toggle("no-datasets", !names.length);
      bar.hidden = !bringing;
      if (bringing) {
        bar.firstChild.style.width = `${(100 * bringing[0]) / Math.max(1, bringing[1])}%`;
        told.textContent = bringing[1] ? `Putting them in place, ${bringing[0]} of ${bringing[1]} …` : "Looking at what came …";
      } else if (told.textContent.startsWith("Putting") || told.textContent.startsWith("Looking")) told.textContent = "";
    };
    watch("value", look);
    look();
  };
})();
