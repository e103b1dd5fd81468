// Sets the colour scheme before the first paint and keeps it, under the key that Mantine's controls follow too.
(function () {
  const SCHEME = "mantine-color-scheme-value";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      const scheme = window.localStorage.getItem(SCHEME);
      return scheme === "light" || scheme === "dark" ? scheme : null;
    } catch (error) {
      return null; // storage may be forbidden: then the system's scheme holds
    }
  }

  function show(scheme) {
    document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
  }

  function follow() {
    show(chosen() || (system.matches ? "dark" : "light"));
  }

  follow();
  system.addEventListener("change", follow);
  window.addEventListener("storage", (event) => event.key === SCHEME && follow()); // chosen in another tab

  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-action="scheme"]')) {
      return;
    }
    const scheme = document.documentElement.getAttribute("data-mantine-color-scheme") === "dark" ? "light" : "dark";
    show(scheme);
    try {
      window.localStorage.setItem(SCHEME, scheme);
      // What another tab would hear: the controls on this page follow.
      const storageArea = window.localStorage;
      window.dispatchEvent(new StorageEvent("storage", { key: SCHEME, newValue: scheme, storageArea }));
    } catch (error) {
      // Then the choice lasts as long as the page.
    }
  });
})();
