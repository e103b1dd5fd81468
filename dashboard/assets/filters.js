// The filter bar and the URL follow each other. The URL holds the state; pages listen to the URL.
window.dash_clientside = window.dash_clientside || {};

(function () {
  const DEFAULTS = { instrument: "phq9", "side-by": "route", figures: "outcomes" };
  // Controls of one value; all others take several, joined by commas.
  const SINGLE = new Set([
    "instrument", "min_hours_since_session", "by", "side-by", "who", "did", "about", "from", "to", "search", "state",
  ]);
  const MOMENT = 300; // milliseconds after the last key until a field of text is told

  // Whether a control narrows the cohort, and so has a chip: those that take several values do.
  function narrows(key) {
    return key === "min_hours_since_session" || !(SINGLE.has(key) || key === "figures");
  }

  function write(params) {
    const text = params.toString().replace(/%2C/g, ",");
    return text ? "?" + text : "";
  }

  function set(params, key, value) {
    const text = Array.isArray(value) ? value.join(",") : value || "";
    if (text && text !== DEFAULTS[key]) {
      params.set(key, text);
    } else {
      params.delete(key);
    }
  }

  function wanted(params, key, data) {
    if (key === "figures") { // as the server takes it: what is not offered is the default
      const found = (data || []).find((item) => item.value === params.get(key));
      return found ? found.value : DEFAULTS[key];
    }
    if (SINGLE.has(key)) {
      return params.get(key) || DEFAULTS[key] || "";
    }
    const known = new Set((data || []).map((item) => item.value));
    return (params.get(key) || "").split(",").filter((value) => known.has(value));
  }

  function chip(key, value, text) {
    return {
      namespace: "dash_html_components",
      type: "Button",
      props: {
        children: text + " ×",
        className: "chip",
        type: "button",
        "aria-label": "Remove filter " + text,
        "data-filter": key,
        "data-value": value,
      },
    };
  }

  function chips(params, ids, datas, labels) {
    const found = [];
    ids.forEach((id, position) => {
      if (!narrows(id.key)) {
        return;
      }
      const values = [].concat(wanted(params, id.key, datas[position])).filter((value) => value !== "");
      values.forEach((value) => {
        const item = (datas[position] || []).find((one) => one.value === value);
        found.push(chip(id.key, value, labels[position] + ": " + (item ? item.label : value)));
      });
    });
    if (found.length > 1) {
      // What has no control on this page stays in the URL, for the pages that have one.
      const here = ids.map((id) => id.key).filter(narrows).join(",");
      found.push({
        namespace: "dash_html_components",
        type: "Button",
        props: {
          children: "Clear all", className: "chip chip-clear", type: "button", "data-filter": "*", "data-value": here,
        },
      });
    }
    return found;
  }

  // What each control and the URL last agreed on, by the id that it was laid out with: one laid out anew has another.
  const agreed = new WeakMap();

  // Whether a person has moved a control since it and the URL agreed: then the URL follows it, else it follows the URL.
  // Answers of the server, other controls and timers may come in between, and several at once.
  function moved(id, value, there) {
    const now = JSON.stringify(value);
    const found = value !== null && value !== undefined && agreed.has(id) && agreed.get(id) !== now;
    agreed.set(id, found ? now : JSON.stringify(there));
    return found;
  }

  window.dash_clientside.filters = {
    follow: function (search, values, ids, datas, labels, places) {
      const skip = window.dash_clientside.no_update;
      const params = new URLSearchParams(search || "");
      const shown = ids.map((id, position) => {
        const value = values[position];
        const there = wanted(params, id.key, datas[position]);
        if (moved(id, value, there)) {
          set(params, id.key, value);
          return skip;
        }
        return JSON.stringify(there) === JSON.stringify(value) ? skip : there;
      });
      const next = write(params);
      if (next !== write(new URLSearchParams(search || ""))) {
        // Not an output of the callback: Dash would hold back every page's first callback on the URL.
        window.dash_clientside.set_props("url", { search: next });
      }
      return [shown, places.map(() => chips(params, ids, datas, labels))];
    },
  };

  // A field of text is told what stands in it a moment after the last key. Mantine's own timer would not tell of one that
  // is emptied just after the URL has filled it: it compares with what stood there when it last ran out.
  let typing = null;
  document.addEventListener("input", ({ target }) => {
    if (target.closest(".typed-filter")) {
      window.clearTimeout(typing);
      typing = window.setTimeout(
        () => target.isConnected && window.dash_clientside.set_props(JSON.parse(target.id), { value: target.value }),
        MOMENT
      );
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-filter]");
    if (!button) {
      return;
    }
    const params = new URLSearchParams(window.location.search);
    const key = button.dataset.filter;
    if (key === "*") {
      button.dataset.value.split(",").forEach((one) => params.delete(one));
    } else {
      const left = (params.get(key) || "").split(",").filter((value) => value && value !== button.dataset.value);
      set(params, key, left);
    }
    window.dash_clientside.set_props("url", { search: write(params) });
  });
})();
