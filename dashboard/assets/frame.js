// The frame: links that keep the filters, and print.
window.dash_clientside = window.dash_clientside || {};

(function () {
  const FILTERS = [
    "instrument", "clinic", "drug", "route", "diagnosis", "condition", "age_band", "sex", "phase",
    "first_session_year", "min_hours_since_session",
  ];

  function kept(search) {
    const all = new URLSearchParams(search || "");
    const some = new URLSearchParams();
    FILTERS.forEach((key) => all.has(key) && some.set(key, all.get(key)));
    const text = some.toString().replace(/%2C/g, ",");
    return text ? "?" + text : "";
  }

  // The page that a path belongs to: a patient stands under Patients.
  function pageOf(pathname) {
    const path = (pathname || "/").replace(/\/+$/, "") || "/";
    return path.startsWith("/patient/") ? "/patients" : path;
  }

  // What may wait until the first chart stands: the browser draws it first, then has time for the rest.
  const LONGEST = 4000; // milliseconds; a page may come to have no chart
  function drawn(value) {
    const began = performance.now();
    return new Promise((resolve) => {
      (function look() {
        if (document.querySelector("#page .js-plotly-plot .main-svg") || performance.now() - began > LONGEST) {
          // Safari has no requestIdleCallback.
          window.requestIdleCallback
            ? window.requestIdleCallback(() => resolve(value), { timeout: 500 })
            : window.setTimeout(() => resolve(value), 50);
        } else {
          window.setTimeout(look, 30);
        }
      })();
    });
  }

  window.dash_clientside.frame = {
    // A mark that the answers which follow wait for; without one nothing is waited for.
    drawn: (value) => (value ? drawn(value) : value),

    // To the place that the address names: a page's content comes after its address.
    go_to: function (_, hash) {
      const place = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
      if (place) {
        place.scrollIntoView();
        place.querySelector("details") && (place.querySelector("details").open = true);
      }
    },

    navigate: function (pathname, search, ids) {
      const here = pageOf(pathname);
      const query = kept(search);
      window.requestAnimationFrame(() => {
        document.querySelectorAll(".nav-link").forEach((a) => {
          const on = pageOf(new URL(a.href).pathname) === here;
          if (on) {
            a.setAttribute("aria-current", "page");
            document.title = a.textContent + " · Ketamine outcomes";
          } else {
            a.removeAttribute("aria-current");
          }
        });
      });
      return [
        ids.map((id) => id.page + query),
        ids.map((id) => "nav-link" + (id.page === here ? " nav-here" : "")),
      ];
    },
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest('[data-action="print"]')) {
      window.print();
    }
  });

  // Charts measure themselves when the paper's width is set.
  ["beforeprint", "afterprint"].forEach((name) =>
    window.addEventListener(name, () => {
      document.querySelectorAll(".js-plotly-plot").forEach((plot) => window.Plotly && window.Plotly.Plots.resize(plot));
    })
  );
})();
