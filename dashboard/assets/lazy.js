// The scripts of the grid and of the controls are half of all that a first visit would load, and a patient's
// chart needs neither. In their components' place stand these, which fetch the script when one of its
// components is first shown and then draw it.
(function () {
  const REACT = window.React;
  const said = (name) => document.querySelector(`meta[name="${name}"]`).content;

  // A namespace whose components stand in for those of a script that is fetched when the first is shown.
  // `draw(real, name, props)` draws one; `waiting(props)` what stands there before; `marks` are put on each.
  function later(namespace, meta, { draw, waiting, marks, when }) {
    const stands = {};
    let fetched = null;
    let real = null;

    function fetchScript() {
      return new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = said(meta);
        script.onload = () => {
          real = window[namespace];
          // The types that Dash has drawn must stay the same: it would take them down and draw them anew.
          Object.keys(stands).forEach((name) => Object.assign(stands[name], real[name], marks));
          window[namespace] = names;
          resolve(real);
        };
        script.onerror = () => {
          fetched = null;
          reject(new Error("a script could not be fetched; reload the page"));
        };
        document.head.appendChild(script);
      });
    }

    function load() {
      fetched = fetched || (when ? when().then(fetchScript) : fetchScript());
      return fetched;
    }

    function standIn(name) {
      function Part(props) {
        const [ready, setReady] = REACT.useState(real !== null);
        REACT.useEffect(() => {
          let here = true;
          load().then(() => here && setReady(true));
          return () => {
            here = false;
          };
        }, []);
        return ready ? draw(real, name, props) : waiting(props);
      }
      return Object.assign(Part, real && real[name], marks);
    }

    const names = new Proxy(
      {},
      {
        get(_, name) {
          if (typeof name !== "string" || !/^[A-Z]/.test(name)) {
            return name === "getApiAsync" ? (id) => load().then((loaded) => loaded.getApiAsync(id)) : undefined;
          }
          stands[name] = stands[name] || standIn(name);
          return stands[name];
        },
        has: (_, name) => typeof name === "string" && /^[A-Z]/.test(name),
      }
    );
    window[namespace] = names;
    return load;
  }

  const loadGrid = later("dash_ag_grid", "grid-script", {
    draw: (real, name, props) => REACT.createElement(real[name], props),
    waiting: (props) => REACT.createElement("div", { id: props.id, className: props.className, "aria-busy": "true" }),
    marks: { dashRenderType: true }, // Dash then says whether a change came from the grid itself
  });

  const provider = { theme: JSON.parse(said("controls-theme")), defaultColorScheme: "auto" };
  const loadControls = later("dash_mantine_components", "controls-script", {
    draw: (real, name, props) =>
      REACT.createElement(
        real.MantineProvider,
        provider,
        REACT.createElement(real[name], props)
      ),
    waiting: (props) =>
      REACT.createElement(
        "div",
        { className: (props.className || "") + " control-waiting", style: { width: props.w }, "aria-busy": "true" },
        props.label && REACT.createElement("span", null, props.label)
      ),
    // A patient's chart comes first: what the header has may wait for it.
    when: () =>
      window.location.pathname.startsWith("/patient/") ? window.dash_clientside.frame.drawn(true) : Promise.resolve(),
  });

  if (window.location.pathname.startsWith("/patients")) {
    loadGrid();
  }
  if (!/^\/(patient\/|records)/.test(window.location.pathname)) {
    loadControls();
  }
})();
