// The decision requirements diagram: drawn by dmn-js, whose mark stays where it puts it.
"use strict";

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const place = document.getElementById("diagram");
  if (!place) return;
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

  function fit(canvas) {
    canvas.resized();
    canvas.zoom("fit-viewport", "auto");
    // On a phone the whole would be too small to read: then the top of it is shown.
    if (canvas.zoom() < 0.45 && place.clientWidth < 600) canvas.zoom(0.45, { x: 0, y: 0 });
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
