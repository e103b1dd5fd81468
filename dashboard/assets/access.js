// The demo's choice of a role: kept in a cookie, then everything is asked for anew.
window.dash_clientside = window.dash_clientside || {};

window.dash_clientside.access = {
  look_as: function (role) {
    const kept = (document.cookie.match(/(?:^|; )demo_role=([^;]*)/) || [])[1] || "all";
    if (role && role !== kept) {
      document.cookie = "demo_role=" + encodeURIComponent(role) + "; path=/; SameSite=Strict";
      window.location.assign("/");
    }
  },
};
