// The numbers behind a card: a table when "As table" is opened, a CSV file on "Download". Both are made
// from the element's data-table: {columns: [[key, heading], ...], rows: [[...], ...], digits}.
(function () {
  function shown(value, digits) {
    if (value === null) {
      return "\u2013";
    }
    if (typeof value !== "number") {
      return String(value);
    }
    return value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "\u2212");
  }

  function element(name, text, attributes) {
    const made = document.createElement(name);
    made.textContent = text;
    Object.entries(attributes || {}).forEach(([key, value]) => made.setAttribute(key, value));
    return made;
  }

  function build(place) {
    const content = JSON.parse(place.dataset.table);
    const table = document.createElement("table");
    table.className = "numbers";
    const isNumber = content.columns.map((_, i) => content.rows.some((row) => typeof row[i] === "number"));
    const head = table.createTHead().insertRow();
    content.columns.forEach(([, heading], i) =>
      head.appendChild(element("th", heading, { scope: "col", class: isNumber[i] ? "number" : "" }))
    );
    const body = table.createTBody();
    content.rows.forEach((row) => {
      const line = body.insertRow();
      row.forEach((value, i) =>
        line.appendChild(element("td", shown(value, content.digits), { class: isNumber[i] ? "number" : "" }))
      );
    });
    place.replaceChildren(table);
  }

  // The rules behind a card: [[name, value, meaning], ...].
  function buildRules(place) {
    const table = document.createElement("table");
    table.className = "rules";
    const body = table.createTBody();
    JSON.parse(place.dataset.rules).forEach(([name, value, meaning]) => {
      const line = body.insertRow();
      line.appendChild(element("th", "", { scope: "row" })).appendChild(element("code", name));
      line.appendChild(element("td", value));
      line.appendChild(element("td", meaning));
    });
    place.replaceChildren(table);
  }

  // A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay numbers.
  function cell(value) {
    if (value === null) {
      return "";
    }
    let text = String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) {
      text = "'" + text;
    }
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function csv(content) {
    const lines = [content.columns.map(([key]) => cell(key)), ...content.rows.map((row) => row.map(cell))];
    return "\ufeff" + lines.map((line) => line.join(",")).join("\r\n") + "\r\n";
  }

  function download(button) {
    const place = document.getElementById(button.dataset.download);
    if (!place) {
      return;
    }
    const text = csv(JSON.parse(place.dataset.table));
    const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = button.dataset.name || "table.csv";
    document.body.appendChild(link);
    link.click();
    link.remove();
    window.setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-download]");
    if (button) {
      download(button);
    }
  });

  // "toggle" does not bubble: it is caught on its way down.
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.open) {
        event.target.querySelectorAll("[data-table]").forEach(build);
        event.target.querySelectorAll("[data-rules]").forEach(buildRules);
      }
    },
    true
  );

  // New filters change the numbers of a table that stands open.
  new MutationObserver((changes) =>
    changes.forEach((change) => change.target.closest("details[open]") && build(change.target))
  ).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ["data-table"] });
})();
