// The filter bar and the URL follow each other. The URL holds the state; pages listen to the URL.
window.dash_clientside = window.dash_clientside || {};

(function () {
  const DEFAULTS = { instrument: "phq9", "side-by": "route", figures: "outcomes" };
  // Controls of one value; all others take several, joined by commas.
  const SINGLE = new Set(["instrument", "min_hours_since_session", "by", "side-by", "who", "did", "about", "from", "to"]);

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

  // What each control and the URL last agreed on, by the control's element: one that was laid out anew has none.
  const agreed = new WeakMap();
  const elsewhere = {}; // in place of an element, for an id that has none

  // Whether a person has moved a control since it and the URL agreed: then the URL follows it, else it follows the URL.
  // Answers of the server, other controls and timers may come in between, and several at once. Before there was any
  // agreement the URL decides, but for a control that has got a value and is the only one that changed.
  function moved(id, value, wanted, alone) {
    const element = document.getElementById(id) || (elsewhere[id] = elsewhere[id] || {});
    const before = agreed.get(element);
    const now = JSON.stringify(value);
    const found = value !== null && value !== undefined && (before === undefined ? alone : now !== before);
    agreed.set(element, found ? now : JSON.stringify(wanted));
    return found;
  }

  function name(id) { // as Dash writes it into the page
    return "{" + Object.keys(id).sort().map((key) => JSON.stringify(key) + ":" + JSON.stringify(id[key])).join(",") + "}";
  }

  window.dash_clientside.filters = {
    moved,

    follow: function (search, values, ids, datas, labels, places) {
      const skip = window.dash_clientside.no_update;
      const triggered = window.dash_clientside.callback_context.triggered.map((one) => one.prop_id);
      const params = new URLSearchParams(search || "");
      const shown = ids.map((id, position) => {
        const value = values[position];
        const there = wanted(params, id.key, datas[position]);
        const alone = triggered.length === 1 && triggered[0] === name(id) + ".value";
        if (moved(name(id), value, there, alone)) {
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
