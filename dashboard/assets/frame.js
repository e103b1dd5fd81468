// The frame: links that keep the filters, print, downloads of tables, and what happens on sign-out.
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

  window.dash_clientside.frame = {
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

  // A cell that a spreadsheet would run as a formula gets an apostrophe before it.
  function cell(td) {
    const raw = td.dataset.value !== undefined ? td.dataset.value : td.textContent;
    const isNumber = td.dataset.text === undefined && raw !== "" && Number.isFinite(Number(raw));
    const safe = !isNumber && /^[=+\-@\t\r]/.test(raw) ? "'" + raw : raw;
    return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  }

  function csv(table) {
    const head = Array.from(table.querySelectorAll("thead th")).map((th) => th.dataset.key || th.textContent);
    const rows = Array.from(table.querySelectorAll("tbody tr")).map((tr) =>
      Array.from(tr.children).map(cell).join(",")
    );
    return "\ufeff" + [head.join(","), ...rows].join("\r\n") + "\r\n";
  }

  function download(button) {
    const table = document.getElementById(button.dataset.download);
    if (!table) {
      return;
    }
    const url = URL.createObjectURL(new Blob([csv(table)], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = button.dataset.name || "table.csv";
    document.body.appendChild(link);
    link.click();
    link.remove();
    window.setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-download], [data-action]");
    if (!button) {
      return;
    }
    if (button.dataset.download) {
      download(button);
    } else if (button.dataset.action === "print") {
      window.print();
    }
  });

  // Charts measure themselves when the paper's width is set.
  ["beforeprint", "afterprint"].forEach((name) =>
    window.addEventListener(name, () => {
      document.querySelectorAll(".js-plotly-plot").forEach((plot) => window.Plotly && window.Plotly.Plots.resize(plot));
    })
  );

  // Dash leaves the page as it was when an answer says 401; the person must sign in again.
  const fetchAsBefore = window.fetch;
  window.fetch = function (...parts) {
    return fetchAsBefore.apply(this, parts).then((response) => {
      if (response.status === 401) {
        const here = window.location.pathname + window.location.search;
        window.location.assign("/sign-in?next=" + encodeURIComponent(here));
      }
      return response;
    });
  };
})();
