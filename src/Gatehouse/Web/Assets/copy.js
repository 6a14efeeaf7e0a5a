// Shows the copy buttons, which without script would do nothing, and says aloud that a value was copied.
const announcer = document.getElementById("announcer");

function textOf(element) {
  return "value" in element && element.value !== undefined ? element.value : element.textContent;
}

function selectAll(element) {
  if (typeof element.select === "function") {
    element.select();
    return;
  }
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

async function copy(button, source) {
  try {
    await navigator.clipboard.writeText(textOf(source).trim());
  } catch {
    selectAll(source);
    return;
  }
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  const done = button.dataset.copied ?? "Copied";
  label.textContent = done;
  if (announcer) announcer.textContent = done;
  setTimeout(() => {
    label.textContent = before;
    if (announcer) announcer.textContent = "";
  }, 2000);
}

// The clipboard exists in secure contexts only; elsewhere the button stays hidden.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const source = document.querySelector(button.dataset.copy);
    if (!source) continue;
    button.hidden = false;
    button.addEventListener("click", () => copy(button, source));
  }
}
