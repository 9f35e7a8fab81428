// Search over guides and operations: the index is fetched at the first key, every word typed must be found in a row.
(() => {
  const input = document.getElementById("search");
  const list = document.getElementById("found");
  const SHOWN_MAX = 12;
  let rows = null;

  const load = async () => {
    rows ??= await (await fetch("/search.json")).json();
    return rows;
  };
  const score = (row, words) => {
    const title = `${row.title} ${row.kind}`.toLowerCase();
    const all = `${title} ${row.words.toLowerCase()}`;
    if (!words.every((word) => all.includes(word))) return 0;
    return 1 + words.filter((word) => title.includes(word)).length;
  };
  const show = async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return hide();
    const found = (await load())
      .map((row) => [score(row, words), row])
      .filter(([points]) => points)
      .sort((a, b) => b[0] - a[0])
      .slice(0, SHOWN_MAX);
    list.replaceChildren(...found.map(([, row]) => item(row)));
    if (!found.length) list.append(Object.assign(document.createElement("li"), { textContent: "Nothing found" }));
    list.hidden = false;
  };
  const item = (row) => {
    const link = Object.assign(document.createElement("a"), { href: row.url, textContent: row.title });
    link.append(Object.assign(document.createElement("small"), { textContent: row.kind }));
    const entry = document.createElement("li");
    entry.append(link);
    return entry;
  };
  const hide = () => {
    list.hidden = true;
  };
  const move = (step) => {
    const links = [...list.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + step;
    (links[next] || input).focus();
  };
  input.addEventListener("input", show);
  input.addEventListener("focus", load);
  document.addEventListener("keydown", (event) => {
    const typing = /input|textarea|select/i.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape") hide();
    else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) hide();
  });
})();
