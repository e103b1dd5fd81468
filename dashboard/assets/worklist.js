// The worklist: cells that the grid draws, and a URL that holds the list. Words and shapes come from the server.
(function () {
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const make = (...parts) => window.React.createElement(...parts);
  const NARROW = 780;
  const EXTRA = ["baseline", "improvement", "days_since_session", "item9_last", "worst", "sessions"];

  cells.PatientLink = (props) => {
    if (!props.value) {
      return make("span", { className: "bone bone-cell" });
    }
    const link = make("a", { href: props.value.href, className: "patient-link", "data-stay": "page" }, props.value.text);
    return make("span", { className: "patient-cell" }, link, make("span", { className: "fine" }, props.data.diagnosis));
  };

  cells.PatientScore = (props) => {
    if (!props.value) {
      return null;
    }
    return make(
      "span",
      { className: "patient-cell" },
      make("span", { className: "score" }, props.value.score),
      make("span", { className: "fine" }, props.value.band)
    );
  };

  cells.PatientState = (props) => {
    if (!props.value) {
      return null;
    }
    const mark = make(
      "span",
      { className: "state-mark", style: { color: `var(--${props.value.token.replace("_", "-")})` }, "aria-hidden": "true" },
      props.value.shape
    );
    const state = make("span", { className: "state-cell" }, mark, props.value.text);
    return make("span", { className: "patient-cell" }, state, make("span", { className: "fine" }, props.value.why));
  };

  cells.PatientSparkline = (props) => {
    const drawn = props.value;
    if (!drawn) {
      return props.data ? make("span", { className: "fine" }, "no score") : null;
    }
    const token = props.data.state.token.replace("_", "-");
    return make(
      "svg",
      { className: "sparkline", viewBox: "0 0 116 32", width: 116, height: 32, role: "img", "aria-label": drawn.text },
      make("title", null, drawn.text),
      drawn.line === null ? null : make("path", { d: `M0 ${drawn.line}H116`, className: "sparkline-response" }),
      make("path", { d: drawn.path, className: "sparkline-path" }),
      make("circle", { cx: drawn.x, cy: drawn.y, r: 2.6, fill: `var(--${token})` })
    );
  };

  cells.PatientSessions = (props) => {
    if (!props.value) {
      return null;
    }
    return make("span", { className: "patient-cell" }, props.value.text, props.value.course ? make("span", { className: "fine" }, props.value.course) : null);
  };

  cells.PatientItem9 = (props) => {
    const answer = props.value;
    if (!answer) {
      return props.data ? "–" : null;
    }
    return make(
      "span",
      { className: answer.raised ? "item9-raised" : undefined },
      answer.text,
      answer.raised ? make("span", { className: "visually-hidden" }, " raised") : null
    );
  };

  cells.PatientFlags = (props) =>
    (props.value || []).map((flag) =>
      make(
        "span",
        { key: flag.text, className: "flag", title: flag.title },
        make("span", { className: "flag-mark", style: { background: `var(--${flag.token})` }, "aria-hidden": "true" }),
        flag.text
      )
    );

  // --- the URL holds the list --------------------------------------------------------------

  let grid = null; // the grid that the listeners are on
  let listed = null; // what its rows depend on, but for the order

  function go(search, pathname) {
    const next = pathname === undefined ? { search } : { search, pathname };
    window.dash_clientside.set_props("url", next);
  }

  function sortOf(api) {
    const column = api.getColumnState().find((one) => one.sort);
    return column ? [column.colId, column.sort] : ["", ""];
  }

  function fit(api) {
    const narrow = window.innerWidth < NARROW;
    api.setColumnsVisible(EXTRA, !narrow);
    // A phone's first look holds who, the state and the course; "Treatment-resistant" must stand in one line.
    const widths = narrow ? { patient_code: 138, state: 148, spark: 98 } : { patient_code: 160, state: 186, spark: 122 };
    api.setColumnWidths(Object.entries(widths).map(([key, newWidth]) => ({ key, newWidth })));
  }

  function arrange(api) {
    grid = api;
    fit(api);
    api.addEventListener("sortChanged", () => {
      const params = new URLSearchParams(window.location.search);
      const [key, order] = sortOf(api);
      if (window.location.pathname !== "/patients" || (params.get("sort") || "") === key) {
        if ((params.get("descending") === "1" ? "desc" : "asc") === (order || "asc")) {
          return;
        }
      }
      params.delete("sort");
      params.delete("descending");
      if (key) {
        params.set("sort", key);
      }
      if (order === "desc") {
        params.set("descending", "1");
      }
      go("?" + params.toString().replace(/%2C/g, ","));
    });
    window.addEventListener("resize", () => !api.isDestroyed() && fit(api));
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.worklist = {
    // Ask for rows anew when the URL asks for another list; show its order on the headings.
    follow: function (search) {
      const params = new URLSearchParams(search || "");
      const sort = params.get("sort") || "";
      const order = sort ? (params.get("descending") === "1" ? "desc" : "asc") : "";
      params.delete("sort");
      params.delete("descending");
      const wanted = params.toString();
      window.dash_ag_grid.getApiAsync("worklist").then((api) => {
        const fresh = api !== grid;
        if (fresh) {
          arrange(api);
        }
        const [key, now] = sortOf(api);
        const changed = !fresh && listed !== wanted;
        listed = wanted;
        if (key !== sort || now !== order) {
          api.applyColumnState({ state: sort ? [{ colId: sort, sort: order }] : [], defaultState: { sort: null } });
        } else if (changed) {
          api.purgeInfiniteCache();
        }
        if (changed) {
          api.ensureIndexVisible(0, "top");
        }
      });
      return window.dash_clientside.no_update;
    },
  };

  // --- moving about without losing one's place -----------------------------------------------

  // Links inside the app: no reload; those that only change the view keep the scroll position.
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = event.target.closest("a[data-stay]");
    if (link && plain) {
      event.preventDefault();
      const to = new URL(link.href);
      go(to.search, to.pathname);
      if (link.dataset.stay === "page") {
        window.scrollTo(0, 0);
      } else if (link.dataset.show) {
        // What the link asks for comes further down: show it, and let the keyboard go on from there.
        const part = document.getElementById(link.dataset.show);
        part.scrollIntoView();
        part.focus({ preventScroll: true });
      } else {
        keepFocus(link);
      }
      return;
    }
    const row = plain && !link && event.target.closest("#worklist .ag-center-cols-container .ag-row");
    if (row && !String(window.getSelection())) {
      open(row);
    }
  });

  // The part that holds the link is drawn anew; whoever works by keyboard goes on from the same link.
  function keepFocus(link) {
    const words = (one) => one.textContent.replace(/^[+✓] /, "");
    const group = link.closest("nav");
    const selector = group && `nav[aria-label="${group.getAttribute("aria-label")}"] a`;
    const until = Date.now() + 4000;
    const timer = window.setInterval(() => {
      const lost = document.activeElement === document.body || !document.activeElement;
      const again = lost && selector && Array.from(document.querySelectorAll(selector)).find((one) => words(one) === words(link));
      if (again) {
        again.focus({ preventScroll: true });
      }
      if (again || !selector || Date.now() > until) {
        window.clearInterval(timer);
      }
    }, 60);
  }

  function open(row) {
    const all = document.querySelectorAll(`#worklist .ag-row[row-index="${row.getAttribute("row-index")}"] .patient-link`);
    if (all.length) {
      all[0].click();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) {
      return;
    }
    const target = event.target;
    if (event.key === "Enter") {
      const row = target.closest && target.closest("#worklist .ag-row");
      if (row && !target.closest("a")) {
        open(row);
      }
      return;
    }
    // Previous and next patient: k and j, or the arrow keys where nothing else needs them.
    if (target.closest("input, textarea, select, [contenteditable], [role=combobox], [role=listbox], .ag-root, .table-scroll")) {
      return;
    }
    const id = { k: "patient-previous", ArrowLeft: "patient-previous", j: "patient-next", ArrowRight: "patient-next" }[event.key];
    const link = id && document.getElementById(id);
    if (link && link.href) {
      event.preventDefault();
      link.click();
    }
  });
})();
