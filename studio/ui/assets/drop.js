// Files and folders that are dropped, chosen or pasted: uploaded a few at a time, then told to the server.
(() => {
  const SIDE_BY_SIDE = 3;

  const entries = (reader) => new Promise((done, failed) => reader.readEntries(done, failed));
  const fileOf = (entry) => new Promise((done, failed) => entry.file(done, failed));

  async function walk(entry, found) {
    if (entry.isFile) found.push({ file: await fileOf(entry), name: entry.fullPath.slice(1) });
    if (!entry.isDirectory) return;
    const reader = entry.createReader();
    for (let some = await entries(reader); some.length; some = await entries(reader))
      for (const one of some) await walk(one, found);
  }

  // A picture that is dragged on the page itself, by its address.
  const OWN = "application/x-studio-picture";
  document.addEventListener("dragstart", (event) => {
    const address = event.target.dataset?.drag || event.target.currentSrc;
    if (address) event.dataTransfer.setData(OWN, new URL(address, document.baseURI).href);
  });

  async function own(address) {
    const answer = new URL(address).origin === location.origin && await fetch(address).catch(() => null);
    if (!answer || !answer.ok) return { files: [], folder: "" };
    const name = decodeURIComponent(new URL(address).pathname.split("/").pop());
    return { files: [named(new File([await answer.blob()], name))], folder: "" };
  }

  async function dropped(transfer) {
    const address = transfer.getData(OWN);
    if (address) return own(address);
    const roots = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    if (roots.some((root) => !root)) return { files: [...transfer.files].map(named), folder: "" };
    const files = [];
    for (const root of roots) await walk(root, files);
    return { files, folder: roots.length === 1 && roots[0].isDirectory ? roots[0].name : "" };
  }

  const named = (file) => ({ file, name: file.webkitRelativePath || file.name });

  const picked = (input) => ({
    files: [...input.files].map(named),
    folder: input.webkitdirectory && input.files.length ? input.files[0].webkitRelativePath.split("/")[0] : "",
  });

  // Makes `zone` take files: `tell` shows how far it is, `done` gets them as {path, name}. `begin` may ask
  // something while they are uploaded: what it answers goes to `done` too; null lets them go. `others` gets
  // files of which none is wanted here, and says whether it knew what to do with them.
  studio.takeFiles = (zone, { upload, accept, tell, done, begin = async () => ({}), others = () => false }) => {
    const wanted = ({ file }) => !file.name.startsWith(".") && accept.some((end) => file.name.toLowerCase().endsWith(end));
    let depth = 0;
    let busy = false;

    async function bring({ files, folder }) {
      if (busy) return;
      const chosen = files.filter(wanted);
      const passed = files.length - chosen.length;
      if (!chosen.length) return others({ files, folder }) || tell(files.length ? "Nothing there that can be used here." : "");
      busy = true;
      const arrived = [];
      let next = 0, ready = 0, lost = 0;
      const asked = begin({ names: chosen.map(({ name }) => name), folder });
      tell(`Bringing 1 of ${chosen.length} …`);
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
        while (next < chosen.length) {
          const { file, name } = chosen[next++];
          try {
            arrived.push({ path: (await upload(file)).path, name });
          } catch (fault) {
            lost += 1;
          }
          ready += 1;
          if (ready < chosen.length) tell(`Bringing ${ready + 1} of ${chosen.length} …`);
        }
      }));
      tell("");
      const answer = await asked;
      busy = false;
      if (answer === null) return;
      tell(lost ? `${lost} of ${chosen.length} did not arrive. Drop them once more.` : "");
      if (arrived.length) done({ files: arrived, folder, passed, ...answer });
    }

    zone.addEventListener("dragenter", (event) => {
      if (![...(event.dataTransfer?.types || [])].some((type) => type === "Files" || type === OWN)) return;
      event.preventDefault();
      depth += 1;
      zone.classList.add("over");
    });
    zone.addEventListener("dragover", (event) => event.preventDefault());
    zone.addEventListener("dragleave", () => { if (depth && !(depth -= 1)) zone.classList.remove("over"); });
    zone.addEventListener("drop", async (event) => {
      const taken = event.defaultPrevented; // by a zone that lies in this one
      event.preventDefault();
      depth = 0;
      zone.classList.remove("over");
      if (!taken) bring(await dropped(event.dataTransfer));
    });
    zone.addEventListener("change", (event) => {
      if (event.target.type !== "file") return;
      bring(picked(event.target));
      event.target.value = "";
    });
    zone.addEventListener("click", (event) => {
      const button = event.target.closest("[data-choose]");
      if (button) zone.querySelector(`input.${button.dataset.choose}`).click();
    });
    return { bring };
  };

  // A file that misses a drop zone must not replace the page.
  for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
})();
