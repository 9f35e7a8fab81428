// The three-column reference in the page's colours; the version links keep the place where the other version has it.
(() => {
  const box = document.getElementById("reference");
  const dark = {
    colors: {
      primary: { main: "#7fd6c6" },
      text: { primary: "#e6e9ec", secondary: "#aab4bd" },
      border: { dark: "#3a444d", light: "#2a333b" },
      http: { get: "#5fbf8f", post: "#6fb1ff", put: "#d9a84f", delete: "#ff8a8a", patch: "#d9a84f" },
      responses: {
        success: { color: "#7fd6a0", backgroundColor: "rgba(95,191,143,.12)" },
        error: { color: "#ff9a9a", backgroundColor: "rgba(255,138,138,.12)" },
        redirect: { color: "#ffd479", backgroundColor: "rgba(255,212,121,.12)" },
        info: { color: "#8ec5ff", backgroundColor: "rgba(142,197,255,.12)" },
      },
    },
    schema: { nestedBackground: "#1b2228", typeNameColor: "#aab4bd", typeTitleColor: "#aab4bd", requireLabelColor: "#ff9a9a" },
    sidebar: { backgroundColor: "#151b20", textColor: "#e6e9ec" },
    rightPanel: { backgroundColor: "#0d1216" },
    codeBlock: { backgroundColor: "#060a0d" },
  };
  const light = {
    colors: {
      primary: { main: "#0b6e5f" },
      text: { primary: "#1c2329", secondary: "#4d5860" },
      responses: {
        success: { color: "#12643a" },
        error: { color: "#a61b1b" },
        redirect: { color: "#5c4300" },
        info: { color: "#0a4a9e" },
      },
      http: { get: "#146c43", post: "#0a58ca", put: "#8a5a00", delete: "#b02a37", patch: "#8a5a00" },
    },
    schema: { requireLabelColor: "#a61b1b", typeNameColor: "#4d5860", typeTitleColor: "#4d5860" },
    sidebar: { backgroundColor: "#f4f6f7", textColor: "#1c2329" },
    rightPanel: { backgroundColor: "#1f2a30" },
  };
  const shared = {
    spacing: { sectionVertical: 24 },
    typography: {
      fontFamily: "system-ui, sans-serif",
      fontSize: "15px",
      headings: { fontFamily: "system-ui, sans-serif", fontWeight: "600" },
      code: { fontFamily: "ui-monospace, monospace", fontSize: "13px", color: "inherit", backgroundColor: "rgba(127,127,127,.14)" },
    },
  };
  const options = () => ({
    theme: { ...shared, ...(document.documentElement.dataset.theme === "dark" ? dark : light) },
    scrollYOffset: "header",
    hideDownloadButton: true,
    nativeScrollbars: true,
    expandResponses: "",
    jsonSampleExpandLevel: 3,
    requiredPropsFirst: true,
    sortTagsAlphabetically: false,
    hideSchemaTitles: true,
  });
  let spec = null;
  // The renderer scrolls to the place in the address before all is laid out, and then names the place it got to.
  const returnTo = (place) => {
    const element = document.getElementById(decodeURIComponent(place.slice(1)));
    if (!element) return;
    element.scrollIntoView();
    history.replaceState(null, "", place);
  };
  const draw = () => {
    if (!spec) return;
    const place = location.hash;
    Redoc.init(spec, options(), box, (error) => {
      requestAnimationFrame(() => {
        if (place) returnTo(place);
        box.querySelectorAll("pre").forEach((each) => each.setAttribute("tabindex", "0"));
        box.dataset.ready = error ? "error" : "true";
      });
    });
  };
  const places = new Map();
  const other = async (link) => {
    const name = link.dataset.version;
    if (!places.has(name)) {
      const rows = await (await fetch("/search.json")).json();
      places.set(name, new Set(rows.filter((row) => row.url.startsWith(`/${name}/#`)).map((row) => row.url.split("#")[1])));
    }
    const place = decodeURIComponent(location.hash.slice(1));
    const same = [...places.get(name)].find((each) => each === place || each.split("/").pop() === place.split("/").pop());
    location.href = `/${name}/${same ? `#${same}` : ""}`;
  };
  document.querySelectorAll("a[data-version]").forEach((link) =>
    link.addEventListener("click", (event) => {
      if (location.hash.length < 2 || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      other(link);
    }),
  );
  document.addEventListener("theme", draw);
  fetch(box.dataset.spec)
    .then((answer) => answer.json())
    .then((document) => {
      spec = document;
      draw();
    });
})();
