// Many elements as one component (`pages/plain.py`): Dash's own would hold the browser up.
(function () {
  function drawn(part, key) {
    if (Array.isArray(part)) {
      return part.map(drawn);
    }
    if (part === null || typeof part !== "object") {
      return part;
    }
    const { children, ...props } = part.props;
    return window.React.createElement(part.type.toLowerCase(), { ...props, key }, drawn(children));
  }

  window.dashboard = { Plain: ({ shown }) => drawn(shown) };
})();
