window.dash_clientside = window.dash_clientside || {};

window.dash_clientside.access = {
  // The account form is filled, or emptied once it was saved, where it is as it was when that was asked for.
  fill: function (answer, name, roles, clinics) {
    const typed = document.getElementById(name).value;
    const here = JSON.stringify([typed, roles || [], clinics || []]);
    const was = answer ? answer.was.map((value, place) => value || (place ? [] : "")) : [];
    return here === JSON.stringify(was) ? answer.now : Array(3).fill(window.dash_clientside.no_update);
  },

  // The demo's choice of a role: kept in a cookie, then everything is asked for anew.
  look_as: function (role) {
    const kept = (document.cookie.match(/(?:^|; )demo_role=([^;]*)/) || [])[1] || "all";
    if (role && role !== kept) {
      document.cookie = "demo_role=" + encodeURIComponent(role) + "; path=/; SameSite=Strict";
      window.location.assign("/");
    }
  },
};
