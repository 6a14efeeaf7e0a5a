// Marks each field whose value differs from the stored one, and asks before the page is left with such a field.
let leaving = false;

function differs(box) {
  const control = box.querySelector("input, select, textarea");
  return control.value.replaceAll("\r\n", "\n") !== box.dataset.stored.replaceAll("\r\n", "\n");
}

function mark(box) {
  box.querySelector("[data-unsaved]").hidden = !differs(box);
}

const boxes = [...document.querySelectorAll(".changeable")];
for (const box of boxes) box.addEventListener("input", () => mark(box));
for (const form of document.querySelectorAll("form")) form.addEventListener("submit", () => { leaving = true; });
window.addEventListener("beforeunload", event => {
  if (!leaving && boxes.some(differs)) event.preventDefault();
});
