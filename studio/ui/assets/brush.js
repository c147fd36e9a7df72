// A brush on a canvas that lies over a picture and paints a mask in black and white. A veil shows the mask:
// by default black, what is not learned, is covered in red; `ground` is the colour that one begins with.
// `changed` is called after each stroke; `turn` takes the last one back, or makes it again.
(() => {
  const SIDE = 1024;
  const STEPS = 20; // that can be taken back; each is a picture of the whole mask
  const RED = { colour: [214, 40, 57], opaque: (light) => (255 - light) * 0.62 };

  studio.brush = (canvas, { veil = RED, ground = "white" } = {}) => {
    const paint = canvas.getContext("2d", { willReadFrequently: true });
    const grey = document.createElement("canvas"); // the mask itself; the canvas shows it as a veil
    const mask = grey.getContext("2d", { willReadFrequently: true });
    const brush = { size: 0.12, colour: ground === "white" ? "black" : "white", changed: () => {} };

    function show() {
      const picture = present();
      for (let at = 0; at < picture.data.length; at += 4) {
        const light = picture.data[at];
        picture.data.set([...veil.colour, Math.round(veil.opaque(light))], at);
      }
      paint.putImageData(picture, 0, 0);
    }

    const past = [], future = [];
    const present = () => mask.getImageData(0, 0, grey.width, grey.height);

    function keep() {
      past.push(present());
      if (past.length > STEPS) past.shift();
      future.length = 0;
    }

    brush.turn = (kind) => {
      const [from, to] = kind === "redo" ? [future, past] : [past, future];
      if (!from.length) return;
      to.push(present());
      mask.putImageData(from.pop(), 0, 0);
      show();
      brush.changed();
    };

    function cover(colour) {
      mask.fillStyle = colour;
      mask.fillRect(0, 0, grey.width, grey.height);
      show();
    }

    brush.begin = (image, url) => {
      const start = () => {
        const scale = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
        for (const one of [canvas, grey]) {
          one.width = Math.max(1, Math.round(image.naturalWidth * scale));
          one.height = Math.max(1, Math.round(image.naturalHeight * scale));
        }
        past.length = future.length = 0;
        cover(ground);
        if (!url) return;
        const before = new Image();
        before.onload = () => { mask.drawImage(before, 0, 0, grey.width, grey.height); show(); };
        before.src = url;
      };
      if (image.complete && image.naturalWidth) start();
      else image.addEventListener("load", start, { once: true });
    };

    brush.fill = (colour) => {
      keep();
      cover(colour);
    };

    brush.picture = () => grey.toDataURL("image/png");

    canvas.addEventListener("pointerdown", (event) => {
      if (canvas.classList.contains("still")) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      keep();
      const area = canvas.getBoundingClientRect();
      const at = (one) => [((one.clientX - area.left) / area.width) * grey.width, ((one.clientY - area.top) / area.height) * grey.height];
      let from = at(event);
      let queued = 0;
      const stroke = (one) => {
        const to = at(one);
        mask.strokeStyle = brush.colour;
        mask.lineWidth = brush.size * Math.max(grey.width, grey.height);
        mask.lineCap = mask.lineJoin = "round";
        mask.beginPath();
        mask.moveTo(...from);
        mask.lineTo(to[0] + 0.01, to[1]); // a press without a move leaves a dot
        mask.stroke();
        from = to;
        queued = queued || requestAnimationFrame(() => { queued = 0; show(); });
      };
      stroke(event);
      const end = () => {
        canvas.removeEventListener("pointermove", stroke);
        canvas.removeEventListener("pointerup", end);
        canvas.removeEventListener("pointercancel", end);
        brush.changed();
      };
      canvas.addEventListener("pointermove", stroke);
      canvas.addEventListener("pointerup", end);
      canvas.addEventListener("pointercancel", end);
    });
    return brush;
  };
})();
