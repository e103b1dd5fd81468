// What happens when the server does not answer: Dash leaves the page as it was, which then shows old figures
// under new filters. A sentence says so, and what stands is dimmed until it has been answered.
(function () {
  const CALL = "_dash-update-component";
  const MOMENT = 400; // milliseconds; calls that end because the page is being left are no failure
  // Output of each call that failed -> { path: where it was asked, click: whether by a button }.
  const failed = new Map();

  function sentence(said) {
    const old = [...failed.values()].some((one) => !one.click);
    const filtered = document.querySelector("#page .filters");
    const about = !old
      ? "what was asked for may not have been done"
      : filtered
        ? "the figures below may not be those of the filters above"
        : "what stands below may be out of date";
    return `${said || "The dashboard does not answer"}: ${about}. Try again, or reload the page.`;
  }

  function show(said) {
    // Another page has callbacks of its own.
    failed.forEach((one, output) => one.path === window.location.pathname || failed.delete(output));
    const place = document.getElementById("unanswered");
    if (!place) {
      return; // the frame itself is not there yet; Dash says so
    }
    const text = !failed.size ? "" : said === undefined && place.textContent ? place.textContent : sentence(said);
    if (place.textContent !== text) {
      place.textContent = text;
    }
    document.getElementById("main").classList.toggle("old", [...failed.values()].some((one) => !one.click));
  }

  // The server's own sentence, as in "Your account does not show this."; what a proxy says is not for people.
  function reason(response) {
    const own = (response.headers.get("Content-Type") || "").startsWith("text/plain") && response.status !== 502;
    return own ? response.clone().text().then((text) => text.trim().replace(/\.$/, "")) : Promise.resolve("");
  }

  // What a request asks of a callback; null where it is another request.
  function callOf(address, options) {
    try {
      const { output, changedPropIds } = String(address).includes(CALL) ? JSON.parse(options.body) : {};
      const click = (changedPropIds || []).length > 0 && changedPropIds.every((id) => id.endsWith(".n_clicks"));
      return output ? { output, asked: { path: window.location.pathname, click } } : null;
    } catch (error) {
      return null;
    }
  }

  function answered(call, response) {
    if (response.status === 401) {
      const here = window.location.pathname + window.location.search;
      window.location.assign("/sign-in?next=" + encodeURIComponent(here));
    } else if (call && response.ok) {
      failed.delete(call.output);
      failed.forEach((one, output) => one.click && failed.delete(output)); // it answers again
      show();
    } else if (call) {
      failed.set(call.output, call.asked);
      reason(response).then(show, () => show(""));
    }
    return response;
  }

  const fetchAsBefore = window.fetch;
  window.fetch = function (...parts) {
    const call = callOf(...parts);
    return fetchAsBefore.apply(this, parts).then(
      (response) => answered(call, response),
      (error) => {
        if (!call || error.name === "AbortError") {
          throw error;
        }
        failed.set(call.output, call.asked);
        window.setTimeout(() => show(""), MOMENT);
        // As a refused answer: Dash would otherwise go on showing that it is at work.
        return new Response("", { status: 503 });
      }
    );
  };
})();
