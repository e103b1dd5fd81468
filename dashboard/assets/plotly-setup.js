// Loaded after the bundle (alphabetical order). No chart of this product may offer to send its data anywhere.
if (window.Plotly) {
  window.Plotly.setPlotConfig({
    showSendToCloud: false,
    showEditInChartStudio: false,
    plotlyServerURL: "",
    displaylogo: false,
  });
}
