(() => {
  const contents = document.getElementById("contents");
  const wide = window.matchMedia("(min-width: 72rem)");
  if (contents) {
    const fit = () => { contents.open = wide.matches; };
    fit();
    wide.addEventListener("change", fit);
  }
  const watch = new ResizeObserver((seen) => {
    seen.forEach(({ target }) => {
      target.parentElement.classList.toggle("cut", target.scrollWidth > target.clientWidth + 1);
    });
  });
  document.querySelectorAll(".foreign").forEach((one) => watch.observe(one));
  const button = document.getElementById("code-key");
  if (!button) return;
  const folded = () => Array.from(document.querySelectorAll("details.code"));
  const turn = () => {
    const open = button.getAttribute("aria-pressed") !== "true";
    folded().forEach((one) => { one.open = open; });
    button.setAttribute("aria-pressed", String(open));
  };
  button.hidden = folded().length === 0;
  button.addEventListener("click", turn);
  document.addEventListener("keydown", (event) => {
    const busy = event.ctrlKey || event.metaKey || event.altKey || event.repeat;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "c" && !busy && !typing) turn();
  });
})();
