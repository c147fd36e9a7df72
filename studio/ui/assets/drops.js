// Files that are dropped anywhere in the Generate room: pictures bring their settings back, LoRAs join the library.
(() => {
  const PICTURES = [".png", ".webp", ".jpg", ".jpeg"], ADAPTERS = [".safetensors"];
  const ends = (names) => ({ name }) => names.some((end) => name.toLowerCase().endsWith(end));

  studio.drops = ({ element, trigger, upload }) => {
    const told = studio.h("p", { class: "told", role: "status" });
    element.querySelector(".drops").append(told);
    studio.takeFiles(element.closest(".room"), {
      upload,
      accept: [...PICTURES, ...ADAPTERS],
      tell: (text) => (told.textContent = text),
      done: ({ files }) => {
        const [pictures, adapters] = [PICTURES, ADAPTERS].map((names) => files.filter(ends(names)));
        if (pictures.length) trigger("pictures", { files: pictures });
        if (adapters.length) trigger("adapters", { files: adapters });
      },
    });
  };
})();
