// The grid's script is a third of all that a first visit would load, and one page of seven has a grid. In
// its place stands this component, which fetches the script when a grid is first shown and then draws it.
(function () {
  const REACT = window.React;
  let fetched = null;
  let real = null;

  function load() {
    fetched =
      fetched ||
      new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = document.querySelector('meta[name="grid-script"]').content;
        script.onload = () => {
          real = window.dash_ag_grid;
          // The type that Dash has drawn must stay the same: it would take the grid down and draw it anew.
          window.dash_ag_grid = Object.assign({}, real, { AgGrid: Grid });
          resolve(real);
        };
        script.onerror = () => {
          fetched = null;
          reject(new Error("the grid's script could not be fetched; reload the page"));
        };
        document.head.appendChild(script);
      });
    return fetched;
  }

  function Grid(props) {
    const [ready, setReady] = REACT.useState(real !== null);
    REACT.useEffect(() => {
      let here = true;
      load().then(() => here && setReady(true));
      return () => {
        here = false;
      };
    }, []);
    return ready
      ? REACT.createElement(real.AgGrid, props)
      : REACT.createElement("div", { id: props.id, className: props.className, "aria-busy": "true" });
  }
  Grid.dashRenderType = true; // Dash then says whether a change came from the grid itself

  window.dash_ag_grid = {
    AgGrid: Grid,
    getApiAsync: (id) => load().then((grid) => grid.getApiAsync(id)),
  };
  if (window.location.pathname.startsWith("/patients")) {
    load();
  }
})();
