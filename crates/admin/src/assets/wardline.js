// Comfort only: every page works without it.

// "/" leads to the search, as the field says.
document.addEventListener("keydown", (event) => {
  const field = document.querySelector(".search input");
  const writes = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
  if (event.key === "/" && field && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
    field.select();
  }
});

// A button that needs a name typed stays disabled until it is. The server asks for the name as well.
for (const field of document.querySelectorAll("input[data-confirms]")) {
  const button = field.form?.querySelector("button[data-confirmed]");
  if (!button) continue;
  const judge = () => { button.disabled = field.value.trim() !== field.dataset.confirms; };
  field.addEventListener("input", judge);
  judge();
}
