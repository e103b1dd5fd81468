// Dropping records: files are read in the browser, their sizes judged first, and sent to be checked. Folders
// are walked; files of other kinds (a read-me) are left alone and never leave this computer.
(function () {
  const KINDS = /\.(csv|parquet|xlsx|xls|xlsm|tsv|ods|zip|gz)$/i;
  let drops = 0;

  // A zone says where its files go (data-into), where words about them go (data-report), which button waits for them
  // (data-button), and whether it takes exports of any kind (data-any).
  const zoneOf = (element) => element && element.closest(".drop-zone");
  const busy = (zone) => !zone || zone.dataset.busy === "1";

  function say(zone, text) {
    const part = (type, props) => ({ namespace: "dash_html_components", type, props });
    const bad = part("Div", { className: "records-end records-bad", children: [
      part("Span", { className: "records-mark", "aria-hidden": "true", children: "!" }),
      part("H3", { children: "Not received" }),
      part("P", { children: text }),
    ] });
    window.dash_clientside.set_props(zone.dataset.report, { children: bad });
    window.dash_clientside.set_props(zone.dataset.button, { disabled: true });
  }

  function base64(file) {
    return new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result).split(",")[1] || "");
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
  }

  async function take(zone, files) {
    const any = zone.dataset.any === "1";
    const records = files.filter((file) => (any || KINDS.test(file.name)) && !file.name.startsWith("."));
    if (!records.length) {
      say(zone, any ? "No file is among what was dropped; drop the export." : "No CSV or Parquet file or .xlsx workbook is among what was dropped; drop the session records.");
      return;
    }
    const limit = Number(zone.dataset.limit);
    const size = records.reduce((sum, file) => sum + file.size, 0);
    if (size > limit) {
      const mb = (bytes) => Math.ceil(bytes / 1048576).toLocaleString("en-US");
      say(
        zone,
        `These files have ${mb(size)} MB together and up to ${mb(limit)} MB can be dropped here; on the computer ` +
          `that runs this dashboard use: ketamine-outcomes ${any ? "prepare" : "import"} PATH.`
      );
      return;
    }
    try {
      const contents = await Promise.all(records.map(base64));
      drops += 1;
      // Folders below the one that was chosen or dropped are part of a name.
      const below = (file) => (file.webkitRelativePath || file.below || file.name).replace(/^[^/]*\/(?=.)/, "");
      const names = records.map((file) => (any ? below(file) : file.name));
      window.dash_clientside.set_props(zone.dataset.into, { data: { drop: drops, names, contents } });
    } catch (error) {
      say(zone, "A file could not be read: it may have been moved or be open elsewhere; drop the records again.");
    }
  }

  // All files below an entry of a drop.
  async function walk(entry) {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      file.below = entry.fullPath.slice(1);
      return [file];
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

  async function dropped(zone, transfer) {
    // Entries must be taken before the first wait: the browser empties the list when the event ends.
    const items = Array.from(transfer.items || []).filter((item) => item.kind === "file");
    const entries = items.map((item) => (item.webkitGetAsEntry ? item.webkitGetAsEntry() : null));
    const plain = Array.from(transfer.files || []);
    if (entries.length && entries.every(Boolean)) {
      try {
        const found = await Promise.all(entries.map(walk));
        await take(zone, found.flat());
      } catch (error) {
        say(zone, "A file could not be read: it may have been moved or be open elsewhere; drop the records again.");
      }
      return;
    }
    await take(zone, plain);
  }

  // Kept here: a browser may collect an input that nothing holds before its files are chosen.
  let input = null;

  function choose(zone, folder) {
    input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    if (folder) {
      input.webkitdirectory = true;
    } else if (zone.dataset.any !== "1") {
      input.accept = ".csv,.parquet,.xlsx";
    }
    input.addEventListener("change", (event) => event.target.files.length && take(zone, Array.from(event.target.files)));
    input.click();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (button && !busy(zoneOf(button))) {
      choose(zoneOf(button), button.dataset.choose === "folder");
    }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.records = {
    follow: (job) => [!job, job ? "1" : ""],
    zone: (hidden, chosen) =>
      hidden || chosen ? window.dash_clientside.no_update : Intl.DateTimeFormat().resolvedOptions().timeZone,
  };

  // On this page a file that misses a zone must not replace the page; where there is one zone alone, it takes the file.
  let depth = 0;
  const zones = () => Array.from(document.querySelectorAll(".drop-zone")).filter((zone) => zone.offsetParent);
  const target = (event) => zoneOf(event.target) || (zones().length === 1 ? zones()[0] : null);
  const mark = (at) => zones().forEach((zone) => zone.classList.toggle("drop-over", zone === at && !busy(zone)));
  const hasFiles = (event) =>
    zones().length && Array.from(event.dataTransfer ? event.dataTransfer.types : []).includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) {
      depth += 1;
      mark(target(event));
    }
  });
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) {
      depth = Math.max(0, depth - 1);
      if (!depth) {
        mark(null);
      }
    }
  });
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) {
      return;
    }
    event.preventDefault();
    depth = 0;
    mark(null);
    const zone = target(event);
    if (!busy(zone)) {
      dropped(zone, event.dataTransfer);
    }
  });
})();
