// Small things the pages do by themselves: theme, forms that follow their fields, whole-row links.
"use strict";

function kept(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Max-Age=31536000; Path=/; SameSite=Lax${secure}`;
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  if (target.closest("[data-theme-switch]")) {
    const root = document.documentElement;
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = theme;
    kept("tael_theme", theme);
    document.dispatchEvent(new Event("tael:theme"));
    return;
  }
  const row = target.closest("tr[data-href]");
  if (row && !target.closest("a, button, input, select, label, summary")) {
    location.assign(row.dataset.href);
    return;
  }
  for (const open of document.querySelectorAll("details.tie[open]")) {
    if (!open.contains(target)) open.removeAttribute("open");
  }
});

document.addEventListener("change", (event) => {
  const form = event.target instanceof Element ? event.target.closest("[data-submit-on-change]") : null;
  if (form) form.requestSubmit();
});

// On a phone the filters would fill the screen: they wait behind their title until they are wanted.
if (matchMedia("(max-width: 767.98px)").matches) {
  for (const box of document.querySelectorAll(".filter-box")) {
    if (!box.querySelector(".is-invalid")) box.removeAttribute("open");
  }
}
