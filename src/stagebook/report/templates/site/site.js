(() => {
  const button = document.getElementById("code-key");
  if (!button) return;
  const folded = () => Array.from(document.querySelectorAll("details.code"));
  const turn = () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    folded().forEach((one) => { one.open = open; });
    button.setAttribute("aria-pressed", String(open));
  };
  button.hidden = false;
  button.addEventListener("click", turn);
  document.addEventListener("keydown", (event) => {
    const busy = event.ctrlKey || event.metaKey || event.altKey;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "c" && !busy && !typing) turn();
  });
})();
