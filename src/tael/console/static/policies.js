// The pages of policies: shares drawn as they are typed, and a draft that keeps its files when refused.
"use strict";

for (const form of document.querySelectorAll("form[data-deploy]")) {
  const preview = form.querySelector("[data-preview]");
  const river = preview.querySelector(".policy-river");
  const part = (name, share, kind) => {
    const box = document.createElement("div");
    box.className = `policy-part policy-part-${kind}`;
    box.style.flexGrow = String(Math.max(share, 0.5));
    const strong = document.createElement("strong");
    strong.textContent = `${Math.round(share * 100) / 100}%`;
    const span = document.createElement("span");
    span.textContent = name;
    box.append(strong, span);
    return box;
  };
  const draw = () => {
    const chosen = form.querySelector("input[name=champion]:checked");
    const parts = [];
    let taken = 0;
    for (const row of form.querySelectorAll("tr[data-version]")) {
      const share = row.querySelector("input[name^='share:']");
      const mine = Boolean(chosen) && row.contains(chosen);
      const shadow = row.querySelector("input[type=checkbox]");
      share.disabled = mine;
      shadow.disabled = mine;
      const points = mine ? 0 : Number(share.value.replace("%", "").trim());
      if (points > 0) {
        taken += points;
        parts.push(part(row.dataset.version, points, "challenger"));
      }
    }
    const over = taken >= 100;
    river.replaceChildren();
    if (over) river.append(part(preview.dataset.over, taken, "over"));
    else if (chosen) river.append(part(chosen.closest("tr").dataset.version, 100 - taken, "champion"), ...parts);
    preview.hidden = !chosen;
  };
  form.addEventListener("input", draw);
  form.addEventListener("change", draw);
  draw();
}

// Sent apart from the page: a browser forgets the chosen files of a form that comes back refused.
for (const form of document.querySelectorAll("form[data-draft]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    const place = form.querySelector("[data-problem]");
    button.disabled = true;
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), headers: { "X-Upload": "1" }, redirect: "manual",
      });
      const address = answer.headers.get("Location");
      if (answer.status === 201 && address) {
        location.assign(address);
        return;
      }
      const text = await answer.text();
      if (answer.type !== "opaqueredirect" && text.trimStart().startsWith("<div")) place.innerHTML = text;
      else location.reload();
    } catch {
      place.textContent = form.dataset.broken;
    }
    button.disabled = false;
  });
}

// A page that comes back refused opens where it was refused.
for (const told of [...document.querySelectorAll(".policy-problem, .invalid-feedback[role=alert]")].slice(0, 1)) {
  told.scrollIntoView({ block: "center" });
}
