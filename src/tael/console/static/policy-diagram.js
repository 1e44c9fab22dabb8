// The decision requirements diagram: drawn by dmn-js, whose mark stays where it puts it.
"use strict";

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const place = document.getElementById("diagram");
  if (!place) return;
  const MARGIN = 28;
  const { xml, tables } = read("diagram-data"), words = read("diagram-words");

  function broken(error) {
    place.classList.add("broken");
    place.textContent = words.broken;
    console.warn(error);
  }
  if (!window.DmnJS) {
    broken("no viewer");
    return;
  }

  // Tables open in a grid of ours: the viewer's own button for them is left out.
  const viewer = new window.DmnJS({
    container: place,
    drd: { additionalModules: [{ drillDown: ["value", {}] }] },
  });

  // The whole with a margin. On a phone that would be too small to read: there its top is shown.
  function fit(canvas) {
    canvas.resized();
    const { inner } = canvas.viewbox(), wide = place.clientWidth, high = place.clientHeight;
    const whole = Math.min(1.2, wide / (inner.width + 2 * MARGIN), high / (inner.height + 2 * MARGIN));
    const scale = wide < 600 ? Math.max(whole, 0.6) : whole;
    const width = wide / scale, height = high / scale;
    canvas.viewbox({
      x: inner.x + (inner.width - width) / 2,
      y: Math.min(inner.y + (inner.height - height) / 2, inner.y - MARGIN),
      width,
      height,
    });
  }

  function mark(drd) {
    const overlays = drd.get("overlays"), canvas = drd.get("canvas");
    for (const [id, { rules }] of Object.entries(tables)) {
      if (!drd.get("elementRegistry").get(id)) continue;
      canvas.addMarker(id, "has-table");
      const note = document.createElement("span");
      note.className = "rule-count";
      note.textContent = words.rules.replace("{count}", rules);
      overlays.add(id, "rules", { position: { top: 5, right: 78 }, html: note });
    }
    drd.get("eventBus").on("element.click", ({ element }) => {
      const target = tables[element.id];
      if (target) location.assign(target.address);
    });
  }

  function buttons(canvas) {
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.disabled = false;
      button.addEventListener("click", () => {
        if (button.dataset.zoom === "fit") fit(canvas);
        else canvas.zoom(canvas.zoom() * (button.dataset.zoom === "in" ? 1.25 : 0.8));
      });
    }
  }

  viewer.importXML(xml).then(() => {
    const drd = viewer.getActiveViewer(), canvas = drd.get("canvas");
    fit(canvas);
    mark(drd);
    buttons(canvas);
    document.documentElement.dataset.drawn = "yes";
  }).catch(broken);
})();
