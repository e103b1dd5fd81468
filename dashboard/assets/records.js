// Dropping records: files are read in the browser, their sizes judged first, and sent to be checked. Folders
// are walked; files of other kinds (a read-me) are left alone and never leave this computer.
(function () {
  const KINDS = /\.(csv|parquet|xlsx|xls|xlsm|tsv|ods|zip|gz)$/i;
  let drops = 0;

  const zone = () => document.getElementById("records-drop");
  const busy = () => !zone() || zone().dataset.busy === "1";

  function say(text) {
    const part = (type, props) => ({ namespace: "dash_html_components", type, props });
    const bad = part("Div", { className: "records-end records-bad", children: [
      part("Span", { className: "records-mark", "aria-hidden": "true", children: "!" }),
      part("H3", { children: "Not received" }),
      part("P", { children: text }),
    ] });
    window.dash_clientside.set_props("records-report", { children: bad });
    window.dash_clientside.set_props("records-import", { disabled: true });
  }

  function base64(file) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result).split(",")[1] || "");
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
  }

  async function take(files) {
    const records = files.filter((file) => KINDS.test(file.name) && !file.name.startsWith("."));
    if (!records.length) {
      say("No CSV or Parquet file or .xlsx workbook is among what was dropped; drop the session records.");
      return;
    }
    const limit = Number(zone().dataset.limit);
    const size = records.reduce((sum, file) => sum + file.size, 0);
    if (size > limit) {
      const mb = (bytes) => Math.ceil(bytes / 1048576).toLocaleString("en-US");
      say(
        `These files have ${mb(size)} MB together and up to ${mb(limit)} MB can be dropped here; on the computer ` +
          "that runs this dashboard use: ketamine-outcomes import PATH."
      );
      return;
    }
    try {
      const contents = await Promise.all(records.map(base64));
      drops += 1;
      const names = records.map((file) => file.name);
      window.dash_clientside.set_props("records-dropped", { data: { drop: drops, names, contents } });
    } catch (error) {
      say("A file could not be read: it may have been moved or be open elsewhere; drop the records again.");
    }
  }

  // All files below an entry of a drop.
  async function walk(entry) {
    if (entry.isFile) {
      return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    }
    const reader = entry.createReader();
    const found = [];
    for (;;) { // a reader gives a hundred entries at a time
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) {
        return found;
      }
      for (const one of some) {
        found.push(...(await walk(one)));
      }
    }
  }

  async function dropped(transfer) {
    // Entries must be taken before the first wait: the browser empties the list when the event ends.
    const items = Array.from(transfer.items || []).filter((item) => item.kind === "file");
    const entries = items.map((item) => (item.webkitGetAsEntry ? item.webkitGetAsEntry() : null));
    const plain = Array.from(transfer.files || []);
    if (entries.length && entries.every(Boolean)) {
      try {
        const found = await Promise.all(entries.map(walk));
        await take(found.flat());
      } catch (error) {
        say("A file could not be read: it may have been moved or be open elsewhere; drop the records again.");
      }
      return;
    }
    await take(plain);
  }

  // Kept here: a browser may collect an input that nothing holds before its files are chosen.
  let input = null;

  function choose(folder) {
    input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    if (folder) {
      input.webkitdirectory = true;
    } else {
      input.accept = ".csv,.parquet,.xlsx";
    }
    input.addEventListener("change", (event) => event.target.files.length && take(Array.from(event.target.files)));
    input.click();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (button && !busy()) {
      choose(button.dataset.choose === "folder");
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.records = {
    follow: (job) => [!job, job ? "1" : ""],
  };

  // On this page a file that misses the zone must not replace the page.
  let depth = 0;
  const mark = (on) => zone() && zone().classList.toggle("drop-over", on && !busy());
  const hasFiles = (event) => zone() && Array.from(event.dataTransfer ? event.dataTransfer.types : []).includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) {
      depth += 1;
      mark(true);
    }
  });
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) {
      depth = Math.max(0, depth - 1);
      mark(depth > 0);
    }
  });
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) {
      return;
    }
    event.preventDefault();
    depth = 0;
    mark(false);
    if (!busy()) {
      dropped(event.dataTransfer);
    }
  });
})();
