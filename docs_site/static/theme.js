// Light or dark: the reader's choice if there is one, else the system's. Set before anything is painted.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const current = () => localStorage.getItem("theme") || (system.matches ? "dark" : "light");
  const show = () => {
    root.dataset.theme = current();
    document.dispatchEvent(new CustomEvent("theme"));
  };
  show();
  system.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    const menu = document.querySelector(".menu details");
    if (menu && matchMedia("(max-width: 900px)").matches) menu.open = false;
    document.getElementById("theme").addEventListener("click", () => {
      localStorage.setItem("theme", current() === "dark" ? "light" : "dark");
      show();
    });
  });
})();
