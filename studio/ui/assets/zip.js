// Some files as one zip archive, stored as they are: pictures do not become smaller by packing.
(() => {
  const TABLE = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const checksum = (bytes) => {
    let c = 0xffffffff;
    for (const byte of bytes) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
    return (c ^ 0xffffffff) >>> 0;
  };
  const UTF8 = 0x800;

  // Numbers of two or four bytes, the lowest first.
  const record = (...fields) => {
    const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
    let at = 0;
    for (const [value, size] of fields) {
      if (size === 4) view.setUint32(at, value, true);
      else view.setUint16(at, value, true);
      at += size;
    }
    return view.buffer;
  };

  // `files`: [{ name, bytes: Uint8Array }]
  studio.zip = (files) => {
    const parts = [], index = [];
    let offset = 0, indexSize = 0;
    for (const { name, bytes } of files) {
      const title = new TextEncoder().encode(name);
      const about = [[20, 2], [UTF8, 2], [0, 2], [0, 2], [0x21, 2], [checksum(bytes), 4], [bytes.length, 4], [bytes.length, 4], [title.length, 2], [0, 2]];
      parts.push(record([0x04034b50, 4], ...about), title, bytes);
      index.push(record([0x02014b50, 4], [20, 2], ...about, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]), title);
      offset += 30 + title.length + bytes.length;
      indexSize += 46 + title.length;
    }
    const end = record([0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [indexSize, 4], [offset, 4], [0, 2]);
    return new Blob([...parts, ...index, end], { type: "application/zip" });
  };

  studio.download = (blob, name) => {
    const url = URL.createObjectURL(blob);
    studio.h("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };

  studio.downloadAll = async (urls, name) => {
    const taken = new Set();
    const files = await Promise.all(urls.map(async (url) => ({ url, bytes: new Uint8Array(await (await fetch(url)).arrayBuffer()) })));
    return studio.download(studio.zip(files.map(({ url, bytes }) => {
      const file = decodeURIComponent(url.split("/").pop());
      let title = file;
      for (let number = 2; taken.has(title); number += 1) title = file.replace(/(\.\w+)$/, ` ${number}$1`);
      taken.add(title);
      return { name: title, bytes };
    })), name);
  };
})();
