// Sets the colour scheme before the first paint, from the same key that Mantine keeps it under.
(function () {
  let scheme = null;
  try {
    scheme = window.localStorage.getItem("mantine-color-scheme-value");
  } catch (error) {
    // Storage may be forbidden: then the system's scheme holds.
  }
  if (scheme !== "light" && scheme !== "dark") {
    scheme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
